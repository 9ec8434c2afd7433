"""The security configuration service, formerly advanced security: keystore and TLS server, at one address."""

import base64
from datetime import UTC, datetime

from cryptography import x509
from cryptography.x509.oid import NameOID
from lxml import etree

from core.simulator import assignment, signing
from core.simulator.contents import Certificate, Key, KeyStatus
from core.simulator.device import Device
from core.simulator.faults import failed, invalid
from core.simulator.login import Access
from core.simulator.operations import Call, Operation, Service
from core.simulator.soap import TAS, tas
from core.simulator.tls import spoken_by

PATH = "/onvif/security_service"
VERSION = (1, 2)
_SUBJECT = {
    "Country": NameOID.COUNTRY_NAME,
    "Organization": NameOID.ORGANIZATION_NAME,
    "OrganizationalUnit": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "DistinguishedNameQualifier": NameOID.DN_QUALIFIER,
    "StateOrProvinceName": NameOID.STATE_OR_PROVINCE_NAME,
    "CommonName": NameOID.COMMON_NAME,
    "SerialNumber": NameOID.SERIAL_NUMBER,
    "Locality": NameOID.LOCALITY_NAME,
    "Title": NameOID.TITLE,
    "Surname": NameOID.SURNAME,
    "GivenName": NameOID.GIVEN_NAME,
    "Initials": NameOID.INITIALS,
    "Pseudonym": NameOID.PSEUDONYM,
    "GenerationQualifier": NameOID.GENERATION_QUALIFIER,
}


def service() -> Service:
    """Return the service."""
    return Service(TAS, VERSION, PATH, _OPERATIONS)


def capabilities(device: Device) -> etree._Element:
    """Return what the service can do."""
    keystore = device.keystore
    algorithms = (tas.SignatureAlgorithms(tas.algorithm(oid)) for oid in keystore.algorithms)
    tls = {
        "TLSServerSupported": " ".join(spoken_by(device.settings).versions),
        "MaximumNumberOfTLSCertificationPaths": str(keystore.settings.most_tls_paths),
    }
    return tas.Capabilities(tas.KeystoreCapabilities(_keystore(device), *algorithms), tas.TLSServerCapabilities(tls))


def _get_service_capabilities(device: Device, _: Call) -> etree._Element:
    return tas.GetServiceCapabilitiesResponse(capabilities(device))


def _keystore(device: Device) -> dict[str, str]:
    settings = device.keystore.settings
    limits = {
        "MaximumNumberOfKeys": str(settings.most_keys),
        "MaximumNumberOfCertificates": str(settings.most_certificates),
        "MaximumNumberOfCertificationPaths": str(settings.most_paths),
        "RSAKeyLengths": " ".join(map(str, settings.rsa_lengths)),
        "X509Versions": "3",
    }
    if settings.names == "old":
        names = ("RSAKeyPairGeneration", "PKCS10ExternalCertificationWithRSA", "SelfSignedCertificateCreationWithRSA")
        return limits | dict.fromkeys(names, str(bool(settings.rsa_lengths)).lower())
    kinds = (*(["RSA"] if settings.rsa_lengths else []), *(["ECC"] if settings.curves else []))
    return limits | {
        "KeyPairGeneration": " ".join(kinds),
        "EllipticCurves": " ".join(settings.curves),
        "PKCS10": "true",
        "SelfSignedCertificateCreation": "true",
        "AutoDeleteKey": str(settings.auto_delete_key).lower(),
    }


def _create_rsa_key_pair(device: Device, call: Call) -> etree._Element:
    length = call.text("KeyLength")
    # The schema allows any number of digits, and no camera supports more than a few.
    key = device.keystore.create_rsa_key(int(length) if len(length) < 10 else 0, call.alias())
    return tas.CreateRSAKeyPairResponse(tas.KeyID(key.id), *_estimate(device))


def _create_ecc_key_pair(device: Device, call: Call) -> etree._Element:
    key = device.keystore.create_ec_key(call.text("EllipticCurve"), call.alias())
    return tas.CreateECCKeyPairResponse(tas.KeyID(key.id), *_estimate(device))


def _estimate(device: Device) -> list[etree._Element]:
    quirks = device.settings.quirks
    estimate = quirks.key_estimate or f"PT{max(1, round(device.settings.timing.key))}S"
    return [] if quirks.no_key_estimate else [tas.EstimatedCreationTime(estimate)]


def _get_key_status(device: Device, call: Call) -> etree._Element:
    return tas.GetKeyStatusResponse(tas.KeyStatus(device.keystore.key(call.text("KeyID")).status))


def _get_private_key_status(device: Device, call: Call) -> etree._Element:
    return tas.GetPrivateKeyStatusResponse(tas.hasPrivateKey(_has_private(device.keystore.key(call.text("KeyID")))))


def _get_all_keys(device: Device, _: Call) -> etree._Element:
    return tas.GetAllKeysResponse(*map(_key, device.keystore.contents.keys.values()))


def _key(key: Key) -> etree._Element:
    return tas.KeyAttribute(
        tas.KeyID(key.id), *_alias(key.alias), tas.hasPrivateKey(_has_private(key)), tas.KeyStatus(key.status)
    )


def _has_private(key: Key) -> str:
    return str(key.private is not None or key.status is KeyStatus.GENERATING).lower()


def _delete_key(device: Device, call: Call) -> etree._Element:
    device.keystore.delete_key(call.text("KeyID"))
    return tas.DeleteKeyResponse()


def _create_pkcs10_csr(device: Device, call: Call) -> etree._Element:
    private, algorithm = device.keystore.signer(call.text("KeyID"), _algorithm(call))
    if call.body.find("{*}CSRAttribute") is not None:
        raise invalid("InvalidAttribute", "No attributes are supported")
    try:
        subject, settings = _subject(call), device.settings
        if settings.quirks.ignores_csr_subject:
            subject = signing.name([(NameOID.COMMON_NAME, f"{settings.model}-{settings.serial}")])
        der = device.request(private, subject, algorithm)
    except ValueError as error:
        raise failed("CSRCreationFailed", str(error)) from None
    return tas.CreatePKCS10CSRResponse(tas.PKCS10CSR(_base64(der)))


def _create_self_signed_certificate(device: Device, call: Call) -> etree._Element:
    if call.text("X509Version", "3") != "3":
        raise invalid("UnsupportedX509Version", "Only version 3 is supported")
    if call.body.find("{*}Extension") is not None:
        raise failed("CertificateCreationFailed", "No extensions are supported")
    private, algorithm = device.keystore.signer(call.text("KeyID"), _algorithm(call))
    before = call.time("notValidBefore") or device.clock.now()
    after = call.time("notValidAfter") or datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    if before >= after:
        raise invalid("InvalidDateTime", "The validity ends before it begins")
    try:
        der = signing.self_signed(private, _subject(call), algorithm, before, after)
    except ValueError as error:
        raise failed("CertificateCreationFailed", str(error)) from None
    certificate = device.keystore.add_certificate(call.text("KeyID"), call.alias(), der)
    return tas.CreateSelfSignedCertificateResponse(tas.CertificateID(certificate.id))


def _algorithm(call: Call) -> str:
    return call.body.findtext("{*}SignatureAlgorithm/{*}algorithm", "")


def _subject(call: Call) -> x509.Name:
    """Return the subject, in the order of the request. Values in hexadecimal form are not supported."""
    parts = []
    for element in call.body.iterfind("{*}Subject/*"):
        oid, value = _SUBJECT.get(etree.QName(element).localname), element.text or ""
        if oid is None or value.startswith("#"):
            raise invalid("InvalidSubject", f"{etree.QName(element).localname} is not supported")
        parts.append((oid, value))
    try:
        subject = signing.name(parts)
    except ValueError as error:
        raise invalid("InvalidSubject", str(error)) from None
    if not parts:
        raise invalid("InvalidSubject", "The subject is empty")
    return subject


def _upload_certificate(device: Device, call: Call) -> etree._Element:
    try:
        der = base64.b64decode("".join(call.text("Certificate").split()), validate=True)
    except ValueError:
        raise invalid("BadCertificate", "The certificate is not in base64") from None
    required = call.text("PrivateKeyRequired") in ("true", "1")
    certificate = device.keystore.upload(der, call.alias(), call.alias("KeyAlias"), required)
    if device.settings.quirks.upload_activates:
        assignment.activate(device.keystore, certificate)
    return tas.UploadCertificateResponse(tas.CertificateID(certificate.id), tas.KeyID(certificate.key))


def _get_certificate(device: Device, call: Call) -> etree._Element:
    found = device.keystore.certificate(call.text("CertificateID"))
    return tas.GetCertificateResponse(tas.Certificate(*_certificate(found)))


def _get_all_certificates(device: Device, _: Call) -> etree._Element:
    certificates = device.keystore.contents.certificates.values()
    return tas.GetAllCertificatesResponse(*(tas.Certificate(*_certificate(found)) for found in certificates))


def _certificate(found: Certificate) -> list[etree._Element]:
    content = tas.CertificateContent(_base64(found.der))
    return [tas.CertificateID(found.id), tas.KeyID(found.key), *_alias(found.alias), content]


def _delete_certificate(device: Device, call: Call) -> etree._Element:
    device.keystore.delete_certificate(call.text("CertificateID"))
    return tas.DeleteCertificateResponse()


def _create_certification_path(device: Device, call: Call) -> etree._Element:
    elements = call.body.findall("{*}CertificateIDs/{*}CertificateID")
    certificates = tuple((element.text or "").strip() for element in elements)
    path = device.keystore.create_path(certificates, call.alias())
    return tas.CreateCertificationPathResponse(tas.CertificationPathID(path.id))


def _get_certification_path(device: Device, call: Call) -> etree._Element:
    path = device.keystore.path(call.text("CertificationPathID"))
    ids = (tas.CertificateID(certificate) for certificate in path.certificates)
    return tas.GetCertificationPathResponse(tas.CertificationPath(*ids, *_alias(path.alias)))


def _get_all_certification_paths(device: Device, _: Call) -> etree._Element:
    return tas.GetAllCertificationPathsResponse(*map(tas.CertificationPathID, device.keystore.contents.paths))


def _delete_certification_path(device: Device, call: Call) -> etree._Element:
    device.keystore.delete_path(call.text("CertificationPathID"))
    return tas.DeleteCertificationPathResponse()


def _add_server_certificate_assignment(device: Device, call: Call) -> etree._Element:
    assignment.add(device.keystore, call.text("CertificationPathID"))
    return tas.AddServerCertificateAssignmentResponse()


def _replace_server_certificate_assignment(device: Device, call: Call) -> etree._Element:
    assignment.replace(device.keystore, call.text("OldCertificationPathID"), call.text("NewCertificationPathID"))
    return tas.ReplaceServerCertificateAssignmentResponse()


def _remove_server_certificate_assignment(device: Device, call: Call) -> etree._Element:
    assignment.remove(device.keystore, call.text("CertificationPathID"), device.on("HTTPS"))
    return tas.RemoveServerCertificateAssignmentResponse()


def _get_assigned_server_certificates(device: Device, _: Call) -> etree._Element:
    return tas.GetAssignedServerCertificatesResponse(*map(tas.CertificationPathID, device.keystore.contents.assigned))


def _alias(alias: str) -> list[etree._Element]:
    return [tas.Alias(alias)] if alias else []


def _base64(der: bytes) -> str:
    return base64.b64encode(der).decode("ascii")


_OPERATIONS = {
    "GetServiceCapabilities": Operation(Access.PRE_AUTH, _get_service_capabilities),
    "CreateRSAKeyPair": Operation(Access.WRITE_SYSTEM, _create_rsa_key_pair),
    "CreateECCKeyPair": Operation(Access.WRITE_SYSTEM, _create_ecc_key_pair),
    "GetKeyStatus": Operation(Access.READ_SYSTEM_SECRET, _get_key_status),
    "GetPrivateKeyStatus": Operation(Access.READ_SYSTEM_SECRET, _get_private_key_status),
    "GetAllKeys": Operation(Access.READ_SYSTEM_SECRET, _get_all_keys),
    "DeleteKey": Operation(Access.UNRECOVERABLE, _delete_key),
    "CreatePKCS10CSR": Operation(Access.READ_SYSTEM, _create_pkcs10_csr),
    "CreateSelfSignedCertificate": Operation(Access.WRITE_SYSTEM, _create_self_signed_certificate),
    "UploadCertificate": Operation(Access.WRITE_SYSTEM, _upload_certificate),
    "GetCertificate": Operation(Access.READ_SYSTEM_SECRET, _get_certificate),
    "GetAllCertificates": Operation(Access.READ_SYSTEM_SECRET, _get_all_certificates),
    "DeleteCertificate": Operation(Access.UNRECOVERABLE, _delete_certificate),
    "CreateCertificationPath": Operation(Access.WRITE_SYSTEM, _create_certification_path),
    "GetCertificationPath": Operation(Access.READ_SYSTEM_SECRET, _get_certification_path),
    "GetAllCertificationPaths": Operation(Access.READ_SYSTEM_SECRET, _get_all_certification_paths),
    "DeleteCertificationPath": Operation(Access.UNRECOVERABLE, _delete_certification_path),
    "AddServerCertificateAssignment": Operation(Access.WRITE_SYSTEM, _add_server_certificate_assignment),
    "ReplaceServerCertificateAssignment": Operation(Access.WRITE_SYSTEM, _replace_server_certificate_assignment),
    "RemoveServerCertificateAssignment": Operation(Access.WRITE_SYSTEM, _remove_server_certificate_assignment),
    "GetAssignedServerCertificates": Operation(Access.READ_SYSTEM_SECRET, _get_assigned_server_certificates),
}
