"""The certificate screen: what is stored of a device, in full, and what it shows now where that is another."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.signal import Signal

from core.model.device import DeviceView
from core.model.messages import DeviceDetail, ShowDevice
from tui.details import certificate_lines
from tui.paragraphs import Line, plain
from tui.screens.frame import Frame
from tui.session import Session
from tui.site import Change
from tui.words import Tone


class CertificateScreen(Frame):
    """Reads, and changes nothing."""

    VERBS = ("save", "save-presented", "copy", "back", "help")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "save('stored')", "Save .cer", id="save", tooltip="write the stored certificate to a file"),
        Binding("E", "save('presented')", "Save presented", id="save-presented", tooltip="write the presented one"),
        Binding("y", "copy", "Copy SHA-256", id="copy", tooltip="copy the stored fingerprint"),
    ]

    def __init__(self, session: Session, changes: Signal[Change], device: DeviceView) -> None:
        super().__init__(session, changes)
        self._device = device
        self._detail: DeviceDetail | None = None

    def on_mount(self) -> None:
        """Ask the engine."""
        self.attend(self._ask(), "detail", exclusive=True)

    def heading(self) -> Line:
        """Return whose certificate it is."""
        return plain(f" Certificate of {self._device.name}", Tone.STRONG)

    def heading_end(self) -> Line:
        """Return its address."""
        return plain(f"{self._device.address} ") if self.session.is_up else super().heading_end()

    def lines(self, width: int) -> list[Line]:
        """Return the certificates."""
        if self._detail is None:
            return [plain(" Asking the engine…")]
        inner = certificate_lines(self._detail, self.session.clock(), width - 2)
        return [((" ", Tone.PLAIN), *line) for line in inner]

    def why_not(self, verb: str) -> str:
        """Return why there is nothing to save or to copy."""
        detail = self._detail
        if verb in ("save", "copy") and (detail is None or detail.stored is None):
            return "No certificate is stored."
        if verb == "save-presented" and (detail is None or detail.presented is None):
            return "The device shows the certificate that is stored."
        return ""

    def site_changed(self, change: Change) -> None:
        """Ask again when the device changed."""
        if self._device.id in change.devices and self.session.is_up:
            self.attend(self._ask(), "detail", exclusive=True)
        super().site_changed(change)

    async def _ask(self) -> None:
        self._detail = await self.session.ask(ShowDevice(device=self._device.id), DeviceDetail)
        self.redraw()

    def action_save(self, which: str) -> None:
        """Write a certificate to a file."""
        from tui.screens.save import save_certificate

        why = self.why_not("save" if which == "stored" else "save-presented")
        if why:
            self.say(why)
        else:
            self.attend(save_certificate(self, self._device, which))

    def action_copy(self) -> None:
        """Put the stored fingerprint on the clipboard of the terminal."""
        if self._detail is None or self._detail.stored is None:
            self.say(self.why_not("copy"))
            return
        self.app.copy_to_clipboard(self._detail.stored.fingerprint)
        self.say("The SHA-256 went to the terminal's clipboard, if it has one.")
