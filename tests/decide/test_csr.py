import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from core.decide import keys
from core.decide.csr import CheckedCsr, CsrError, check
from tests.decide.asn1 import NULL, bits, integer, oid, sequence
from tests.decide.handmade import RSA_INFO, RSA_KEY, rsa_info
from tests.decide.requests import BAD, GOOD, NAME, OTHER_RSA, P256, Request, asked, with_numbers

RSA_FINGERPRINT = keys.fingerprint(RSA_INFO)
PLAIN = Request().encode()


def checked(csr: bytes) -> CheckedCsr:
    return check(csr, name=NAME, own_key="0" * 64)


@pytest.mark.parametrize("kind", GOOD)
def test_a_good_request_gives_its_key_and_what_was_not_followed(kind: str) -> None:
    csr, expected = GOOD[kind]
    notes = checked(csr).notes
    assert len(notes) == len(expected)
    assert all(part in note for part, note in zip(expected, notes, strict=True))


# Some are made to keep a careless reader busy for minutes.
@pytest.mark.timeout(20)
@pytest.mark.parametrize("kind", BAD)
def test_a_bad_request_is_refused_in_words(kind: str) -> None:
    csr, expected = BAD[kind]
    with pytest.raises(CsrError, match=expected) as refusal:
        checked(csr)
    assert "keeps its own certificate" in refusal.value.hint


def test_a_device_that_makes_nothing_better_may_have_a_weak_key_of_1024_bits() -> None:
    weak, _ = BAD["RSA 1024"]
    assert check(weak, name=NAME, own_key="0" * 64, smallest_rsa=1024).key.key_size == 1024
    with pytest.raises(CsrError, match="1025 is the least"):
        check(weak, name=NAME, own_key="0" * 64, smallest_rsa=1025)


def test_the_key_is_the_one_of_the_request() -> None:
    assert keys.encode(checked(PLAIN).key) == RSA_INFO
    assert keys.encode(checked(asked(P256)).key) == keys.encode(P256.public_key())


def test_a_challenge_password_is_not_repeated() -> None:
    csr, _ = GOOD["asks with a challenge password"]
    assert b"hunter2" in csr
    assert "hunter2" not in "".join(checked(csr).notes)


def test_the_key_of_another_device_is_refused_by_its_name() -> None:
    with pytest.raises(CsrError, match="also the key of Front door"):
        check(PLAIN, name=NAME, own_key="0" * 64, other_keys={RSA_FINGERPRINT: "Front door"})
    check(PLAIN, name=NAME, own_key="0" * 64, other_keys={"f" * 64: "Front door"})


def test_the_name_of_another_device_is_cleaned() -> None:
    with pytest.raises(CsrError) as refusal:
        check(PLAIN, name=NAME, own_key="0" * 64, other_keys={RSA_FINGERPRINT: "\x1b[2J"})
    assert "\x1b" not in refusal.value.title


def test_a_key_is_known_again_however_it_is_encoded() -> None:
    numbers = RSA_KEY.public_key().public_numbers()
    bare = sequence(sequence(oid("1.2.840.113549.1.1.1")), bits(sequence(integer(numbers.n), integer(65537))))
    assert bare != rsa_info(integer(numbers.n), 65537) == RSA_INFO
    assert NULL not in bare[:25]
    with pytest.raises(CsrError, match="Front door"):
        check(Request(bare).encode(), name=NAME, own_key="", other_keys={RSA_FINGERPRINT: "Front door"})
    check(PLAIN, name=NAME, own_key="", made=bare)


def test_the_key_of_the_authority_is_refused() -> None:
    with pytest.raises(CsrError, match="authority itself"):
        check(PLAIN, name=NAME, own_key=RSA_FINGERPRINT)


def test_another_key_than_the_device_made_is_refused() -> None:
    with pytest.raises(CsrError, match="another key than the one it made"):
        check(PLAIN, name=NAME, own_key="", made=keys.encode(OTHER_RSA.public_key()))
    with pytest.raises(CsrError, match="another key than the one it made"):
        check(PLAIN, name=NAME, own_key="", made=b"garbage")
    check(PLAIN, name=NAME, own_key="", made=RSA_INFO)


def test_a_signature_made_with_bare_numbers_is_a_good_one() -> None:
    """So that the close primes of the bad requests are refused for their own sake."""
    numbers = RSA_KEY.private_numbers()
    checked(Request(sign=with_numbers(numbers.public_numbers.n, numbers.d)).encode())


def test_a_changed_bit_in_what_is_signed_never_passes() -> None:
    start, size = 4, len(x509.load_der_x509_csr(PLAIN).tbs_certrequest_bytes)
    for at in range(start, start + size):
        changed = PLAIN[:at] + bytes([PLAIN[at] ^ 1 << at % 8]) + PLAIN[at + 1 :]
        with pytest.raises(CsrError):
            checked(changed)


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_no_bytes_cause_anything_but_a_refusal(content: bytes) -> None:
    with pytest.raises(CsrError):
        checked(content)
