"""A stored and a presented certificate as lines: why they differ, then field by field, side by side. Pure."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import zip_longest

from core.model.review import ChangeKind, Difference, Review
from tui.certificate import unreadable
from tui.paragraphs import Line, fit, paragraph, wrapped
from tui.words import Tone, day, moment, parse_time, plural

SIDE_BY_SIDE = 80
"""From this many cells on the two stand side by side, else one below the other."""

_MARK, _LABEL, _SIDE, _GAP = 4, 12, 10, 2
_WIDEST = 64
"""Cells of one side: further apart the eye loses the line."""
_GROUPS = (8, 4)
_FULL_ROW = _GROUPS[0] * 5 - 1
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
# The fingerprint is what is decided about: it is on the screen whatever else is long. Others come after these.
_ORDER = (
    "SHA-256",
    "Issuer",
    "Subject",
    "Valid from",
    "Valid until",
    "Key",
    "Names",
    "Serial",
    "Signature",
    "Key SHA-256",
    "Extensions",
)


def comparison_lines(review: Review, now: datetime, width: int) -> list[Line]:
    """Return the comparison: why they probably differ, worst first, then what differs and what does not."""
    lines = why_lines(review, width)
    draw = _side_by_side if width >= SIDE_BY_SIDE else _stacked
    fields = [_in_words(field, now) for field in in_order(review.differences)]
    lines += draw(fields, _stored_since(review, now), _presented_since(review, now), width)
    return lines + list(_notes(review, width))


def why_lines(review: Review, width: int) -> list[Line]:
    """Return why they probably differ, each reason with what to check."""
    lines: list[Line] = []
    for number, explanation in enumerate(review.explanations):
        is_known = explanation.kind is not ChangeKind.UNKNOWN
        lead = "" if not is_known else "Probably: " if number == 0 else "Also fits: "
        lines += paragraph(f"{lead}{explanation.text}", width - 1, Tone.STRONG, 1)
        lines += paragraph(explanation.hint, width - 1, indent=3) if explanation.hint else []
    return lines


def in_order(differences: Iterable[Difference]) -> list[Difference]:
    """Return the fields in the order in which they are read."""
    return sorted(differences, key=lambda field: _ORDER.index(field.label) if field.label in _ORDER else len(_ORDER))


def _in_words(field: Difference, now: datetime) -> Difference:
    """Return a field with its times as a person reads them, to the second: certificates may differ by one."""
    sides = (field.stored, field.presented)
    stored, presented = (_time(side, now) or side for side in sides) if field.label.startswith("Valid") else sides
    return Difference(field.label, stored, presented, field.same)


def _time(text: str, now: datetime) -> str:
    at = parse_time(text)
    return f"{at.astimezone(now.tzinfo):%Y-%m-%d %H:%M:%S}" if at else ""


def _stored_since(review: Review, now: datetime) -> str:
    by = f" by {review.stored_by}" if review.stored_by else ""
    return f"stored {day(review.stored_at, now)}{by}".strip()


def _presented_since(review: Review, now: datetime) -> str:
    since = moment(review.since, now)
    return f"presented since {since}" if since else "presented now"


def _side_by_side(fields: Sequence[Difference], stored: str, presented: str, width: int) -> list[Line]:
    column = min((width - _MARK - _LABEL - _GAP - 1) // 2, _WIDEST)
    gap = (" " * _GAP, Tone.PLAIN)
    count = sum(not field.same for field in fields)
    heads = (fit(f" {count} differ", _MARK + _LABEL), fit(stored, column), presented)
    lines: list[Line] = [((heads[0], Tone.STRONG), (heads[1], Tone.STRONG), gap, (heads[2], Tone.STRONG))]
    for field in fields:
        cells = zip_longest(_cell(field.stored, column), _cell(field.presented, column), fillvalue="")
        for number, (left, right) in enumerate(cells):
            head = _head(field, is_first=number == 0)
            lines.append((*head, (fit(left, column), _tone(field)), gap, (fit(right, column), _tone(field, new=True))))
    return lines


def _stacked(fields: Sequence[Difference], stored: str, presented: str, width: int) -> list[Line]:
    count = sum(not field.same for field in fields)
    differ = f"{plural(count, 'field')} {'differs' if count == 1 else 'differ'}"
    lines = paragraph(f"{differ}: {stored}, {presented}", width - 1, Tone.STRONG, 1)
    for field in fields:
        if field.same:
            lines += _under("both", field.presented, width, field, is_first=True)
            continue
        lines += _under("stored", field.stored or "nothing", width, field, is_first=True)
        lines += _under("presented", field.presented or "nothing", width, field, is_first=False)
    return lines


def _under(side: str, text: str, width: int, field: Difference, *, is_first: bool) -> list[Line]:
    tone = _tone(field, new=side == "presented")
    if _FINGERPRINT.fullmatch(text) and width - _MARK - _LABEL - _SIDE - 1 < _FULL_ROW <= width - _MARK - _LABEL - 1:
        return _below_label(side, text, tone, field, is_first=is_first)
    cells = _cell(text, width - _MARK - _LABEL - _SIDE - 1)
    return [
        (
            *_head(field, is_first=is_first and number == 0),
            (fit("" if number else side, _SIDE), Tone.QUIET),
            (cell, tone),
        )
        for number, cell in enumerate(cells)
    ]


def _below_label(side: str, text: str, tone: Tone, field: Difference, *, is_first: bool) -> list[Line]:
    """Return a fingerprint in rows that are as long as can be: below its label, beside whose it is."""
    rows = _cell(text, _FULL_ROW)
    heads = [side, *[""] * (len(rows) - 1)]
    told: list[Line] = [
        ((" " * _MARK, Tone.PLAIN), (fit(head, _LABEL), Tone.QUIET), (row, tone))
        for head, row in zip(heads, rows, strict=True)
    ]
    return [_head(field, is_first=True), *told] if is_first else told


def _head(field: Difference, *, is_first: bool) -> Line:
    if not is_first:
        return ((" " * (_MARK + _LABEL), Tone.PLAIN),)
    label = fit(field.label, _LABEL)
    if field.same:
        return (("  = ", Tone.QUIET), (label, Tone.QUIET))
    return ((" ", Tone.PLAIN), ("!=", Tone.ALARM), (" ", Tone.PLAIN), (label, Tone.STRONG))


def _tone(field: Difference, *, new: bool = False) -> Tone:
    if field.same:
        return Tone.QUIET
    return Tone.STRONG if new else Tone.PLAIN


def _cell(text: str, width: int) -> list[str]:
    """Return a value as lines: a fingerprint in groups of four, as many in a line as make lines of one length."""
    if _FINGERPRINT.fullmatch(text):
        digits = [text[start : start + 4] for start in range(0, len(text), 4)]
        count = next((count for count in _GROUPS if count * 5 - 1 <= width), _GROUPS[-1])
        return [" ".join(digits[start : start + count]) for start in range(0, len(digits), count)]
    return [line for part in text.split("\n") for line in wrapped(part, width)]


def _notes(review: Review, width: int) -> Iterable[Line]:
    for name, view in (("Stored", review.stored), ("Presented", review.presented)):
        if view is None:
            continue
        told = view.warnings if view.readable else (unreadable(view), *view.warnings)
        for text in told:
            yield from paragraph(f"{name}: {text}", width - 1, indent=1)
    if review.reason:
        yield from paragraph(f"Why the stored one was accepted: {review.reason}", width - 1, indent=1)
