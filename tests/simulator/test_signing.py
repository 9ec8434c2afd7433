from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import MD5, SHA1
from cryptography.x509.oid import NameOID

from core.simulator import signing
from tests.simulator.keys import EC, SUBJECT, authority, issued, private

RSA = "RSA 2048"
OLD = {signing.SHA1_RSA: SHA1(), signing.MD5_RSA: MD5()}


@pytest.mark.parametrize("oid", [oid for oid in signing.ALGORITHMS if oid not in OLD])
def test_a_request_is_signed_as_asked(oid: str) -> None:
    algorithm = signing.ALGORITHMS[oid]
    der = signing.request(private(0, RSA if algorithm.rsa else EC), SUBJECT, algorithm)
    csr = x509.load_der_x509_csr(der)
    assert csr.signature_algorithm_oid.dotted_string == oid
    assert csr.is_signature_valid
    assert csr.subject == SUBJECT


@pytest.mark.parametrize("oid", OLD)
def test_what_is_signed_with_an_old_hash_holds_for_others_too(oid: str) -> None:
    algorithm = signing.ALGORITHMS[oid]
    csr = x509.load_der_x509_csr(signing.request(private(0, RSA), SUBJECT, algorithm))
    certificate = x509.load_der_x509_certificate(signing.self_signed(private(0, RSA), SUBJECT, algorithm))
    public = csr.public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    public.verify(csr.signature, csr.tbs_certrequest_bytes, padding.PKCS1v15(), OLD[oid])
    public.verify(certificate.signature, certificate.tbs_certificate_bytes, padding.PKCS1v15(), OLD[oid])
    for made in (csr, certificate):
        assert made.signature_algorithm_oid.dotted_string == oid
        assert made.subject == SUBJECT


@pytest.mark.parametrize("kind", [RSA, EC, "EC secp384r1"])
def test_keys_are_of_the_kind_that_was_asked_for(kind: str) -> None:
    key = x509.load_der_x509_certificate(signing.self_signed(private(0, kind), SUBJECT)).public_key()
    if isinstance(key, rsa.RSAPublicKey):
        assert f"RSA {key.key_size}" == kind
    else:
        assert isinstance(key, ec.EllipticCurvePublicKey)
        assert f"EC {key.curve.name}" == kind


def test_a_factory_certificate_is_self_signed_and_names_the_camera() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    der = signing.factory_certificate(private(), "Meridian", "MX-1", "00A1", now)
    certificate = x509.load_der_x509_certificate(der)
    assert signing.signed_by(der, der)
    assert certificate.subject == certificate.issuer
    assert certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "MX-1-00A1"
    assert certificate.not_valid_before_utc < now < certificate.not_valid_after_utc


@pytest.mark.parametrize("kind", [RSA, EC])
def test_the_camera_s_own_version_is_another_certificate_for_the_same_key_and_always_the_same(kind: str) -> None:
    given = issued(0, kind)
    own = signing.own_version(given, private(0, kind))
    signing.own_version.cache_clear()
    assert own == signing.own_version(given, private(0, kind)) != given
    read, original = x509.load_der_x509_certificate(own), x509.load_der_x509_certificate(given)
    assert signing.signed_by(own, own)
    assert (read.public_key(), read.subject) == (original.public_key(), original.subject)


def test_signed_by_tells_issuers_apart() -> None:
    assert signing.signed_by(issued(), authority())
    assert not signing.signed_by(authority(), issued())
    assert not signing.signed_by(issued(), issued())
    assert not signing.signed_by(b"", authority())
