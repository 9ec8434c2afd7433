"""The palette: everything that can be done here, and every device of the site, found by typing."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.widget import Widget
from textual.widgets import Input

from tui.keys import bind, key_of
from tui.palette import Offer, device_offers, fitting, verb_offer
from tui.paragraphs import Line, fit, longest, paragraph, plain
from tui.screens.dialog import Dialog
from tui.screens.frame import Frame
from tui.screens.login import row
from tui.screens.work_verbs import WorkVerbs
from tui.site import Change
from tui.widgets.inputs import Field
from tui.widgets.lines import Lines
from tui.words import Tone

_MOST_ROWS = 12
_DETAIL = 2
_AROUND = 9
_LONGEST_NAME = 24
_CURSOR = 3
_ABOUT = "What to do, or where to go"


class PaletteDialog(Dialog[Offer]):
    """Returns the offer that was chosen, of what can be done on the screen `below` and of all devices.

    What is not possible now is shown, and cannot be chosen. There is no way to a device past a dialog that is open.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("choose-previous", "move(-1)", "Up"),
        bind("choose-next", "move(1)", "Down"),
        bind("read-up", "page(-1)", "Page up"),
        bind("read-down", "page(1)", "Page down"),
    ]

    def __init__(self, below: Frame) -> None:
        super().__init__()
        self._below = below
        self._verbs = [
            verb_offer(verb, ", ".join(keys), active.binding.description, active.binding.tooltip, below.why_not(verb))
            for verb, (keys, active) in below.bound().items()
            if active.binding.tooltip and verb != "palette"
        ]
        self._offers: Sequence[Offer] = ()
        self._found: list[Offer] = []
        self._index = 0
        self._typed = Field(name="palette", limit=64)
        self._rows = Lines(self._lines, name="offers")

    def inside(self) -> Iterable[Widget]:
        """Return the field, and what fits."""
        yield Lines(lambda width: [plain(self._about(width), Tone.STRONG)])
        yield row("Find", self._typed)
        yield self._rows

    def _about(self, width: int) -> str:
        device = self._below.subject if isinstance(self._below, WorkVerbs) else None
        if device is None:
            return _ABOUT
        name = device.name if len(device.name) <= _LONGEST_NAME else fit(device.name, _LONGEST_NAME)
        whose = (f"What to do with {who}, or where to go" for who in (f"{name}, {device.address}", name))
        return longest((*whose, _ABOUT), width)

    def keys(self) -> Iterable[tuple[str, str]]:
        """Return how to choose."""
        page = f"{key_of('read-up')}/{key_of('read-down')}"
        updown = f"{key_of('choose-previous')}/{key_of('choose-next')}"
        return (("Enter", "Do"), (updown, "Choose"), (page, "Page"), ("Esc", "Leave"), (self._place(), ""))

    def on_mount(self) -> None:
        """Type at once. Devices change meanwhile."""
        self._below.changes.subscribe(self, self._site_changed)
        self._offer()
        self._typed.focus()

    def on_resize(self) -> None:
        """Show as many rows as fit now."""
        self._rows.refresh(layout=True)

    def _site_changed(self, change: Change) -> None:
        if change.devices or change.installs:
            self._offer()

    def _offer(self) -> None:
        """Offer what there is now; the same one stays chosen."""
        session = self._below.session
        is_free = not any(isinstance(screen, Dialog) for screen in self.app.screen_stack if screen is not self)
        devices = device_offers(session.site, session.now()) if is_free else []
        chosen = self._found[self._index] if self._found else None
        self._offers = [*self._verbs, *devices]
        self._found = fitting(self._offers, self._typed.value)
        ids = [(offer.verb, offer.device) for offer in self._found]
        known = chosen is not None and (chosen.verb, chosen.device)
        self._index = ids.index(known) if known in ids else min(self._index, max(len(ids) - 1, 0))
        self.redraw()

    @on(Input.Changed)
    def _changed(self, message: Input.Changed) -> None:
        self._found, self._index = fitting(self._offers, message.value), 0
        self.redraw()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        if self._found and self._found[self._index].is_possible:
            self.dismiss(self._found[self._index])

    def action_move(self, rows: int) -> None:
        """Go to another offer."""
        self._index = min(max(self._index + rows, 0), max(len(self._found) - 1, 0))
        self.redraw()

    def action_page(self, pages: int) -> None:
        """Go to an offer a page away."""
        self.action_move(pages * max(self._height() - 1, 1))

    def _height(self) -> int:
        return max(min(_MOST_ROWS, self.app.size.height - _AROUND), 1)

    def _place(self) -> str:
        return f"{self._index + 1} of {len(self._found)}" if len(self._found) > self._height() else ""

    def _lines(self, width: int) -> list[Line]:
        height = self._height()
        top = max(min(self._index - height // 2, len(self._found) - height), 0)
        shown = self._found[top : top + height]
        chosen = self._found[self._index] if self._found else None
        lines = [_marked(offer.line_in(width - _CURSOR), is_chosen=offer is chosen) for offer in shown]
        if not lines:
            lines = [plain("   Nothing here has these words.", Tone.QUIET)]
        told = paragraph(chosen.detail, width)[:_DETAIL] if chosen else []
        return [*lines, *[()] * (height - len(lines)), (), *told, *[()] * (_DETAIL - len(told))]


def _marked(line: Line, *, is_chosen: bool) -> Line:
    return ((" > " if is_chosen else "   ", Tone.STRONG), *line)
