"""Cameras as they are out there, each named after what is peculiar about it, and what is to become of it."""

from dataclasses import dataclass

from core.model.device import AttentionKind, CertificateField
from core.model.keystore import Way
from core.simulator.quirks import Quirks
from core.simulator.settings import (
    CameraSettings,
    DeviceCertificatesSettings,
    KeystoreSettings,
    Mishap,
    Timing,
)
from core.simulator.settings import Way as LoginWay

ARCULES, DEVICE, HTTP = CertificateField.ARCULES, CertificateField.DEVICE, CertificateField.HTTP
BY_SECURITY, BY_DEVICE = Way.KEYSTORE, Way.DEVICE
REVIEW = AttentionKind.REVIEW_LEAF

_YEARS = 365 * 86400.0
_SHA1_ONLY = ("1.2.840.113549.1.1.5",)


@dataclass(frozen=True)
class Persona:
    """`way` is by which service it takes a certificate. `says` is what the steps or the device's row have to say.

    `wrong_login` is whether the technician mistypes the password.
    """

    name: str
    settings: CameraSettings
    way: Way | None = BY_SECURITY
    field: CertificateField = ARCULES
    attention: AttentionKind | None = None
    says: str = ""
    wrong_login: bool = False


def _legacy(**options: object) -> CameraSettings:
    return CameraSettings(keystore=None, certificates=DeviceCertificatesSettings(**options))  # type: ignore[arg-type]


def _odd(**quirks: object) -> CameraSettings:
    return CameraSettings(quirks=Quirks(**quirks))  # type: ignore[arg-type]


def _keystore(**options: object) -> CameraSettings:
    return CameraSettings(keystore=KeystoreSettings(**options))  # type: ignore[arg-type]


PERSONAS = (
    Persona("as the standard has it", CameraSettings(), says="by its security service"),
    Persona("old names of abilities, RSA only", _keystore(names="old", rsa_lengths=(2048,), curves=())),
    Persona("only short RSA keys", _keystore(rsa_lengths=(1024,), curves=()), says="weak"),
    Persona(
        "certificates signed with SHA-1 only",
        _keystore(rsa_lengths=(2048,), curves=(), algorithms=_SHA1_ONLY),
        field=DEVICE,
        attention=AttentionKind.INSTALL_FAILED,
        says="does not know the signature algorithm",
    ),
    Persona("one TLS path", _keystore(most_tls_paths=1, most_paths=2)),
    Persona(
        "keystore full of others' objects",
        _keystore(most_keys=3, filled=2),
        field=DEVICE,
        attention=AttentionKind.INSTALL_FAILED,
        says="No room on the device: keys",
    ),
    Persona("key goes with its certificate", _keystore(auto_delete_key=True)),
    Persona("device service only", _legacy(), BY_DEVICE, says="by its device service"),
    Persona("device service, PEM, own ids", _legacy(csr="pem", ignores_id=True), BY_DEVICE),
    Persona(
        "device service, subject and dates of its own", _legacy(ignores_subject=True, ignores_dates=True), BY_DEVICE
    ),
    Persona("device service, RSA 1024 and SHA-1", _legacy(key="RSA 1024", hash="SHA-1"), BY_DEVICE, says="is weak"),
    Persona("device service, one slot", _legacy(most=1), BY_DEVICE, DEVICE, AttentionKind.INSTALL_FAILED),
    Persona("device service, loading is switching on", _legacy(load_activates=True), BY_DEVICE),
    Persona(
        "device service, says yes and switches nothing",
        _legacy(ignores_status=True),
        BY_DEVICE,
        DEVICE,
        AttentionKind.INSTALL_FAILED,
        says="did not take the new certificate",
    ),
    Persona(
        "device service, requests signed with MD5",
        _legacy(key="RSA 2048", hash="MD5"),
        BY_DEVICE,
        says="signed with MD5, which is weak",
    ),
    Persona("both ways", CameraSettings(certificates=DeviceCertificatesSettings()), says="by its security service"),
    Persona("no certificate management", CameraSettings(keystore=None), None, DEVICE, REVIEW, "cannot take"),
    Persona("HTTP only", CameraSettings(https_port=None), field=HTTP),
    Persona("upload is assignment", _odd(upload_activates=True)),
    Persona(
        "keeps serving its old certificate",
        _odd(keeps_old_certificate=True),
        field=DEVICE,
        attention=AttentionKind.INSTALL_FAILED,
        says="did not take the new certificate",
    ),
    Persona("serves a version of its own", _odd(serves_own_version=True), field=DEVICE, attention=REVIEW),
    Persona("loses the answer when it restarts", _odd(loses_assignment_reply=True, http_restarts_too=True)),
    Persona("makeshift certificate while it restarts", _odd(makeshift_certificate=True)),
    Persona("old and new certificate in turn", _odd(serves_in_turn=True)),
    Persona(
        "keys that fail",
        _odd(keys_fail=True),
        field=DEVICE,
        attention=AttentionKind.INSTALL_FAILED,
        says="could not make its key",
    ),
    Persona("nonsense for an estimate", _odd(key_estimate="30")),
    Persona("no estimate at all", _odd(no_key_estimate=True)),
    Persona("requests name the camera", _odd(ignores_csr_subject=True), says="Not followed: the subject"),
    Persona("certificates that strict parsers refuse", _odd(sloppy_certificates=True)),
    Persona("negative serial numbers", _odd(negative_serials=True)),
    Persona("version 1 certificates", _odd(version_1_certificates=True)),
    Persona("clock at 1970", CameraSettings(lost_clock=True), says="its clock is wrong"),
    Persona(
        "clock ten years ahead, token only",
        CameraSettings(clock_offset=10 * _YEARS, login=(LoginWay.TOKEN,)),
        says="its clock is wrong",
    ),
    Persona(
        "local time for UTC, token only", CameraSettings(quirks=Quirks(local_time_ahead=200.0), login=(LoginWay.TOKEN,))
    ),
    Persona("time only after login", _odd(clock_needs_login=True)),
    Persona(
        "token only, times that end in Z",
        CameraSettings(login=(LoginWay.TOKEN,), quirks=Quirks(token_needs_z=True)),
        says="(token)",
    ),
    Persona(
        "Digest only, 401 in HTML",
        CameraSettings(login=(LoginWay.DIGEST_MD5,), quirks=Quirks(html_401=True)),
        says="(Digest)",
    ),
    Persona(
        "nothing until Digest",
        CameraSettings(login=(LoginWay.DIGEST_MD5,), quirks=Quirks(empty_until_digest=True)),
        says="(Digest)",
    ),
    Persona("offers Basic first", _odd(offers_basic=True), says="(Digest)"),
    Persona("nonces for one request", _odd(nonce_once=True)),
    Persona(
        "tells how many attempts are left",
        CameraSettings(lockout_after=4, quirks=Quirks(tells_attempts=True)),
        field=DEVICE,
        attention=AttentionKind.LOGIN_REFUSED,
        says="3 attempt",
        wrong_login=True,
    ),
    Persona(
        "account without rights", CameraSettings(level="User"), field=DEVICE, attention=AttentionKind.LOGIN_REFUSED
    ),
    Persona("faults on 200", CameraSettings(quirks=Quirks(faults_on_200=True), login=(LoginWay.TOKEN,))),
    Persona(
        "faults of SOAP 1.1",
        CameraSettings(quirks=Quirks(soap_1_1_faults=True, other_prefixes=True), login=(LoginWay.TOKEN,)),
    ),
    Persona("broken UTF-8", _odd(broken_utf8=True)),
    Persona(
        "unknown calls are web pages",
        CameraSettings(keystore=None, quirks=Quirks(unsupported="html_404")),
        None,
        DEVICE,
        REVIEW,
    ),
    Persona(
        "no GetServices, device service",
        CameraSettings(keystore=None, certificates=DeviceCertificatesSettings(), quirks=Quirks(no_get_services=True)),
        BY_DEVICE,
    ),
    Persona("addresses of another host", _odd(xaddrs="other_host")),
    Persona("addresses with two ports", _odd(xaddrs="two_ports")),
    Persona("addresses over HTTP only", _odd(xaddrs="http_only")),
    Persona("slow", CameraSettings(timing=Timing(answer=0.15))),
    Persona("hangs up after each answer", _odd(hangs_up=True)),
    Persona("redirects HTTP to HTTPS", _odd(redirects_to_https=True)),
    Persona(
        "TLS 1.0 only",
        CameraSettings(oldest_tls="1.0", newest_tls="1.0"),
        attention=AttentionKind.WEAK_TLS,
        says="TLS 1.0",
    ),
    Persona(
        "TLS 1.1, RSA 1024, SHA-1, old ciphers",
        CameraSettings(
            oldest_tls="1.1",
            newest_tls="1.1",
            factory_key="RSA 1024",
            factory_hash="SHA-1",
            ciphers="AES128-SHA",
            keystore=KeystoreSettings(rsa_lengths=(2048,), curves=()),
        ),
        attention=AttentionKind.WEAK_TLS,
        says="TLS 1.1",
    ),
    Persona(
        "web server that crashes once",
        CameraSettings(faults={"CreatePKCS10CSR": Mishap("http_500_html", times=99)}),
        field=DEVICE,
        attention=AttentionKind.INSTALL_FAILED,
    ),
)
