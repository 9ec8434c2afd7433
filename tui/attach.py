"""Which engine a command talks to, and how it gets there. Starts one where none runs."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from core.model.errors import CamtrustError, EngineGoneError

if TYPE_CHECKING:
    from core.model.messages import AnyCommand, AnyResult, Role
    from core.service.client import Client

_T = TypeVar("_T")


@dataclass(frozen=True)
class Place:
    """An engine's state folder and socket, and what it is started with: `config` and `interfaces`."""

    state_dir: Path
    socket: Path
    config: Path | None = None
    interfaces: tuple[str, ...] = ()


@dataclass(frozen=True)
class Options:
    """The options before the command, as typed."""

    state_dir: Path | None = None
    socket: Path | None = None
    config: Path | None = None
    interfaces: tuple[str, ...] = ()

    def place(self) -> Place:
        """Fill in what was not typed. Paths are absolute, as the engine works in a folder of its own."""
        from core.service.paths import default_state_dir, socket_path

        state_dir = (self.state_dir or default_state_dir()).absolute()
        return Place(
            state_dir=state_dir,
            socket=(self.socket or socket_path(state_dir)).absolute(),
            config=self.config and self.config.absolute(),
            interfaces=self.interfaces,
        )


async def attach(place: Place, role: Role, *, watch: bool = False) -> tuple[Client, bool]:
    """Connect to the engine, starting it first where none runs. The second value tells whether it was started.

    Raises the engine's own start-up error, or `EngineGoneError`.
    """
    from core.service.client import Client

    try:
        client = await Client.connect(place.socket, role=role, watch=watch)
    except EngineGoneError:
        from core.service.launch import ensure_engine

        await ensure_engine(place.state_dir, place.socket, place.config, place.interfaces)
        return await Client.connect(place.socket, role=role, watch=watch), True
    return client, False


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
