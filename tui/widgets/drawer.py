"""The drawer: all about the device at the cursor, beside the table or in its place."""

from collections.abc import Callable
from datetime import datetime
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message

from core.model.device import DeviceView
from core.model.messages import DeviceDetail
from tui.details import device_lines
from tui.keys import bind
from tui.paragraphs import Line, plain, two_ends
from tui.widgets.body import Body
from tui.widgets.lines import Lines
from tui.words import ADDING, Tone


class Drawer(Body):
    """Shows a device. `clock` gives the time; who owns the drawer says which device, and asks for its detail."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("back", "verb('close')", "Back", tooltip="close the drawer"),
        bind("leave", "verb('close')", "Back", tooltip="close the drawer"),
        bind("save", "verb('save')", "Save .cer"),
        bind("next", "verb('next')", "Next", tooltip="the next device"),
        bind("previous", "verb('previous')", "Previous", tooltip="the device before"),
    ]

    class Asked(Message):
        """A key of the drawer was pressed; `verb` is the id of its binding."""

        def __init__(self, verb: str) -> None:
            super().__init__()
            self.verb = verb

    def __init__(self, clock: Callable[[], datetime]) -> None:
        super().__init__(id="drawer")
        self._clock = clock
        self._device: DeviceView | None = None
        self._detail: DeviceDetail | None = None
        self._doing = ADDING
        self._problem = ""
        self._text = Lines(self._lines, name="details")

    @property
    def device(self) -> DeviceView | None:
        """The device shown."""
        return self._device

    @property
    def detail(self) -> DeviceDetail | None:
        """What the engine told of it, once it did."""
        return self._detail

    def compose(self) -> ComposeResult:
        """Build the lines."""
        yield self._text

    def show_device(self, device: DeviceView | None, doing: str = ADDING) -> None:
        """Show a device, and what its install is called; what was told of another one is forgotten."""
        if device is None or self._device is None or device.id != self._device.id:
            self._detail, self._problem = None, ""
            self.scroll_home(animate=False)
        self._device, self._doing = device, doing
        self._redraw()

    def show_detail(self, detail: DeviceDetail) -> None:
        """Show what the engine told, if it is about the device shown."""
        if self._device is not None and detail.device.id == self._device.id:
            self._detail, self._problem = detail, ""
            self._redraw()

    def show_problem(self, problem: str) -> None:
        """Show why the engine told nothing."""
        self._problem = problem
        self._redraw()

    def action_verb(self, verb: str) -> None:
        """Pass a key on to the owner."""
        self.post_message(self.Asked(verb))

    def on_focus(self) -> None:
        """Show that the keys go here."""
        self._redraw()

    def on_blur(self) -> None:
        """Show that the keys go elsewhere."""
        self._redraw()

    def _redraw(self) -> None:
        self._text.redraw()

    def _lines(self, width: int) -> list[Line]:
        device = self._device
        if device is None:
            return [plain("No device.")]
        tone = Tone.STRONG if self.has_focus else Tone.PLAIN
        heading = two_ends(plain(device.name, tone), plain(device.address, tone), width)
        lines = [heading, (), *device_lines(device, self._detail, self._clock(), width, self._doing)]
        return [*lines, plain(self._problem, Tone.STRONG)] if self._problem else lines
