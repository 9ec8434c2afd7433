"""The two ways in which this gateway speaks TLS to devices: today's, and another for those that cannot do that.

Trust is a comparison of fingerprints: chains and names are not checked, and the handshake alone proves that the device
has the private key of the leaf that it shows (rule R2).
"""

import hashlib
import ssl
from collections.abc import Callable
from enum import Enum

from core.model.errors import WrongLeafError

_PROTOCOLS = ("http/1.1",)
_OPTIONS = ssl.OP_NO_TICKET | ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
# Servers without RFC 5746. Python 3.11 has no name for it; OpenSSL before 3.0 has it on by default.
_UNSAFE_RENEGOTIATION = getattr(ssl, "OP_LEGACY_SERVER_CONNECT", 0x4)
# OpenSSL's reasons that tell that the device and this gateway have no way of `MODERN` in common: what the device says
# in an alert, and what it answers with although it was not offered.
_REFUSALS = frozenset(
    (
        "TLSV1_ALERT_PROTOCOL_VERSION",
        "SSLV3_ALERT_HANDSHAKE_FAILURE",
        "SSL/TLS_ALERT_HANDSHAKE_FAILURE",
        "UNSUPPORTED_PROTOCOL",
        "WRONG_SIGNATURE_TYPE",
        "DH_KEY_TOO_SMALL",
        "UNSAFE_LEGACY_RENEGOTIATION_DISABLED",
    )
)


class Profile(Enum):
    """What a device is offered, by OpenSSL's cipher string. A device with two leaves chooses by that (rule R6).

    `LEGACY` takes TLS 1.0 and 1.1, short Diffie-Hellman keys, SHA-1 in handshakes and servers without RFC 5746 as well.
    It still offers the newest TLS, so that a server which has that cannot be talked into less unnoticed.
    """

    MODERN = "DEFAULT:!aNULL:!eNULL"
    LEGACY = "DEFAULT:!aNULL:!eNULL:!EXPORT:@SECLEVEL=0"


def client_context(profile: Profile = Profile.MODERN) -> ssl.SSLContext:
    """Return a context that accepts any leaf, without anonymous ciphers (rules R3 to R7).

    A bare context, not `ssl.create_default_context()`: that one would honour SSLKEYLOGFILE (rule R9).
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.options |= _OPTIONS
    if profile is Profile.LEGACY:
        # TLS 1.0: Python leaves out SSL 3 whatever OpenSSL could do.
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.options |= _UNSAFE_RENEGOTIATION
    else:
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options &= ~_UNSAFE_RENEGOTIATION
    context.set_ciphers(profile.value)
    context.set_alpn_protocols(_PROTOCOLS)
    return context


def is_refusal(error: BaseException | None) -> bool:
    """Tell whether a handshake in `MODERN` failed in a way that says that the device cannot do it (rule R7)."""
    return isinstance(error, ssl.SSLError) and error.reason in _REFUSALS


def bound_context(
    leaf: str | None, shaken: Callable[[ssl.SSLObject], None], profile: Profile = Profile.MODERN
) -> ssl.SSLContext:
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

    context = client_context(profile)
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
    name = tls.version() or ""
    return "TLS 1.0" if name == "TLSv1" else name.replace("TLSv", "TLS ")
