"""The wall as plain text, for mail and for what is shown at a login. Pure."""

from dataclasses import replace
from datetime import datetime

from core.model.errors import ExitCode
from tui.link import LinkState
from tui.look import shown
from tui.monitor.freshness import Freshness
from tui.monitor.pages import begun
from tui.monitor.rows import Troubles, troubles
from tui.monitor.wall import View, frame, layout
from tui.paragraphs import Line
from tui.site import Site

_USUAL = 24


def once(site: Site, link: LinkState, now: datetime, width: int, height: int | None) -> str:
    """Return one frame in at most `height` lines, with all devices where there is no such limit."""
    told = troubles(site.devices.values(), now)
    parts = layout(height or _USUAL)
    if height is None:
        parts = replace(parts, rows=max(1, len(told.blocked) + len(told.others)))
    around = begun([view.id for view in told.blocked], [view.id for view in told.others], parts.rows)
    return as_text(frame(View(site, Freshness(now, link, now), around, is_paper=True), width, parts))


def as_text(lines: list[Line]) -> str:
    """Return lines without tones. Whatever would steer a terminal is no part of a text."""
    return "\n".join(_text(line) for line in lines).rstrip("\n")


def _text(line: Line) -> str:
    return "".join(map(_printed, shown("".join(text for text, _ in line)))).rstrip()


def _printed(character: str) -> str:
    return character if character.isprintable() else "?"


def exit_code(told: Troubles) -> ExitCode:
    """Return what the shell is told: whether a person has something to decide or to do."""
    return ExitCode.REVIEW if told.needs_person else ExitCode.DONE
