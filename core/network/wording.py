"""What went wrong on the way to a device, in words for the technician."""

import errno
import socket
import ssl
from collections.abc import Iterator
from typing import NamedTuple

from core.model.errors import NotReachedError, NotTlsError, TlsFailedError
from core.model.text import clean
from core.network.profile import Profile, is_refusal

_LONGEST_HOST = 255


class Place(NamedTuple):
    """Where a device listens; `str()` is what a person reads."""

    host: str
    port: int

    @property
    def name(self) -> str:
        """The host as the device may see it."""
        return without_zone(self.host)

    def __str__(self) -> str:
        host = clean(self.host, _LONGEST_HOST)
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"


def without_zone(host: str) -> str:
    """Return a link-local address without its zone, which means something on this machine only (RFC 6874, 1)."""
    return host.partition("%")[0]


_CHECK_DEVICE = "Check that the device has power and network, and that the address is right."
_CHECK_PORT = "Check the port, and that HTTPS is switched on in the device's own settings."
_CHECK_NAME = "Check the spelling, or use the IP address."
_UNREACHABLE = frozenset((errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN))

_UPDATE = "Update the device's firmware, or set it to TLS 1.2 or newer."
_SAME_KEY = "Somebody may be pretending to be this device. Find out what answers at this address."
_SETTINGS = "The port answers, but HTTPS on it does not work. Check the device's HTTPS settings, or restart it."

# By OpenSSL's reason code; what is not here is shown by its code.
_TLS_REASONS: dict[str, tuple[str, str]] = {
    "UNSUPPORTED_PROTOCOL": ("it offers only outdated TLS versions", _UPDATE),
    "WRONG_SSL_VERSION": ("it offers only outdated TLS versions", _UPDATE),
    "TLSV1_ALERT_PROTOCOL_VERSION": ("it offers only outdated TLS versions", _UPDATE),
    "SSLV3_ALERT_HANDSHAKE_FAILURE": ("it accepts none of the safe ciphers, or has no certificate", _UPDATE),
    "SSL/TLS_ALERT_HANDSHAKE_FAILURE": ("it accepts none of the safe ciphers, or has no certificate", _UPDATE),
    "NO_CIPHERS_AVAILABLE": ("it accepts none of the safe ciphers", _UPDATE),
    "WRONG_SIGNATURE_TYPE": ("it signs in an outdated way", _UPDATE),
    "DH_KEY_TOO_SMALL": ("its key exchange is too weak", _UPDATE),
    "UNSAFE_LEGACY_RENEGOTIATION_DISABLED": ("it allows unsafe renegotiation", _UPDATE),
    "UNEXPECTED_EOF_WHILE_READING": ("it hangs up", _SETTINGS),
    "BAD_SIGNATURE": ("it does not have the key of the certificate that it shows", _SAME_KEY),
}
_HOPELESS = ("it speaks nothing that this gateway still can, such as SSL 3, RC4 and Triple DES", _UPDATE)


def not_reached(place: Place, error: BaseException | None) -> NotReachedError:
    """Return the error for a connection that did not come about."""
    cause = _cause(error)
    match cause:
        case TimeoutError():
            return NotReachedError(f"{place} does not answer", _CHECK_DEVICE)
        case ConnectionRefusedError():
            return NotReachedError(f"{place} refuses connections", _CHECK_PORT)
        case socket.gaierror() | ValueError():
            return NotReachedError(f"{place}: no address is known for this name", _CHECK_NAME)
        case OSError(errno=code) if code in _UNREACHABLE:
            return NotReachedError(f"{place} cannot be reached from this gateway", _CHECK_DEVICE)
    return NotReachedError(f"{place} cannot be reached: {_in_words(cause)}", _CHECK_DEVICE)


def not_tls(place: Place) -> NotTlsError:
    """Return the error for a peer whose first bytes are no TLS."""
    return NotTlsError(f"{place} answers, but not with HTTPS", _CHECK_PORT)


def tls_failed(place: Place, error: BaseException | None, profile: Profile = Profile.MODERN) -> TlsFailedError:
    """Return the error for a handshake that did not come to its end."""
    cause = _cause(error)
    reason, hint = _in_words(cause), _SETTINGS
    match cause:
        case TimeoutError():
            reason = "it does not answer in time"
        case ConnectionError():
            reason = "it hangs up"
        case ssl.SSLError() if profile is Profile.LEGACY and is_refusal(cause):
            reason, hint = _HOPELESS
        case ssl.SSLError(reason=str(code)):
            reason, hint = _TLS_REASONS.get(code, (code.lower().replace("_", " "), _SETTINGS))
    return TlsFailedError(f"{place}: the secure connection fails, {reason}", hint)


def no_certificate(place: Place) -> TlsFailedError:
    """Return the error for a handshake in which nobody was named."""
    return TlsFailedError(f"{place}: the secure connection fails, it shows no certificate", _SETTINGS)


def _cause(error: BaseException | None) -> BaseException | None:
    """Return the first reason that says something; libraries wrap it several times over."""
    return next(filter(_tells, _chain(error)), error)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _tells(error: BaseException) -> bool:
    # An OSError without a number only sums up others, such as anyio's for all addresses of a name.
    told_by_kind = isinstance(error, TimeoutError | ConnectionError | ValueError)
    return told_by_kind or (isinstance(error, OSError) and error.errno is not None)


def _in_words(error: BaseException | None) -> str:
    words = error.strerror if isinstance(error, OSError) else None
    return (words or "no connection").lower()
