"""What can be done with the device at the cursor of the main screen, with the marked ones, or with all."""

from typing import ClassVar

from textual.binding import BindingType

from core.model.device import DeviceView
from core.model.errors import RefusedError
from core.model.messages import (
    CancelScan,
    CheckDevices,
    Devices,
    Done,
    RemoveDevice,
    Rescan,
    Scanned,
    ScanNetworks,
)
from tui.keys import bind, key_of
from tui.review import needs_decision
from tui.screens.many_verbs import ManyVerbs
from tui.summary import checked, scanned, sentences
from tui.widgets.filter_line import FilterLine
from tui.words import copied, listed


class DeviceVerbs(ManyVerbs):
    """The verbs of the main screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("install", "install", "Progress"),
        bind("certificate", "certificate", "Certificate"),
        bind("review", "review", "Review"),
        bind("events", "events", "Events"),
        bind("people", "people", "People"),
        bind("check", "check", "Check"),
        bind("rescan", "rescan", "Rescan"),
        bind("scan", "scan", "Scan"),
        bind("others", "others", "Others"),
        bind("remove", "remove", "Remove"),
        bind("copy", "copy", "Copy SHA-256"),
    ]

    def why_not(self, verb: str) -> str:
        """Return why a verb is not possible for the device at the cursor."""
        if verb == "review" and not any(map(needs_decision, self.session.site.devices.values())):
            return "There is no certificate to decide about."
        return super().why_not(verb)

    def go_to(self, device: str) -> None:
        """Show a device, whatever hides it now."""
        view = self.session.site.devices.get(device)
        if view is None:
            self.say("It is not there any more.")
            return
        for line in self.query(FilterLine):
            line.leave()
        rows = self.table.list
        if device not in rows.rows and rows.filter:
            self.table.filter_by("")
        if device not in rows.rows and not rows.shows_others:
            self.table.toggle_others()
        self.show_details(view)

    def action_copy(self) -> None:
        """Put the stored fingerprint on the clipboard of the terminal."""
        device = self.table.device
        if not self.refused("copy") and device is not None and device.fingerprint:
            self.app.copy_to_clipboard(device.fingerprint)
            where = "see above" if self.has_class("-open") else f"{key_of('details')} shows it"
            self.say(copied("stored", device.fingerprint, where))

    async def save(self) -> None:
        """Write the stored certificate to a file."""
        from tui.screens.save import save_certificates

        if self.table.device is not None:
            await save_certificates(self, self.table.device, ("stored",))

    def action_install(self) -> None:
        """Show the steps of adding the device."""
        if not self.refused("install") and self.table.device is not None:
            self.open_install(self.table.device)

    def action_certificate(self) -> None:
        """Show the certificate, and decide about it."""
        if not self.refused("certificate") and self.table.device is not None:
            self.open_certificate(self.table.device)

    def open_certificate(self, device: DeviceView) -> None:
        """Show the certificate of a device; the cursor then stands on the one that was shown last."""
        from tui.screens.certificate import CertificateScreen

        screen = CertificateScreen(self.session, self.changes, device)

        def left(elsewhere: bool | None) -> None:
            if elsewhere is None:
                self.table.go_to(screen.reading.device.id)

        self.app.push_screen(screen, left)

    def action_review(self) -> None:
        """Show all certificates that somebody has to decide about."""
        from tui.screens.queue import QueueScreen

        if not self.refused("review"):
            self.table.list.notice(self.session.site.devices)
            self.app.push_screen(QueueScreen(self.session, self.changes))

    def action_events(self) -> None:
        """Show what happened."""
        from tui.screens.events import EventsScreen

        self.app.push_screen(EventsScreen(self.session, self.changes, self.table.device))

    def action_people(self) -> None:
        """Show who is attached to the engine."""
        from tui.screens.people import PeopleScreen

        self.app.push_screen(PeopleScreen(self.session, self.changes))

    def action_check(self) -> None:
        """Look at every added device now."""
        if not self.refused("check"):
            self.say("Looking at every added device…")
            self.attend(self._check, group="check", exclusive=True)

    async def _check(self) -> None:
        self.say(checked((await self.session.ask(CheckDevices(), Devices)).devices))

    def action_rescan(self) -> None:
        """Ask the network again."""
        if not self.refused("rescan"):
            self.attend(self._rescan)

    async def _rescan(self) -> None:
        await self.session.ask(Rescan(), Done)
        self.say("The network is being asked again.")

    def action_scan(self) -> None:
        """Ask for a network and try each address of it; while that goes on, ask whether to end it."""
        if not self.refused("scan"):
            self.attend(self._scan)

    async def _scan(self) -> None:
        from tui.screens.confirm import Confirm
        from tui.screens.scan import ScanDialog

        status = self.session.site.status
        if status is not None and status.scan is not None:
            question = Confirm(
                f"End the scan of {listed(status.scan.networks)}?",
                "What it has found stays in the table.",
                keep="Let it go on",
                do="End it",
            )
            if await self.app.push_screen_wait(question):
                await self.session.ask(CancelScan(), Done)
            return
        dialog = ScanDialog()
        while networks := await self.app.push_screen_wait(dialog):
            try:
                self.say(scanned(await self.session.ask(ScanNetworks(networks=networks), Scanned)))
                return
            except RefusedError as error:
                dialog = ScanDialog(networks, sentences(error.title, error.hint))

    def action_others(self) -> None:
        """Show what is no camera, or no longer."""
        self.table.toggle_others()

    def action_remove(self) -> None:
        """Forget the device, after a question."""
        if not self.refused("remove") and self.table.device is not None:
            self.attend(self._remove, self.table.device, group="remove", once=True)

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
