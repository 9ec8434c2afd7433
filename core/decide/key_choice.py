"""Which key to ask a device for, and which signature algorithms to try for its request (ONVIF Security, Keystore)."""

from dataclasses import dataclass

from core.decide.keys import SMALLEST_RSA, SMALLEST_WEAK_RSA
from core.model.keystore import KeystoreCapabilities, Way

STRONGEST_RSA = 3072
CURVE = "P-256"
_CURVE_NAMES = frozenset(("p-256", "p256", "secp256r1", "prime256v1"))

# Signature algorithms by OID (RFC 8017, A.2.4; RFC 5758, 3.2), the best first. SHA-1 only proves possession here, and
# the certificate itself is always signed with SHA-256.
_RSA_ALGORITHMS = (
    "1.2.840.113549.1.1.11",
    "1.2.840.113549.1.1.12",
    "1.2.840.113549.1.1.13",
    "1.2.840.113549.1.1.5",
)
_EC_ALGORITHMS = ("1.2.840.10045.4.3.2", "1.2.840.10045.4.3.3", "1.2.840.10045.4.3.4", "1.2.840.10045.4.1")
_MOST_TRIES = 3


@dataclass(frozen=True, slots=True)
class KeySpec:
    """A key to ask for: a curve as the device writes it, or else `bits` of RSA; neither where the device chooses."""

    bits: int = 0
    curve: str = ""

    @property
    def weak(self) -> bool:
        """Whether the key will not last for the certificate's ten years."""
        return 0 < self.bits < SMALLEST_RSA

    @property
    def smallest_rsa(self) -> int:
        """The fewest bits that an RSA key in the device's request may have."""
        return SMALLEST_WEAK_RSA if self.weak or self == CHOSEN_BY_DEVICE else SMALLEST_RSA

    def __str__(self) -> str:
        if self == CHOSEN_BY_DEVICE:
            return "of the camera's own choice"
        return f"EC {self.curve}" if self.curve else f"RSA {self.bits}"


CHOSEN_BY_DEVICE = KeySpec()


def manages(capabilities: KeystoreCapabilities | None) -> bool:
    """Tell whether the device can make a key, request a certificate for it, and serve it."""
    return (
        capabilities is not None
        and capabilities.csr
        and capabilities.tls_server
        and (capabilities.makes_rsa or capabilities.makes_ec)
    )


def key_specs(capabilities: KeystoreCapabilities) -> tuple[KeySpec, ...]:
    """Return the keys to ask for, best first; the next one is for a device that refuses what it lists."""
    if capabilities.way is Way.DEVICE:
        return (CHOSEN_BY_DEVICE,)
    specs = []
    if capabilities.makes_ec and _lists_any(_EC_ALGORITHMS, capabilities.algorithms):
        specs += [KeySpec(curve=curve) for curve in capabilities.curves if curve.lower() in _CURVE_NAMES][:1]
    if capabilities.makes_rsa:
        specs.append(KeySpec(bits=_rsa_length(capabilities.rsa_lengths)))
    return tuple(specs)


def _rsa_length(lengths: tuple[int, ...]) -> int:
    if not lengths:
        return SMALLEST_RSA
    lasting = [length for length in lengths if length >= SMALLEST_RSA]
    fitting = [length for length in lasting if length <= STRONGEST_RSA]
    return max(fitting) if fitting else min(lasting) if lasting else max(lengths)


def _lists_any(known: tuple[str, ...], listed: tuple[str, ...]) -> bool:
    """Tell whether a device lists one of these algorithms; one that lists nothing may have them all."""
    return not listed or not set(known).isdisjoint(listed)


def csr_algorithms(spec: KeySpec, listed: tuple[str, ...]) -> tuple[str, ...]:
    """Return the OIDs to try in turn: of ours those that the device lists, or all where it lists none that fits.

    Where the device chooses the key it chooses the algorithm, too: that is one try, with "".
    """
    if spec == CHOSEN_BY_DEVICE:
        return ("",)
    known = _EC_ALGORITHMS if spec.curve else _RSA_ALGORITHMS
    return (tuple(oid for oid in known if oid in listed) or known)[:_MOST_TRIES]
