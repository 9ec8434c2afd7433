import pytest

from core.decide.key_choice import KeySpec, csr_algorithms, key_specs
from core.model.keystore import KeystoreCapabilities

RSA256, RSA1, EC256 = "1.2.840.113549.1.1.11", "1.2.840.113549.1.1.5", "1.2.840.10045.4.3.2"


@pytest.mark.parametrize(
    ("capabilities", "specs"),
    [
        (KeystoreCapabilities(), ()),
        (KeystoreCapabilities(makes_rsa=True), (KeySpec(2048),)),
        (KeystoreCapabilities(makes_rsa=True, rsa_lengths=(1024, 2048, 3072, 4096)), (KeySpec(3072),)),
        (KeystoreCapabilities(makes_rsa=True, rsa_lengths=(4096, 8192)), (KeySpec(4096),)),
        (KeystoreCapabilities(makes_rsa=True, rsa_lengths=(1024,)), (KeySpec(1024),)),
        (KeystoreCapabilities(makes_rsa=True, rsa_lengths=(512, 1024, 4096, 8192)), (KeySpec(4096),)),
        (KeystoreCapabilities(makes_ec=True, curves=("P-521",)), ()),
        (
            KeystoreCapabilities(makes_ec=True, makes_rsa=True, curves=("P-384", "secp256r1"), rsa_lengths=(2048,)),
            (KeySpec(curve="secp256r1"), KeySpec(2048)),
        ),
    ],
)
def test_the_strongest_key_that_lasts_is_asked_for_first(
    capabilities: KeystoreCapabilities, specs: tuple[KeySpec, ...]
) -> None:
    assert key_specs(capabilities) == specs


@pytest.mark.parametrize(("listed", "first"), [((RSA256,), KeySpec(2048)), ((RSA1, EC256), KeySpec(curve="P-256"))])
def test_a_curve_is_asked_for_only_where_requests_can_be_signed_with_it(
    listed: tuple[str, ...], first: KeySpec
) -> None:
    both = KeystoreCapabilities(
        makes_ec=True, makes_rsa=True, curves=("P-256",), rsa_lengths=(2048,), algorithms=listed
    )
    assert key_specs(both)[0] == first


def test_only_short_rsa_keys_are_weak() -> None:
    assert [KeySpec(1024).weak, KeySpec(2048).weak, KeySpec(curve="P-256").weak] == [True, False, False]


def test_only_where_nothing_better_can_be_asked_for_a_short_key_will_do() -> None:
    specs = (KeySpec(512), KeySpec(1024), KeySpec(2048), KeySpec(3072), KeySpec(curve="P-256"))
    assert [spec.smallest_rsa for spec in specs] == [1024, 1024, 2048, 2048, 2048]


def test_a_listed_algorithm_is_taken_and_sha1_only_where_nothing_else_is_listed() -> None:
    assert csr_algorithms(KeySpec(2048), (RSA1, RSA256)) == (RSA256, RSA1)
    assert csr_algorithms(KeySpec(2048), (RSA1,)) == (RSA1,)
    assert csr_algorithms(KeySpec(curve="P-256"), (RSA1, EC256)) == (EC256,)


def test_a_device_that_lists_nothing_of_use_is_asked_with_the_usual_ones() -> None:
    assert csr_algorithms(KeySpec(2048), ())[0] == RSA256
    assert csr_algorithms(KeySpec(curve="P-256"), (RSA1,))[0] == EC256
