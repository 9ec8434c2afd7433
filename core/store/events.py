"""The history: events that only ever grow, each tied to the one before it by a hash (rule R43).

A row that was edited, inserted or taken out of the middle shows. Newest rows that were cut off, and a chain that was
computed anew show only against a head that was noted elsewhere.
"""

import hashlib
import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from core.model.messages import Event

_NEWEST = "SELECT seq, at, who, kind, text, device, name FROM events ORDER BY seq DESC LIMIT :limit"
_NEWEST_OF_ONE = """
    SELECT seq, at, who, kind, text, device, name FROM events WHERE device = :device ORDER BY seq DESC LIMIT :limit
"""
_CHAIN = "SELECT seq, at, who, kind, text, device, name, hash FROM events ORDER BY seq"
_BEFORE_THE_FIRST = "0" * 64


class NewEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event that has no number yet; the fields are those of `Event`."""

    at: str
    who: str
    kind: str
    text: str
    device: str | None = None
    name: str = ""


class Head(NamedTuple):
    """The newest event's number, 0 for none, and its hash: what to note elsewhere. 12 digits of the hash are enough."""

    seq: int
    hash: str


def append(connection: sqlite3.Connection, new: NewEvent) -> Event:
    """Add the event within the transaction that is open, and return it with its number."""
    last = head(connection)
    event = Event(seq=last.seq + 1, **msgspec.structs.asdict(new))
    connection.execute(
        "INSERT INTO events (seq, at, who, kind, text, device, name, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (event.seq, event.at, event.who, event.kind, event.text, event.device, event.name, chained(last.hash, event)),
    )
    return event


def newest(connection: sqlite3.Connection, limit: int, device: str | None) -> list[Event]:
    """Return the newest `limit` events, of one device or of all, oldest first."""
    query = _NEWEST if device is None else _NEWEST_OF_ONE
    rows = connection.execute(query, {"device": device, "limit": max(limit, 0)})
    return [Event(*row) for row in rows][::-1]


def head(connection: sqlite3.Connection) -> Head:
    """Return the newest event's number and hash."""
    row = connection.execute("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1").fetchone()
    return Head(*row) if row else Head(0, _BEFORE_THE_FIRST)


def first_broken(connection: sqlite3.Connection, noted: Head | None) -> int | None:
    """Return the number of the first event that is not as it was written, or None.

    `noted` is an earlier head: what was cut off or computed anew since then shows too.
    """
    rows = connection.execute(_CHAIN)
    return _first_broken(((Event(*row[:-1]), row[-1]) for row in rows), noted or Head(0, ""))


def chained(previous: str, event: Event) -> str:
    """Return the SHA-256, in hex, over number, the hash before and body, unambiguously put together as JSON."""
    body = (event.at, event.who, event.kind, event.text, event.device, event.name)
    return hashlib.sha256(msgspec.json.encode((event.seq, previous, body))).hexdigest()


def _first_broken(rows: Iterable[tuple[Event, str]], noted: Head) -> int | None:
    previous = Head(0, _BEFORE_THE_FIRST)
    for event, stored in rows:
        expected = Head(previous.seq + 1, chained(previous.hash, event))
        if Head(event.seq, stored) != expected or (event.seq == noted.seq and not stored.startswith(noted.hash)):
            return expected.seq
        previous = expected
    return previous.seq + 1 if previous.seq < noted.seq else None
