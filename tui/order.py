"""Which devices are shown in which order, and where on the screen: pure functions."""

import ipaddress
import re
import socket
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from core.model.device import DeviceView
from tui.words import ADDING, certificate, expires, state

_DIGITS = re.compile(r"(\d+)")
_NEVER = "9999"


def natural(text: str) -> tuple[Any, ...]:
    """Return a key that sorts `cam 9` before `cam 10`, without regard to case."""
    parts = _DIGITS.split(text.casefold())
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in parts if part)


def address_key(device: DeviceView) -> tuple[Any, ...]:
    """Return a key that sorts by IP address as a number, host names after them."""
    try:
        return (*_number(device.host or device.address), device.port or 0)
    except ValueError:
        return (9, natural(device.address), device.port or 0)


def _number(host: str) -> tuple[int, int]:
    """Return the IP version and the address as a number. Raises `ValueError` where it is none."""
    try:
        # Nearly all are of IPv4, and this way takes a tenth of the time.
        return 4, int.from_bytes(socket.inet_pton(socket.AF_INET, host))
    except OSError:
        return 6, int(ipaddress.IPv6Address(host))


def _by_state(device: DeviceView, now: datetime) -> tuple[Any, ...]:
    return (state(device, now).rank, natural(device.name), address_key(device))


SORTS: Mapping[str, Callable[[DeviceView, datetime], tuple[Any, ...]]] = {
    "state": _by_state,
    "name": lambda device, _: (natural(device.name), address_key(device)),
    "address": lambda device, _: address_key(device),
    "certificate": lambda device, now: (certificate(device) or "~", *_by_state(device, now)),
    "expires": lambda device, now: (device.not_after or _NEVER, *_by_state(device, now)),
}
"""Sort keys by column, in the order in which the sort key steps through them."""


def matches(device: DeviceView, words: str, now: datetime, doing: str = ADDING) -> bool:
    """Tell whether each word of a filter is somewhere in the row; a word after `!` must not be.

    `state:blocked` looks in one column; so do `name`, `address`, `certificate`, `expires`, `model` and `serial`.
    """
    row = {
        "state": f"{state(device, now, doing).word}\n{device.connection.value}".casefold(),
        "name": device.name.casefold(),
        "address": device.address.casefold(),
        "certificate": certificate(device).casefold(),
        "expires": expires(device, now).casefold(),
        "model": f"{device.manufacturer or ''}\n{device.model or ''}".casefold(),
        "serial": (device.serial or "").casefold(),
    }
    return all(_has(row, word) for word in words.casefold().split())


def _has(row: Mapping[str, str], word: str) -> bool:
    sought = word.removeprefix("!")
    column, colon, rest = sought.partition(":")
    if colon and column in row:
        text, sought = row[column], rest
    else:
        text = "\n".join(row.values())
    return not sought or (sought in text) is not word.startswith("!")


class Arrangement(NamedTuple):
    """Rows in order, and the index of the one on the first line of the screen."""

    rows: tuple[str, ...]
    top: int


def anchored(wanted: Sequence[str], cursor: str, line: int, top: int, height: int) -> Arrangement:
    """Arrange rows so that the cursor's one is on `line` of a screen of `height` lines, where it was before.

    A list that was scrolled is scrolled further, and is all in order. One that shows its beginning (`top` is 0) goes on
    to show it, as what needs a person stands there; then, and at the end of a list, the cursor's row stays on its line
    out of order, and all others are in order around it.
    """
    place = wanted.index(cursor)
    top = min(max(place - line, 0), last_top(len(wanted), height)) if top else 0
    others = [row for row in wanted if row != cursor]
    index = min(top + line, len(others))
    return Arrangement((*others[:index], cursor, *others[index:]), top)


def last_top(rows: int, height: int) -> int:
    """Return the furthest that a list can be scrolled."""
    return max(0, rows - max(height, 1))


def scrolled_to(index: int, top: int, rows: int, height: int) -> int:
    """Return the scroll position nearest to `top` at which the row `index` is on the screen."""
    return min(max(index - max(height, 1) + 1, min(top, index)), last_top(rows, height))
