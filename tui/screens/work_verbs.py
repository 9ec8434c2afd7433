"""What can be put under way on one device: replacing it, re-issuing its certificate, and asking how that would go."""

from typing import ClassVar

from textual.binding import BindingType

from core.model.device import CertificateView, Connection, DeviceView, Origin
from core.model.messages import Added, ReissueCertificate, ReviewDevice
from core.model.preflight import Preflight
from core.model.review import Review
from tui.keys import bind, key_of
from tui.screens.frame import Frame
from tui.verbs import why_not
from tui.words import IF_IT_CAN, TAKEN_OUT_OF_USE

_REISSUING = (
    "The device makes a new key and gets a new certificate for it, over the connection that is trusted now. "
    "The stored certificate stays until the new one is served. It takes about a minute."
)
_CONSEQUENCES: dict[Origin | None, str] = {
    Origin.ACCEPTED: f"{TAKEN_OUT_OF_USE} {IF_IT_CAN}",
    Origin.DEVICE: IF_IT_CAN,
}


class WorkVerbs(Frame):
    """Base of the screens on which one device is meant: `subject`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("replace", "replace", "Replace"),
        bind("reissue", "reissue", "Re-issue"),
        bind("preflight", "preflight", "Preflight"),
    ]

    @property
    def subject(self) -> DeviceView | None:
        """The device that is meant, None where there is none."""
        return None

    @property
    def subjects(self) -> tuple[DeviceView, ...]:
        """The devices that are meant where it can be several."""
        return (self.subject,) if self.subject is not None else ()

    def why_not(self, verb: str) -> str:
        """Return why a verb is not possible for the device that is meant."""
        device, session = self.subject, self.session
        has_install = device is not None and device.id in session.site.installs
        return why_not(verb, device, has_install=has_install, is_up=session.is_up, is_viewer=session.is_viewer)

    def refused(self, verb: str) -> bool:
        """Say why a verb is not possible, if it is not."""
        why = self.why_not(verb)
        if why:
            self.say(why)
        return bool(why)

    def open_install(self, device: DeviceView) -> None:
        """Show the steps of the work on a device."""
        from tui.screens.install import InstallScreen

        def left(wants_details: bool | None) -> None:
            if wants_details:
                self.show_details(device)

        self.app.push_screen(InstallScreen(self.session, self.changes, device), left)

    def show_details(self, device: DeviceView) -> None:
        """The technician comes from the steps and wants to see the device."""

    def work_begun(self, device: DeviceView) -> None:
        """The engine works on the device: show it."""
        self.open_install(device)

    def action_preflight(self) -> None:
        """Ask how an install would go on the devices that are meant, for a login first where none is stored."""
        if not self.refused("preflight"):
            self.attend(self._preflight, self.subjects, group="preflight", once=True)

    async def _preflight(self, devices: tuple[DeviceView, ...]) -> None:
        from tui.screens.preflight_dialog import PreflightDialog

        ids = tuple(view.id for view in devices)
        if not any(view.connection is Connection.DISCOVERED for view in devices):
            self.show_preflight(Preflight(devices=ids))
        elif command := await self.app.push_screen_wait(PreflightDialog(self.session, ids)):
            self.show_preflight(command)

    def show_preflight(self, command: Preflight) -> None:
        """Carry a preflight out on a screen of its own."""
        from tui.screens.preflight import PreflightScreen

        self.app.push_screen(PreflightScreen(self.session, self.changes, command))

    def action_replace(self) -> None:
        """Ask where it is and for its login, and onboard it again."""
        if not self.refused("replace") and self.subject is not None:
            self.attend(self._replace, self.subject, group="replace", once=True)

    async def _replace(self, device: DeviceView) -> None:
        from tui.screens.replace import ReplaceDialog

        dialog = ReplaceDialog(self.session, device, await self._presented(device), self.show_preflight)
        added: Added | None = await self.app.push_screen_wait(dialog)
        if added is not None and added.devices:
            self.work_begun(added.devices[0])

    async def _presented(self, device: DeviceView) -> CertificateView | None:
        """Return what a blocked device shows: it is not to be asked anything before somebody decided."""
        if not device.presented:
            return None
        return (await self.session.ask(ReviewDevice(device=device.id), Review)).presented

    def action_reissue(self) -> None:
        """Have a new key and certificate made, after a question."""
        if not self.refused("reissue") and self.subject is not None:
            self.attend(self._reissue, self.subject, group="reissue", once=True)

    async def _reissue(self, device: DeviceView) -> None:
        from tui.screens.confirm import Confirm

        question = Confirm(
            f"Re-issue the certificate of {device.name}, {device.address}?",
            f"{_REISSUING} {key_of('preflight')} tells more beforehand. {_CONSEQUENCES.get(device.origin, '')}".strip(),
            keep="Keep the present one",
            do="Re-issue",
        )
        if await self.app.push_screen_wait(question):
            added = await self.session.ask(ReissueCertificate(device=device.id), Added)
            if added.devices:
                self.work_begun(added.devices[0])
