"""What every full screen has: a title line, a body, a status line and a line of keys."""

from collections.abc import Callable, Coroutine, Iterable
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.signal import Signal
from textual.timer import Timer
from textual.widget import Widget
from textual.worker import Worker

from core.model.errors import CamtrustError
from tui.paragraphs import EMPTY, Line, length, plain, two_ends
from tui.session import Session
from tui.site import Change
from tui.summary import link_problem, sentences, who_and_how_many
from tui.widgets.body import Body
from tui.widgets.key_line import key_line
from tui.widgets.lines import Lines
from tui.widgets.too_small import TooSmall
from tui.words import Tone

Work = Callable[..., Coroutine[Any, Any, None]]
SAID_SECONDS = 8.0
"""How long the status line shows what was said before it is itself again."""


class Frame(Screen[bool]):
    """Base of the full screens. `changes` tells what the engine told. What a screen is left with is its own matter."""

    AUTO_FOCUS = "#body"
    VERBS: ClassVar[tuple[str, ...]] = ("back", "help")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "back", "Back", id="back", tooltip="one level back"),
        Binding("question_mark", "help", "Help", id="help", tooltip="these pages"),
    ]

    def __init__(self, session: Session, changes: Signal[Change]) -> None:
        super().__init__()
        self.session = session
        self.changes = changes
        self._said: Line = EMPTY
        self._said_timer: Timer | None = None
        self._was_up = True

    def compose(self) -> ComposeResult:
        """Build the frame round the body."""
        yield TooSmall()
        yield Lines(lambda width: [two_ends(self.heading(), self.heading_end(), width)], name="heading")
        yield self.body()
        yield Lines(lambda width: [self._status(width)], name="status")
        yield Lines(lambda width: [key_line(self, self.verbs(), width)], name="keys")

    def body(self) -> Widget:
        """Return what is between heading and status: lines that can be scrolled."""
        return Body(Lines(self.lines, name="text"), id="body")

    def lines(self, width: int) -> list[Line]:
        """Return the body as lines."""
        return []

    def heading(self) -> Line:
        """Return what the screen is about."""
        return EMPTY

    def heading_end(self) -> Line:
        """Return what stands at the right of the heading."""
        session, room = self.session, self.size.width - length(self.heading()) - 2
        return who_and_how_many(session.link.state, session.site.counts(), session.lost_at, room)

    def standing(self) -> tuple[Line, Line]:
        """Return the two ends of the status line when nothing is said."""
        bodies = self.query(Body)
        return EMPTY, plain(f"{bodies.first().place()} ", Tone.QUIET) if bodies else EMPTY

    @on(Body.Scrolled)
    def _scrolled(self) -> None:
        self.query_one("#status", Lines).redraw()

    def verbs(self) -> Iterable[str]:
        """Return ids of the bindings to show below, in order."""
        return self.VERBS

    def why_not(self, verb: str) -> str:
        """Return why a verb is not possible now, in words; empty where it is."""
        return ""

    def on_mount(self) -> None:
        """Listen to the engine, and keep the keys below up to date."""
        self.changes.subscribe(self, self.site_changed)
        self.bindings_updated_signal.subscribe(self, lambda _: self.query_one("#keys", Lines).redraw())
        # What was told before anybody listened.
        self.site_changed(Change())

    def site_changed(self, change: Change) -> None:
        """Show what changed."""
        self.redraw()

    def redraw(self) -> None:
        """Draw all lines anew; what is the same is not sent."""
        for lines in self.query(Lines):
            lines.redraw()

    def say(self, text: str, tone: Tone = Tone.STRONG) -> None:
        """Show something in the status line until the next key, and for a while at most."""
        self._said, self._was_up = plain(f" {text}", tone), self.session.is_up
        if self._said_timer is not None:
            self._said_timer.stop()
        self._said_timer = self.set_timer(SAID_SECONDS, self.unsay)
        self.query_one("#status", Lines).redraw()

    def unsay(self) -> None:
        """Show in the status line what stands there when nothing is said."""
        if self._said:
            self._said = EMPTY
            self.query_one("#status", Lines).redraw()

    def tell(self, error: CamtrustError) -> None:
        """Show an error: in the status line where it fits, else in a window of its own."""
        from tui.screens.notice import Notice

        if length(plain(f" {sentences(error.title, error.hint)}")) <= self.size.width:
            self.say(sentences(error.title, error.hint))
        else:
            self.app.push_screen(Notice(error.title, error.hint))

    def attend(
        self, work: Work, *arguments: Any, group: str = "work", exclusive: bool = False, once: bool = False
    ) -> None:
        """Do something that waits for the engine; its `CamtrustError` is shown.

        An `exclusive` one ends what is under way in its group, even before that began; one for `once` is not done where
        there is any.
        """
        if once and any(worker.node is self and worker.group == group for worker in self.workers):
            return

        async def attended() -> None:
            try:
                await work(*arguments)
            except CamtrustError as error:
                self.tell(error)

        _: Worker[None] = self.run_worker(attended, group=group, exclusive=exclusive)

    def action_back(self) -> None:
        """Go one level back."""
        self.dismiss()

    def action_help(self) -> None:
        """Show the keys of this screen."""
        from tui.screens.help import HelpScreen, keys_of

        self.app.push_screen(HelpScreen(self.session, self.changes, keys_of(self)))

    def _status(self, width: int) -> Line:
        # What was said before the engine went, or came back, is old.
        said = self._said if self._was_up == self.session.is_up else EMPTY
        if told := said or link_problem(self.session.link.state):
            return two_ends(told, EMPTY, width)
        return two_ends(*self.standing(), width)
