"""The keystore: its operations, limits and rules of reference (ONVIF Security Service, keystore).

A state machine without I/O and without a clock. Making a key takes time: the operation returns a key that is
`generating`, and whoever computes it says `finish` when it is done. Every refusal is an `OnvifFault` and changes
nothing.
"""

from itertools import pairwise

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from core.simulator import signing
from core.simulator.contents import Certificate, Contents, Key, KeyStatus, Path
from core.simulator.faults import failed, invalid
from core.simulator.settings import KeystoreSettings


class Keystore:
    """Keys, certificates and certification paths. `contents` may be looked at, and is changed only by operations."""

    def __init__(self, settings: KeystoreSettings, contents: Contents | None = None) -> None:
        self.settings = settings
        self.contents = contents or Contents()
        self.algorithms = settings.algorithms or signing.USUAL

    def create_rsa_key(self, length: int, alias: str = "") -> Key:
        """Begin a key of `length` bits."""
        if length not in self.settings.rsa_lengths:
            raise invalid("KeyLength", f"Keys of {length} bits are not supported")
        return self._begin_key(f"RSA {length}", alias)

    def create_ec_key(self, curve: str, alias: str = "") -> Key:
        """Begin a key on a curve, named as in the IANA TLS Supported Groups."""
        if curve not in self.settings.curves:
            raise invalid("UnsupportedEllipticCurve", f"The curve {curve} is not supported")
        return self._begin_key(f"EC {curve}", alias)

    def finish(self, key: str, private: bytes | None) -> None:
        """End the making of a key, as corrupt without `private`. A key that was deleted meanwhile stays deleted."""
        found = self.contents.keys.get(key)
        if found is None or found.status is not KeyStatus.GENERATING:
            return
        found.private = private
        found.public = signing.public_part(private) if private is not None else b""
        found.status = KeyStatus.OK if private is not None else KeyStatus.CORRUPT

    def key(self, key: str) -> Key:
        """Return a key."""
        if key not in self.contents.keys:
            raise invalid("KeyID", f"There is no key {key}")
        return self.contents.keys[key]

    def delete_key(self, key: str) -> None:
        """Delete a key; while it is generating that ends its making."""
        self.key(key)
        if self._certificates_of(key):
            raise invalid("ReferenceExists", f"A certificate is for the key {key}")
        del self.contents.keys[key]

    def signer(self, key: str, algorithm: str) -> tuple[bytes, signing.Algorithm]:
        """Return the private key to sign with, and how."""
        found = self.key(key)
        if found.status is not KeyStatus.OK:
            raise invalid("InvalidKeyStatus", f"The key {key} is {found.status}")
        if found.private is None:
            raise invalid("KeyID", f"The key {key} has no private part")
        if algorithm not in self.algorithms:
            raise invalid("UnsupportedSignatureAlgorithm", f"The algorithm {algorithm} is not supported")
        chosen = signing.ALGORITHMS[algorithm]
        if not signing.fits(found.private, chosen):
            raise invalid("KeySignatureAlgorithmMismatch", f"The key {key} cannot sign with {algorithm}")
        return found.private, chosen

    def upload(self, der: bytes, alias: str = "", key_alias: str = "", private_required: bool = False) -> Certificate:
        """Store a certificate, with a key for it where there is none yet."""
        public = self._checked(der)
        key = next((key for key in self.contents.keys.values() if key.public == public), None)
        if private_required and (key is None or key.private is None):
            raise failed("NoMatchingPrivateKey", "No private key fits the certificate")
        if key is not None and key.status is not KeyStatus.OK:
            raise invalid("InvalidKeyStatus", f"The key {key.id} is {key.status}")
        if self.settings.refuses_duplicates and any(der == held.der for held in self.contents.certificates.values()):
            raise invalid("Duplicate", "The certificate is already there")
        self._need_room_for_certificate()
        if key is None:
            self._need_room_for_key()
            key = Key(self.contents.new_id("key"), key_alias, KeyStatus.OK, public=public)
            self.contents.keys[key.id] = key
        return self._store(key.id, alias, der)

    def add_certificate(self, key: str, alias: str, der: bytes) -> Certificate:
        """Store a certificate that the camera made itself."""
        self._need_room_for_certificate()
        return self._store(key, alias, der)

    def certificate(self, certificate: str) -> Certificate:
        """Return a certificate."""
        if certificate not in self.contents.certificates:
            raise invalid("CertificateID", f"There is no certificate {certificate}")
        return self.contents.certificates[certificate]

    def delete_certificate(self, certificate: str) -> None:
        """Delete a certificate; with `auto_delete_key` its key, too, when it was the last for it."""
        found = self.certificate(certificate)
        if any(certificate in path.certificates for path in self.contents.paths.values()):
            raise invalid("ReferenceExists", f"A certification path holds the certificate {certificate}")
        del self.contents.certificates[certificate]
        if self.settings.auto_delete_key and not self._certificates_of(found.key):
            del self.contents.keys[found.key]

    def create_path(self, certificates: tuple[str, ...], alias: str = "") -> Path:
        """Store a path of certificates, each signed with the key of the next."""
        found = [self.certificate(certificate) for certificate in certificates]
        for certificate, issuer in pairwise(found):
            if not signing.signed_by(certificate.der, issuer.der):
                raise invalid("InvalidCertificationPath", f"{certificate.id} is not signed with the key of {issuer.id}")
        self._need_room_for_path()
        path = Path(self.contents.new_id("path"), alias, certificates)
        self.contents.paths[path.id] = path
        return path

    def path(self, path: str) -> Path:
        """Return a path."""
        if path not in self.contents.paths:
            raise invalid("CertificationPathID", f"There is no certification path {path}")
        return self.contents.paths[path]

    def delete_path(self, path: str) -> None:
        """Delete a path; its certificates stay."""
        self.path(path)
        if path in self.contents.assigned:
            raise invalid("ReferenceExists", f"The TLS server uses the path {path}")
        del self.contents.paths[path]

    def need_room(self, key: bool) -> None:
        """Refuse unless there is room for another path with its certificate and, if asked for, its `key`."""
        if key:
            self._need_room_for_key()
        self._need_room_for_certificate()
        self._need_room_for_path()

    def _begin_key(self, kind: str, alias: str) -> Key:
        self._need_room_for_key()
        key = Key(self.contents.new_id("key"), alias, KeyStatus.GENERATING, kind)
        self.contents.keys[key.id] = key
        return key

    def _store(self, key: str, alias: str, der: bytes) -> Certificate:
        certificate = Certificate(self.contents.new_id("certificate"), key, alias, der)
        self.contents.certificates[certificate.id] = certificate
        return certificate

    def _checked(self, der: bytes) -> bytes:
        """Return the public key of a certificate that can be stored. Its dates are nobody's business here."""
        try:
            certificate = signing.read(der)
            public = certificate.public_key()
        except UnsupportedAlgorithm:
            raise invalid("UnsupportedPublicKeyAlgorithm", "The kind of key is not supported") from None
        except ValueError:
            raise invalid("BadCertificate", "The certificate cannot be read") from None
        supported = isinstance(public, rsa.RSAPublicKey) or (
            isinstance(public, ec.EllipticCurvePublicKey) and bool(self.settings.curves)
        )
        if not supported or not isinstance(public, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
            raise invalid("UnsupportedPublicKeyAlgorithm", "The kind of key is not supported")
        algorithm = certificate.signature_algorithm_oid.dotted_string
        if algorithm not in self.algorithms:
            raise invalid("UnsupportedSignatureAlgorithm", f"The algorithm {algorithm} is not supported")
        return signing.encode(public)

    def _certificates_of(self, key: str) -> list[Certificate]:
        return [certificate for certificate in self.contents.certificates.values() if certificate.key == key]

    def _need_room_for_key(self) -> None:
        if len(self.contents.keys) >= self.settings.most_keys:
            raise failed("MaximumNumberOfKeysReached", "There is no room for another key")

    def _need_room_for_certificate(self) -> None:
        if len(self.contents.certificates) >= self.settings.most_certificates:
            raise failed("MaximumNumberOfCertificatesReached", "There is no room for another certificate")

    def _need_room_for_path(self) -> None:
        if len(self.contents.paths) >= self.settings.most_paths:
            raise failed("MaximumNumberOfCertificationPathsReached", "There is no room for another path")
