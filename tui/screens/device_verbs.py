"""What can be done with the device at the cursor of the main screen, or with the marked ones."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.signal import Signal

from core.model.device import Connection, DeviceView
from core.model.messages import Added, Done, RemoveDevice, Rescan
from tui.screens.frame import Frame
from tui.session import Session
from tui.site import Change
from tui.verbs import why_not
from tui.widgets.device_table import DeviceTable
from tui.words import plural


class DeviceVerbs(Frame):
    """The verbs of the main screen. `table` says which device is meant."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "add", "Add", id="add", tooltip="add the marked devices, or this one"),
        Binding("A", "add_address", "Add address", id="add-address", tooltip="add a device by typing its address"),
        Binding("i", "install", "Progress", id="install", tooltip="the steps of adding the device"),
        Binding("c", "certificate", "Certificate", id="certificate", tooltip="the certificate in full"),
        Binding("e", "events", "Events", id="events", tooltip="what happened, and who decided it"),
        Binding("R", "rescan", "Rescan", id="rescan", tooltip="ask the network again now"),
        Binding("D", "remove", "Remove", id="remove", tooltip="forget the device, after a question"),
    ]

    def __init__(self, session: Session, changes: Signal[Change]) -> None:
        super().__init__(session, changes)
        self.table = DeviceTable(session.site, session.clock)

    def why_not(self, verb: str) -> str:
        """Return why a verb is not possible for the device at the cursor."""
        device = self.table.device
        has_install = device is not None and device.id in self.session.site.installs
        session = self.session
        return why_not(verb, device, has_install=has_install, is_up=session.is_up, is_viewer=session.is_viewer)

    def copy_fingerprint(self) -> None:
        """Put the stored fingerprint on the clipboard of the terminal."""
        device = self.table.device
        if device is not None and device.fingerprint:
            self.app.copy_to_clipboard(device.fingerprint)
            self.say("The SHA-256 went to the terminal's clipboard, if it has one.")

    async def save(self) -> None:
        """Write the stored certificate to a file."""
        from tui.screens.save import save_certificate

        if self.table.device is not None:
            await save_certificate(self, self.table.device, "stored")

    def refused(self, verb: str) -> bool:
        """Say why a verb is not possible, if it is not."""
        why = self.why_not(verb)
        if why:
            self.say(why)
        return bool(why)

    def action_add(self) -> None:
        """Add the marked devices, or the one at the cursor, or ask for an address."""
        at_cursor = (self.table.device,) if self.table.device else ()
        devices = self.table.marked or at_cursor
        found = [view.host or view.address for view in devices if view.connection is Connection.DISCOVERED]
        self._open_add(found)

    def action_add_address(self) -> None:
        """Ask for an address, and add that."""
        self._open_add([])

    def _open_add(self, addresses: list[str]) -> None:
        if not self.refused("add"):
            self.attend(self._add(addresses))

    async def _add(self, addresses: list[str]) -> None:
        from tui.screens.add import AddDialog

        added: Added | None = await self.app.push_screen_wait(AddDialog(self.session, addresses))
        if added is None or not added.devices:
            return
        self.table.clear_marks()
        self.table.go_to(added.devices[0].id)
        if len(added.devices) == 1:
            self._open_install(added.devices[0])
        else:
            self.say(f"{plural(len(added.devices), 'device')} are being added; i shows the steps of one.")

    def action_install(self) -> None:
        """Show the steps of adding the device."""
        if not self.refused("install") and self.table.device is not None:
            self._open_install(self.table.device)

    def _open_install(self, device: DeviceView) -> None:
        from tui.screens.install import InstallScreen

        def left(wants_details: bool | None) -> None:
            if wants_details and self.table.go_to(device.id):
                self.table.action_choose()

        self.app.push_screen(InstallScreen(self.session, self.changes, device), left)

    def action_certificate(self) -> None:
        """Show the certificate in full."""
        from tui.screens.certificate import CertificateScreen

        if not self.refused("certificate") and self.table.device is not None:
            self.app.push_screen(CertificateScreen(self.session, self.changes, self.table.device))

    def action_events(self) -> None:
        """Show what happened."""
        from tui.screens.events import EventsScreen

        self.app.push_screen(EventsScreen(self.session, self.changes))

    def action_rescan(self) -> None:
        """Ask the network again."""
        if not self.refused("rescan"):
            self.attend(self._rescan())

    async def _rescan(self) -> None:
        await self.session.ask(Rescan(), Done)
        self.say("The network is being asked again.")

    def action_remove(self) -> None:
        """Forget the device, after a question."""
        if not self.refused("remove") and self.table.device is not None:
            self.attend(self._remove(self.table.device))

    async def _remove(self, device: DeviceView) -> None:
        from tui.screens.confirm import Confirm

        question = Confirm(
            f"Remove {device.name}, {device.address}?",
            "The gateway forgets its stored certificate and its login. Its history stays, and so does what is on it.",
            keep="Keep it",
            do="Remove it",
        )
        if await self.app.push_screen_wait(question):
            await self.session.ask(RemoveDevice(device=device.id), Done)
            self.say(f"{device.name} is removed.")
