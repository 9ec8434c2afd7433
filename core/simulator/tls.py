"""TLS contexts from keys that are only in memory."""

import base64
import ssl
import tempfile
import warnings
from dataclasses import dataclass

from core.simulator import der
from core.simulator.assignment import Identity
from core.simulator.settings import CameraSettings, TlsVersion

_VERSIONS: dict[TlsVersion, ssl.TLSVersion] = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}
# The Second Oakley Group, of 1024 bits (RFC 2409, 6.2).
_PRIME = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B"
    "302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE6"
    "49286651ECE65381FFFFFFFFFFFFFFFF",
    16,
)


@dataclass(frozen=True, slots=True)
class Tls:
    """What a server speaks: the oldest and the newest version, ciphers by OpenSSL's names, DHE with a short prime."""

    oldest: TlsVersion = "1.2"
    newest: TlsVersion = "1.3"
    ciphers: str = "DEFAULT"
    short_dh: bool = False

    @property
    def versions(self) -> tuple[TlsVersion, ...]:
        """All its versions, the oldest first."""
        return tuple(version for version in _VERSIONS if self.oldest <= version <= self.newest)


ANY_TLS = Tls()


def spoken_by(settings: CameraSettings) -> Tls:
    """Return what a camera speaks."""
    return Tls(settings.oldest_tls, settings.newest_tls, settings.ciphers, settings.short_dh)


class HandshakeRefused(ssl.SSLError):
    """A handshake that led to nothing. `alert` is what the client is to be told about it."""

    alert = b""


class _Handshake(ssl.SSLObject):
    """Hands the alert over, which asyncio would leave where it is."""

    outgoing: ssl.MemoryBIO

    def do_handshake(self) -> None:
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as error:
            refused = HandshakeRefused(*error.args)
            refused.alert = self.outgoing.read()
            raise refused from error


class _Context(ssl.SSLContext):
    sslobject_class = _Handshake

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        made = super().wrap_bio(incoming, outgoing, server_side, server_hostname, session)
        assert isinstance(made, _Handshake), "the context makes nothing else"
        made.outgoing = outgoing
        return made


def context(identity: Identity, spoken: Tls) -> ssl.SSLContext:
    """Return a server's context that presents the identity. Its handshakes fail with `HandshakeRefused`."""
    made = _Context(ssl.PROTOCOL_TLS_SERVER)
    with warnings.catch_warnings():
        # Old cameras speak versions that Python warns of.
        warnings.simplefilter("ignore", DeprecationWarning)
        made.minimum_version = _VERSIONS[spoken.oldest]
        made.maximum_version = _VERSIONS[spoken.newest]
    # Cameras have keys, hashes and versions that OpenSSL would not serve.
    made.set_ciphers(f"{spoken.ciphers}:@SECLEVEL=0")
    # OpenSSL takes these from a file only; it is private and gone at once.
    with tempfile.NamedTemporaryFile() as file:
        file.write(_pem("PRIVATE KEY", identity.private))
        for certificate in identity.chain:
            file.write(_pem("CERTIFICATE", certificate))
        if spoken.short_dh:
            file.write(_dh_parameters())
        file.flush()
        made.load_cert_chain(file.name)
        if spoken.short_dh:
            made.load_dh_params(file.name)
    return made


def _dh_parameters() -> bytes:
    """Return the prime and the generator 2 (PKCS #3, 9)."""
    # A leading zero, as the prime is not negative.
    prime = der.tagged(der.INTEGER, _PRIME.to_bytes(129, "big"))
    return _pem("DH PARAMETERS", der.sequence(prime, der.tagged(der.INTEGER, b"\2")))


def _pem(label: str, content: bytes) -> bytes:
    return b"-----BEGIN %b-----\n%b-----END %b-----\n" % (label.encode(), base64.encodebytes(content), label.encode())
