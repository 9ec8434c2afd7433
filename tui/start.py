"""Opens the screens on an engine."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tui.attach import Place, attach, run, tell_unused

if TYPE_CHECKING:
    from core.model.config import Config
    from core.model.records import Login
    from core.service.client import Client


def open_screens(place: Place, config: Config, login: Login | None = None) -> int:
    """Run the screens until the technician leaves them; return what the shell is told.

    The engine is started before, so that what it cannot do is told in lines. `config` tells what the screens look like
    and which keys they have, checked ones. `login` fills in the add dialog.
    """
    with _spared_by_the_collector():
        from core.model.messages import Role

        role = Role.VIEWER if config.screen.read_only else Role.OPERATOR

        async def connect() -> Client:
            client, _ = await attach(place, role, watch=True)
            return client

        async def try_out() -> None:
            client, started = await attach(place, role)
            async with client:
                if not started:
                    tell_unused(place, client.welcome.status.interfaces)

        run(try_out())
        from tui.app import CamtrustApp

        app = CamtrustApp(
            connect,
            screen=config.screen,
            keys=config.keys,
            login=login,
            state_hint=_where(place),
        )
    app.run(mouse=config.screen.mouse)
    return app.return_code or 0


@contextmanager
def _spared_by_the_collector() -> Iterator[None]:
    """Have the collector of cycles look at nothing that comes into being here, now or later.

    Nearly all of it are modules and classes, which stay: looking through them again and again took a tenth of the time
    until the first frame.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _where(place: Place) -> str:
    """Return where things are, one a line."""
    from core.service.logs import log_path
    from tui.crash import crash_folder

    return "\n".join(
        (
            f"State folder: {place.state_dir}",
            f"Log of the engine: {log_path(place.state_dir)}",
            f"Socket of the engine: {place.socket}",
            f"Faults of these screens: {crash_folder()}",
        )
    )
