import ipaddress
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from core.authority import Authority, IssueRequest
from core.authority.inspection import authority_zone, leaf_defects
from core.authority.profile import Leaf, Validity, make_authority, make_leaf
from core.authority.storage import Stored
from core.model.errors import CamtrustError
from tests.authority.conftest import NOW
from tests.decide.requests import P256, asked

DAY = timedelta(days=1)
ZONE, NAME = "gw-042.cam.internal", "cam-14.gw-042.cam.internal"
KEY, OTHER, DEVICE = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
AUTHORITY = make_authority(KEY, "Arcules", ZONE, NOW)
LEAF = Leaf(NAME, ipaddress.ip_address("10.0.0.7"), DEVICE.public_key(), Validity(NOW - DAY, NOW + DAY))
Change = tuple[x509.ExtensionType, bool]
CA = x509.BasicConstraints(ca=True, path_length=None)
END_ENTITY = x509.BasicConstraints(ca=False, path_length=None)


def usage(**uses: bool) -> x509.KeyUsage:
    names = "content_commitment key_encipherment data_encipherment key_agreement crl_sign encipher_only decipher_only"
    return x509.KeyUsage(
        **dict.fromkeys(names.split(), False) | {"digital_signature": True, "key_cert_sign": False} | uses
    )


def names(*found: x509.GeneralName) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName(found)


IP = x509.IPAddress(ipaddress.ip_address("10.0.0.7"))
SERVER = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
CLIENT = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
PROFILE: tuple[Change, ...] = (
    (END_ENTITY, True),
    (usage(), True),
    (SERVER, False),
    (names(x509.DNSName(NAME), IP), False),
)


def with_profile(*changes: Change, leave_out: type[x509.ExtensionType] | None = None) -> bytes:
    """A leaf with some extensions changed."""
    chosen = {type(value): (value, critical) for value, critical in (*PROFILE, *changes)}
    return signed(tuple(item for kind, item in chosen.items() if kind is not leave_out))


def signed(
    extensions: tuple[Change, ...] = PROFILE,
    *,
    by: ec.EllipticCurvePrivateKey = KEY,
    key: ec.EllipticCurvePrivateKey = DEVICE,
    name: str = NAME,
    days: int = 1,
    used: hashes.SHA256 | hashes.SHA512 | None = None,
) -> bytes:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(AUTHORITY.subject, subject, key.public_key(), 4711)
    builder = builder.not_valid_before(LEAF.validity.start).not_valid_after(NOW + days * DAY)
    for value, critical in extensions:
        builder = builder.add_extension(value, critical)
    return builder.sign(by, used or hashes.SHA256()).public_bytes(Encoding.DER)


def test_a_leaf_as_it_is_made_has_no_defects() -> None:
    assert leaf_defects(make_leaf(LEAF, AUTHORITY, KEY), LEAF, AUTHORITY) == []
    assert leaf_defects(with_profile(), LEAF, AUTHORITY) == []


@pytest.mark.parametrize(
    ("der", "defects"),
    [
        (signed(by=OTHER), ["signature"]),
        (signed(key=OTHER), ["key"]),
        (signed(name="google.com"), ["subject"]),
        (signed(days=2), ["validity"]),
        (signed(days=9000), ["validity", "end"]),
        (signed(used=hashes.SHA512()), ["hash"]),
        (signed(days=-1), ["validity", "end"]),
        (with_profile((CA, True)), ["basic constraints"]),
        (with_profile((END_ENTITY, False)), ["basic constraints"]),
        (with_profile((usage(key_cert_sign=True), True)), ["key usage"]),
        (with_profile((usage(digital_signature=False, key_agreement=True), True)), ["key usage"]),
        (with_profile((usage(), False)), ["key usage"]),
        (with_profile((CLIENT, False)), ["purposes"]),
        (with_profile((names(x509.DNSName("google.com"), IP), False)), ["names"]),
        (with_profile((names(x509.DNSName(NAME), x509.DNSName("google.com"), IP), False)), ["names"]),
        (with_profile((names(x509.DNSName(NAME)), False)), ["addresses"]),
        (with_profile(leave_out=x509.BasicConstraints), ["a part is missing or unreadable"]),
        (with_profile(leave_out=x509.KeyUsage), ["a part is missing or unreadable"]),
        (with_profile(leave_out=x509.ExtendedKeyUsage), ["a part is missing or unreadable"]),
        (with_profile(leave_out=x509.SubjectAlternativeName), ["a part is missing or unreadable"]),
        (with_profile() + b"\0", ["a part is missing or unreadable"]),
        (b"", ["a part is missing or unreadable"]),
    ],
)
def test_each_defect_of_a_signed_leaf_is_found(der: bytes, defects: list[str]) -> None:
    assert leaf_defects(der, LEAF, AUTHORITY) == defects


def test_a_leaf_with_a_defect_is_not_handed_out() -> None:
    """Here of an authority that signs with another key than the one in its certificate."""
    authority = Authority(Stored(OTHER, AUTHORITY, ""))
    with pytest.raises(CamtrustError, match=r"not as it should be \(signature\)"):
        authority.issue(asked(P256), IssueRequest("cam-14", "10.0.0.7", None, NOW))


def held_to(*zones: str) -> Change:
    return x509.NameConstraints([x509.DNSName(zone) for zone in zones] or [IP_RANGE], None), True


IP_RANGE = x509.IPAddress(ipaddress.ip_network("10.0.0.0/8"))
IDENTIFIER: Change = (x509.SubjectKeyIdentifier.from_public_key(DEVICE.public_key()), False)


@pytest.mark.parametrize(
    ("extensions", "zone"),
    [
        (((CA, True), held_to(ZONE), IDENTIFIER), ZONE),
        (((END_ENTITY, True), held_to(ZONE), IDENTIFIER), ""),
        (((CA, True), held_to(ZONE, "com"), IDENTIFIER), ""),
        (((CA, True), held_to(), IDENTIFIER), ""),
        (((CA, True), IDENTIFIER), ""),
        (((CA, True), held_to(ZONE)), ""),
        ((held_to(ZONE), IDENTIFIER), ""),
    ],
)
def test_only_a_ca_that_is_held_to_one_zone_is_one_of_ours(extensions: tuple[Change, ...], zone: str) -> None:
    assert authority_zone(x509.load_der_x509_certificate(signed(extensions))) == zone
