from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from core.decide.certificates import describe
from core.decide.der import Element
from core.decide.extensions import lines
from tests.decide.asn1 import IA5, NULL, bits, boolean, integer, octets, oid, sequence, tlv
from tests.decide.handmade import BASIC, SOUND, Parts, extension

KEY = ec.generate_private_key(ec.SECP256R1())
KEY_ID = x509.SubjectKeyIdentifier.from_public_key(KEY.public_key())
AUTHORITY_KEY_ID = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(KEY_ID)
USAGE, PURPOSE, COMMENT = "2.5.29.15", "2.5.29.37", "2.16.840.1.113730.1.13"


def usage(*, leaf: bool) -> x509.KeyUsage:
    return x509.KeyUsage(leaf, False, leaf, False, False, not leaf, not leaf, False, False)


def shown(*extensions: bytes) -> tuple[str, ...]:
    return describe(Parts(extensions=extensions).encode()).extensions


@pytest.mark.parametrize(
    ("value", "critical", "line"),
    [
        (x509.BasicConstraints(ca=False, path_length=None), True, "BasicConstraints: not a CA (critical)"),
        (x509.BasicConstraints(ca=True, path_length=None), False, "BasicConstraints: a CA"),
        (x509.BasicConstraints(ca=True, path_length=0), True, "BasicConstraints: a CA, path length 0 (critical)"),
        (usage(leaf=True), True, "KeyUsage: digital signature, key encipherment (critical)"),
        (usage(leaf=False), False, "KeyUsage: certificate signing, CRL signing"),
        (
            x509.KeyUsage(False, True, False, True, True, False, False, True, True),
            False,
            "KeyUsage: non-repudiation, data encipherment, key agreement, encipher only, decipher only",
        ),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False, "ExtendedKeyUsage: server"),
        (
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, x509.ObjectIdentifier("1.3.6.1.4.1.9.9")]),
            True,
            "ExtendedKeyUsage: client, 1.3.6.1.4.1.9.9 (critical)",
        ),
        (KEY_ID, False, f"SubjectKeyIdentifier: {KEY_ID.digest.hex()}"),
        (AUTHORITY_KEY_ID, False, f"AuthorityKeyIdentifier: {KEY_ID.digest.hex()}"),
        (x509.SubjectAlternativeName([x509.DNSName("cam")]), False, "SubjectAlternativeName: 1 name"),
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"x"), False, "1.2.3.4: 1 byte"),
    ],
)
def test_what_another_library_wrote_is_told_in_words(value: x509.ExtensionType, critical: bool, line: str) -> None:
    own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "cam")])
    builder = x509.CertificateBuilder(own, own, KEY.public_key(), 1).add_extension(value, critical)
    builder = builder.not_valid_before(datetime(2026, 1, 1, tzinfo=UTC)).not_valid_after(datetime(2036, 1, 1))
    assert describe(builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.DER)).extensions == (line,)


@pytest.mark.parametrize(
    ("written", "line"),
    [
        (extension(BASIC, b"\x30"), "BasicConstraints: 1 byte, cannot be read"),
        (extension(BASIC, NULL), "BasicConstraints: 2 bytes, cannot be read"),
        (extension(BASIC, b""), "BasicConstraints: 0 bytes, cannot be read"),
        (
            extension(BASIC, sequence(boolean(255), tlv(2, b"\x7f" * 4000))),
            "BasicConstraints: 4011 bytes, cannot be read",
        ),
        (extension(BASIC, sequence(boolean(0), integer(3)), boolean(0)), "BasicConstraints: not a CA"),
        (extension(USAGE, b"\x03\x00", boolean(255)), "KeyUsage: none (critical)"),
        (extension(USAGE, bits(b"\0" * 9000)), "KeyUsage: none"),
        (extension(PURPOSE, sequence()), "ExtendedKeyUsage: none"),
        (extension(PURPOSE, sequence(*[oid("2.5.29.37.0")] * 20)), f"ExtendedKeyUsage: {'any, ' * 16}4 more"),
        (extension("2.5.29.35", sequence()), "AuthorityKeyIdentifier: named by issuer and serial number"),
        (extension("2.5.29.31", b"123"), "CRLDistributionPoints: 3 bytes"),
        (extension(COMMENT, tlv(IA5, b"\x1b[2J[/]")), "NetscapeComment: ⟨001B⟩[2J[/]"),
        (extension(COMMENT, tlv(IA5, b"x" * 9000), boolean(1)), f"NetscapeComment: {'x' * 99}… (critical)"),
        (sequence(oid("1.2.3.4")), "Cannot be read"),
        (sequence(oid("1.2.3.4"), NULL, octets(b"")), "Cannot be read"),
        (sequence(boolean(255), octets(b"")), "Cannot be read"),
        (NULL, "Cannot be read"),
        (sequence(tlv(6, b"\x55" * 33), octets(b"")), f"2.5{'.85' * 31}…: 0 bytes"),
        (sequence(tlv(6), octets(b"")), "0.0: 0 bytes"),
    ],
)
def test_a_broken_one_leaves_the_others_standing(written: bytes, line: str) -> None:
    before, after = extension(BASIC, sequence()), extension("1.2.3", b"\0")
    assert shown(before, written, after) == ("BasicConstraints: not a CA", line, "1.2.3: 1 byte")


@pytest.mark.parametrize("content", [b"", b"\0", NULL, sequence(b"\x30"), b"\x30\x7f"])
def test_where_the_list_itself_is_broken_that_is_said(content: bytes) -> None:
    assert lines_of(content) == ("Cannot be read",)


def test_an_empty_list_and_none_show_nothing() -> None:
    assert lines_of(sequence()) == lines(None) == ()


def lines_of(content: bytes) -> tuple[str, ...]:
    return lines(Element(0xA3, content, tlv(0xA3, content)))


def test_of_very_many_the_first_are_shown_and_the_others_counted() -> None:
    many = shown(*[extension("1.2.3.4", b"x")] * 2000)
    assert many == ("1.2.3.4: 1 byte",) * 32 + ("1968 more",)


def test_a_certificate_that_a_strict_parser_refuses_shows_them_too() -> None:
    view = describe(SOUND + b"\n")
    assert (view.readable, view.extensions) == (False, ("SubjectAlternativeName: 2 names",))


@given(
    st.binary(max_size=200), st.sampled_from([BASIC, USAGE, PURPOSE, COMMENT, "2.5.29.14", "2.5.29.17", "2.5.29.35"])
)
def test_any_value_at_all_is_told_in_one_short_line(value: bytes, kind: str) -> None:
    [line] = lines_of(sequence(extension(kind, value, boolean(255))))
    assert line.isprintable()
    assert line.endswith(" (critical)")
    assert len(line) <= 128


@given(st.binary(max_size=200))
def test_any_list_at_all_is_told(content: bytes) -> None:
    assert all(line.isprintable() and len(line) <= 128 for line in lines_of(content))
