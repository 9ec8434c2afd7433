"""The gateway's wall clock, in the one form that records and messages use."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the time in UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


def stamp(moment: datetime | None = None) -> str:
    """Return a moment, by default this one, as ISO 8601 with a trailing Z."""
    return (moment or now()).isoformat().replace("+00:00", "Z")
