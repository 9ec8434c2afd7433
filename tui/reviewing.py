"""What there is to decide about a site's certificates, and what that comes to for the shell. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from core.model.device import AttentionKind, CertificateField, Connection, DeviceView
from core.model.errors import ExitCode
from tui.order import address_key, natural

NOT_ACCEPTED = "The device's own certificate, not accepted yet"

_OF_CERTIFICATES = frozenset(
    {
        AttentionKind.REVIEW_CHANGE,
        AttentionKind.UNEXPECTED_LEAF,
        AttentionKind.SAME_CERTIFICATE,
        AttentionKind.REVIEW_LEAF,
    }
)
_ANSWERS_ALL_THE_SAME = frozenset({AttentionKind.TLS_FAILED, AttentionKind.UNEXPECTED_LEAF})


def is_undecided(device: DeviceView) -> bool:
    """Tell whether a device's certificate waits for a person: it changed, or nobody accepted it yet."""
    if device.connection in (Connection.ADDING, Connection.DISCOVERED):
        return False
    return (
        device.connection is Connection.BLOCKED
        or device.certificate_field is CertificateField.DEVICE
        or device.attention_kind in _OF_CERTIFICATES
    )


def by_reason(devices: Iterable[DeviceView]) -> Mapping[str, Sequence[DeviceView]]:
    """Return what is undecided under the reason for it: changed ones first, and what most devices have in common."""
    groups: dict[str, list[DeviceView]] = {}
    for device in filter(is_undecided, devices):
        groups.setdefault(_reason(device), []).append(device)
    ordered = sorted(groups.items(), key=lambda group: (not _has_blocked(group[1]), -len(group[1]), group[0]))
    return {
        reason: sorted(group, key=lambda device: (natural(device.name), address_key(device)))
        for reason, group in ordered
    }


def _reason(device: DeviceView) -> str:
    if device.connection is Connection.BLOCKED:
        return device.change or device.attention or ""
    # What else a person has to do about such a device is worse, and another matter.
    return device.attention or NOT_ACCEPTED if device.attention_kind in _OF_CERTIFICATES else NOT_ACCEPTED


def _has_blocked(devices: Iterable[DeviceView]) -> bool:
    return any(device.connection is Connection.BLOCKED for device in devices)


def verdict(devices: Iterable[DeviceView]) -> ExitCode:
    """Return what a check of all devices comes to: a blocked one weighs most, then one that does not answer."""
    told = tuple(devices)
    return ExitCode.REVIEW if _has_blocked(told) else max(map(_verdict, told), default=ExitCode.DONE)


def _verdict(device: DeviceView) -> ExitCode:
    if device.connection is Connection.ADDING:
        return ExitCode.DONE
    if device.connection is Connection.OFFLINE and device.attention_kind not in _ANSWERS_ALL_THE_SAME:
        return ExitCode.UNREACHABLE
    return ExitCode.DONE if device.attention_kind is None else ExitCode.REVIEW
