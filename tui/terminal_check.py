"""What camtrust makes of the terminal that it is called on, for `camtrust doctor`."""

import os
from collections.abc import Mapping

from core.model.config import ScreenSettings
from core.service.doctor_rules import Check
from tui.look import output_encoding
from tui.terminal import colours, family, unusable
from tui.widgets.too_small import SMALLEST

_COLOURS = {"": "no colours", "standard": "16 colours", "256": "256 colours", "truecolor": "true colour"}


def check_terminal(screen: ScreenSettings) -> Check:
    """Return whether the screens can be shown here, and with what."""
    size = os.get_terminal_size(2) if os.isatty(0) and os.isatty(2) else None
    return judge_terminal(os.environ, size, unusable(), screen)


def judge_terminal(
    environ: Mapping[str, str], size: tuple[int, int] | None, why_not: str | None, screen: ScreenSettings
) -> Check:
    """Return the same from facts: `size` in columns and lines, None without a terminal; `why_not` as `unusable` has it.

    Without a terminal, as in a script, it is not known what the screens would have.
    """
    term = environ.get("TERM") or "not set"
    if size is None:
        return Check("terminal", "unknown", f"{why_not or 'There is none here.'} TERM is {term}")
    if why_not:
        return Check("terminal", "wrong", why_not, "Set TERM to what the terminal is, such as xterm-256color or linux.")
    columns, lines = size
    told = f"{term}, {columns}x{lines}, {_COLOURS[colours(environ)]}, {_drawn(environ, screen)}"
    if columns < SMALLEST[0] or lines < SMALLEST[1]:
        return Check(
            "terminal", "wrong", told, f"The screens need {SMALLEST[0]}x{SMALLEST[1]}: make the window larger."
        )
    return Check("terminal", "ok", told)


def _drawn(environ: Mapping[str, str], screen: ScreenSettings) -> str:
    """Return which characters are drawn with, and why."""
    locale = next((f"{name}={environ[name]}" for name in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(name)), "")
    if screen.ascii:
        return "drawn in ASCII, as set"
    if family(environ).is_ascii:
        return "drawn in ASCII, as this kind of terminal may have nothing else"
    return f"drawn in {output_encoding(environ)} ({locale or 'no locale is set'})"
