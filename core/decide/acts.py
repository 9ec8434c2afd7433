"""What somebody who comes second is told: who did what, or is doing it, and how long ago that was."""

from datetime import datetime

import msgspec

_MINUTE, _HOUR, _DAY = 60, 60 * 60, 24 * 60 * 60


class Act(msgspec.Struct, frozen=True):
    """What is under way on a device: `doing` reads on with the device's name, `at` is when it was begun (ISO 8601)."""

    who: str
    doing: str
    at: str


def ago(at: str, now: datetime) -> str:
    """Return how long ago a time was, which says the same in every zone; `at` is ISO 8601."""
    seconds = int((now - datetime.fromisoformat(at)).total_seconds())
    if seconds < _MINUTE:
        return "a moment ago"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min ago"
    if seconds < _DAY:
        return f"{seconds // _HOUR} h ago"
    return "a day ago" if seconds < 2 * _DAY else f"{seconds // _DAY} days ago"


def by_whom(who: str, at: str, now: datetime) -> str:
    """Return `by tech1 5 min ago`."""
    return f"by {who} {ago(at, now)}"


def under_way(act: Act, name: str, now: datetime) -> str:
    """Return who is doing what with the device of this name, and since when."""
    return f"{act.who} is {act.doing} {name}, begun {ago(act.at, now)}"
