"""The add dialog: which addresses, what each shows now, which login, and that nobody vouches for it yet."""

from collections.abc import Mapping, Sequence

from core.model.device import Connection
from core.model.messages import AddDevices, Added
from tui.looks import heading
from tui.paragraphs import Line, paragraph, plain
from tui.screens.onboarding import OnboardingDialog, ShowPreflight
from tui.session import Session
from tui.words import Tone, first_contact


class AddDialog(OnboardingDialog[Added]):
    """Adds one device or several, with one login for all."""

    VERB = "Add"

    def __init__(self, session: Session, addresses: Sequence[str], show_preflight: ShowPreflight) -> None:
        super().__init__(session, addresses, show_preflight, session.login)

    async def carry_out(self) -> Added:
        """Have them added."""
        addresses = self.given_addresses()
        user, password = self.login()
        command = AddDevices(
            addresses=addresses,
            user=user,
            password=password,
            allow_http_login=self.may_use_http,
            enable_https=self.may_enable_https,
        )
        return await self.session.ask(command, Added)

    def above(self, width: int) -> list[Line]:
        """Return how many they are."""
        return [heading(len(self.addresses))]

    def below_login(self, width: int) -> list[Line]:
        """Return that the login is for all."""
        count = len(self.addresses)
        return [plain(f"          used for all {count}", Tone.QUIET)] if count > 1 else []

    def below(self, width: int) -> list[Line]:
        """Return what first contact means."""
        return paragraph(first_contact(len(self.addresses)), width)

    def names(self) -> Mapping[str, str]:
        """Return what discovery calls them."""
        found = self.session.site.devices.values()
        return {view.host or view.address: view.name for view in found if view.connection is Connection.DISCOVERED}
