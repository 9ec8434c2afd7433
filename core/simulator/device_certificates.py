"""Certificates with their keys as the device service manages them (ONVIF Core, up to 16.06, device management).

A state machine without I/O and without a clock, over the same contents as the keystore: a device certificate is one
that the camera has the private key for, and it is enabled when an assigned path of the TLS server begins with it. Every
refusal is an `OnvifFault` and changes nothing.
"""

from collections.abc import Iterable, Sequence

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from core.simulator import signing
from core.simulator.contents import Certificate, Contents, Key, KeyStatus, Path
from core.simulator.faults import failed, invalid
from core.simulator.settings import DeviceCertificatesSettings


class DeviceCertificates:
    """The device certificates of one camera."""

    def __init__(self, settings: DeviceCertificatesSettings, contents: Contents) -> None:
        self.settings = settings
        self._contents = contents

    def all(self) -> list[Certificate]:
        """Return them all."""
        return [held for held in self._contents.certificates.values() if self._private(held) is not None]

    def certificate(self, certificate: str) -> Certificate:
        """Return one."""
        found = next((held for held in self.all() if held.id == certificate), None)
        if found is None:
            raise invalid("CertificateID", f"There is no certificate {certificate}")
        return found

    def key(self, certificate: str) -> bytes:
        """Return the private key of one."""
        private = self._private(self.certificate(certificate))
        assert private is not None, "device certificates have a private key"
        return private

    def is_enabled(self, certificate: str) -> bool:
        """Tell whether the TLS server may present it."""
        return certificate in self._enabled()

    def need_room(self, certificate: str) -> None:
        """Refuse unless there is room for another one with that id, or with any where it is empty."""
        if certificate in self._contents.certificates and not self.settings.ignores_id:
            raise invalid("CertificateIdInUse", f"There is a certificate {certificate} already")
        self._need_room(len(self.all()) + 1)

    def create(self, certificate: str, private: bytes, der: bytes) -> Certificate:
        """Store a new key and the certificate that the camera made for it."""
        enabled = [self.certificate(held) for held in self._enabled()]
        if self.settings.creates == "nothing" and enabled:
            return enabled[0]
        self.need_room(certificate)
        key = Key(self._contents.new_id("key"), "", KeyStatus.OK, "", private, signing.public_part(private))
        self._contents.keys[key.id] = key
        made = Certificate(self._new_id(certificate), key.id, "", der)
        self._contents.certificates[made.id] = made
        if self.settings.creates in ("enabled", "over_old"):
            self._enable([made.id])
        if self.settings.creates == "over_old":
            self.delete([held.id for held in enabled])
        return made

    def load(self, given: Iterable[tuple[str, bytes]]) -> None:
        """Store certificates by id, all or none. One that has the id and the key already is replaced."""
        held, loaded = dict(self._contents.certificates), []
        for certificate, der in given:
            key = self._key_for(der)
            known = held.get(certificate)
            if known is not None and known.key != key.id:
                raise invalid("CertificateIdInUse", f"The certificate {certificate} is for another key")
            name = certificate if known is not None else self._new_id(certificate)
            held[name] = Certificate(name, key.id, "", der)
            loaded.append(name)
        self._need_room(sum(self._private(one) is not None for one in held.values()))
        self._contents.certificates = held
        if self.settings.load_activates:
            self._enable(loaded[-1:])

    def set_statuses(self, asked: Iterable[tuple[str, bool]], tls_enabled: bool) -> None:
        """Enable and disable certificates, all or none of what is asked."""
        enabled, asked = self._enabled(), list(asked)
        if self.settings.one_status and len(asked) > 1:
            [(first, on)] = asked[:1]
            self._enable([*([first] if on else []), *(held for held in enabled if held != first)])
            raise invalid("CertificateStatus", "One status can be changed at a time")
        for certificate, on in asked:
            self.certificate(certificate)
            enabled = [held for held in enabled if held != certificate]
            enabled += [certificate] if on else []
        if len(enabled) > 1 and not self.settings.several_enabled:
            raise invalid("CertificateStatus", "Only one certificate can be enabled")
        if not enabled and tls_enabled:
            raise invalid("CertificateStatus", "HTTPS is enabled and needs a certificate")
        if not self.settings.ignores_status:
            self._enable(enabled)

    def delete(self, certificates: Sequence[str]) -> None:
        """Delete certificates, all or none, and with `deletes_key` the keys that are for nothing then."""
        gone = [self.certificate(certificate) for certificate in dict.fromkeys(certificates)]
        for held in gone:
            if self.is_enabled(held.id) or self._is_in_chain(held.id):
                raise invalid("CertificateInUse", f"The certificate {held.id} is in use")
        for held in gone:
            for path in [path for path in self._contents.paths.values() if path.certificates == (held.id,)]:
                del self._contents.paths[path.id]
            del self._contents.certificates[held.id]
            if self.settings.deletes_key and not self._has_certificate(held.key):
                del self._contents.keys[held.key]

    def _private(self, certificate: Certificate) -> bytes | None:
        return self._contents.keys[certificate.key].private

    def _enabled(self) -> list[str]:
        return [self._contents.paths[path].certificates[0] for path in self._contents.assigned]

    def _enable(self, certificates: Sequence[str]) -> None:
        """Let the TLS server have these, in this order, and nothing else."""
        self._contents.assigned = [self._path(certificate) for certificate in certificates]

    def _path(self, certificate: str) -> str:
        """Return the path that begins with a certificate, an assigned one before others; make one if need be."""
        paths = self._contents.paths
        for path in (*self._contents.assigned, *paths):
            if paths[path].certificates[0] == certificate:
                return path
        made = Path(self._contents.new_id("path"), "", (certificate,))
        paths[made.id] = made
        return made.id

    def _is_in_chain(self, certificate: str) -> bool:
        paths = self._contents.paths.values()
        return any(certificate in path.certificates and len(path.certificates) > 1 for path in paths)

    def _has_certificate(self, key: str) -> bool:
        return any(held.key == key for held in self._contents.certificates.values())

    def _new_id(self, asked: str) -> str:
        return asked if asked and not self.settings.ignores_id else self._contents.new_id("certificate")

    def _need_room(self, count: int) -> None:
        if count > self.settings.most:
            raise failed("MaxNumberOfCertificates", "There is no room for another certificate")

    def _key_for(self, der: bytes) -> Key:
        public = _public_key(der)
        for key in self._contents.keys.values():
            if key.public == public and key.private is not None:
                return key
        raise failed("NoMatchingPrivateKey", "The camera has no private key for the certificate")


def _public_key(der: bytes) -> bytes:
    try:
        public = signing.read(der).public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise failed("CertificateFormat", "The certificate cannot be read") from None
    if not isinstance(public, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise failed("CertificateFormat", "The kind of key is not supported")
    return signing.encode(public)
