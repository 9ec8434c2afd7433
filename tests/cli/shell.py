"""Runs `camtrust` as a shell does: as a process, with pipes or with a terminal."""

import asyncio
import json
import os
import pty
import sys
import termios
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

DEADLINE = 60.0
PROGRAM = Path(sys.executable).with_name("camtrust")


@dataclass(frozen=True)
class Ended:
    """A command that has ended: what it returned and said."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def one_clear_line(self) -> bool:
        """Whether it said one thing on stderr, with one hint below, and no traceback."""
        said = self.err.splitlines()
        return (
            1 <= len(said) <= 2
            and said[0].startswith("camtrust: ")
            and all(line.startswith("  ") for line in said[1:])
            and "Traceback" not in self.err
        )


class Shell:
    """A home of its own, and the options that every command gets."""

    def __init__(self, home: Path, *options: str) -> None:
        self.home = home
        self.options = options

    def environment(self, **more: str) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8", "TERM": "xterm", **more}

    async def run(self, *arguments: str, stdin: bytes = b"", **environment: str) -> Ended:
        """Run a command with pipes, to its end."""
        process = await self.start(*arguments, **environment)
        async with ended_by(process):
            out, err = await process.communicate(stdin)
        assert process.returncode is not None
        return Ended(process.returncode, out, err.decode())

    async def start(self, *arguments: str, **environment: str) -> asyncio.subprocess.Process:
        return await self.start_into(asyncio.subprocess.PIPE, *arguments, **environment)

    async def start_into(self, stdout: int, *arguments: str, **environment: str) -> asyncio.subprocess.Process:
        """Start a command whose standard output is this descriptor."""
        return await asyncio.create_subprocess_exec(
            PROGRAM,
            *self.options,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=stdout,
            stderr=asyncio.subprocess.PIPE,
            env=self.environment(**environment),
            cwd=self.home,
        )


@asynccontextmanager
async def ended_by(process: asyncio.subprocess.Process, deadline: float = DEADLINE) -> AsyncIterator[None]:
    """Have a process ended when the block is left, and the block when it takes too long."""
    try:
        async with asyncio.timeout(deadline):
            yield
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def python(shell: Shell, code: str, *arguments: str, **environment: str) -> Ended:
    """Run our own code in an interpreter of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        code,
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=shell.environment(**environment),
    )
    async with ended_by(process):
        out, err = await process.communicate()
    assert process.returncode is not None
    return Ended(process.returncode, out, err.decode())


class Terminal:
    """A command in a pseudo-terminal of its own. `said` is all that it wrote there so far."""

    def __init__(self, shell: Shell, *arguments: str, **environment: str) -> None:
        self._shell = shell
        self._arguments = arguments
        self._environment = environment
        self.said = b""

    async def __aenter__(self) -> Self:
        self._ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (24, 80))
        os.set_blocking(self._ours, False)
        try:
            self.process = await asyncio.create_subprocess_exec(
                PROGRAM,
                *self._shell.options,
                *self._arguments,
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
                env=self._shell.environment(**self._environment),
                cwd=self._shell.home,
                start_new_session=True,
            )
        finally:
            os.close(theirs)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        os.close(self._ours)

    async def until(self, what: bytes) -> None:
        """Read until this was said."""
        await _until(lambda: what in self._read(), lambda: f"{what!r} not in {self.said!r}")

    def attributes(self) -> list[Any]:
        """Return how the terminal is set: echo, lines, signals."""
        return termios.tcgetattr(self._ours)

    def type(self, keys: bytes) -> None:
        os.write(self._ours, keys)

    async def end(self) -> int:
        """Read until the command has ended; return what it returned."""
        await _until(lambda: self._read() and self.process.returncode is not None, lambda: f"not ended: {self.said!r}")
        assert self.process.returncode is not None
        return self.process.returncode

    def _read(self) -> bytes:
        try:
            self.said += os.read(self._ours, 65536)
        except BlockingIOError:
            pass
        except OSError:
            # Linux says so when the other end is closed.
            pass
        return self.said or b" "


async def _until(condition: Callable[[], object], why: Callable[[], str]) -> None:
    try:
        async with asyncio.timeout(DEADLINE):
            while not condition():
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(why()) from None
