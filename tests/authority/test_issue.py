import ipaddress
import shutil
import ssl
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from core.authority import Authority, CsrError, Issued, IssueRequest
from core.authority.profile import Leaf, Validity, make_leaf
from core.decide import keys
from core.decide.certificates import describe, issued_by, key_fingerprint
from core.model.errors import CamtrustError
from tests.authority.conftest import NOW, SMALL
from tests.decide.handmade import RSA_INFO, RSA_KEY
from tests.decide.requests import BAD, GREEDY, P256, asked

NAME = "cam-14.gw-042.cam.internal"
DAY = timedelta(days=1)
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def issue(
    authority: Authority,
    csr: bytes = b"",
    *,
    device: str = "cam-14",
    host: str = "10.0.0.7",
    now: datetime = NOW,
    device_clock: datetime | None = None,
) -> Issued:
    request = IssueRequest(device, host, None, now, device_clock)
    return authority.issue(csr or asked(RSA_KEY), request)


def parsed(der: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(der)


def extension(certificate: x509.Certificate, kind: type[x509.ExtensionType]) -> x509.Extension[x509.ExtensionType]:
    return certificate.extensions.get_extension_for_class(kind)


@pytest.fixture(params=["authority", "ec_authority"])
def either(request: pytest.FixtureRequest) -> Authority:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Authority)
    return found


def test_the_authority_is_held_to_its_gateway_and_to_private_addresses(either: Authority) -> None:
    certificate = parsed(either.der)
    assert certificate.subject.rfc4514_string() == "O=Arcules,CN=Arcules Gateway CA gw-042"
    assert describe(either.der).subject == "Arcules Gateway CA gw-042, O=Arcules"
    assert describe(either.der).self_signed
    assert (certificate.not_valid_before_utc, certificate.not_valid_after_utc.year) == (NOW - DAY, 2046)
    found = [(type(item.value), item.critical) for item in certificate.extensions if item.critical]
    assert found == [(x509.BasicConstraints, True), (x509.KeyUsage, True), (x509.NameConstraints, True)]
    assert extension(certificate, x509.BasicConstraints).value == x509.BasicConstraints(ca=True, path_length=0)
    usage = extension(certificate, x509.KeyUsage).value
    assert isinstance(usage, x509.KeyUsage)
    assert (usage.key_cert_sign, usage.crl_sign, usage.digital_signature) == (True, True, False)
    constraints = extension(certificate, x509.NameConstraints).value
    assert isinstance(constraints, x509.NameConstraints)
    assert [str(name.value) for name in constraints.permitted_subtrees or ()] == [
        "gw-042.cam.internal",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "127.0.0.0/8",
        "100.64.0.0/10",
        "fc00::/7",
        "fe80::/10",
        "::1/128",
    ]


@pytest.mark.parametrize("key", [RSA_KEY, P256], ids=["RSA", "EC"])
def test_a_leaf_is_for_one_device_and_one_use(
    either: Authority, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
) -> None:
    issued = issue(either, asked(key))
    certificate = parsed(issued.der)
    assert issued.notes == ()
    assert issued_by(issued.der, either.der)
    assert keys.encode(certificate.public_key()) == keys.encode(key.public_key())
    assert certificate.version is x509.Version.v3
    assert certificate.subject.rfc4514_string() == f"CN={NAME}"
    assert isinstance(certificate.signature_hash_algorithm, hashes.SHA256)
    names = extension(certificate, x509.SubjectAlternativeName).value
    assert names == x509.SubjectAlternativeName([x509.DNSName(NAME), x509.IPAddress(ipaddress.ip_address("10.0.0.7"))])
    basic = extension(certificate, x509.BasicConstraints)
    assert (basic.critical, basic.value) == (True, x509.BasicConstraints(ca=False, path_length=None))
    usage = extension(certificate, x509.KeyUsage)
    assert usage.critical
    assert isinstance(usage.value, x509.KeyUsage)
    assert usage.value.digital_signature
    assert usage.value.key_encipherment == isinstance(key, rsa.RSAPrivateKey)
    purposes = extension(certificate, x509.ExtendedKeyUsage).value
    assert purposes == x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    own, signer = extension(certificate, x509.SubjectKeyIdentifier), extension(certificate, x509.AuthorityKeyIdentifier)
    assert own.value == x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    assert isinstance(signer.value, x509.AuthorityKeyIdentifier)
    assert signer.value.key_identifier == extension(parsed(either.der), x509.SubjectKeyIdentifier).value.digest  # type: ignore[attr-defined]


def test_every_leaf_has_a_long_random_serial_number(ec_authority: Authority) -> None:
    serials = {parsed(issue(ec_authority).der).serial_number for _ in range(20)}
    assert len(serials) == 20
    assert max(serials).bit_length() > 140


def test_a_device_cannot_ask_for_more_and_is_told(either: Authority) -> None:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "google.com")])
    issued = issue(either, asked(RSA_KEY, name, *GREEDY))
    assert [note.split(":")[0] for note in issued.notes] == ["Not followed", "Not followed"]
    assert describe(issued.der).names == (NAME, "10.0.0.7")
    plain, greedy = (describe(der) for der in (issue(either).der, issued.der))
    assert (plain.subject, plain.names, plain.not_after) == (greedy.subject, greedy.names, greedy.not_after)


CLOCKS = {
    "none": (None, "2026-11-23T07:00:00Z", ()),
    "right": (NOW, "2026-11-23T07:00:00Z", ()),
    "an hour behind": (NOW - timedelta(hours=1), "2026-11-23T06:00:00Z", ()),
    "1970": (datetime(1970, 1, 1, tzinfo=UTC), "1969-12-31T00:00:00Z", ()),
    "1970 and some": (datetime(1970, 1, 1, 0, 3, 7, 999, tzinfo=UTC), "1969-12-31T00:03:07Z", ()),
    "year 1": (datetime(1, 1, 1, tzinfo=UTC), "1969-12-31T00:00:00Z", ("has not begun",)),
    "2000": (datetime(2000, 1, 1, tzinfo=UTC), "1999-12-31T00:00:00Z", ()),
    "2038": (datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC), "2026-11-23T07:00:00Z", ("has already ended",)),
    "2106": (datetime(2106, 2, 7, 6, 28, 16, tzinfo=UTC), "2026-11-23T07:00:00Z", ("has already ended",)),
    "year 9999": (datetime.max.replace(tzinfo=UTC), "2026-11-23T07:00:00Z", ("has already ended",)),
}


@pytest.mark.parametrize("clock", CLOCKS)
def test_a_leaf_holds_for_gateway_and_device_whatever_the_device_takes_the_time_to_be(
    either: Authority, clock: str
) -> None:
    device_clock, start, told = CLOCKS[clock]
    issued = issue(either, device_clock=device_clock)
    view = describe(issued.der)
    assert (view.not_before, view.not_after) == (start, "2036-11-21T07:00:00Z")
    assert len(issued.notes) == len(told)
    assert all(note.endswith(end) for note, end in zip(issued.notes, told, strict=True))


def test_a_clock_before_the_first_day_is_told(ec_authority: Authority) -> None:
    [note] = issue(ec_authority, device_clock=datetime(1904, 1, 1, tzinfo=UTC)).notes
    assert note == "The device's clock says 1904-01-01: by it, the certificate has not begun"


def test_a_clock_with_an_offset_is_taken_as_the_moment_that_it_means(ec_authority: Authority) -> None:
    abroad = NOW.astimezone(datetime.fromisoformat("2026-01-01T00:00:00+14:00").tzinfo)
    assert describe(issue(ec_authority, now=abroad).der).not_before == "2026-11-23T07:00:00Z"


def test_no_leaf_outlives_the_authority(folder: Path) -> None:
    authority = Authority.open(folder, SMALL, "gw-042", NOW)
    end = parsed(authority.der).not_valid_after_utc
    leaf = parsed(issue(authority, now=end - timedelta(days=30)).der)
    assert leaf.not_valid_after_utc == end
    with pytest.raises(CamtrustError, match="authority ended on 2046-11-23"):
        issue(authority, now=end)


def test_a_gateway_that_lost_the_time_signs_nothing(ec_authority: Authority) -> None:
    with pytest.raises(CamtrustError, match="clock says 1970-01-01"):
        issue(ec_authority, now=datetime(1970, 1, 1, tzinfo=UTC))


HOSTS = {
    "10.0.0.7": "10.0.0.7",
    "172.31.255.255": "172.31.255.255",
    "192.168.1.2": "192.168.1.2",
    "169.254.3.4": "169.254.3.4",
    "127.77.0.1": "127.77.0.1",
    "100.64.0.1": "100.64.0.1",
    "fd00::7": "fd00::7",
    "fe80::7%eth0": "fe80::7",
    "::1": "::1",
    "::ffff:10.0.0.7": "10.0.0.7",
}
UNNAMED = {
    "203.0.113.9": "not a private address",
    "172.32.0.1": "not a private address",
    "::ffff:203.0.113.9": "not a private address",
    "2001:db8::7": "not a private address",
    "camera.example": "a DNS name",
    "\x1b[2Jcamera": "a DNS name",
    "*": "a DNS name",
    "": "a DNS name",
}


@pytest.mark.parametrize("host", HOSTS)
def test_a_private_address_is_named_in_the_leaf(ec_authority: Authority, host: str) -> None:
    issued = issue(ec_authority, host=host)
    assert describe(issued.der).names == (NAME, HOSTS[host])
    assert issued.notes == ()
    accepted(ec_authority, issued, ipaddress.ip_address(HOSTS[host]))


@pytest.mark.parametrize("host", UNNAMED)
def test_anything_else_is_left_out_and_told(ec_authority: Authority, host: str) -> None:
    issued = issue(ec_authority, host=host)
    assert describe(issued.der).names == (NAME,)
    [note] = issued.notes
    assert note.isprintable()
    assert note.endswith(f"{UNNAMED[host]}: the certificate names {NAME} only")
    accepted(ec_authority, issued, NAME)


@pytest.mark.parametrize("device", ["3f2c9d1e-8a77-4b60-9d0c-5e1f2a3b4c5d", "x" * 300, "Front Door_1", "*", ""])
def test_any_device_name_makes_a_valid_leaf(ec_authority: Authority, device: str) -> None:
    issued = issue(ec_authority, device=device)
    name, _ = describe(issued.der).names
    assert name.endswith(".gw-042.cam.internal")
    assert describe(issued.der).subject == name
    accepted(ec_authority, issued, name)


def accepted(authority: Authority, issued: Issued, subject: Address | str) -> None:
    """A verifier that knows nothing of us takes it (RFC 5280, 6; CA/Browser Forum profile)."""
    builder = PolicyBuilder().store(Store([parsed(authority.der)])).time(NOW)
    name = x509.DNSName(subject) if isinstance(subject, str) else x509.IPAddress(subject)
    builder.build_server_verifier(name).verify(parsed(issued.der), [])


@pytest.mark.parametrize(
    ("name", "address", "subject"),
    [
        ("google.com", None, "google.com"),
        ("cam.gw-043.cam.internal", None, "cam.gw-043.cam.internal"),
        (NAME, ipaddress.ip_address("8.8.8.8"), NAME),
        (NAME, ipaddress.ip_address("2001:db8::1"), NAME),
    ],
)
def test_verifiers_refuse_what_a_stolen_key_would_sign_for_other_names(
    folder: Path, name: str, address: Address | None, subject: str
) -> None:
    authority = Authority.open(folder, SMALL, "gw-042", NOW)
    key = load_pem_private_key((folder / "ca.key").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    leaf = Leaf(name, address, RSA_KEY.public_key(), Validity(NOW - DAY, NOW + DAY))
    stolen = Issued(make_leaf(leaf, parsed(authority.der), key), ())
    with pytest.raises(VerificationError, match=r"permitted|excluded"):
        accepted(authority, stolen, subject)
    if openssl := shutil.which("openssl"):
        assert "permitted subtree violation" in openssl_verify(openssl, folder, authority, stolen)


def openssl_verify(openssl: str, folder: Path, authority: Authority, issued: Issued, *more: str) -> str:
    (folder / "ca.pem").write_text(ssl.DER_cert_to_PEM_cert(authority.der))
    (folder / "leaf.pem").write_text(ssl.DER_cert_to_PEM_cert(issued.der))
    when = ["-attime", str(int(NOW.timestamp()))]
    command = [openssl, "verify", "-x509_strict", "-purpose", "sslserver", *when, *more]
    ended = subprocess.run(
        [*command, "-CAfile", "ca.pem", "leaf.pem"], cwd=folder, capture_output=True, text=True, timeout=30
    )
    return ended.stdout + ended.stderr


@pytest.mark.skipif(not shutil.which("openssl"), reason="the openssl program is not installed")
@pytest.mark.parametrize("key", [RSA_KEY, P256], ids=["RSA", "EC"])
@pytest.mark.parametrize("host", ["10.0.0.7", "fd00::7"])
def test_openssl_is_content_with_the_strictest_of_checks(
    folder: Path, either: Authority, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, host: str
) -> None:
    issued = issue(either, asked(key), host=host)
    openssl = shutil.which("openssl") or ""
    assert openssl_verify(openssl, folder, either, issued, "-verify_ip", host) == "leaf.pem: OK\n"
    assert openssl_verify(openssl, folder, either, issued, "-verify_hostname", NAME) == "leaf.pem: OK\n"
    assert "IP address mismatch" in openssl_verify(openssl, folder, either, issued, "-verify_ip", "10.0.0.8")


@pytest.mark.parametrize("key", [RSA_KEY, P256], ids=["RSA", "EC"])
def test_a_browser_that_trusts_the_authority_connects_to_the_device(
    folder: Path, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
) -> None:
    authority = Authority.open(folder, SMALL, "gw-042", now := datetime.now(UTC))
    leaf = issue(authority, asked(key), host="127.0.0.1", now=now).der
    (folder / "leaf.pem").write_text(ssl.DER_cert_to_PEM_cert(leaf))
    (folder / "leaf.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    device = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    device.load_cert_chain(folder / "leaf.pem", folder / "leaf.key")
    browser = ssl.create_default_context(cadata=ssl.DER_cert_to_PEM_cert(authority.der))
    browser.verify_flags |= ssl.VerifyFlags.VERIFY_X509_STRICT
    for name in ("127.0.0.1", NAME):
        assert shake_hands(browser, device, name) == leaf
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        shake_hands(browser, device, "127.0.0.2")


def shake_hands(client: ssl.SSLContext, server: ssl.SSLContext, name: str) -> bytes | None:
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(down, up, server_hostname=name)
    theirs = server.wrap_bio(up, down, server_side=True)
    for _ in range(4):
        for side in (ours, theirs):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return ours.getpeercert(binary_form=True)


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_request_is_refused(ec_authority: Authority, kind: str) -> None:
    csr, told = BAD[kind]
    with pytest.raises(CsrError, match=told):
        ec_authority.issue(csr, IssueRequest("cam-14", "10.0.0.7", None, NOW, None, {}))


def test_the_authoritys_own_key_is_refused(folder: Path) -> None:
    authority = Authority.open(folder, SMALL, "gw-042", NOW)
    key = load_pem_private_key((folder / "ca.key").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    with pytest.raises(CsrError, match="authority itself"):
        issue(authority, asked(key))


def test_the_key_of_another_device_is_refused_by_its_name(ec_authority: Authority) -> None:
    first = issue(ec_authority, device="cam-1").der
    request = IssueRequest("cam-2", "10.0.0.8", None, NOW, None, {key_fingerprint(first): "Front door"})
    with pytest.raises(CsrError, match="Front door"):
        ec_authority.issue(asked(RSA_KEY), request)


def test_another_key_than_the_device_made_is_refused(ec_authority: Authority) -> None:
    ec_authority.issue(asked(RSA_KEY), IssueRequest("cam-2", "10.0.0.8", RSA_INFO, NOW))
    with pytest.raises(CsrError, match="another key"):
        ec_authority.issue(asked(P256), IssueRequest("cam-2", "10.0.0.8", RSA_INFO, NOW))


@pytest.mark.parametrize("show", [repr, str, "{}".format, lambda authority: repr(vars_of(authority))])
def test_nothing_that_is_printed_of_an_authority_is_secret(folder: Path, show: Callable[[Authority], str]) -> None:
    authority = Authority.open(folder, SMALL, "gw-042", NOW)
    secret = (folder / "ca.key").read_text().splitlines()[1]
    assert secret not in show(authority)
    assert "PRIVATE" not in show(authority)


def vars_of(authority: Authority) -> list[object]:
    return [getattr(authority, name) for name in Authority.__slots__]
