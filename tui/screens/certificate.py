"""The certificate screen: what is stored of a device, or both certificates side by side, and the decision on them."""

from collections.abc import Iterable
from dataclasses import replace

from textual import on
from textual.containers import Vertical
from textual.signal import Signal
from textual.widget import Widget

from core.model.device import CertificateField, DeviceView, Origin
from core.model.errors import CamtrustError
from core.model.messages import AcceptCertificate, Done, ReviewDevice
from core.model.review import Review
from tui.certificate import settings_lines
from tui.comparison import comparison_lines
from tui.paragraphs import EMPTY, Line, length, longest, paragraph, plain
from tui.reading import title
from tui.review import Case, is_deliberate, place
from tui.screens.certificate_verbs import WAIT, CertificateVerbs
from tui.session import Session
from tui.site import Change
from tui.verbs import VIEWER
from tui.widgets.body import Body
from tui.widgets.decision import Answer, Decision, Words
from tui.widgets.lines import Lines
from tui.words import Tone

_OLD = len(" OLD, as of 00:00:00 ")
_HOW = "To accept, type yes or the last 8 characters of its SHA-256."

_SAFE = (
    "Esc keeps everything as it is. No single key accepts.",
    "Esc keeps everything as it is.",
    "Esc keeps all as it is.",
)
_INSTALL = "Install one of ours, if the camera can take it (Replace)"
_CHANGED = Words(
    keep="Keep the stored certificate: the device stays blocked",
    replace=_INSTALL,
    accept="Accept the presented one: type yes, or its last 8 characters",
    accept_short="Accept it: type yes, or its last 8",
)
_OURS_CHANGED = replace(_CHANGED, replace="Install our certificate again (Replace)")
_FIRST = Words(
    keep="Keep it as it is: encrypted, and not accepted",
    replace=_INSTALL,
    accept=f"Accept as trusted, becomes {CertificateField.ARCULES.value}: type yes, or last 8",
    accept_short="Accept as trusted: type yes, or last 8",
)


class CertificateScreen(CertificateVerbs):
    """Certificate settings and difference screen. Nothing is accepted but by typing; Esc keeps everything as it is."""

    _GONE_VERBS = ("back", "help")
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
        "read-down",
    )
    _READING_VERBS = ("decide", "choose-next", "read-down", "next", "back", "save", "help")
    """Where not all of both certificates is on the screen."""
    _TYPING_VERBS = ("decide", "choose-next", "read-down", "back")

    def __init__(self, session: Session, changes: Signal[Change], device: DeviceView) -> None:
        super().__init__(session, changes, device)
        self.decision = Decision(self._words)

    def _words(self) -> Words:
        if self.reading.case is not Case.CHANGED:
            return _FIRST
        return _OURS_CHANGED if self.reading.device.origin is Origin.ISSUED else _CHANGED

    def body(self) -> Widget:
        """Return the certificates, and below them the decision."""
        return Vertical(Body(Lines(self.lines, name="text"), id="body"), self.decision, id="review")

    def on_mount(self) -> None:
        """Ask the engine."""
        self._ask_anew()

    def heading(self) -> Line:
        """Return whose certificate it is, and where that is."""
        room = self.size.width - (length(self.heading_end()) if self.session.is_up else _OLD) - 2
        return title(self.subject, self.reading, self.session.now(), room)

    def heading_end(self) -> Line:
        """Return the place in the queue."""
        if not self.session.is_up:
            return super().heading_end()
        at = place(self.queue(), self.reading.device.id)
        return plain(f"{at} " if at else "", Tone.STRONG)

    def standing(self) -> tuple[Line, Line]:
        """Return what Esc does where there is something to decide, and which lines are shown."""
        _, where = super().standing()
        if not self.decision.display:
            return EMPTY, where
        return plain(f" {longest(_SAFE, self.size.width - length(where) - 3)}", Tone.QUIET), where

    def lines(self, width: int) -> list[Line]:
        """Return what must be known first, then the certificates."""
        reading, now = self.reading, self.session.now()
        told = reading.news(self.session.site.events, now, self.session.site.install(reading.device.id, now))
        lines = [line for text in told for line in paragraph(text, width - 2, Tone.STRONG, 1)]
        if reading.review is None:
            return lines if reading.is_gone else [*lines, plain(" Asking the engine…")]
        if reading.case is not Case.SETTLED and self.session.is_viewer:
            lines += paragraph(VIEWER, width - 2, indent=1)
        if reading.case is Case.CHANGED:
            return lines + comparison_lines(reading.review, now, width)
        settings = settings_lines(reading.review, now, width - 2, self.session.site.doing(reading.device.id))
        return lines + [((" ", Tone.PLAIN), *line) for line in settings]

    def verbs(self) -> Iterable[str]:
        """Return the keys of what has the focus."""
        if not self.decision.display:
            settled = self._GONE_VERBS if self.reading.is_gone else self._SETTLED_VERBS
            return settled if self.why_not("next") else ("next", *settled)
        if self.decision.is_typing:
            return self._TYPING_VERBS
        return self._READING_VERBS if self.query_one("#body", Body).place() else self._ASKING_VERBS

    def site_changed(self, change: Change) -> None:
        """Ask again when the device changed."""
        device = self.reading.device.id
        if device in change.devices and device not in self.session.site.devices:
            self.reading.remove()
            self._arrange()
        elif device in change.devices and self.session.is_up:
            self._ask_anew()
        super().site_changed(change)

    def show_device(self, device: DeviceView) -> None:
        """Show another device, with nothing decided about it."""
        super().show_device(device)
        self._arrange()
        self._ask_anew()
        self.redraw()

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
        if self.is_accepting:
            self.say(WAIT)
        elif message.answer is Answer.KEEP:
            self.dismiss()
        elif message.answer is Answer.REPLACE:
            self.action_replace()
        elif not is_deliberate(message.typed, message.about):
            self.decision.ask_again()
            self.say(_HOW)
        elif message.about == self.reading.shown and not self.refused("accept"):
            self.is_accepting = True
            self.say(WAIT)
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
            self.is_accepting = False
        self.unsay()
        self._arrange()
        self._ask_anew()

    def work_begun(self, device: DeviceView) -> None:
        """What changes from now on is what was asked for here."""
        self.reading.done()
        super().work_begun(device)

    def action_back(self) -> None:
        """Leave everything as it is."""
        if self.is_accepting:
            self.say(WAIT)
        else:
            self.dismiss()
