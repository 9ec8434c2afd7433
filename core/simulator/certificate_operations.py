"""The operations of the device service on certificates (ONVIF Core, up to 16.06, device management)."""

import base64
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from lxml import etree

from core.simulator import self_made, signing
from core.simulator.contents import Certificate
from core.simulator.device import Device
from core.simulator.device_certificates import DeviceCertificates
from core.simulator.faults import failed, invalid
from core.simulator.login import Access
from core.simulator.operations import Call, Operation
from core.simulator.settings import CameraSettings
from core.simulator.soap import TDS, tds, tt

_LATEST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def _kind_of_key(device: Device, call: Call) -> str:
    """Return what key CreateCertificate needs; refuse at once what would be refused when it is made."""
    certificates = _certificates(device)
    certificates.need_room(call.text("CertificateID"))
    _validity(device, call)
    return certificates.settings.key


def _create_certificate(device: Device, call: Call) -> etree._Element:
    der = _self_signed(device, call)
    made = _certificates(device).create(call.text("CertificateID"), call.private, der)
    return tds.CreateCertificateResponse(tds.NvtCertificate(*_certificate(made)))


def _self_signed(device: Device, call: Call) -> bytes:
    before, after = _validity(device, call)
    algorithm = signing.default_algorithm(call.private, _certificates(device).settings.hash)
    return signing.self_signed(call.private, _subject(device, call), algorithm, before, after)


def _validity(device: Device, call: Call) -> tuple[datetime, datetime]:
    now = device.clock.now()
    own = (now, now + timedelta(days=self_made.LONG))
    if _certificates(device).settings.ignores_dates:
        return own
    before, after = call.time("ValidNotBefore") or own[0], call.time("ValidNotAfter") or own[1]
    if not before < after <= _LATEST:
        raise invalid("InvalidDateTime", "The validity ends before it begins")
    return before, after


def _subject(device: Device, call: Call) -> x509.Name:
    """Return the subject that was asked for, which may be in RFC 4514 notation, or the camera's own."""
    asked = call.text("Subject")
    settings = device.settings
    try:
        if not asked or _certificates(device).settings.ignores_subject:
            return signing.name([(NameOID.COMMON_NAME, f"{settings.model}-{settings.serial}")])
        named = "=" in asked
        return x509.Name.from_rfc4514_string(asked) if named else signing.name([(NameOID.COMMON_NAME, asked)])
    except ValueError as error:
        raise invalid("Subject", str(error)) from None


def _get_certificates(device: Device, _: Call) -> etree._Element:
    held = _certificates(device).all()
    return tds.GetCertificatesResponse(*(tds.NvtCertificate(*_certificate(one)) for one in held))


def _certificate(held: Certificate) -> list[etree._Element]:
    return [tt.CertificateID(held.id), tt.Certificate(tt.Data(_base64(held.der)))]


def _get_certificates_status(device: Device, _: Call) -> etree._Element:
    certificates = _certificates(device)
    words = ("disabled", "enabled") if certificates.settings.odd_status else ("false", "true")
    lines = ((one.id, words[certificates.is_enabled(one.id)]) for one in certificates.all())
    statuses = (tds.CertificateStatus(tt.CertificateID(name), tt.Status(status)) for name, status in lines)
    return tds.GetCertificatesStatusResponse(*statuses)


def _set_certificates_status(device: Device, call: Call) -> etree._Element:
    lines = call.body.findall(f"{{{TDS}}}CertificateStatus")
    asked = [(_text(line, "CertificateID"), _text(line, "Status") in ("true", "1")) for line in lines]
    _certificates(device).set_statuses(asked, device.on("HTTPS"))
    return tds.SetCertificatesStatusResponse()


def _delete_certificates(device: Device, call: Call) -> etree._Element:
    _certificates(device).delete([(line.text or "").strip() for line in call.body.findall("{*}CertificateID")])
    return tds.DeleteCertificatesResponse()


def _get_pkcs10_request(device: Device, call: Call) -> etree._Element:
    if call.body.find("{*}Attributes") is not None:
        raise invalid("Attributes", "No attributes are supported")
    certificates = _certificates(device)
    private = certificates.key(call.text("CertificateID"))
    algorithm = signing.default_algorithm(private, certificates.settings.hash)
    try:
        made = device.request(private, _subject(device, call), algorithm)
    except ValueError as error:
        raise failed("Pkcs10Generation", str(error)) from None
    if certificates.settings.csr == "pem":
        made = x509.load_der_x509_csr(made).public_bytes(Encoding.PEM)
    return tds.GetPkcs10RequestResponse(tds.Pkcs10Request(tt.Data(_base64(made))))


def _load_certificates(device: Device, call: Call) -> etree._Element:
    lines = call.body.findall(f"{{{TDS}}}NVTCertificate")
    _certificates(device).load([(_text(line, "CertificateID"), _data(line)) for line in lines])
    return tds.LoadCertificatesResponse()


def _data(line: etree._Element) -> bytes:
    # The schema has seen to it that this is base64.
    return base64.b64decode(line.findtext("{*}Certificate/{*}Data", ""))


def _get_certificate_information(device: Device, call: Call) -> etree._Element:
    held = _certificates(device).certificate(call.text("CertificateID"))
    told = tds.CertificateInformation(tt.CertificateID(held.id), *_described(held.der))
    return tds.GetCertificateInformationResponse(told)


def _described(der: bytes) -> list[etree._Element]:
    """Return what the camera can read out of a certificate, which may be nothing."""
    try:
        read = signing.read(der)
        public = read.public_key()
    except ValueError:
        return []
    assert isinstance(public, rsa.RSAPublicKey | ec.EllipticCurvePublicKey), "the camera has a key for it"
    valid = (_time(read.not_valid_before_utc), _time(read.not_valid_after_utc))
    return [
        tt.IssuerDN(read.issuer.rfc4514_string()),
        tt.SubjectDN(read.subject.rfc4514_string()),
        tt.KeyLength(str(public.key_size)),
        tt.Version(str(read.version.value + 1)),
        tt.SerialNum(f"{read.serial_number:x}"),
        tt.SignatureAlgorithm(read.signature_algorithm_oid.dotted_string),
        tt.Validity(tt.From(valid[0]), tt.Until(valid[1])),
    ]


def _certificates(device: Device) -> DeviceCertificates:
    assert device.certificates is not None, "the operations are there only where this is"
    return device.certificates


def _text(line: etree._Element, name: str) -> str:
    return line.findtext(f"{{*}}{name}", "").strip()


def _time(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def operations(settings: CameraSettings) -> dict[str, Operation]:
    """Return the operations that the device service of a camera has more than others."""
    return _OPERATIONS if settings.certificates is not None else {}


_OPERATIONS = {
    "CreateCertificate": Operation(Access.WRITE_SYSTEM, _create_certificate, key=_kind_of_key),
    "GetCertificates": Operation(Access.READ_SYSTEM, _get_certificates),
    "GetCertificatesStatus": Operation(Access.READ_SYSTEM, _get_certificates_status),
    "SetCertificatesStatus": Operation(Access.WRITE_SYSTEM, _set_certificates_status),
    "DeleteCertificates": Operation(Access.WRITE_SYSTEM, _delete_certificates),
    "GetPkcs10Request": Operation(Access.READ_SYSTEM, _get_pkcs10_request),
    "LoadCertificates": Operation(Access.WRITE_SYSTEM, _load_certificates),
    "GetCertificateInformation": Operation(Access.READ_SYSTEM, _get_certificate_information),
}
