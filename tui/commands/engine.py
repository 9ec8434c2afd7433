"""`camtrust engine`: the engine in the foreground, and its end."""

from __future__ import annotations

import os
import select
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from core.model.errors import CamtrustError, EngineGoneError
from tui.attach import Options, Place, run
from tui.commands.options import pass_options

if TYPE_CHECKING:
    from core.service.client import Client

_LONGEST_END = 60.0


@click.group("engine", invoke_without_command=True)
@click.pass_context
def engine(context: click.Context) -> None:
    """Run the engine in the foreground, for systemd or to watch it.

    Other commands start one in the background by themselves where none runs.
    """
    if context.invoked_subcommand is None:
        from core.service.run import main

        context.exit(main(_arguments(context.ensure_object(Options).place())))


def _arguments(place: Place) -> list[str]:
    config = ["--config", str(place.config)] if place.config else []
    interfaces = [part for interface in place.interfaces for part in ("--interface", interface)]
    return ["--state-dir", str(place.state_dir), "--socket", str(place.socket), *config, *interfaces]


@engine.command("stop")
@click.option("--force", is_flag=True, help="Also while an install is under way; it is taken up at the next start.")
@pass_options
def stop(options: Options, force: bool) -> None:
    """End the engine, and wait until it has ended. Refused while an install is under way, unless --force."""
    run(_stop(options.place(), force=force))
    click.echo("The engine has ended.")


async def _stop(place: Place, *, force: bool) -> None:
    import asyncio

    from core.model.messages import StopEngine
    from core.service.client import Client

    async with await Client.connect(place.socket) as client:
        process = _process_of(client)
        # It may be gone before its answer is read: that is what was asked for.
        with suppress(EngineGoneError):
            await client.ask(StopEngine(force=force))
    if process is not None:
        await asyncio.to_thread(_await_end, process)


def _process_of(client: Client) -> int | None:
    """Return a descriptor that tells when the engine's process ends, None where it has."""
    try:
        return os.pidfd_open(client.welcome.status.pid)
    except ProcessLookupError:
        return None


def _await_end(process: int) -> None:
    try:
        ended, _, _ = select.select([process], [], [], _LONGEST_END)
    finally:
        os.close(process)
    if not ended:
        raise CamtrustError(
            f"The engine has not ended after {_LONGEST_END:.0f} s.",
            "It may be finishing what it must not leave half done. Try again in a minute.",
        )
