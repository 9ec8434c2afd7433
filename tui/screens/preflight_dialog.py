"""Asks for the login of a preflight."""

from collections.abc import Sequence

from core.model.preflight import Preflight
from tui.paragraphs import Line, paragraph, plain
from tui.screens.login import LABEL, LoginDialog
from tui.session import Session
from tui.words import Tone, plural

_WHAT = "Logs in once and asks how an install would go. Nothing is changed on the camera."


class PreflightDialog(LoginDialog[Preflight]):
    """Returns what to ask of `devices`, which are ids or addresses."""

    VERB = "Ask"

    def __init__(self, session: Session, devices: Sequence[str]) -> None:
        super().__init__(session, session.login)
        self._devices = tuple(devices)

    async def carry_out(self) -> Preflight:
        """Return what to ask."""
        user, password = self.login()
        return Preflight(devices=self._devices, user=user, password=password, allow_http_login=self.may_use_http)

    def above(self, width: int) -> list[Line]:
        """Return what it does."""
        title = plain(f"Preflight of {plural(len(self._devices), 'device')}", Tone.STRONG)
        return [title, *paragraph(_WHAT, width)]

    def below_login(self, width: int) -> list[Line]:
        """Return what happens without a login."""
        return paragraph("left empty: the stored login is used, where there is one", width, Tone.QUIET, LABEL)
