"""The one way in which this gateway speaks TLS to devices.

Trust is a comparison of fingerprints: chains and names are not checked, and the handshake alone proves that the device
has the private key of the leaf that it shows (rule R2).
"""

import hashlib
import ssl
from collections.abc import Callable

from core.model.errors import WrongLeafError

# The same for each look and each request, because a device with two leaves chooses by what it is offered (rule R6).
_CIPHERS = "DEFAULT:!aNULL:!eNULL"
_PROTOCOLS = ("http/1.1",)
_OPTIONS = ssl.OP_NO_TICKET | ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION


def client_context() -> ssl.SSLContext:
    """Return a context that accepts any leaf, from TLS 1.2 on, without anonymous ciphers (rules R3 to R7).

    A bare context, not `ssl.create_default_context()`: that one would honour SSLKEYLOGFILE (rule R9).
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= _OPTIONS
    context.set_ciphers(_CIPHERS)
    context.set_alpn_protocols(_PROTOCOLS)
    return context


def bound_context(leaf: str | None, shaken: Callable[[ssl.SSLObject], None]) -> ssl.SSLContext:
    """Return a context whose handshakes end in `WrongLeafError` unless the device presents `leaf` (rule R1).

    `leaf` is a fingerprint; None accepts nothing. The comparison is a part of the handshake, so that it comes before
    the first byte of a request on every connection, whoever opens it. `shaken` is told of each handshake before that.
    """

    class BoundObject(ssl.SSLObject):
        def do_handshake(self) -> None:
            super().do_handshake()
            shaken(self)
            der = proven_leaf(self)
            if not der or fingerprint(der) != leaf:
                raise WrongLeafError(der)

    context = client_context()
    context.sslobject_class = BoundObject
    return context


def proven_leaf(tls: ssl.SSLObject) -> bytes:
    """Return the raw leaf whose key the peer has just proven; nothing where it proved none.

    A resumed session shows the leaf of an earlier handshake, and proves nothing now (rule R4).
    """
    return b"" if tls.session_reused else tls.getpeercert(binary_form=True) or b""


def fingerprint(der: bytes) -> str:
    """Return the SHA-256 over a raw leaf in hex."""
    return hashlib.sha256(der).hexdigest()


def version(tls: ssl.SSLObject) -> str:
    """Return the version of a finished handshake, such as `TLS 1.3`."""
    return (tls.version() or "").replace("TLSv", "TLS ")
