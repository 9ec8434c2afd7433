"""The wall's one screen: it draws what the engine told, turns the pages, and ticks."""

from datetime import datetime, timedelta
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.signal import Signal
from textual.worker import Worker

from core.model.errors import CamtrustError
from core.model.messages import Events, ReadEvents
from tui.monitor.drift import margin, placed
from tui.monitor.freshness import Freshness
from tui.monitor.pages import Round, gone_on
from tui.monitor.rows import troubles
from tui.monitor.wall import View, frame, layout
from tui.paragraphs import Line
from tui.session import Session
from tui.site import EVENTS_KEPT, Change
from tui.widgets.lines import Lines
from tui.widgets.too_small import TooSmall

PAGE_STAYS = timedelta(seconds=10)
PAGE_HELD = timedelta(seconds=60)
"""How long a page stays that was turned to by hand."""
_KEYS_STAY = timedelta(seconds=20)
_TICK, _SLOW_TICK = 1.0, 10.0


class MonitorScreen(Screen[None], inherit_bindings=False):
    """Shows and asks nothing else of the engine than what it tells everybody. `slow` sends little and seldom."""

    AUTO_FOCUS = None
    CSS_PATH = "../styles/monitor.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "app.quit", "Leave", show=False),
        Binding("space,down,right,pagedown", "turn(1)", "Next page", show=False),
        Binding("up,left,pageup", "turn(-1)", "Page before", show=False),
        Binding("question_mark", "keys", "Keys", show=False),
    ]

    def __init__(self, session: Session, changes: Signal[Change], *, slow: bool = False) -> None:
        super().__init__()
        self._session = session
        self._changes = changes
        self._slow = slow
        self._round = Round()
        self._page = 0
        self._turns_at: datetime | None = None
        self._keys_until: datetime | None = None
        self._trouble = ""

    def compose(self) -> ComposeResult:
        """Build it: one block of lines."""
        yield TooSmall()
        yield Lines(self._draw, name="wall")

    def on_mount(self) -> None:
        """Listen to the engine and to the clock."""
        self._changes.subscribe(self, self._changed)
        self._changed(Change())
        self._tick()

    def action_turn(self, pages: int) -> None:
        """Turn pages by hand: then this one stays for a while."""
        self._page = (self._page + pages) % self._round.pages
        self._turns_at = self._session.clock() + PAGE_HELD
        self._redraw()

    def action_keys(self) -> None:
        """Say for a while what the keys do."""
        self._keys_until = self._session.clock() + _KEYS_STAY
        self._redraw()

    def _changed(self, change: Change) -> None:
        if change.missed and self._session.is_up:
            _: Worker[None] = self.run_worker(self._ask, group="events", exclusive=True)
        self._redraw()

    async def _ask(self) -> None:
        """Ask what happened before. A refusal is told; that the engine is gone is seen by all of the wall."""
        try:
            answer = await self._session.ask(ReadEvents(limit=EVENTS_KEPT), Events)
        except CamtrustError as error:
            self._trouble = f"no events: {error.title}"
        else:
            self._trouble = ""
            self._session.site.learn(answer.events)
        self._redraw()

    def _tick(self) -> None:
        """Show the time. The clock jumps a little where the machine is busy."""
        self._redraw()
        period = _SLOW_TICK if self._slow else _TICK
        self.set_timer(period - self._session.clock().timestamp() % period, self._tick)

    def _turn_by_itself(self, now: datetime) -> None:
        """Go on to the next page when it is due; after the last one, the next round begins."""
        if self._turns_at is not None and timedelta(0) < self._turns_at - now <= PAGE_HELD:
            return
        # Due, or the clock was put back.
        is_first = self._turns_at is None
        self._turns_at = now + PAGE_STAYS
        if not is_first:
            self._page += 1
        if self._page >= self._round.pages:
            self._page, self._round = 0, Round()

    def _redraw(self) -> None:
        self.query_one("#wall", Lines).redraw()

    def _draw(self, width: int) -> list[Line]:
        height, now = self.size.height, self._session.clock()
        room = margin(width, height)
        parts = layout(height - room.lines)
        fresh = Freshness(now, self._session.link.state, self._session.heard_at)
        self._turn_by_itself(now)
        self._go_on(fresh, parts.rows)
        view = View(
            self._session.site,
            fresh,
            self._round,
            self._page,
            slow=self._slow,
            with_keys=self._keys_until is not None and now < self._keys_until,
            trouble=self._trouble,
        )
        return placed(frame(view, width - room.columns, parts), room, now, height)

    def _go_on(self, fresh: Freshness, lines: int) -> None:
        """Take what the engine told into the round; another one that is blocked is shown from the first page on."""
        told = troubles(self._session.site.devices.values(), fresh.as_of)
        blocked, others = [view.id for view in told.blocked], [view.id for view in told.others]
        before, self._round = self._round, gone_on(self._round, blocked, others, lines)
        is_new = bool({*self._round.blocked} - {*before.blocked})
        self._page = 0 if is_new else min(self._page, self._round.pages - 1)
