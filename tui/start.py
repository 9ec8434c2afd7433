"""Opens the screens on an engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.attach import Place, attach, run, tell_unused

if TYPE_CHECKING:
    from core.model.records import Login
    from core.service.client import Client


def open_screens(place: Place, login: Login | None = None) -> int:
    """Run the screens until the technician leaves them; return what the shell is told.

    The engine is started before, so that what it cannot do is told in lines. `login` fills in the add dialog.
    """
    from core.model.messages import Role

    async def connect() -> Client:
        client, _ = await attach(place, Role.OPERATOR, watch=True)
        return client

    async def try_out() -> None:
        client, started = await attach(place, Role.OPERATOR)
        async with client:
            if not started:
                tell_unused(place, client.welcome.status.interfaces)

    run(try_out())
    from tui.app import CamtrustApp

    app = CamtrustApp(connect, login=login, state_hint=f"State folder: {place.state_dir}")
    app.run(mouse=False)
    return app.return_code or 0
