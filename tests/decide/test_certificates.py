import hashlib
import random
from datetime import UTC, datetime

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from core.decide import keys
from core.decide.certificates import describe, fingerprint, issued_by, key_fingerprint
from core.model.device import CertificateView
from tests.decide.asn1 import UTF8, integer, name, tlv
from tests.decide.handmade import CN, HANDMADE, RSA_INFO, RSA_KEY, SHA1_RSA, SOUND, O, Parts, rsa_info

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey
SUBJECT = "axis-b8a44f1c2d3e, O=Axis"
DNS, IP = "cam.example", "10.0.0.7"
VIEW = CertificateView(
    fingerprint=hashlib.sha256(SOUND).hexdigest(),
    size=len(SOUND),
    readable=True,
    subject=SUBJECT,
    issuer=SUBJECT,
    self_signed=True,
    serial="1267",
    not_before="2026-01-01T00:00:00Z",
    not_after="2036-01-01T00:00:00Z",
    key="RSA 2048",
    key_fingerprint=hashlib.sha256(RSA_INFO).hexdigest(),
    signature="SHA-256 with RSA",
    names=(DNS, IP),
    extensions=("SubjectAlternativeName: 2 names",),
    warnings=(),
)
DAMAGED, NO_KEY = "Damaged: shown as far as it can be read", "The key cannot be read"
NO_EXTENSIONS, NO_DATES = "The extensions cannot be read", "The dates cannot be read"
ONE_NAME, TWO_NAMES = "SubjectAlternativeName: 1 name", "SubjectAlternativeName: 2 names"
NOT_POSITIVE = "The serial number is not positive"


def damaged(*warnings: str, **changes: object) -> dict[str, object]:
    """What a strict parser refuses is shown by its outline: everything but the signature."""
    return {
        "readable": False,
        "self_signed": False,
        "signature": "",
        "warnings": (DAMAGED, *warnings),
    } | changes


def other_subject(text: str) -> dict[str, object]:
    return {"subject": text, "self_signed": False}


def broken_extensions(*names: str, extensions: tuple[str, ...] = (TWO_NAMES,)) -> dict[str, object]:
    return {"names": names, "extensions": extensions, "warnings": (NO_EXTENSIONS,)}


def other_key(key: str, *warnings: str) -> dict[str, object]:
    return {"key": key, "self_signed": False, "warnings": warnings}


NOTHING: dict[str, object] = {
    field: type(getattr(VIEW, field))() for field in VIEW.__struct_fields__ if field not in ("fingerprint", "size")
} | {"warnings": ("Cannot be read",)}
SHOWN: dict[str, dict[str, object]] = {
    "version 1 with extensions": {},
    "version 1 written out": damaged(),
    "version 4": damaged(),
    "serial number zero": {"serial": "0", "warnings": (NOT_POSITIVE,)},
    "serial number negative": {"serial": "-5", "warnings": (NOT_POSITIVE,)},
    "serial number with needless zeros": damaged(serial="5"),
    "serial number empty": damaged(NOT_POSITIVE, serial="0"),
    "serial number of 200 bytes": {"serial": "1" * 63 + "…"},
    "PrintableString with _ @ *": damaged(subject="a_b@c*, O=Axis"),
    "PrintableString in Latin-1": damaged(subject="Grüße, O=Axis"),
    "T61String": other_subject("Grüße, O=Axis"),
    "UTF8String that is none": other_subject("\ufffd\ufffd\ufffd, O=Axis"),
    "BMPString": other_subject("cam, O=Axis"),
    "BMPString of odd length": damaged(subject="ca\ufffd, O=Axis"),
    "IA5String": other_subject("cam-1, O=Axis"),
    "common name of 300": other_subject("x" * 127 + "…"),
    "common name empty": other_subject("O=Axis"),
    "common name with escapes": other_subject("⟨001B⟩]0;x⟨0007⟩[/]⟨202E⟩, O=Axis"),
    "common name as integer": other_subject("⟨0005⟩"),
    "country of three letters": other_subject("cam, C=DEU"),
    "subject empty": other_subject(""),
    "subject with an empty set": other_subject(""),
    "subject is text": damaged(subject="…"),
    "UTCTime without seconds": damaged(),
    "UTCTime with an offset": damaged(),
    "UTCTime of 1950": {"not_before": "1950-01-01T00:00:00Z"},
    "GeneralizedTime with fractions": damaged(),
    "GeneralizedTime without Z": damaged(),
    "GeneralizedTime of the year 0": {"not_before": "", "warnings": (NO_DATES,)},
    "GeneralizedTime of the year 1 with an offset": damaged(NO_DATES, not_before=""),
    "GeneralizedTime of the year 9999": {"not_after": "9999-12-31T23:59:59Z"},
    "30 February": damaged(NO_DATES, not_before=""),
    "date in words": damaged(NO_DATES, not_before=""),
    "date as integer": damaged(NO_DATES, not_before=""),
    "ends before it begins": {
        "not_before": "2027-01-01T00:00:00Z",
        "not_after": "2026-01-01T00:00:00Z",
        "warnings": ("Ends before it begins",),
    },
    "validity empty": damaged(NO_DATES, not_before="", not_after=""),
    "validity of one date": damaged(NO_DATES, not_after=""),
    "critical FALSE written out": damaged(names=(DNS,), extensions=(ONE_NAME,)),
    "cA FALSE written out": broken_extensions(DNS, IP, extensions=("BasicConstraints: not a CA", TWO_NAMES)),
    "BOOLEAN of 1": broken_extensions(DNS, IP, extensions=("BasicConstraints: a CA", TWO_NAMES)),
    "extension twice": broken_extensions(DNS, IP, extensions=(ONE_NAME, ONE_NAME)),
    "alternative address of 5 bytes": broken_extensions(DNS, "0a00000701 (no IP address)"),
    "alternative address of 8 bytes": broken_extensions(DNS, "0a0000070a000007 (no IP address)"),
    "alternative name in Latin-1": broken_extensions("küche", extensions=(ONE_NAME,)),
    "alternative name with escapes": {"names": ("⟨001B⟩[2J", DNS)},
    "alternative names that are garbage": broken_extensions(
        extensions=("SubjectAlternativeName: 5 bytes, cannot be read",)
    ),
    "500 alternative names": {"names": (DNS,) * 32, "extensions": ("SubjectAlternativeName: 500 names",)},
    "unknown critical extension": {"extensions": ("1.2.3.4: 2 bytes (critical)", TWO_NAMES)},
    "no extensions": {"names": (), "extensions": ()},
    "RSA exponent 1": other_key("", NO_KEY),
    "RSA exponent 3": other_key("RSA 2048", "RSA exponent 3 is small"),
    "RSA modulus negative": other_key("", NO_KEY),
    "RSA modulus even": other_key("RSA 2048"),
    "RSA modulus of zero": other_key("", NO_KEY),
    "RSA of 512 bits": other_key("RSA 512", "RSA key of 512 bits is weak"),
    "RSA of 1024 bits": other_key("RSA 1024", "RSA key of 1024 bits is weak"),
    "RSA of 100,000 bits": other_key("RSA 100000"),
    "RSA key without NULL": {},
    "curve unknown": other_key("", NO_KEY),
    "point off the curve": other_key("", NO_KEY),
    "key of unknown kind": other_key("", NO_KEY),
    "signed with MD5": {"signature": "MD5 with RSA", "warnings": ("Signed with MD5, which is weak",)},
    "signed with SHA-1": {"signature": "SHA-1 with RSA", "warnings": ("Signed with SHA-1, which is weak",)},
    "signed in an unknown way": {"signature": "1.2.3.4", "self_signed": False},
    "signature is garbage": {"self_signed": False},
    "signature empty": {"self_signed": False},
    "byte too many": damaged(),
    "line end too many": damaged(),
    "length with needless zeros": damaged(),
    "key is text": NOTHING,
    "key of indefinite length": NOTHING,
    "length indefinite": NOTHING,
    "cut off in the signature": NOTHING,
    "cut off in the middle": NOTHING,
    "cut off at the start": NOTHING,
    "empty": NOTHING,
    "one byte": NOTHING,
    "text": NOTHING,
    "PEM": NOTHING,
    "64 KiB of nesting": NOTHING,
    "claims four gigabytes": NOTHING,
    "64 KiB and more": NOTHING | {"warnings": ("Too large to be read",)},
}


def test_a_sound_certificate_is_shown_in_full() -> None:
    assert describe(SOUND) == VIEW


def test_every_handmade_certificate_has_an_expected_view() -> None:
    assert SHOWN.keys() == HANDMADE.keys()


@pytest.mark.parametrize("kind", HANDMADE)
def test_of_a_broken_certificate_the_rest_is_shown(kind: str) -> None:
    der, changes = HANDMADE[kind], dict(SHOWN[kind])
    changes["fingerprint"], changes["size"] = hashlib.sha256(der).hexdigest(), len(der)
    if "key" in changes:
        changes["key_fingerprint"] = key_fingerprint(der)
    assert describe(der) == msgspec.structs.replace(VIEW, **changes)


@pytest.mark.parametrize(
    ("key", "kind", "signature", "warnings"),
    [
        (rsa.generate_private_key(65537, 2048), "RSA 2048", "SHA-256 with RSA", ()),
        (ec.generate_private_key(ec.SECP256R1()), "EC P-256", "SHA-256 with ECDSA", ()),
        (ec.generate_private_key(ec.SECP384R1()), "EC P-384", "SHA-256 with ECDSA", ()),
        (ec.generate_private_key(ec.SECP256K1()), "EC secp256k1", "SHA-256 with ECDSA", ()),
        (
            ec.generate_private_key(ec.SECP224R1()),
            "EC secp224r1",
            "SHA-256 with ECDSA",
            ("EC key of 224 bits is weak",),
        ),
        (ed25519.Ed25519PrivateKey.generate(), "Ed25519", "Ed25519", ()),
        (ed448.Ed448PrivateKey.generate(), "Ed448", "Ed448", ()),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_another_library_wrote_is_read_like_that_library_reads_it(
    key: Key, kind: str, signature: str, warnings: tuple[str, ...]
) -> None:
    certificate = self_signed(key)
    view = describe(certificate.public_bytes(Encoding.DER))
    assert (view.key, view.signature, view.warnings) == (kind, signature, warnings)
    assert view.serial == f"{certificate.serial_number:x}"
    assert view.not_before == certificate.not_valid_before_utc.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert view.key_fingerprint == hashlib.sha256(keys.encode(key.public_key())).hexdigest()
    assert view.subject == "cam, C=DE, O=Grüße, 1.3.6.1.4.1.311.60.2.1.3=DE"
    assert (view.readable, view.self_signed) == (True, True)


def self_signed(key: Key, rsa_padding: padding.PSS | None = None) -> x509.Certificate:
    own = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Grüße"),
            x509.NameAttribute(NameOID.JURISDICTION_COUNTRY_NAME, "DE"),
            x509.NameAttribute(NameOID.COMMON_NAME, "cam"),
        ]
    )
    builder = x509.CertificateBuilder(own, own, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)).not_valid_after(datetime(2060, 1, 1))
    used = None if isinstance(key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey) else hashes.SHA256()
    return builder.sign(key, used, rsa_padding=rsa_padding)


def test_a_probabilistic_signature_is_verified_too() -> None:
    way = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    view = describe(self_signed(RSA_KEY, way).public_bytes(Encoding.DER))
    assert (view.signature, view.self_signed) == ("SHA-256 with RSA-PSS", True)


def test_fingerprints_are_of_the_raw_bytes() -> None:
    assert fingerprint(SOUND + b"\n") == hashlib.sha256(SOUND + b"\n").hexdigest() != fingerprint(SOUND)
    assert fingerprint(b"") == hashlib.sha256(b"").hexdigest()


def test_a_key_has_one_fingerprint_in_all_certificates_that_hold_it() -> None:
    same = ["version 4", "30 February", "byte too many", "RSA key without NULL", "signature is garbage"]
    assert {key_fingerprint(HANDMADE[kind]) for kind in same} == {hashlib.sha256(RSA_INFO).hexdigest()}
    assert key_fingerprint(HANDMADE["RSA exponent 3"]) != key_fingerprint(SOUND)


@pytest.mark.parametrize("kind", ["curve unknown", "key of unknown kind"])
def test_a_key_that_cannot_be_read_still_has_a_fingerprint_of_its_own(kind: str) -> None:
    assert len(key_fingerprint(HANDMADE[kind])) == 64
    assert key_fingerprint(HANDMADE[kind]) not in (key_fingerprint(SOUND), key_fingerprint(HANDMADE["RSA exponent 1"]))


@pytest.mark.parametrize("kind", [kind for kind, shown in SHOWN.items() if shown is NOTHING])
def test_where_no_key_is_found_there_is_no_fingerprint(kind: str) -> None:
    assert key_fingerprint(HANDMADE[kind]) == ""


def test_issued_by_takes_name_and_signature() -> None:
    issuer = name((CN, UTF8, b"Some CA"))
    authority = Parts(subject=issuer, issuer=issuer).encode()
    leaf = Parts(issuer=issuer).encode()
    other = Parts(subject=issuer, issuer=issuer, key=rsa_info(integer(RSA_KEY.public_key().public_numbers().n), 3))
    assert issued_by(leaf, authority)
    assert issued_by(Parts(issuer=issuer, algorithm=SHA1_RSA).encode(), authority)
    assert not issued_by(leaf, SOUND), "another name"
    assert not issued_by(leaf, other.encode()), "another key"
    assert not issued_by(Parts(issuer=issuer, signature=b"\0" * 256).encode(), authority)
    assert not issued_by(b"", authority)
    assert not issued_by(leaf, b"")


@pytest.mark.timeout(20)
def test_a_long_list_of_attributes_keeps_nobody_busy() -> None:
    attribute = (O, UTF8, b"x")
    strange = tlv(0x30, tlv(0x31, tlv(0x30, tlv(0x06, b"\xff" * 60_000), tlv(UTF8, b"x"))))
    for subject in (name(*[attribute] * 5000), strange):
        assert_shown_safely(Parts(subject=subject).encode())


def assert_shown_safely(der: bytes) -> None:
    view = describe(der)
    assert (view.fingerprint, view.size) == (hashlib.sha256(der).hexdigest(), len(der))
    for text in (view.subject, view.issuer, view.serial, view.signature, *view.names, *view.extensions, *view.warnings):
        assert text.isprintable()
        assert len(text) <= 128


def test_thousands_of_mutated_certificates_are_all_shown() -> None:
    chance = random.Random(1)
    originals = [SOUND, *(der for der in HANDMADE.values() if 0 < len(der) < 4096)]
    for _ in range(4000):
        assert_shown_safely(mutated(chance, chance.choice(originals)))


def mutated(chance: random.Random, der: bytes) -> bytes:
    changed = bytearray(der)
    for _ in range(chance.randint(1, 4)):
        at, length = chance.randrange(len(changed)), chance.randint(1, 16)
        match chance.randrange(4):
            case 0:
                changed[at] = chance.randrange(256)
            case 1:
                changed[at:at] = changed[at : at + length]
            case 2 if len(changed) > length:
                del changed[at : at + length]
            case _:
                changed[at] ^= 1 << chance.randrange(8)
        if not changed:
            break
    return bytes(changed)


@given(st.binary(max_size=400))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_any_bytes_at_all_are_shown_safely(der: bytes) -> None:
    assert_shown_safely(der)
