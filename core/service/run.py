"""The engine as a process: `python -I -m core.service.run --state-dir FOLDER`."""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from core.model.config import Config
from core.model.errors import CamtrustError, ExitCode
from core.model.messages import encode_line
from core.model.text import clean
from core.service import logs, supervisor
from core.service.access import resolve
from core.service.hardening import harden
from core.service.linger import alone
from core.service.paths import default_state_dir, socket_path
from core.service.server import Server
from core.service.session import failure
from core.service.settings import check_interfaces, load_config
from core.store.folder import StateFolder

if TYPE_CHECKING:
    from core.engine.engine import Engine

# This module is usually the main one, and the log should not call it that.
_log = logging.getLogger("core.service.run")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the engine until it is ended, and return the exit code. Errors are told in one line on stderr."""
    manager = os.environ.get("NOTIFY_SOCKET", "")
    harden()
    # Until the log is there, nothing else may take its place.
    logging.getLogger().addHandler(logging.NullHandler())
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    options = _options(argv)
    options.manager = manager
    if options.detached:
        _detach()
    try:
        asyncio.run(_run(options))
    except CamtrustError as error:
        return _told(error, options)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except Exception as error:  # noqa: BLE001 - the last place where anything can be told
        _log.critical("the engine ended", exc_info=True)
        return _told(_internal(error, logs.log_path(options.state_dir)), options)
    return ExitCode.DONE


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("camtrust engine", description="Runs the engine of this gateway.")
    parser.add_argument("--state-dir", type=Path, default=None, metavar="FOLDER", help="where all state is kept")
    parser.add_argument("--socket", type=Path, default=None, metavar="PATH", help="the Unix socket to listen on")
    parser.add_argument(
        "--config", type=Path, default=None, metavar="FILE", help="settings, instead of the default place"
    )
    parser.add_argument("--interface", action="append", default=[], metavar="ADDRESS", help="search only from here")
    parser.add_argument(
        "--linger", type=float, default=None, metavar="SECONDS", help="end so long after the last client"
    )
    # Set by a client that starts an engine: leave its session, report on stderr until ready, and linger.
    parser.add_argument("--detached", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    try:
        options.state_dir = (options.state_dir or default_state_dir()).absolute()
    except CamtrustError as error:
        parser.error(f"{error.title}. {error.hint}")
    options.socket = options.socket and options.socket.absolute()
    options.config = options.config and options.config.absolute()
    return options


def _detach() -> None:
    """Go on as a process without parent, session and terminal."""
    if os.fork():
        os._exit(0)
    os.setsid()
    os.chdir("/")


def _told(error: CamtrustError, options: argparse.Namespace) -> int:
    _log.error("%s %s", error.title, error.hint)
    if options.detached:
        # As bytes, because stderr writes what its locale cannot in a way that is no JSON.
        sys.stderr.buffer.write(encode_line(failure(error)))
        sys.stderr.flush()
    else:
        sys.stderr.write(f"camtrust engine: {error.title}. {error.hint}\n")
    return error.exit_code


def _internal(error: Exception, log: Path) -> CamtrustError:
    known = f"What is known about it is in {log}." if log.exists() else clean(str(error), 200)
    return CamtrustError(f"Internal error in the engine ({type(error).__name__})", known)


def _config(options: argparse.Namespace) -> Config:
    config = load_config(options.config)
    interfaces = check_interfaces(options.interface)
    return msgspec.structs.replace(config, interfaces=interfaces) if interfaces else config


async def _run(options: argparse.Namespace) -> None:
    config = _config(options)
    access = resolve(config.access)
    with closing(StateFolder.open(options.state_dir)) as folder:
        log = logs.set_up(folder.path)
        # Only now: its libraries would set up logging in their own way.
        from core.engine.engine import Engine

        engine = await Engine.open(folder, config)
        try:
            await _serve(engine, Server(engine, engine.board, log, access), options, config)
        finally:
            await engine.close()


async def _serve(engine: "Engine", server: Server, options: argparse.Namespace, config: Config) -> None:
    ways = [_signal(), asyncio.create_task(_stop(engine))]
    linger = config.linger if options.linger is None and options.detached else options.linger
    if linger is not None:
        ways.append(asyncio.create_task(_abandoned(server, engine, linger)))
    socket = options.socket or socket_path(options.state_dir)
    await server.start(socket)
    reason = "The engine failed"
    try:
        _tell_ready(engine, socket, options)
        supervisor.tell(options.manager, supervisor.READY)
        reason = await _first(ways)
    finally:
        supervisor.tell(options.manager, supervisor.ENDING)
        _log.info("ending: %s", reason)
        await server.close(reason)


def _tell_ready(engine: "Engine", socket: Path, options: argparse.Namespace) -> None:
    status = engine.board.status()
    ready = f"gateway {status.gateway}, state {options.state_dir}, socket {socket}, pid {status.pid}"
    _log.info("ready: %s", ready)
    if not options.detached:
        sys.stderr.write(f"camtrust engine: {ready}\n")
        return
    # To whoever started this, the end of the report means that all is well.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stderr.fileno())
    os.close(nowhere)


def _signal() -> asyncio.Future[str]:
    """Return what will hold the reason when SIGTERM or SIGINT has come."""
    loop = asyncio.get_running_loop()
    reason: asyncio.Future[str] = loop.create_future()

    def note(name: str) -> None:
        if not reason.done():
            reason.set_result(f"The engine was ended by {name}")

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, note, number.name)
    return reason


async def _stop(engine: "Engine") -> str:
    await engine.stop_asked.wait()
    return "The engine was ended as a client asked"


async def _abandoned(server: Server, engine: "Engine", linger: float) -> str:
    await alone(server, engine.busy, linger)
    return "Nobody was attached any more"


async def _first(ways: Sequence[asyncio.Future[str]]) -> str:
    done, pending = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    for way in pending:
        way.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    return done.pop().result()


if __name__ == "__main__":
    raise SystemExit(main())
