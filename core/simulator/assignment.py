"""Which certification path the TLS server presents (ONVIF Security Service, TLS server)."""

from dataclasses import dataclass

from core.simulator.contents import Certificate, Contents
from core.simulator.faults import failed, invalid
from core.simulator.keystore import Keystore


@dataclass(frozen=True, slots=True)
class Identity:
    """What a TLS server needs: the chain, leaf first, and the leaf's private key (PKCS #8)."""

    chain: tuple[bytes, ...]
    private: bytes


def add(keystore: Keystore, path: str) -> None:
    """Assign a path. Assigning it again has no effect."""
    assigned = keystore.contents.assigned
    keystore.path(path)
    _need_private_key(keystore.contents, path)
    if path in assigned:
        return
    if len(assigned) >= keystore.settings.most_tls_paths:
        raise failed("MaximumNumberOfTLSCertificationPathsReached", "No other path can be assigned")
    assigned.append(path)


def replace(keystore: Keystore, old: str, new: str) -> None:
    """Assign a path in the place of another one."""
    assigned = keystore.contents.assigned
    if old not in assigned:
        raise invalid("OldCertificationPathID", f"The path {old} is not assigned")
    if new not in keystore.contents.paths:
        raise invalid("NewCertificationPathID", f"There is no certification path {new}")
    _need_private_key(keystore.contents, new)
    # Where the new path was assigned already, it takes the old one's place and is there once.
    assigned[:] = dict.fromkeys(new if path == old else path for path in assigned)


def remove(keystore: Keystore, path: str, tls_enabled: bool) -> None:
    """Assign a path no longer; not possible while the TLS server needs one."""
    if path not in keystore.contents.assigned:
        raise invalid("CertificationPathID", f"The path {path} is not assigned")
    if tls_enabled:
        raise invalid("ReferenceExists", "HTTPS is enabled")
    keystore.contents.assigned.remove(path)


def activate(keystore: Keystore, certificate: Certificate) -> None:
    """Assign a certificate as soon as it is there, if it is for a private key. A quirk: nothing asks for it."""
    contents = keystore.contents
    if contents.keys[certificate.key].private is None:
        return
    path = keystore.create_path((certificate.id,), certificate.alias)
    contents.assigned[:1] = [path.id]


def identity(contents: Contents, path: str) -> Identity:
    """Return what a path with a private key amounts to."""
    chain = [contents.certificates[certificate] for certificate in contents.paths[path].certificates]
    private = contents.keys[chain[0].key].private
    assert private is not None, "only paths with a private key are assigned"
    return Identity(tuple(certificate.der for certificate in chain), private)


def _need_private_key(contents: Contents, path: str) -> None:
    leaf = contents.certificates[contents.paths[path].certificates[0]]
    if contents.keys[leaf.key].private is None:
        raise invalid("NoPrivateKey", f"The camera has no private key for {leaf.id}")
