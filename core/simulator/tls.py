"""TLS contexts from keys that are only in memory."""

import base64
import ssl
import tempfile

from core.simulator.assignment import Identity

_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def tls_versions(newest: str) -> tuple[str, ...]:
    """Return the versions up to the `newest`."""
    return tuple(version for version in _VERSIONS if version <= newest)


def context(identity: Identity, newest: str) -> ssl.SSLContext:
    """Return a server's context that presents the identity, with TLS versions up to the `newest`."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.maximum_version = _VERSIONS[newest]
    # Cameras have keys that OpenSSL would not serve.
    made.set_ciphers("DEFAULT:@SECLEVEL=0")
    # OpenSSL takes the key from a file only; this one is private and gone at once.
    with tempfile.NamedTemporaryFile() as file:
        file.write(_pem("PRIVATE KEY", identity.private))
        for certificate in identity.chain:
            file.write(_pem("CERTIFICATE", certificate))
        file.flush()
        made.load_cert_chain(file.name)
    return made


def _pem(label: str, der: bytes) -> bytes:
    return b"-----BEGIN %b-----\n%b-----END %b-----\n" % (label.encode(), base64.encodebytes(der), label.encode())
