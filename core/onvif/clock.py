"""What time a device thinks it is: tokens and certificates are judged by its clock (ONVIF Core, 8.3.1)."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from lxml import etree

from core.onvif.reading import child, number, text


def from_answer(answered: etree._Element) -> datetime | None:
    """Return the time in a GetSystemDateAndTimeResponse: the UTC one, or else the local one taken for it."""
    system = child(answered, "SystemDateAndTime")
    return _moment(child(system, "UTCDateTime")) or _moment(child(system, "LocalDateTime"))


def from_header(date: str) -> datetime | None:
    """Return the time in an HTTP Date header; None where there is none."""
    try:
        moment = parsedate_to_datetime(date)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _moment(element: etree._Element | None) -> datetime | None:
    fields = [("Date", "Year"), ("Date", "Month"), ("Date", "Day"), ("Time", "Hour"), ("Time", "Minute")]
    year, month, day, hour, minute = (number(text(element, *names)) for names in fields)
    second = number(text(element, "Time", "Second")) or 0
    if year is None or month is None or day is None or hour is None or minute is None:
        return None
    try:
        # A leap second is none to Python.
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return None
