from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec
import pytest

from core.simulator import assignment
from core.simulator.contents import KeyStatus
from core.simulator.faults import OnvifFault
from core.simulator.keystore import Keystore
from core.simulator.settings import KeystoreSettings
from tests.simulator.keys import EC, SHA256_EC, SHA256_RSA, authority, foreign, issued, private

SENDER, RECEIVER = "Sender/ter:InvalidArgVal/ter:", "Receiver/ter:Action/ter:"
ROOMY = KeystoreSettings(most_tls_paths=2)


@contextmanager
def refused(code: str, *keystores: Keystore) -> Iterator[None]:
    """Expect a fault, and that nothing has changed."""
    before = [msgspec.json.encode(keystore.contents) for keystore in keystores]
    with pytest.raises(OnvifFault) as raised:
        yield
    assert raised.value.code == code
    assert [msgspec.json.encode(keystore.contents) for keystore in keystores] == before


def with_key(settings: KeystoreSettings = ROOMY, number: int = 0, kind: str = EC) -> tuple[Keystore, str]:
    """A keystore with one finished key."""
    keystore = Keystore(settings)
    return keystore, add_key(keystore, number, kind)


def add_key(keystore: Keystore, number: int = 0, kind: str = EC) -> str:
    name, _, size = kind.partition(" ")
    key = keystore.create_rsa_key(int(size)) if name == "RSA" else keystore.create_ec_key(size)
    keystore.finish(key.id, private(number, kind))
    return key.id


def with_path(settings: KeystoreSettings = ROOMY) -> tuple[Keystore, str]:
    """A keystore with one path to a finished key."""
    keystore, _ = with_key(settings)
    return keystore, keystore.create_path((keystore.upload(issued()).id,)).id


def add_path(keystore: Keystore, number: int) -> str:
    add_key(keystore, number)
    return keystore.create_path((keystore.upload(issued(number)).id,)).id


# Keys


def test_a_key_is_generating_until_it_is_finished() -> None:
    keystore = Keystore(ROOMY)
    key = keystore.create_rsa_key(2048, "ours")
    assert (key.alias, key.kind, key.status, key.private) == ("ours", "RSA 2048", KeyStatus.GENERATING, None)
    keystore.finish(key.id, private())
    assert (key.status, key.private) == (KeyStatus.OK, private())
    assert key.public


def test_a_key_that_could_not_be_made_is_corrupt_and_can_be_deleted() -> None:
    keystore = Keystore(ROOMY)
    key = keystore.create_ec_key("secp256r1")
    keystore.finish(key.id, None)
    assert keystore.key(key.id).status is KeyStatus.CORRUPT
    with refused(SENDER + "InvalidKeyStatus", keystore):
        keystore.signer(key.id, SHA256_EC)
    keystore.delete_key(key.id)
    assert not keystore.contents.keys


def test_deleting_a_generating_key_ends_its_making_for_good() -> None:
    keystore = Keystore(ROOMY)
    key = keystore.create_rsa_key(2048)
    keystore.delete_key(key.id)
    keystore.finish(key.id, private())
    assert not keystore.contents.keys


def test_an_id_is_never_used_twice() -> None:
    keystore, first = with_key()
    keystore.delete_key(first)
    assert add_key(keystore) != first


@pytest.mark.parametrize("length", [0, 512, 1024, 4096])
def test_only_the_listed_key_lengths_are_made(length: int) -> None:
    keystore = Keystore(ROOMY)
    with refused(SENDER + "KeyLength", keystore):
        keystore.create_rsa_key(length)


def test_only_the_listed_curves_are_used() -> None:
    keystore = Keystore(ROOMY)
    with refused(SENDER + "UnsupportedEllipticCurve", keystore):
        keystore.create_ec_key("secp384r1")


def test_generating_keys_count_for_the_limit_too() -> None:
    keystore = Keystore(KeystoreSettings(most_keys=2))
    keystore.create_rsa_key(2048)
    keystore.create_ec_key("secp256r1")
    with refused(RECEIVER + "MaximumNumberOfKeysReached", keystore):
        keystore.create_rsa_key(2048)
    with refused(RECEIVER + "MaximumNumberOfKeysReached", keystore):
        keystore.create_ec_key("secp256r1")


def test_a_key_with_a_certificate_cannot_be_deleted() -> None:
    keystore, key = with_key()
    certificate = keystore.upload(issued())
    with refused(SENDER + "ReferenceExists", keystore):
        keystore.delete_key(key)
    keystore.delete_certificate(certificate.id)
    keystore.delete_key(key)
    assert not keystore.contents.keys


UNKNOWN: dict[str, Callable[[Keystore], object]] = {
    "KeyID": lambda keystore: keystore.key("nothing"),
    "KeyID ": lambda keystore: keystore.delete_key("nothing"),
    "KeyID  ": lambda keystore: keystore.signer("nothing", SHA256_EC),
    "CertificateID": lambda keystore: keystore.certificate("nothing"),
    "CertificateID ": lambda keystore: keystore.delete_certificate("nothing"),
    "CertificateID  ": lambda keystore: keystore.create_path(("nothing",)),
    "CertificationPathID": lambda keystore: keystore.path("nothing"),
    "CertificationPathID ": lambda keystore: keystore.delete_path("nothing"),
    "CertificationPathID  ": lambda keystore: assignment.add(keystore, "nothing"),
    "CertificationPathID   ": lambda keystore: assignment.remove(keystore, "nothing", tls_enabled=False),
    "OldCertificationPathID": lambda keystore: assignment.replace(keystore, "nothing", "nothing"),
}


@pytest.mark.parametrize("what", UNKNOWN)
def test_what_is_not_there_is_told_by_the_kind_of_its_id(what: str) -> None:
    keystore, _ = with_path()
    with refused(SENDER + what.strip(), keystore):
        UNKNOWN[what](keystore)


# Signing


def test_a_key_signs_with_the_algorithms_that_fit_it() -> None:
    keystore, key = with_key()
    assert keystore.signer(key, SHA256_EC)[0] == private()
    with refused(SENDER + "KeySignatureAlgorithmMismatch", keystore):
        keystore.signer(key, SHA256_RSA)


def test_an_algorithm_that_is_not_listed_is_not_used() -> None:
    keystore, key = with_key(KeystoreSettings(algorithms=(SHA256_RSA,)))
    with refused(SENDER + "UnsupportedSignatureAlgorithm", keystore):
        keystore.signer(key, SHA256_EC)


def test_a_key_that_is_generating_signs_nothing() -> None:
    keystore = Keystore(ROOMY)
    key = keystore.create_ec_key("secp256r1")
    with refused(SENDER + "InvalidKeyStatus", keystore):
        keystore.signer(key.id, SHA256_EC)


def test_a_key_without_private_part_signs_nothing() -> None:
    keystore = Keystore(ROOMY)
    certificate = keystore.upload(authority())
    with refused(SENDER + "KeyID", keystore):
        keystore.signer(certificate.key, SHA256_EC)


# Certificates


def test_a_certificate_goes_to_the_key_that_it_is_for() -> None:
    keystore, key = with_key()
    add_key(keystore, 1)
    certificate = keystore.upload(issued(), "ours", "ignored, the key has its alias", private_required=True)
    assert (certificate.key, certificate.alias, certificate.der) == (key, "ours", issued())
    assert len(keystore.contents.keys) == 2


def test_a_certificate_without_a_key_brings_one_without_private_part() -> None:
    keystore = Keystore(ROOMY)
    certificate = keystore.upload(authority(), "our CA", "our CA's key")
    [key] = keystore.contents.keys.values()
    assert (key.id, key.alias, key.status, key.private) == (certificate.key, "our CA's key", KeyStatus.OK, None)


def test_a_private_key_that_is_required_has_to_be_there() -> None:
    keystore, _ = with_key()
    with refused(RECEIVER + "NoMatchingPrivateKey", keystore):
        keystore.upload(issued(1), private_required=True)
    keystore.upload(issued(1))
    with refused(RECEIVER + "NoMatchingPrivateKey", keystore):
        keystore.upload(issued(1, serial=9), private_required=True)


@pytest.mark.parametrize("der", [b"", b"\x30", b"no certificate", issued() + b"\0", issued()[:-1]])
def test_what_is_no_certificate_is_not_stored(der: bytes) -> None:
    keystore, _ = with_key()
    with refused(SENDER + "BadCertificate", keystore):
        keystore.upload(der)


@pytest.mark.parametrize("kind", ["ed25519", "dsa"])
def test_keys_of_other_kinds_are_not_supported(kind: str) -> None:
    keystore, _ = with_key()
    with refused(SENDER + "UnsupportedPublicKeyAlgorithm", keystore):
        keystore.upload(foreign(kind))


def test_a_camera_without_curves_takes_no_elliptic_key() -> None:
    keystore = Keystore(KeystoreSettings(curves=()))
    with refused(SENDER + "UnsupportedPublicKeyAlgorithm", keystore):
        keystore.upload(issued())


def test_a_certificate_signed_with_an_unlisted_algorithm_is_not_stored() -> None:
    keystore, _ = with_key(KeystoreSettings(algorithms=(SHA256_RSA,)))
    with refused(SENDER + "UnsupportedSignatureAlgorithm", keystore):
        keystore.upload(issued())


def test_the_same_certificate_is_taken_once_or_twice_as_the_camera_is_made() -> None:
    keystore, _ = with_key()
    keystore.upload(issued())
    with refused(SENDER + "Duplicate", keystore):
        keystore.upload(issued())
    older, _ = with_key(KeystoreSettings(refuses_duplicates=False))
    assert older.upload(issued()).id != older.upload(issued()).id


def test_certificates_have_a_limit_and_the_keys_that_they_bring_another() -> None:
    keystore, _ = with_key(KeystoreSettings(most_certificates=1, most_keys=4))
    keystore.upload(issued())
    with refused(RECEIVER + "MaximumNumberOfCertificatesReached", keystore):
        keystore.upload(authority())
    with refused(RECEIVER + "MaximumNumberOfCertificatesReached", keystore):
        keystore.add_certificate("key", "", issued())
    tight, _ = with_key(KeystoreSettings(most_keys=1))
    with refused(RECEIVER + "MaximumNumberOfKeysReached", tight):
        tight.upload(authority())


def test_a_certificate_in_a_path_cannot_be_deleted() -> None:
    keystore, path = with_path()
    [certificate] = keystore.contents.certificates
    with refused(SENDER + "ReferenceExists", keystore):
        keystore.delete_certificate(certificate)
    keystore.delete_path(path)
    assert list(keystore.contents.certificates) == [certificate]
    keystore.delete_certificate(certificate)
    assert not keystore.contents.certificates


def test_a_key_goes_with_its_last_certificate_where_the_camera_does_that() -> None:
    keystore, key = with_key(KeystoreSettings(auto_delete_key=True))
    first, second = keystore.upload(issued()), keystore.upload(issued(serial=7))
    keystore.delete_certificate(first.id)
    assert list(keystore.contents.keys) == [key]
    keystore.delete_certificate(second.id)
    assert not keystore.contents.keys


# Paths


def test_each_certificate_of_a_path_is_signed_by_the_next() -> None:
    keystore, _ = with_key()
    leaf, above = keystore.upload(issued()), keystore.upload(authority())
    assert keystore.path(keystore.create_path((leaf.id, above.id), "ours").id).certificates == (leaf.id, above.id)
    with refused(SENDER + "InvalidCertificationPath", keystore):
        keystore.create_path((above.id, leaf.id))


def test_paths_have_a_limit() -> None:
    keystore, _ = with_path(KeystoreSettings(most_paths=1))
    [certificate] = keystore.contents.certificates
    with refused(RECEIVER + "MaximumNumberOfCertificationPathsReached", keystore):
        keystore.create_path((certificate,))


# Assignment to the TLS server


def test_an_assigned_path_cannot_be_deleted() -> None:
    keystore, path = with_path()
    assignment.add(keystore, path)
    with refused(SENDER + "ReferenceExists", keystore):
        keystore.delete_path(path)
    assignment.remove(keystore, path, tls_enabled=False)
    keystore.delete_path(path)
    assert not keystore.contents.paths


def test_nothing_is_taken_from_a_tls_server_that_is_on() -> None:
    keystore, path = with_path()
    assignment.add(keystore, path)
    with refused(SENDER + "ReferenceExists", keystore):
        assignment.remove(keystore, path, tls_enabled=True)


def test_a_path_without_private_key_is_not_assigned() -> None:
    keystore, path = with_path()
    public = keystore.create_path((keystore.upload(authority()).id,)).id
    with refused(SENDER + "NoPrivateKey", keystore):
        assignment.add(keystore, public)
    assignment.add(keystore, path)
    with refused(SENDER + "NoPrivateKey", keystore):
        assignment.replace(keystore, path, public)


def test_the_tls_server_has_a_limit_of_paths_and_adding_again_has_no_effect() -> None:
    keystore, path = with_path(KeystoreSettings(most_tls_paths=1))
    other = add_path(keystore, 1)
    assignment.add(keystore, path)
    assignment.add(keystore, path)
    assert keystore.contents.assigned == [path]
    with refused(RECEIVER + "MaximumNumberOfTLSCertificationPathsReached", keystore):
        assignment.add(keystore, other)


def test_replacing_takes_the_place_of_the_old_path() -> None:
    keystore, first = with_path()
    second, third = add_path(keystore, 1), add_path(keystore, 2)
    assignment.add(keystore, first)
    assignment.add(keystore, second)
    assignment.replace(keystore, first, third)
    assert keystore.contents.assigned == [third, second]
    assignment.replace(keystore, third, second)
    assert keystore.contents.assigned == [second]


def test_a_failed_replacement_leaves_the_assignment_as_it_was() -> None:
    keystore, path = with_path()
    other = add_path(keystore, 1)
    assignment.add(keystore, path)
    with refused(SENDER + "OldCertificationPathID", keystore):
        assignment.replace(keystore, other, path)
    with refused(SENDER + "NewCertificationPathID", keystore):
        assignment.replace(keystore, path, "nothing")


# Flash memory


def test_keys_that_are_not_finished_do_not_reach_the_flash_memory() -> None:
    keystore, _ = with_path()
    keystore.create_ec_key("secp256r1")
    settled = keystore.contents.settled()
    assert len(settled.keys) == 1
    assert msgspec.structs.replace(settled, keys=keystore.contents.keys) == keystore.contents
