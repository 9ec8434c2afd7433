"""TLS contexts from keys that are only in memory."""

import base64
import ssl
import tempfile

from core.simulator.assignment import Identity


def context(identity: Identity) -> ssl.SSLContext:
    """Return a server's context that presents the identity."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
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
