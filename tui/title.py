"""The title of the terminal's window or tab: which gateway, as what, and what is blocked there."""

import os
import re
from collections.abc import Callable

from textual.app import App
from textual.signal import Signal

from core.model.messages import Role
from core.model.text import clean
from tui.look import shown
from tui.session import Session
from tui.site import Change

_HAVE_TITLES = re.compile(r"(xterm|tmux|screen|rxvt|foot|alacritty|kitty|wezterm|st|konsole|gnome|vte)(-|\.|$)")
_LONGEST = 64
# XTWINOPS 22 and 23 keep the title that was there before and bring it back; OSC 2 sets one (xterm control sequences).
_KEEP, _BRING_BACK = "\x1b[22;2t", "\x1b[23;2t"


def has_title(term: str) -> bool:
    """Tell whether a terminal of this type, as `TERM` names it, has a title. Consoles would print it as text."""
    return _HAVE_TITLES.match(term) is not None


def title_of(session: Session) -> str:
    """Return the title: `!! 2 camtrust gw-042 operator tech1`, where two devices are blocked. No device says a word."""
    welcome = session.link.state.welcome
    if welcome is None:
        return "camtrust"
    status = session.site.status
    role = "viewer" if welcome.role is Role.VIEWER else "operator"
    words = ("camtrust", status.gateway if status else "", role, welcome.user)
    blocked = session.site.counts(session.now()).blocked
    alarm = "OLD" if not session.is_up else f"!! {blocked}" if blocked else ""
    return shown(" ".join(clean(word, _LONGEST) for word in (alarm, *words) if word))


class TerminalTitle:
    """Sends a title by `write` when it is another one, and brings back what was there before."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._shown: str | None = None

    def show(self, title: str) -> None:
        """Have this title."""
        if self._shown is None:
            self._write(_KEEP)
        if title != self._shown:
            self._write(f"\x1b]2;{title}\x07")
        self._shown = title

    def bring_back(self) -> None:
        """Have the title from before the first one shown."""
        if self._shown is not None:
            self._write(_BRING_BACK)
            self._shown = None


class TitledApp(App[None]):
    """An app that says in the terminal's title what its session is about."""

    session: Session
    changes: Signal[Change]
    _terminal_title: TerminalTitle | None = None

    def on_mount(self) -> None:
        """Show the title, and keep it up to date; none while another program has the terminal."""
        if not has_title(os.environ.get("TERM", "")):
            return
        self._terminal_title = TerminalTitle(self.write_to_terminal)
        self.changes.subscribe(self, self._entitle)
        self.app_suspend_signal.subscribe(self, self._bring_title_back)
        self.app_resume_signal.subscribe(self, self._entitle)
        self._entitle()

    def on_unmount(self) -> None:
        """Leave the title as it was, also after a fault."""
        self._bring_title_back()

    def write_to_terminal(self, sequence: str) -> None:
        """Send a sequence that draws nothing, in turn with what is drawn."""
        if self._driver is not None:
            self._driver.write(sequence)

    def _entitle(self, _: object = None) -> None:
        if self._terminal_title is not None:
            self._terminal_title.show(title_of(self.session))

    def _bring_title_back(self, _: object = None) -> None:
        if self._terminal_title is not None:
            self._terminal_title.bring_back()
