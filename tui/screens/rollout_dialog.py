"""The rollout dialog: which devices, what those show that are new, and which login for all."""

from collections.abc import Iterable, Mapping, Sequence

from textual.widget import Widget

from core.model.device import CertificateField, Connection, DeviceView
from core.model.preflight import Look
from core.model.rollout import RolloutView, StartRollout
from tui.paragraphs import Line, paragraph, plain
from tui.rollouts import kinds
from tui.screens.login import LABEL
from tui.screens.onboarding import OnboardingDialog, ShowPreflight
from tui.session import Session
from tui.widgets.inputs import Field, Tick
from tui.widgets.lines import Lines
from tui.words import Tone, certificate, first_contact

_WHAT = "One of each model goes ahead; the others follow when it has succeeded."
_LOGIN = "for all; left empty: the stored logins are used"
_REISSUE = "Give a new certificate to those that have ours, too"
_NO_CERTIFICATE = "no certificate stored"


class RolloutDialog(OnboardingDialog[RolloutView]):
    """Brings `devices` to HTTPS. With `everything` they are all cameras of the site, and are not looked at one by one.

    One that is added already is not looked at either: it is met with the certificate that is stored for it.
    """

    VERB = "Begin"

    def __init__(
        self, session: Session, devices: Sequence[DeviceView], show_preflight: ShowPreflight, *, everything: bool
    ) -> None:
        self._devices = devices
        self._everything = everything
        new_first = sorted(devices, key=lambda view: not _is_new(view))
        places = [] if everything else [_place(view) for view in new_first]
        super().__init__(session, places, show_preflight, session.login)
        for view in devices:
            if not _is_new(view):
                self.looking.know(Look(_place(view), _kind(view)))
        self._reissue = Tick(_REISSUE, name="reissue")

    @property
    def subjects(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(view.id for view in self._devices)

    def given_addresses(self) -> tuple[str, ...]:
        """Return where they are."""
        return tuple(map(_place, self._devices))

    async def carry_out(self) -> RolloutView:
        """Begin it."""
        user, password = self.login()
        command = StartRollout(
            devices=() if self._everything else self.subjects,
            everything=self._everything,
            reissue=self._reissue.is_ticked,
            user=user,
            password=password,
            allow_http_login=self.may_use_http,
            enable_https=self.may_enable_https,
        )
        return await self.session.ask(command, RolloutView)

    def above(self, width: int) -> list[Line]:
        """Return how many they are, and of which kinds."""
        whole = " (all of the site)" if self._everything else ""
        title = plain(f"Bring {len(self._devices)} devices to HTTPS{whole}", Tone.STRONG)
        return [title, *paragraph(kinds([_kind(view) for view in self._devices]), width), *paragraph(_WHAT, width)]

    def where(self) -> Iterable[Widget]:
        """Return what was seen of them."""
        yield Lines(lambda width: self.problem_lines(("", "addresses"), width))
        yield self.looks()

    def more(self) -> Iterable[Widget]:
        """Return further fields."""
        yield from super().more()
        yield self._reissue

    def first_field(self) -> Field:
        """Return where to begin: with the login."""
        return self._password if self._user.value else self._user

    def show(self) -> None:
        """Ask only for what can matter."""
        self._reissue.display = any(view.certificate_field is CertificateField.ARCULES for view in self._devices)
        super().show()

    def may_be_plain(self) -> bool:
        """Tell whether a device may speak plain HTTP only; of those that are not looked at nobody knows."""
        return self._everything or super().may_be_plain()

    def below_login(self, width: int) -> list[Line]:
        """Return that the login is for all."""
        return paragraph(_LOGIN, width, Tone.QUIET, LABEL)

    def below(self, width: int) -> list[Line]:
        """Return what first contact means, where it is one."""
        new = sum(map(_is_new, self._devices))
        return paragraph(first_contact(new), width) if new else []

    def names(self) -> Mapping[str, str]:
        """Return what the devices are called."""
        return {_place(view): view.name for view in self._devices}


def _is_new(view: DeviceView) -> bool:
    return view.connection is Connection.DISCOVERED


def _place(view: DeviceView) -> str:
    return (view.host or view.address) if _is_new(view) else view.address


def _kind(view: DeviceView) -> str:
    return certificate(view) or _NO_CERTIFICATE
