"""The rollout screen: all devices of one, in one list, and how far it is as a whole. It can be left and found again."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.containers import Vertical
from textual.signal import Signal
from textual.widget import Widget

from core.model.device import DeviceView
from core.model.rollout import CancelRollout, RolloutState, RolloutView
from tui.keys import bind, key_of
from tui.paragraphs import Line, longest, plain
from tui.rollouts import chosen, rows, summary_file, summary_name, title, top_lines
from tui.screens.frame import Frame
from tui.session import Session
from tui.site import Change
from tui.verbs import GONE, VIEWER
from tui.widgets.choices import Choices, Item
from tui.widgets.lines import Lines
from tui.words import Tone, moment

_TICK_SECONDS = 5.0
_GOES_ON = (
    "You may leave this screen, and camtrust: the rollout goes on.",
    "You may leave: the rollout goes on.",
)


class Members(Choices):
    """The devices. While the cursor is on the first row it stays there, and so on what is under way."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("steps", "choose", "Steps"),
    ]

    def show(self, items: Sequence[Item]) -> None:
        """Show these items."""
        if self.is_at_top:
            self.key = ""
        super().show(items)


class RolloutScreen(Frame):
    """`wanted` is the device that the technician wants to see when he leaves."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("cancel", "cancel", "Cancel", tooltip="begin with no more devices, after a question"),
        bind("save-summary", "save", "Save"),
    ]

    _UNDER_WAY = ("steps", "back", "cancel", "save-summary", "help")
    _ENDED = ("steps", "save-summary", "back", "help")

    def __init__(self, session: Session, changes: Signal[Change]) -> None:
        super().__init__(session, changes)
        self.wanted: DeviceView | None = None
        self._members = Members()

    @property
    def view(self) -> RolloutView | None:
        """The rollout."""
        return self.session.site.rollout

    @property
    def _is_running(self) -> bool:
        return self.session.site.is_rollout_running

    def body(self) -> Widget:
        """Return the progress, and the list."""
        return Vertical(Lines(self._top, name="progress"), self._members, id="rollout")

    def on_mount(self) -> None:
        """Let coarse times move on."""
        self.set_interval(_TICK_SECONDS, self._show)

    def on_resize(self) -> None:
        """Fit to the new width."""
        self._show()

    def heading(self) -> Line:
        """Return which rollout it is."""
        return plain(f" {title(self.view)}" if self.view else " Rollout", Tone.STRONG)

    def heading_end(self) -> Line:
        """Return when it began, or how old all of it is, where the engine is gone."""
        if self.session.is_up and self.view:
            return plain(f"{moment(self.view.started_at, self.session.clock())} ")
        return super().heading_end()

    def standing(self) -> tuple[Line, Line]:
        """Return what can be done now."""
        keep = f"{key_of('save-summary')} saves this summary, as CSV or JSON."
        told = longest(_GOES_ON, self.size.width - 3) if self._is_running else keep
        return plain(f" {told}", Tone.QUIET), ()

    def verbs(self) -> Iterable[str]:
        """Return what can be done: before the end, and after it."""
        return self._UNDER_WAY if self._is_running else self._ENDED

    def why_not(self, verb: str) -> str:
        """Return why a verb is not possible."""
        if verb == "save-summary" and self.view is None:
            return "There is no rollout."
        if verb != "cancel":
            return ""
        if not self.session.is_up or self.session.is_viewer:
            return VIEWER if self.session.is_up else GONE
        if self.view is None or self.view.state is not RolloutState.RUNNING:
            return "Nothing is under way."
        return f"{self.view.cancelled_by} has cancelled it already." if self.view.cancelled_by else ""

    def site_changed(self, change: Change) -> None:
        """Show what changed."""
        super().site_changed(change)
        self._show()

    def _show(self) -> None:
        site, now = self.session.site, self.session.now()
        told = rows(self.view, lambda device: site.install(device, now), self.size.width) if self.view else ()
        self._members.show([Item(line, key) for key, line in told])
        self.redraw()

    def _top(self, width: int) -> list[Line]:
        left = self.session.site.rollout_left(self.session.now())
        return top_lines(self.view, left, width) if self.view else [plain(" There is no rollout.")]

    @on(Choices.Chosen)
    def _chosen(self, message: Choices.Chosen) -> None:
        device = chosen(self.view, message.key) if self.view else None
        if device is None:
            return
        view = self.session.site.devices.get(device.device)
        if view is None:
            self.say(f"{device.name} is not there any more.")
        elif view.id in self.session.site.installs:
            self._open_steps(view)
        else:
            self.say(f"Nothing was begun on {device.name}.")

    def _open_steps(self, view: DeviceView) -> None:
        from tui.screens.install import InstallScreen

        def left(wants_details: bool | None) -> None:
            if wants_details:
                self.wanted = view
                self.dismiss()

        self.app.push_screen(InstallScreen(self.session, self.changes, view), left)

    def action_cancel(self) -> None:
        """Begin with no more devices, after a question."""
        if why := self.why_not("cancel"):
            self.say(why)
        else:
            self.attend(self._cancel, group="cancel", once=True)

    async def _cancel(self) -> None:
        from tui.screens.confirm import Confirm

        question = Confirm(
            "Cancel the rollout?",
            "No more devices are begun. Those under way are brought to their end.",
            keep="Go on",
            do="Cancel it",
        )
        if await self.app.push_screen_wait(question):
            await self.session.ask(CancelRollout(), RolloutView)

    def action_save(self) -> None:
        """Write the summary to a file."""
        if self.view is None:
            self.say(self.why_not("save-summary"))
        else:
            self.attend(self._save, self.view, group="save", once=True)

    async def _save(self, view: RolloutView) -> None:
        from tui.screens.save import NameDialog, saved

        name = summary_name(view, self.session.clock())
        how = "CSV, or JSON where the name ends in .json."
        chosen_name = await self.app.push_screen_wait(NameDialog(name, how))
        if path := await saved(self, chosen_name, lambda name: summary_file(view, name)):
            self.say(f"Saved {path}")
