"""Which certificates a person has to decide about, in which order, and what counts as deciding. Pure."""

import re
from collections.abc import Iterable, Sequence
from enum import Enum, auto
from itertools import groupby

from core.model.device import AttentionKind, CertificateField, Connection, DeviceView, Origin
from core.model.messages import Event
from core.model.review import Review
from tui.order import address_key, natural

OWN_CERTIFICATE = "The device's own certificate, not accepted yet"
NO_REASON = "Another certificate than the stored one"
_LAST = 8
_REVIEWS = frozenset({AttentionKind.REVIEW_LEAF, AttentionKind.REVIEW_CHANGE, AttentionKind.UNEXPECTED_LEAF})


class Case(Enum):
    """What there is to decide: a changed certificate, one that nobody accepted yet, or nothing."""

    CHANGED = auto()
    FIRST = auto()
    SETTLED = auto()


def case_of(review: Review) -> Case:
    """Return what there is to decide about a device. While it is being worked on, that is nothing."""
    shown, stored = review.presented, review.stored
    if shown is None or review.device.connection is Connection.ADDING:
        return Case.SETTLED
    if stored is None:
        return Case.FIRST
    if shown.fingerprint != stored.fingerprint:
        return Case.CHANGED
    return Case.FIRST if review.device.origin is Origin.DEVICE else Case.SETTLED


def is_deliberate(typed: str, fingerprint: str) -> bool:
    """Tell whether what was typed accepts the certificate: `yes`, or the end of its fingerprint, or all of it.

    Spaces, colons and capitals are as other programs print them.
    """
    plain = re.sub(r"[\s:]", "", typed).lower()
    return plain in ("yes", fingerprint[-_LAST:], fingerprint)


def needs_decision(device: DeviceView) -> bool:
    """Tell whether a person has to decide about the certificate of a device."""
    if device.connection in (Connection.DISCOVERED, Connection.ADDING):
        return False
    if device.certificate_field is CertificateField.HTTP:
        return False
    is_own = device.origin is Origin.DEVICE
    return bool(device.presented) or (is_own and bool(device.fingerprint)) or device.attention_kind in _REVIEWS


def reason(device: DeviceView) -> str:
    """Return why a device is in the queue, which is what it is grouped by."""
    if device.connection is Connection.BLOCKED or device.presented:
        return device.change or NO_REASON
    return OWN_CERTIFICATE


def queue(devices: Iterable[DeviceView]) -> tuple[DeviceView, ...]:
    """Return the devices that need a decision: blocked ones first, and of one reason side by side."""
    return tuple(sorted(filter(needs_decision, devices), key=_place))


def _place(device: DeviceView) -> tuple[object, ...]:
    is_blocked = device.connection is Connection.BLOCKED
    return (not is_blocked, reason(device), natural(device.name), address_key(device), device.id)


def groups(devices: Sequence[DeviceView]) -> list[tuple[str, tuple[DeviceView, ...]]]:
    """Return a queue by reason."""
    return [(why, tuple(group)) for why, group in groupby(devices, key=reason)]


def place(devices: Sequence[DeviceView], device: str) -> str:
    """Return where a device is in the queue, as `2 of 4`; nothing where it is not in it."""
    ids = [view.id for view in devices]
    return f"{ids.index(device) + 1} of {len(ids)}" if device in ids else ""


def neighbour(devices: Sequence[DeviceView], device: str, last_place: int, step: int) -> DeviceView | None:
    """Return the next device of the queue, or the one before (`step` -1), round its ends; None where there is none.

    `last_place` is the index of a device that is in it no longer: its place is taken by the one that followed it.
    """
    others = [view for view in devices if view.id != device]
    if not others:
        return None
    ids = [view.id for view in devices]
    at = ids.index(device) if device in ids else min(last_place, len(others))
    following = at if step > 0 else at - 1
    return others[following % len(others)]


def since(events: Iterable[Event], device: str, seq: int) -> list[Event]:
    """Return what happened to a device after the event with this number, newest first."""
    return sorted(
        (event for event in events if event.device == device and event.seq > seq), key=lambda event: -event.seq
    )
