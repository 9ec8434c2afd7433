"""The scan dialog: which networks to try address by address."""

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.widget import Widget
from textual.widgets import Input

from tui.keys import bind
from tui.looks import split_addresses
from tui.paragraphs import Line, paragraph, plain
from tui.screens.dialog import Dialog
from tui.screens.login import row
from tui.widgets.inputs import Field
from tui.widgets.lines import Lines
from tui.words import Tone

_WHAT = (
    "Each address is tried with a handshake and nothing more, for sites where cameras do not announce themselves. "
    "What answers comes into the table. A /24 takes seconds, a silent /16 about a quarter of an hour."
)
_NOTHING = "Type a network, such as 192.168.20.0/24 or 192.168.20.10-40."


class ScanDialog(Dialog[tuple[str, ...]]):
    """Returns the networks that were typed. `networks` were typed before, and refused for the reason `problem`."""

    BINDINGS: ClassVar[list[BindingType]] = [bind("submit", "submit", "Scan")]

    def __init__(self, networks: Iterable[str] = (), problem: str = "") -> None:
        super().__init__()
        self._networks = Field(" ".join(networks), name="networks", limit=1024)
        self._problem = problem

    def inside(self) -> Iterable[Widget]:
        """Return the field, and what a scan does."""
        yield Lines(lambda width: [plain("Scan a network", Tone.STRONG), *paragraph(_WHAT, width), ()])
        yield row("Networks", self._networks)
        yield Lines(self._below)

    def keys(self) -> Iterable[tuple[str, str]]:
        """Return what can be done."""
        return (("Enter", "Scan"), ("Esc", "Cancel"))

    def on_mount(self) -> None:
        """Type at once."""
        self._networks.focus()

    @on(Input.Submitted)
    def action_submit(self) -> None:
        """Begin."""
        networks = split_addresses(self._networks.value)
        if networks:
            self.dismiss(networks)
        else:
            self._problem = _NOTHING
            self.redraw()

    def _below(self, width: int) -> list[Line]:
        return paragraph(f"! {self._problem}", width, Tone.STRONG) if self._problem else []
