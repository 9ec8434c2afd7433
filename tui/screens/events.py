"""The events screen: what happened and who decided it, newest first."""

from typing import ClassVar

from textual.binding import BindingType
from textual.signal import Signal

from core.model.device import Connection, DeviceView
from core.model.messages import Event, Events, ReadEvents
from tui.details import event_lines
from tui.keys import bind
from tui.paragraphs import Line, fit, plain
from tui.screens.frame import Frame
from tui.session import Session
from tui.site import EVENTS_KEPT, Change
from tui.widgets.body import Body
from tui.words import Tone

_LONGEST_NAME = 30


class EventsScreen(Frame):
    """Follows while its top is shown; scrolled down, the lines stay where they are. `device` is one to show alone."""

    VERBS = ("only", "back", "help")
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("only", "only", "One device"),
    ]

    def __init__(self, session: Session, changes: Signal[Change], device: DeviceView | None = None) -> None:
        super().__init__(session, changes)
        self._device = device
        self._is_only = False
        self._older: tuple[Event, ...] = ()

    def on_mount(self) -> None:
        """Ask for what happened before this screen was there."""
        self.attend(self._ask, group="events", exclusive=True)

    def heading(self) -> Line:
        """Return what this is."""
        if not (self._is_only and self._device):
            return plain(" Events, newest first", Tone.STRONG)
        name = self._device.name
        return plain(
            f" Events of {name if len(name) <= _LONGEST_NAME else fit(name, _LONGEST_NAME)}, {self._device.address}",
            Tone.STRONG,
        )

    def why_not(self, verb: str) -> str:
        """Return why there is no device to show alone."""
        if verb == "only" and (self._device is None or self._device.connection is Connection.DISCOVERED):
            return "The cursor was on no added device."
        return ""

    def lines(self, width: int) -> list[Line]:
        """Return the events."""
        events = self._shown() if self._is_only else self.session.site.events
        return event_lines(events, self.session.clock(), width) or [plain(" Nothing happened yet.")]

    def site_changed(self, change: Change) -> None:
        """Show new events without moving what is being read."""
        if change.missed and self.session.is_up:
            self.attend(self._ask, group="events", exclusive=True)
        self._redraw_in_place()

    def action_only(self) -> None:
        """Show one device's events alone, or all again."""
        if why := self.why_not("only"):
            self.say(why)
            return
        self._is_only = not self._is_only
        self.query_one("#body", Body).scroll_home(animate=False)
        self.redraw()
        if self._is_only:
            self.attend(self._ask_older, group="older", exclusive=True)

    def _shown(self) -> list[Event]:
        device = self._device.id if self._device else None
        known = {event.seq: event for event in self._older}
        return [*(known | {event.seq: event for event in self.session.site.events if event.device == device}).values()]

    async def _ask_older(self) -> None:
        device = self._device.id if self._device else None
        self._older = (await self.session.ask(ReadEvents(limit=EVENTS_KEPT, device=device), Events)).events
        self._redraw_in_place()

    async def _ask(self) -> None:
        answer = await self.session.ask(ReadEvents(limit=EVENTS_KEPT), Events)
        self.session.site.learn(answer.events)
        self._redraw_in_place()

    def _redraw_in_place(self) -> None:
        body = self.query_one("#body", Body)
        below = body.virtual_size.height - body.scroll_offset.y
        self.redraw()
        if body.scroll_offset.y:
            self.call_after_refresh(lambda: body.scroll_to(y=body.virtual_size.height - below, animate=False))
