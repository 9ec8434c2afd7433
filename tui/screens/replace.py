"""The replace dialog: an added device is onboarded again, from HTTP to HTTPS or as new hardware in its place."""

from collections.abc import Iterable

from textual.containers import Vertical
from textual.widget import Widget

from core.model.device import CertificateField, CertificateView, DeviceView, Origin
from core.model.errors import UsageError
from core.model.messages import Added, Look, ReplaceDevice
from tui.looks import keeps_its_own
from tui.paragraphs import Line, field, paragraph, plain
from tui.review import is_deliberate
from tui.screens.login import LABEL, row
from tui.screens.onboarding import OnboardingDialog, ShowPreflight
from tui.session import Session
from tui.widgets.inputs import Field
from tui.widgets.lines import Lines
from tui.words import TAKEN_OUT_OF_USE, Tone, first_contact, grouped

_WHAT = "It is brought to HTTPS anew. It keeps its name and its history, and until then its stored certificate."
_FROM_HTTP = "It is looked for on HTTPS and gets a certificate there. It keeps its name and its history."
_CANNOT = "This camera cannot take a certificate of ours: it keeps its own one."
_TRUST = (
    "This is not the stored certificate. What shows it gets the login, and is trusted while ours is installed. "
    "Type yes, or the last 8 characters:"
)
_UNTRUSTED = ("The certificate that it shows was not agreed to", "Type yes, or the last 8 characters of its SHA-256.")


class ReplaceDialog(OnboardingDialog[Added]):
    """`presented` is what a blocked device shows instead of the stored certificate; it is not asked anything.

    Another certificate than the stored one is used only when that was typed, and the engine is told just this one.
    """

    VERB = "Replace"

    def __init__(
        self,
        session: Session,
        device: DeviceView,
        presented: CertificateView | None,
        show_preflight: ShowPreflight,
    ) -> None:
        self._device = device
        # An address with an HTTP port would mean that HTTP is wanted.
        is_http = device.certificate_field is CertificateField.HTTP
        self._old_address = device.host if is_http and device.host else device.address
        super().__init__(session, (self._old_address,), show_preflight)
        self._trust = Field(name="trust", limit=128)
        self._trusting = Vertical(Lines(self._trust_lines), row("Trust it", self._trust), classes="fields")
        if presented is not None:
            self.looking.know(Look(self._old_address, "blocked; nothing is sent to it", presented))

    @property
    def subjects(self) -> tuple[str, ...]:
        """The device where it was, or what is at another address."""
        return (self._device.id,) if self.addresses == (self._old_address,) else self.addresses

    async def carry_out(self) -> Added:
        """Have it replaced. Raises `UsageError` where something is missing."""
        return await self.session.ask(self._command(), Added)

    def _command(self) -> ReplaceDevice:
        if len(self.given_addresses()) != 1:
            raise UsageError("There is more than one address", "One device is replaced at a time.")
        other = self._other_leaf()
        if other is not None and not is_deliberate(self._trust.value, other.fingerprint):
            raise UsageError(*_UNTRUSTED)
        user, password = self.login()
        address = self.addresses[0]
        return ReplaceDevice(
            device=self._device.id,
            address=None if address == self._old_address else address,
            user=user,
            password=password,
            allow_http_login=self.may_use_http,
            enable_https=self.may_enable_https,
            expect=other.fingerprint if other is not None else None,
        )

    def fields(self) -> tuple[tuple[Field, tuple[str, ...]], ...]:
        """Return the fields, each with the words by which an error is about it."""
        return ((self._trust, (_UNTRUSTED[0],)), *super().fields())

    def first_field(self) -> Field:
        """Return where to begin: with what is typed to agree, so that it never gets into the login."""
        return self._trust if self._trusting.display else super().first_field()

    def above(self, width: int) -> list[Line]:
        """Return which device it is."""
        title = plain(f"Replace {self._device.name}, {self._device.address}", Tone.STRONG)
        what = paragraph(_WHAT if self._device.fingerprint else _FROM_HTTP, width)
        return [title, *what, *self._consequence(width)]

    def below_login(self, width: int) -> list[Line]:
        """Return what happens without a login."""
        return paragraph("left empty: the stored login is used", width, Tone.QUIET, LABEL)

    def more(self) -> Iterable[Widget]:
        """Return where another certificate is agreed to."""
        yield from super().more()
        yield self._trusting
        yield Lines(lambda width: self.problem_lines(("trust",), width))

    def below(self, width: int) -> list[Line]:
        """Return what first contact means, where it is one."""
        is_known = self._device.fingerprint is not None
        return [] if is_known else paragraph(first_contact(1), width)

    def show(self) -> None:
        """Ask for more where the device shows another certificate than the stored one."""
        self._trusting.display = self._other_leaf() is not None
        super().show()

    def _shown(self) -> Look | None:
        """Return what the address shows, once it is known."""
        return self.looking.at(self.addresses[0]) if len(self.addresses) == 1 else None

    def _consequence(self, width: int) -> list[Line]:
        """Return what becomes of the certificate that is in use, where that may not be what is wanted."""
        if keeps_its_own(self._shown()):
            return paragraph(_CANNOT, width, Tone.STRONG)
        is_accepted = self._device.origin is Origin.ACCEPTED
        return paragraph(TAKEN_OUT_OF_USE, width, Tone.STRONG) if is_accepted else []

    def _other_leaf(self) -> CertificateView | None:
        """Return what the address shows, where that is another certificate than the stored one."""
        look = self._shown()
        shown = look.certificate if look is not None else None
        is_stored = shown is None or self._device.fingerprint in (None, shown.fingerprint)
        return None if is_stored else shown

    def _trust_lines(self, width: int) -> list[Line]:
        other = self._other_leaf()
        if other is None:
            return []
        lines = zip(("SHA-256", ""), grouped(other.fingerprint), strict=True)
        told = [line for label, text in lines for line in field(label, text, width, Tone.STRONG)]
        return [(), *told, *paragraph(_TRUST, width)]
