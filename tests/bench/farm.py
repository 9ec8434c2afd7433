"""The bench's side of the farm: where its leaves are, and what arrived there."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

_PATIENCE = 10.0


class Target(NamedTuple):
    """Where a leaf is, the leaf, and the fingerprint that a client expects there."""

    host: str
    port: int
    der: bytes
    pin: str


class Counts(NamedTuple):
    """What the farm saw. `data` is in bytes of application data, `cpu` in seconds of the farm's own."""

    handshakes: int
    failed: int
    resumed: int
    data: int
    cpu: float


class Farm:
    """A running farm."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.targets = [_target(host, port, bytes.fromhex(der)) for host, port, der in json.loads(self._read())]

    def settle(self, delay: float = 0.0) -> Counts:
        """Return what was counted since the last time; from now on the farm takes `delay` seconds a handshake."""
        assert self._process.stdin
        self._process.stdin.write(f"{delay}\n")
        self._process.stdin.flush()
        return Counts(**json.loads(self._read()))

    def _read(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline()


@contextmanager
def farm(leaves: int, cpu: int) -> Iterator[Farm]:
    """Run a farm on one CPU. An interrupt from the keyboard is not for it: it ends with its standard input."""
    command = [sys.executable, "-m", "tests.bench.server", str(leaves), str(cpu)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, start_new_session=True) as process:
        try:
            yield Farm(process)
        finally:
            assert process.stdin
            process.stdin.close()
            try:
                process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()


def with_wrong_pins(targets: Sequence[Target]) -> list[Target]:
    """Return the targets, each with the pin of another."""
    others = [*targets[1:], *targets[:1]]
    return [target._replace(pin=other.pin) for target, other in zip(targets, others, strict=True)]


def _target(host: str, port: int, der: bytes) -> Target:
    return Target(host, port, der, hashlib.sha256(der).hexdigest())
