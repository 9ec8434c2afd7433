"""What every full screen has: a title line, a body, a status line and a line of keys."""

from collections.abc import Callable, Coroutine, Iterable
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import ActiveBinding, BindingType
from textual.screen import Screen
from textual.signal import Signal
from textual.timer import Timer
from textual.widget import Widget
from textual.worker import Worker

from core.model.errors import CamtrustError
from tui.keys import VERBS, bind, key_name
from tui.palette import Offer
from tui.paragraphs import EMPTY, Line, length, plain, two_ends
from tui.session import Session
from tui.site import Change
from tui.summary import in_sentences, link_problem, sentences, who_and_how_many
from tui.widgets.body import Body
from tui.widgets.key_line import KeyLine
from tui.widgets.lines import Lines
from tui.widgets.too_small import TooSmall
from tui.words import Tone

Work = Callable[..., Coroutine[Any, Any, None]]
SAID_SECONDS = 8.0
"""How long the status line shows what was said before it is itself again."""


class Frame(Screen[bool]):
    """Base of the full screens. `changes` tells what the engine told.

    One is left with None by going back, and with False by going to a device elsewhere; more is a screen's own matter.
    """

    AUTO_FOCUS = "#body"
    VERBS: ClassVar[tuple[str, ...]] = ("back", "help")
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("back", "back", "Back", tooltip="one level back"),
        bind("leave", "back", "Back", tooltip="one level back"),
        bind("help", "help", "Help"),
        bind("palette", "palette", "Palette"),
        bind("logs", "logs", "Logs"),
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
        yield KeyLine(self)

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
        counts = session.site.counts(session.now())
        return who_and_how_many(session.link.state, counts, session.lost_at, room, session.site.others)

    def standing(self) -> tuple[Line, Line]:
        """Return the two ends of the status line when nothing is said."""
        bodies = self.query(Body)
        return EMPTY, plain(f"{bodies.first().place()} ", Tone.QUIET) if bodies else EMPTY

    @on(Body.Scrolled)
    def _scrolled(self) -> None:
        for told in ("#status", "#keys"):
            self.query_one(told, Lines).redraw()

    def verbs(self) -> Iterable[str]:
        """Return ids of the bindings to show below, in order."""
        return self.VERBS

    def why_not(self, verb: str) -> str:
        """Return why a verb is not possible now, in words; empty where it is."""
        return ""

    def bound(self) -> dict[str, tuple[list[str], ActiveBinding]]:
        """Return by id what can be pressed now and the keys that do it, in the order of all verbs."""
        told: dict[str, tuple[list[str], ActiveBinding]] = {}
        for active in self.active_bindings.values():
            if active.binding.id:
                keys, _ = told.setdefault(active.binding.id, ([], active))
                keys.append(key_name(active.binding.key))
        return {verb: told[verb] for verb in VERBS if verb in told}

    async def do(self, verb: str) -> None:
        """Do what a key does, if it does it now."""
        _, active = self.bound().get(verb, ((), None))
        if active is not None:
            await self.app.run_action(active.binding.action, active.node)

    def on_mount(self) -> None:
        """Listen to the engine, and keep the keys below up to date."""
        self.changes.subscribe(self, self.site_changed)
        self.bindings_updated_signal.subscribe(self, lambda _: self.query_one("#keys", Lines).redraw())
        # What was told before anybody listened.
        self.site_changed(Change())

    def on_resize(self) -> None:
        """Fit what looks at the whole screen to its size, once all of it has that size."""
        self.call_after_refresh(self.redraw)

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

    def action_palette(self) -> None:
        """Find a verb or a device by typing."""
        from tui.screens.palette import PaletteDialog

        self.app.push_screen(PaletteDialog(self), self._found)

    async def _found(self, offer: Offer | None) -> None:
        if offer is None:
            return
        if offer.verb:
            await self.do(offer.verb)
        else:
            self.go_to(offer.device)

    def go_to(self, device: str) -> None:
        """Show a device on the main screen, once all screens above that are left."""
        main, *above = self.app.screen_stack
        why = next((why for screen in above if isinstance(screen, Frame) and (why := screen.why_not("back"))), "")
        if why or not isinstance(main, Frame):
            self.say(why)
            return
        for screen in reversed(above):
            screen.dismiss(False)
        # After what follows from leaving them.
        main.call_after_refresh(main.go_to, device)

    def action_logs(self) -> None:
        """Tell where the state and the logs are."""
        from tui.screens.notice import Notice

        self.app.push_screen(Notice("Where things are", self.session.state_hint or "The engine has them."))

    def _status(self, width: int) -> Line:
        # What was said before the engine went, or came back, is old.
        said = self._said if self._was_up == self.session.is_up else EMPTY
        if told := said or link_problem(self.session.link.state):
            return two_ends(tuple((in_sentences(text, width - 2), tone) for text, tone in told), EMPTY, width)
        return two_ends(*self.standing(), width)
