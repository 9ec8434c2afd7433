"""What can be done with the certificates on the screen besides deciding: saving, copying, going on to the next."""

from typing import ClassVar

from textual.binding import BindingType
from textual.signal import Signal

from core.model.device import CertificateView, DeviceView
from tui.keys import bind
from tui.reading import Reading
from tui.review import Case, neighbour, queue
from tui.screens.work_verbs import WorkVerbs
from tui.session import Session
from tui.site import Change
from tui.widgets.body import Body
from tui.words import copied

WAIT = "The device is being looked at; wait a moment."
_OF_THE_DEVICE = frozenset(("save", "copy", "replace", "reissue"))


class CertificateVerbs(WorkVerbs):
    """Base of the certificate screen. `reading` is what was told of the device that it shows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("next", "turn(1)", "Next", tooltip="the next certificate to decide about"),
        bind("previous", "turn(-1)", "Previous"),
        bind("save", "save", "Save .cer", tooltip="write what is shown to files"),
        bind("copy", "copy", "Copy SHA-256", tooltip="copy the fingerprint that is decided about"),
        bind("read-up", "page(-1)", "Page up", show=False),
        bind("read-down", "page(1)", "More", show=False),
    ]

    def __init__(self, session: Session, changes: Signal[Change], device: DeviceView) -> None:
        super().__init__(session, changes)
        self.reading = Reading(device)
        self.is_accepting = False
        self._last_place = 0

    @property
    def subject(self) -> DeviceView:
        """The device on the screen."""
        return self.session.site.devices.get(self.reading.device.id, self.reading.device)

    def queue(self) -> tuple[DeviceView, ...]:
        """Return what is to be decided about."""
        queued = queue(self.session.site.devices.values())
        ids = [view.id for view in queued]
        if self.reading.device.id in ids:
            self._last_place = ids.index(self.reading.device.id)
        return queued

    def show_device(self, device: DeviceView) -> None:
        """Show another device."""
        self.reading = Reading(device)

    def why_not(self, verb: str) -> str:
        """Return why a verb is not possible."""
        if self.reading.is_gone and verb in _OF_THE_DEVICE:
            return f"{self.reading.device.name} was removed."
        if verb == "back":
            return WAIT if self.is_accepting else ""
        if verb in ("save", "copy"):
            return "" if self._certificate() else "There is no certificate."
        if verb in ("next", "previous"):
            is_alone = self._following(1) is None
            return WAIT if self.is_accepting else "There is no other certificate to decide about." if is_alone else ""
        return super().why_not(verb)

    def _following(self, step: int) -> DeviceView | None:
        return neighbour(self.queue(), self.reading.device.id, self._last_place, step)

    def _certificate(self) -> CertificateView | None:
        review = self.reading.review
        return (review.presented or review.stored) if review is not None else None

    def action_turn(self, step: int) -> None:
        """Go to the next one in the queue, or the one before."""
        following = self._following(step)
        if not self.refused("next") and following is not None:
            self.show_device(following)

    def action_page(self, pages: int) -> None:
        """Scroll, wherever the focus is."""
        body = self.query_one("#body", Body)
        body.scroll_relative(y=pages * max(body.size.height - 1, 1), animate=False)

    def action_save(self) -> None:
        """Write what is shown to files."""
        from tui.screens.save import save_certificates

        if not self.refused("save"):
            both = ("stored", "presented")
            only = both[:1] if self.reading.review and self.reading.review.stored else both[1:]
            kinds = both if self.reading.case is Case.CHANGED else only
            self.attend(save_certificates, self, self.reading.device, kinds, group="save", once=True)

    def action_copy(self) -> None:
        """Put the fingerprint that is decided about on the clipboard of the terminal."""
        certificate = self._certificate()
        if not self.refused("copy") and certificate is not None:
            is_stored = certificate.fingerprint == self.reading.device.fingerprint
            self.app.copy_to_clipboard(certificate.fingerprint)
            self.say(copied("stored" if is_stored else "presented", certificate.fingerprint))
