"""A simulated site in a process of its own, for installs: where its cameras are, and what they saw.

`python -m tests.bench.cameras CPU` takes a line of JSON with the settings of a site on its standard input, and prints
one with the HTTPS port of each camera. Then it answers each line with what each camera saw so far, until its standard
input ends.
"""

import asyncio
import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import msgspec

from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings, SiteSettings
from core.simulator.site import Site

_PATIENCE = 10.0


class Account(NamedTuple):
    """What one camera saw. `calls` are those that it let in, by name; how often a key was asked after counts once.

    `refused` is how many calls it did not let in, `looks` how many TLS connections came without any request, `leaf` the
    fingerprint of what it serves.
    """

    calls: dict[str, int]
    refused: int
    looks: int
    leaf: str


class Cameras:
    """A running site; `ports` are those for HTTPS, in the order of the settings."""

    def __init__(self, process: subprocess.Popen[str], settings: Sequence[CameraSettings]) -> None:
        self.pid = process.pid
        self._process = process
        self.ports: list[int] = json.loads(self._ask(msgspec.json.encode(SiteSettings(tuple(settings))).decode()))

    def accounts(self) -> list[Account]:
        """Return what each camera saw, in the order of the settings."""
        return [Account(*account) for account in json.loads(self._ask(""))]

    def _ask(self, line: str) -> str:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()


@contextmanager
def running(settings: Sequence[CameraSettings], cpu: int) -> Iterator[Cameras]:
    """Run these cameras on one CPU. An interrupt from the keyboard is not for them."""
    command = [sys.executable, "-m", "tests.bench.cameras", str(cpu)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, start_new_session=True) as process:
        try:
            yield Cameras(process, settings)
        finally:
            assert process.stdin
            process.stdin.close()
            try:
                process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()


def account(camera: Camera) -> Account:
    """Return what a camera saw."""
    asked, refused = Counter[str](), 0
    for received in camera.log.requests:
        if received.outcome == "ok":
            asked[received.operation] += 1
        else:
            refused += 1
    if asked["GetKeyStatus"]:
        asked["GetKeyStatus"] = 1
    looks = sum(connection.scheme == "https" and not connection.requests for connection in camera.log.connections)
    return Account(dict(+asked), refused, looks, hashlib.sha256(camera.leaf).hexdigest())


async def _serve() -> None:
    settings = msgspec.json.decode(await _line(), type=SiteSettings)
    async with Site(settings.cameras) as site:
        print(json.dumps([camera.https_port for camera in site.cameras]), flush=True)
        while await _line():
            print(json.dumps([account(camera) for camera in site.cameras]), flush=True)


async def _line() -> str:
    return await asyncio.to_thread(sys.stdin.readline)


if __name__ == "__main__":
    os.sched_setaffinity(0, {int(sys.argv[1])})
    asyncio.run(_serve())
