"""Which devices are on the wall, in which order, and what is said of each. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.model.device import Connection, DeviceView
from tui.order import SORTS
from tui.paragraphs import Line, fit, length, longest, plain
from tui.summary import probable
from tui.words import (
    SILENT,
    Tone,
    day,
    days,
    ends_soon,
    has_expired,
    is_offline,
    moment,
    needs_review,
    parse_time,
    standing,
    state,
)

_MARK = 3
_GAP = 2
_LEAST = 12
OLD = "old "
"""What stands before each row that is not of the present."""


@dataclass(frozen=True, slots=True)
class Troubles:
    """Devices that somebody should know about, worst first: those that are `blocked`, and the `others`."""

    blocked: tuple[DeviceView, ...] = ()
    others: tuple[DeviceView, ...] = ()

    @property
    def needs_person(self) -> bool:
        """Whether a person has something to decide or to do."""
        return bool(self.blocked) or any(map(needs_review, self.others))


def troubles(devices: Iterable[DeviceView], now: datetime) -> Troubles:
    """Return the devices that the wall shows."""
    by_state = SORTS["state"]
    found = (view for view in devices if _is_trouble(view, now))
    told = sorted(found, key=lambda view: (*by_state(view, now), view.id))
    blocked = tuple(view for view in told if view.connection is Connection.BLOCKED)
    return Troubles(blocked, tuple(view for view in told if view.connection is not Connection.BLOCKED))


def _is_trouble(device: DeviceView, now: datetime) -> bool:
    return (
        device.connection is Connection.BLOCKED
        or needs_review(device)
        or is_offline(device)
        or has_expired(device, now)
        or ends_soon(device, now)
    )


def said(device: DeviceView, now: datetime, room: int) -> str:
    """Return the state of a device in words, since when, and why: as much of it as is whole in so many cells."""
    return longest(_said(device, now), room)


def _said(device: DeviceView, now: datetime) -> tuple[str, ...]:
    """Return what can be said, longest first."""
    since = moment(device.since, now)
    if device.connection is Connection.BLOCKED:
        return _blocked(device, _since("BLOCKED", since))
    if needs_review(device):
        return _to_do(device, since, now)
    if is_offline(device):
        return _with(_since("offline", since), device.attention), _since("offline", since)
    if has_expired(device, now) or ends_soon(device, now):
        return _end(device, now)
    return (standing(device, now),)


def _blocked(device: DeviceView, since: str) -> tuple[str, ...]:
    why = f" ({_within(probable(device.change))})" if device.change else ""
    if device.silent:
        told = f"{since}: {SILENT}"
        return f"{told}; another certificate{why}", f"{told}; another certificate", told, since
    return f"{since}: another certificate{why}", f"{since}: another certificate", since


def _since(word: str, since: str) -> str:
    return f"{word} since {since}" if since else word


def _with(words: str, more: str | None) -> str:
    return f"{words}: {_within(more)}" if more else words


def _within(text: str) -> str:
    """Return a text as it goes on after a colon; a first word that is an abbreviation stays as it is."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def _to_do(device: DeviceView, since: str, now: datetime) -> tuple[str, ...]:
    word, attention = state(device, now).word, device.attention or ""
    is_told = attention.casefold().startswith(word.casefold())
    told = attention if is_told else _with(word, attention)
    connected = f" ({_since(device.connection.value, since)})" if since else ""
    # What there is to do is worth more than an end without "…".
    return f"{told}{connected}", told


def _end(device: DeviceView, now: datetime) -> tuple[str, ...]:
    """Return when a certificate ends, or has ended, as it is counted at `now`."""
    end = parse_time(device.not_after)
    if end is None:
        return (device.attention or "expires",)
    left = end - now
    told = f"EXPIRED {_days(-left)} ago" if left < timedelta(0) else f"expires in {_days(left)}"
    return f"{told}, on {day(device.not_after, now)}", told


def _days(span: timedelta) -> str:
    return days(span) if span.days else "less than a day"


@dataclass(frozen=True, slots=True)
class Columns:
    """Cells for names and addresses."""

    name: int
    address: int


def columns(devices: Sequence[DeviceView], width: int) -> Columns:
    """Return columns as wide as the longest name and address, up to a quarter of the width each."""
    most = max(_LEAST, width // 4)
    name = max((length(plain(device.name)) for device in devices), default=0)
    address = max((length(plain(device.address)) for device in devices), default=0)
    return Columns(min(name, most), min(address, most))


def row(device: DeviceView, now: datetime, cells: Columns, width: int, *, is_old: bool = False) -> Line:
    """Return a device in one line of `width` cells. An old one has no tone of its own, and says so."""
    stands = state(device, now)
    head = f"{stands.mark:>{_MARK - 1}} "
    name = fit(device.name, cells.name) + " " * _GAP
    address = fit(device.address, cells.address) + " " * _GAP
    before = OLD if is_old else ""
    room = width - length(plain(before + head + name + address))
    text = fit(said(device, now, room), room)
    if is_old or not _is_trouble(device, now):
        return plain(before + head + name + address + text, Tone.QUIET)
    if stands.tone is Tone.ALARM:
        return plain(head + name + address + text, Tone.ALARM)
    # What is quiet in a long table is one of the few rows here.
    tone = Tone.STRONG if stands.tone is Tone.QUIET else stands.tone
    return ((head, tone), (name, Tone.STRONG), (address, Tone.PLAIN), (text, tone))
