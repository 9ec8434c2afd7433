"""Who else is attached to the engine, in words. Pure."""

from collections.abc import Sequence
from datetime import datetime

from core.model.messages import Attached, Role, Welcome
from tui.paragraphs import Line, fit, longest, paragraph, plain
from tui.words import Tone, moment

_WIDTHS, _NARROW_WIDTHS = (18, 20, 17), (11, 9, 17)
"""Cells of user, role and terminal, the gap to the next one included."""
_ROOMY = 80
_ROLES = {Role.OPERATOR: "operator", Role.VIEWER: "viewer, looks only"}
_OWN = "Marks, filter and cursor are each screen's own. What one changes, all see at once."


def this_screen(attached: Sequence[Attached], welcome: Welcome | None, place: str) -> Attached | None:
    """Return which of them this screen is, on the terminal `place`; None where another one looks just like it."""
    if welcome is None:
        return None
    mine = (welcome.user, welcome.role, place)
    alike = [one for one in attached if (one.user, one.role, one.place) == mine]
    return alike[0] if len(alike) == 1 else None


def people_lines(attached: Sequence[Attached], mine: Attached | None, now: datetime, width: int) -> list[Line]:
    """Return who is attached, as what, on which terminal and since when, the first who came first."""
    widths = _WIDTHS if width >= _ROOMY else _NARROW_WIDTHS
    lines: list[Line] = [_row("Who", "May be", "Terminal", "Since", Tone.QUIET, widths)]
    for one in sorted(attached, key=lambda one: one.since):
        since = moment(one.since, now) + (" (this one)" if one is mine else "")
        tone = Tone.STRONG if one is mine else Tone.PLAIN
        role = longest((_ROLES[one.role], one.role.value), widths[1] - 1)
        lines.append(_row(one.user, role, one.place or "none", since, tone, widths))
    return [*lines, plain(""), *paragraph(_OWN, width - 2, Tone.QUIET, 1)]


def _row(user: str, role: str, place: str, since: str, tone: Tone, widths: tuple[int, ...]) -> Line:
    cells = zip((user, role, place), widths, strict=True)
    return plain(" " + "".join(fit(text, size - 1) + " " for text, size in cells) + since, tone)
