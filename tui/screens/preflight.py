"""The preflight screen: how an install would go on devices, told before anything is done to them."""

from typing import ClassVar

from textual.binding import BindingType
from textual.signal import Signal

from core.model.errors import CamtrustError
from core.model.preflight import Preflight, PreflightReport, PreflightReports
from tui.keys import bind
from tui.paragraphs import Line, paragraph, plain
from tui.preflights import report_lines
from tui.screens.frame import Frame
from tui.session import Session
from tui.site import Change
from tui.words import Tone, plural

_NOTHING_CHANGED = "Nothing is changed on the camera."


class PreflightScreen(Frame):
    """Asks what `command` says, and shows the reports."""

    VERBS = ("login", "again", "back", "help")
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("login", "login", "Log in"),
        bind("again", "again", "Ask again"),
    ]

    def __init__(self, session: Session, changes: Signal[Change], command: Preflight) -> None:
        super().__init__(session, changes)
        self._command = command
        self._reports: tuple[PreflightReport, ...] = ()
        self._problem: CamtrustError | None = None

    def on_mount(self) -> None:
        """Ask."""
        self._begin(self._command)

    def heading(self) -> Line:
        """Return what this is."""
        return plain(f" Preflight of {plural(len(self._command.devices), 'device')}", Tone.STRONG)

    def heading_end(self) -> Line:
        """Return what somebody who sees this wants to be sure of."""
        return plain(f"{_NOTHING_CHANGED} ") if self.session.is_up else super().heading_end()

    def lines(self, width: int) -> list[Line]:
        """Return the reports, or why there are none."""
        if self._problem is not None:
            hint = paragraph(self._problem.hint, width - 1, indent=1) if self._problem.hint else []
            return [*paragraph(self._problem.title, width - 1, Tone.STRONG, 1), *hint]
        return report_lines(self._reports, width) if self._reports else [plain(" Asking…")]

    def why_not(self, verb: str) -> str:
        """Return why it cannot be asked again."""
        is_asking = verb in ("login", "again") and not self._reports and self._problem is None
        return "It is being asked; wait a moment." if is_asking else ""

    def action_again(self) -> None:
        """Ask once more."""
        if why := self.why_not("again"):
            self.say(why)
        else:
            self._begin(self._command)

    def action_login(self) -> None:
        """Ask for a login, and then the devices again."""
        if why := self.why_not("login"):
            self.say(why)
        else:
            self.attend(self._log_in, group="login", once=True)

    async def _log_in(self) -> None:
        from tui.screens.preflight_dialog import PreflightDialog

        command: Preflight | None = await self.app.push_screen_wait(
            PreflightDialog(self.session, self._command.devices)
        )
        if command is not None:
            self._begin(command)

    def _begin(self, command: Preflight) -> None:
        self._command, self._reports, self._problem = command, (), None
        self.attend(self._ask, group="ask", exclusive=True)
        self.redraw()

    async def _ask(self) -> None:
        try:
            self._reports = (await self.session.ask(self._command, PreflightReports)).reports
        except CamtrustError as error:
            self._problem = error
        self.redraw()
