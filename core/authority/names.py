"""Names that fit into DNS and into certificates, made from names that people chose."""

import hashlib
import re

_SUFFIX = "cam.internal"
_LONGEST_COMMON_NAME = 64
_LONGEST_LABEL = 63
_LONGEST_GATEWAY = 24
_HASH_LENGTH = 8


def zone(gateway: str) -> str:
    """Return the DNS zone of a gateway's devices, such as `gw-042.cam.internal`."""
    return f"{gateway_label(gateway)}.{_SUFFIX}"


def gateway_label(gateway: str) -> str:
    """Return the DNS label of a gateway, of at most 24 characters, such as `gw-042`."""
    return _label(gateway, _LONGEST_GATEWAY) or "gateway"


def device_name(device: str, zone: str) -> str:
    """Return the DNS name of a device in a zone, short enough for a common name (RFC 5280, ub-common-name)."""
    longest = min(_LONGEST_LABEL, _LONGEST_COMMON_NAME - len(zone) - 1)
    return f"{_label(device, longest) or 'device'}.{zone}"


def authority_name(organization: str, zone: str) -> str:
    """Return the common name of a gateway's authority, such as `Arcules Gateway CA gw-042`."""
    rest = f" Gateway CA {zone.removesuffix('.' + _SUFFIX)}"
    return organization[: _LONGEST_COMMON_NAME - len(rest)].rstrip() + rest


def _label(text: str, longest: int) -> str:
    """Return a DNS label (RFC 1123, 2.1): hyphens for what does not fit, a hash for the end of what is too long."""
    label = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    if len(label) <= longest:
        return label
    digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:_HASH_LENGTH]
    return f"{label[: longest - _HASH_LENGTH - 1].rstrip('-')}-{digest}"
