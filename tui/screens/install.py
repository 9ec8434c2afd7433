"""The install screen: the steps of bringing one device to HTTPS. It can be left and found again."""

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import BindingType
from textual.signal import Signal
from textual.timer import Timer

from core.model.device import DeviceView, InstallView
from core.model.messages import CancelInstall, Done
from tui.details import install_heading, install_lines
from tui.keys import bind
from tui.paragraphs import Line, plain
from tui.screens.frame import Frame
from tui.session import Session
from tui.site import Change
from tui.words import Tone

_POINT_OF_NO_RETURN = "The certificate is being installed; from here on it is carried to its end."


class InstallScreen(Frame):
    """Dismissed with True when the technician wants to see the device, else with False or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("details", "details", "Details"),
        bind("cancel", "cancel", "Cancel", tooltip="stop adding, while that is possible"),
    ]

    def __init__(self, session: Session, changes: Signal[Change], device: DeviceView) -> None:
        super().__init__(session, changes)
        self._device = device
        self._second: Timer | None = None
        self._is_gone = False

    @property
    def install(self) -> InstallView | None:
        """How far it is now."""
        return self.session.site.install(self._device.id, self.session.now())

    def on_mount(self) -> None:
        """Count the seconds, as long as there is something to count."""
        self._second = self.set_interval(1.0, self.redraw)

    def heading(self) -> Line:
        """Return which device it is."""
        device = self._newest()
        return ((f" {device.name}", Tone.STRONG), (f"  {device.address}", Tone.PLAIN))

    def heading_end(self) -> Line:
        """Return how far it is."""
        install = self.install
        if not self.session.is_up or install is None:
            return super().heading_end()
        return plain(install_heading(install), Tone.STRONG)

    def lines(self, width: int) -> list[Line]:
        """Return the steps."""
        if self._is_gone:
            return [plain(f" {self._device.name} was removed.", Tone.STRONG)]
        if self.install is None:
            return [plain(" Waiting for the first step.")]
        device = self.session.site.devices.get(self._device.id)
        return install_lines(self.install, device, self.session.clock(), width)

    def verbs(self) -> Iterable[str]:
        """Return what can be done: before the end, and after it."""
        return ("details", "back", "help") if self._is_finished() else ("back", "cancel", "help")

    def why_not(self, verb: str) -> str:
        """Return why it cannot be cancelled."""
        install = self.install
        if verb != "cancel":
            return ""
        if not self.session.is_up:
            return "Not possible while the engine is gone."
        if install is None or install.finished:
            return "Nothing is under way."
        return "" if install.cancellable else _POINT_OF_NO_RETURN

    def site_changed(self, change: Change) -> None:
        """Show what changed, also that the device was removed."""
        if self._device.id in change.devices:
            self._is_gone = self._device.id not in self.session.site.devices
        super().site_changed(change)

    def redraw(self) -> None:
        """Draw anew, once more after the end, and then only when something changes."""
        super().redraw()
        if self._is_finished() and self._second is not None:
            self._second.stop()

    def action_details(self) -> None:
        """Go on to the device, when the install is finished."""
        if self._is_finished():
            self.dismiss(True)

    def action_back(self) -> None:
        """Leave; the work goes on."""
        self.dismiss(False)

    def action_cancel(self) -> None:
        """Stop it, after a question."""
        why = self.why_not("cancel")
        if why:
            self.say(why)
        else:
            self.attend(self._cancel, group="cancel", once=True)

    async def _cancel(self) -> None:
        from tui.screens.confirm import Confirm

        question = Confirm(
            f"Stop {self.session.site.doing(self._device.id)} {self._device.name}?",
            "What was made on the camera is removed, and it stays added, on the certificate that it had.",
            keep="Go on",
            do="Stop",
        )
        if await self.app.push_screen_wait(question):
            await self.session.ask(CancelInstall(device=self._device.id), Done)

    def _newest(self) -> DeviceView:
        return self.session.site.devices.get(self._device.id, self._device)

    def _is_finished(self) -> bool:
        install = self.install
        return install is not None and install.finished
