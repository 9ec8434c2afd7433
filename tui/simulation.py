"""The simulated site of the demo: a process with cameras on loopback, on a network and a discovery port of its own."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any, Self

from core.model.errors import CamtrustError

LOOPBACK = "127.0.0.1"
USER = "admin"
PASSWORD = "demo-Kamera-7"  # noqa: S105 - what the simulator gives to each camera that is told no other
_LONGEST_START = 30.0
_LONGEST_END = 5.0
_LONGEST_ORDER = 60.0


@dataclass(frozen=True)
class SimulatedCamera:
    """One camera of the site, at first. `expect` is the certificate field that its kind can reach."""

    name: str
    addresses: tuple[str, ...]
    kind: str
    expect: str


class SimulatedSite:
    """The simulator's process while it is used as a context. `cameras` are what it simulates.

    `ports` are the UDP ports of its announcements, by their settings in `[discovery]`.
    """

    def __init__(self, *, fast: bool) -> None:
        self.cameras: tuple[SimulatedCamera, ...] = ()
        self.ports = {name: free_port() for name in ("ws_discovery_port", "mdns_port", "ssdp_port")}
        self._network = f"127.{secrets.randbelow(200) + 20}.{secrets.randbelow(254) + 1}"
        self._fast = fast

    def __enter__(self) -> Self:
        # It ends when its standard input does, so that it never outlives this process, however that ends.
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            self._command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        assert self._process.stdout is not None
        self._answers = _Answers(self._process.stdout)
        try:
            self.cameras = cameras_of(_first_line(self._process.stdout))
        except BaseException:
            self._end()
            self._process.stdout.close()
            raise
        self._answers.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
        self._answers.join()

    async def order(self, order: str, host: str, **more: str) -> None:
        """Have something done with the camera at `host`, and return when it is done. One order at a time.

        Raises `CamtrustError` where it is refused, or not carried out in time.
        """
        assert self._process.stdin is not None
        line = json.dumps({"order": order, "host": host, **more})
        answer = self._answers.next()
        try:
            os.write(self._process.stdin.fileno(), f"{line}\n".encode())
            async with asyncio.timeout(_LONGEST_ORDER):
                check_done(await answer)
        except (TimeoutError, BrokenPipeError):
            raise CamtrustError(f"The simulated site did not carry out {line}.") from None

    def _end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(_LONGEST_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _command(self) -> list[str]:
        fast = ["--fast"] if self._fast else []
        ws_discovery, mdns, ssdp = map(str, self.ports.values())
        ports = ["--discovery-port", ws_discovery, "--mdns-port", mdns, "--ssdp-port", ssdp]
        where = ["--network", self._network, "--interface", LOOPBACK, *ports]
        return [sys.executable, "-I", "-m", "core.simulator", "--site", "demo", *where, *fast]


class _Answers(threading.Thread):
    """Reads what the site goes on to tell, so that it never has to wait for anybody."""

    def __init__(self, stdout: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self._stdout = stdout
        self._asked: Callable[[bytes], object] = _nobody

    def next(self) -> asyncio.Future[bytes]:
        """Return the next line, once it is there; it is empty where the site ended."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[bytes] = loop.create_future()

        def take(line: bytes) -> None:
            if not answer.done():
                answer.set_result(line)

        def tell(line: bytes) -> None:
            # Whoever asked may be gone, its loop and all.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(take, line)

        self._asked = tell
        return answer

    def run(self) -> None:
        """Read to the end, in a thread of its own."""
        with self._stdout:
            for line in self._stdout:
                self._tell(line)
        self._tell(b"")

    def _tell(self, line: bytes) -> None:
        asked, self._asked = self._asked, _nobody
        asked(line)


def _nobody(_: bytes) -> None:
    """Nobody waits for it."""


def cameras_of(line: bytes) -> tuple[SimulatedCamera, ...]:
    """Read the line by which the simulator says that it is ready. Raises `CamtrustError` where it is another."""
    try:
        told: list[dict[str, Any]] = json.loads(line)["ready"]
        return tuple(
            SimulatedCamera(camera["name"], tuple(camera["addresses"]), camera["kind"], camera["expect"])
            for camera in told
        )
    except (ValueError, KeyError, TypeError):
        raise CamtrustError("The simulated site did not start.", "What it said itself is above.") from None


def _first_line(stdout: IO[bytes]) -> bytes:
    ready, _, _ = select.select([stdout], [], [], _LONGEST_START)
    return stdout.readline() if ready else b""


def check_done(line: bytes) -> None:
    """Read what became of an order. Raises `CamtrustError` unless it was carried out."""
    try:
        told: dict[str, Any] = json.loads(line)
        refused = None if "done" in told else told["refused"]
    except (ValueError, KeyError, TypeError):
        raise CamtrustError("The simulated site does not answer any more.", "What it said itself is above.") from None
    if refused is not None:
        raise CamtrustError(f"The simulated site refuses: {refused}")


def free_port() -> int:
    """Return a UDP port that nobody uses on loopback at the moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port
