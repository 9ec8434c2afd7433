"""The events screen: what happened and who decided it, newest first."""

from core.model.messages import Events, ReadEvents
from tui.details import event_lines
from tui.paragraphs import Line, plain
from tui.screens.frame import Frame
from tui.site import EVENTS_KEPT, Change
from tui.widgets.body import Body
from tui.words import Tone


class EventsScreen(Frame):
    """Follows while its top is shown; scrolled down, the lines stay where they are."""

    def on_mount(self) -> None:
        """Ask for what happened before this screen was there."""
        self.attend(self._ask(), "events", exclusive=True)

    def heading(self) -> Line:
        """Return what this is."""
        return plain(" Events, newest first", Tone.STRONG)

    def lines(self, width: int) -> list[Line]:
        """Return the events."""
        events = self.session.site.events
        return event_lines(events, self.session.clock(), width) or [plain(" Nothing happened yet.")]

    def site_changed(self, change: Change) -> None:
        """Show new events without moving what is being read."""
        if change.missed and self.session.is_up:
            self.attend(self._ask(), "events", exclusive=True)
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
