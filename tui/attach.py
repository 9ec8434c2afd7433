"""Which engine a command talks to, and how it gets there. Starts one where none runs."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from core.model.errors import CamtrustError, EngineGoneError, UsageError

if TYPE_CHECKING:
    from core.model.messages import AnyCommand, AnyResult, Role
    from core.service.client import Client
    from tui.preferences import ScreenOptions

_T = TypeVar("_T")

_READ_ONLY_HINT = "Leave out --read-only, or unset CAMTRUST_READ_ONLY where that is set."


@dataclass(frozen=True)
class Place:
    """An engine's state folder and socket, and what it is started with: `config` and `interfaces`.

    Without `starts` it is the engine of the whole machine, which no command starts. Where it is `read_only`, nothing is
    asked for that could change something.
    """

    state_dir: Path
    socket: Path
    config: Path | None = None
    interfaces: tuple[str, ...] = ()
    starts: bool = True
    read_only: bool = False


@dataclass(frozen=True)
class Options:
    """The options before the command, as typed."""

    state_dir: Path | None = None
    socket: Path | None = None
    config: Path | None = None
    interfaces: tuple[str, ...] = ()
    screen: ScreenOptions | None = None

    def place(self, root: Path = Path("/")) -> Place:
        """Fill in what was not typed: the engine of the whole machine where there is to be one, else this account's.

        `root` is where the machine's files begin.
        """
        from core.service.paths import SYSTEM_SOCKET, SYSTEM_STATE, has_system_engine, under

        if self.state_dir or self.socket or not has_system_engine(root):
            return self.own_place()
        socket, state_dir = under(root, SYSTEM_SOCKET), under(root, SYSTEM_STATE)
        return Place(state_dir, socket, self._config(), self.interfaces, starts=False, read_only=self._read_only())

    def own_place(self) -> Place:
        """Fill in what was not typed, for an engine of this account's own."""
        from core.service.paths import default_state_dir, socket_path

        # Paths are absolute, as the engine works in a folder of its own.
        state_dir = (self.state_dir or default_state_dir()).absolute()
        socket = (self.socket or socket_path(state_dir)).absolute()
        return Place(state_dir, socket, self._config(), self.interfaces, read_only=self._read_only())

    def _config(self) -> Path | None:
        return self.config and self.config.absolute()

    def _read_only(self) -> bool:
        return self.screen is not None and bool(self.screen.read_only)


async def attach(place: Place, role: Role, *, watch: bool = False, start: bool = True) -> tuple[Client, bool]:
    """Connect to the engine; where none runs, start it first, if this may. The second value tells whether it did.

    Raises the engine's own start-up error, or `EngineGoneError`, and `UsageError` as `check_may_change` does.
    """
    from core.model.messages import Role
    from core.service.client import Client, NotRunningError

    if role is Role.OPERATOR:
        check_may_change(place)
    try:
        return await Client.connect(place.socket, role=role, watch=watch), False
    except EngineGoneError as error:
        if not place.starts and isinstance(error, NotRunningError):
            raise _not_running() from error
        if not (place.starts and start):
            raise
    from core.service.launch import ensure_engine

    await ensure_engine(place.state_dir, place.socket, place.config, place.interfaces)
    return await Client.connect(place.socket, role=role, watch=watch), True


def check_may_change(place: Place) -> None:
    """Raise `UsageError` where it was asked for that nothing is changed."""
    if place.read_only:
        raise UsageError("This command could change something, and --read-only forbids that", _READ_ONLY_HINT)


def _not_running() -> EngineGoneError:
    return EngineGoneError(
        "The gateway's engine is not running",
        "Start it with systemctl start camtrust; systemctl status camtrust tells why it ended.",
    )


async def ask(place: Place, command: AnyCommand, answer: type[_T]) -> _T:
    """Ask the engine one thing, with no more rights than that needs, and return its answer."""
    client, started = await attach(place, command.needs)
    async with client:
        if not started:
            tell_unused(place, client.welcome.status.interfaces)
        return expected(await client.ask(command), answer)


def expected(result: AnyResult, answer: type[_T]) -> _T:
    """Return the result where it is the kind of answer that belongs to the question."""
    if not isinstance(result, answer):
        raise CamtrustError(
            f"The engine answered with {type(result).__name__}, not {answer.__name__}.",
            "Engine and command are of different versions: end it with camtrust engine stop, then try again.",
        )
    return result


@cache
def tell_unused(place: Place, running: tuple[str, ...]) -> None:
    """Say once where an engine that was running already listens on other interfaces than those typed."""
    if place.interfaces and set(place.interfaces) != set(running):
        note("An engine is running already; --interface counts only when one is started (camtrust engine stop).")


def note(text: str) -> None:
    """Tell something beside the result, on stderr."""
    click.echo(text, err=True)


def run(work: Coroutine[Any, Any, _T]) -> _T:
    """Run a command's conversation with the engine to its end."""
    import asyncio

    return asyncio.run(work)
