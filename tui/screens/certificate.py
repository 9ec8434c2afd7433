"""The certificate screen: what is stored of a device, or both certificates side by side, and the decision on them."""

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.signal import Signal
from textual.widget import Widget

from core.model.device import CertificateField, CertificateView, DeviceView
from core.model.errors import CamtrustError
from core.model.messages import AcceptCertificate, Done, ReviewDevice
from core.model.review import Review
from tui.certificate import settings_lines
from tui.comparison import comparison_lines
from tui.paragraphs import Line, paragraph, plain
from tui.reading import Reading, title
from tui.review import Case, is_deliberate, neighbour, place, queue
from tui.screens.work_verbs import WorkVerbs
from tui.session import Session
from tui.site import Change
from tui.verbs import VIEWER
from tui.widgets.body import Body
from tui.widgets.decision import Answer, Decision, Words
from tui.widgets.lines import Lines
from tui.words import Tone

_HOW = "To accept, type yes or the last 8 characters of its SHA-256."
_WAIT = "The device is being looked at; wait a moment."

_CHANGED = Words(
    keep="Keep the stored certificate: the device stays blocked",
    replace="Install our certificate again (Replace)",
    accept="Accept the presented one: type yes, or its last 8 characters",
    accept_short="Accept it: type yes, or its last 8",
)
_FIRST = Words(
    keep="Keep it as it is: encrypted, and not accepted",
    replace="Install a certificate of ours (Replace)",
    accept=f"Accept as trusted, becomes {CertificateField.ARCULES.value}: type yes, or last 8",
    accept_short="Accept as trusted: type yes, or last 8",
)


class CertificateScreen(WorkVerbs):
    """Certificate settings and difference screen. Nothing is accepted but by typing; Esc keeps everything as it is."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "turn(1)", "Next", id="next", tooltip="the next certificate to decide about"),
        Binding("p", "turn(-1)", "Previous", id="previous", tooltip="the one before"),
        Binding("e", "save", "Save .cer", id="save", tooltip="write what is shown to files"),
        Binding("y", "copy", "Copy SHA-256", id="copy", tooltip="copy the fingerprint that is decided about"),
        Binding("pageup", "page(-1)", "Page up", id="page-up", show=False),
        Binding("pagedown", "page(1)", "Page down", id="page-down", show=False),
    ]
    _SETTLED_VERBS = ("save", "replace", "reissue", "back", "help", "copy")
    _ASKING_VERBS = (
        "decide",
        "choose-next",
        "next",
        "save",
        "back",
        "help",
        "previous",
        "copy",
        "replace",
        "page-down",
    )
    _TYPING_VERBS = ("decide", "choose-next", "page-down", "back")

    def __init__(self, session: Session, changes: Signal[Change], device: DeviceView) -> None:
        super().__init__(session, changes)
        self.reading = Reading(device)
        self.decision = Decision(lambda: _CHANGED if self.reading.case is Case.CHANGED else _FIRST)
        self._last_place = 0
        self._is_accepting = False

    @property
    def subject(self) -> DeviceView:
        """The device on the screen."""
        return self.session.site.devices.get(self.reading.device.id, self.reading.device)

    def body(self) -> Widget:
        """Return the certificates, and below them the decision."""
        return Vertical(Body(Lines(self.lines, name="text"), id="body"), self.decision, id="review")

    def on_mount(self) -> None:
        """Ask the engine."""
        self._ask_anew()

    def heading(self) -> Line:
        """Return whose certificate it is, and where that is."""
        return title(self.subject, self.reading.case, self.session.now())

    def heading_end(self) -> Line:
        """Return the place in the queue."""
        if not self.session.is_up:
            return super().heading_end()
        at = place(self._queue(), self.reading.device.id)
        return plain(f"{at} " if at else "", Tone.STRONG)

    def standing(self) -> tuple[Line, Line]:
        """Return what Esc does where there is something to decide, and which lines are shown."""
        _, where = super().standing()
        safe = " Esc keeps everything as it is. No single key accepts." if self.decision.display else ""
        return plain(safe, Tone.QUIET), where

    def lines(self, width: int) -> list[Line]:
        """Return what must be known first, then the certificates."""
        reading, now = self.reading, self.session.now()
        told = reading.news(self.session.site.events, now)
        lines = [line for text in told for line in paragraph(text, width - 2, Tone.STRONG, 1)]
        if reading.review is None:
            return lines if reading.is_gone else [*lines, plain(" Asking the engine…")]
        if reading.case is not Case.SETTLED and self.session.is_viewer:
            lines += paragraph(VIEWER, width - 2, indent=1)
        if reading.case is Case.CHANGED:
            return lines + comparison_lines(reading.review, now, width)
        return lines + [((" ", Tone.PLAIN), *line) for line in settings_lines(reading.review, now, width - 2)]

    def verbs(self) -> Iterable[str]:
        """Return the keys of what has the focus."""
        if not self.decision.display:
            return self._SETTLED_VERBS if self.why_not("next") else ("next", *self._SETTLED_VERBS)
        return self._TYPING_VERBS if self.decision.is_typing else self._ASKING_VERBS

    def why_not(self, verb: str) -> str:
        """Return why a verb is not possible."""
        if verb in ("save", "copy"):
            return "" if self._certificate() else "There is no certificate."
        if verb in ("next", "previous"):
            queued = neighbour(self._queue(), self.reading.device.id, 0, 1)
            return _WAIT if self._is_accepting else "" if queued else "There is no other certificate to decide about."
        return super().why_not(verb)

    def site_changed(self, change: Change) -> None:
        """Ask again when the device changed."""
        device = self.reading.device.id
        if device in change.devices and device not in self.session.site.devices:
            self.reading.remove()
            self._arrange()
        elif device in change.devices and self.session.is_up:
            self._ask_anew()
        super().site_changed(change)

    def _queue(self) -> tuple[DeviceView, ...]:
        queued = queue(self.session.site.devices.values())
        ids = [view.id for view in queued]
        if self.reading.device.id in ids:
            self._last_place = ids.index(self.reading.device.id)
        return queued

    def _certificate(self) -> CertificateView | None:
        review = self.reading.review
        return (review.presented or review.stored) if review is not None else None

    def _ask_anew(self) -> None:
        self.attend(self._ask, group="review", exclusive=True)

    async def _ask(self) -> None:
        review = await self.session.ask(ReviewDevice(device=self.reading.device.id), Review)
        if review.device.id != self.reading.device.id:
            return
        events = self.session.site.events
        if self.reading.take(review, events[-1].seq if events else 0):
            self._arrange()
        self.redraw()

    def _arrange(self) -> None:
        """Show the decision where there is one, with nothing typed and the focus on keeping."""
        body = self.query_one("#body", Body)
        is_asked = self.reading.case is not Case.SETTLED and not self.session.is_viewer
        body.can_focus = not is_asked
        self.decision.begin(self.reading.shown if is_asked else "")
        if not is_asked:
            body.focus()
        body.scroll_home(animate=False)

    @on(Decision.Begun)
    def _begun(self) -> None:
        self.reading.read()
        self.redraw()

    @on(Decision.Made)
    def _made(self, message: Decision.Made) -> None:
        if self._is_accepting:
            self.say(_WAIT)
        elif message.answer is Answer.KEEP:
            self.dismiss()
        elif message.answer is Answer.REPLACE:
            self.action_replace()
        elif not is_deliberate(message.typed, message.about):
            self.decision.ask_again()
            self.say(_HOW)
        elif message.about == self.reading.shown and not self.refused("accept"):
            self._is_accepting = True
            self.say(_WAIT)
            self.attend(self._accept, message.about, message.reason, group="accept")

    async def _accept(self, fingerprint: str, reason: str) -> None:
        """Have just the certificate on the screen pinned; where that is refused, compare anew."""
        device = self.reading.device
        try:
            await self.session.ask(AcceptCertificate(device=device.id, fingerprint=fingerprint, reason=reason), Done)
            self.reading.done(f"Accepted: {device.name} is trusted with this certificate from now on.")
        except CamtrustError as error:
            self.reading.refused(error)
        finally:
            self._is_accepting = False
        self.unsay()
        self._arrange()
        self._ask_anew()

    def work_begun(self, device: DeviceView) -> None:
        """What changes from now on is what was asked for here."""
        self.reading.done(f"The work on {device.name} is under way.")
        super().work_begun(device)

    def action_back(self) -> None:
        """Leave everything as it is."""
        if self._is_accepting:
            self.say(_WAIT)
        else:
            self.dismiss()

    def action_turn(self, step: int) -> None:
        """Go to the next one in the queue, or the one before."""
        following = neighbour(self._queue(), self.reading.device.id, self._last_place, step)
        if self.refused("next") or following is None:
            return
        self.reading = Reading(following)
        self._arrange()
        self._ask_anew()
        self.redraw()

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
            self.attend(save_certificates, self, self.reading.device, kinds)

    def action_copy(self) -> None:
        """Put the fingerprint that is decided about on the clipboard of the terminal."""
        certificate = self._certificate()
        if not self.refused("copy") and certificate is not None:
            self.app.copy_to_clipboard(certificate.fingerprint)
            self.say("The SHA-256 went to the terminal's clipboard, if it has one.")
