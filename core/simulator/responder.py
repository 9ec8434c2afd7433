"""Hears questions to all cameras of a site on one group, and answers each from the camera's own address."""

import asyncio
import random
import socket
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from core.simulator.addresses import family_of, host_of
from core.simulator.camera import Camera
from core.simulator.loopback import check_inside, is_inside
from core.simulator.standing import Standing
from core.simulator.udp import open_ear, open_mouth, place_of_group

_LARGEST = 16 * 1024
_LONGEST_DELAY = 0.1


@dataclass(slots=True)
class History:
    """What counts up while a camera speaks: its boots, the changes of what it tells, its messages since the boot."""

    boots: int = 0
    version: int = 0
    said: int = 0

    def number(self) -> int:
        """Return the number of the next message."""
        self.said += 1
        return self.said


class Question(Protocol):
    """One question."""

    @property
    def to_all(self) -> bool:
        """Whether the answers are for everybody."""

    def concerns(self, standing: Standing) -> bool:
        """Tell whether a camera is meant."""

    def answers(self, standing: Standing, history: History) -> Sequence[bytes]:
        """Return a camera's answers, a datagram each."""


class Language(Protocol):
    """A protocol in which cameras announce themselves to a multicast group."""

    @property
    def group(self) -> str:
        """The group's address."""

    @property
    def group6(self) -> str:
        """The group's address over IPv6."""

    @property
    def hops(self) -> int:
        """The time to live of what is said to all."""

    def spoken_by(self, standing: Standing) -> bool:
        """Tell whether a camera takes part."""

    def question(self, payload: bytes, *, from_peer: bool) -> Question | None:
        """Return the question in a datagram, None where it is none. `from_peer`: sent from the protocol's own port."""

    def hello(self, standing: Standing, history: History) -> Sequence[bytes]:
        """Return what is said to everybody after a start."""

    def bye(self, standing: Standing, history: History) -> Sequence[bytes]:
        """Return what is said to everybody before an end."""


@dataclass(slots=True)
class _Speaker:
    """A camera, with a socket on each of its addresses for as long as it may be heard there."""

    camera: Camera
    history: History = field(default_factory=History)
    mouths: dict[str, socket.socket] = field(default_factory=dict)


class Responder:
    """Answers in one language at `port` (0: any), on the interface with the loopback address `interface` only.

    Where that is of IPv6, it speaks for the IPv6 addresses of cameras, otherwise for the others. What is sent to a
    camera's own address at that port is heard, too. Raises `ValueError` for an interface that is not
    the loopback, `OSError` where the port cannot be had.
    """

    def __init__(self, language: Language, port: int, interface: str = "127.0.0.1") -> None:
        check_inside(interface)
        self.port = port
        self._language = language
        self._interface = interface
        self._group = language.group6 if family_of(interface) == socket.AF_INET6 else language.group
        self._speakers: dict[Camera, _Speaker] = {}
        self._delayed: set[asyncio.TimerHandle] = set()
        self._ear: socket.socket | None = None

    @property
    def pending(self) -> int:
        """How many cameras are still to answer."""
        return len(self._delayed)

    def open(self) -> None:
        """Listen from now on."""
        self._ear = open_ear(self._interface, self._group, self.port)
        self.port = self._ear.getsockname()[1]
        asyncio.get_running_loop().add_reader(self._ear, self._hear_all, self._ear)

    def close(self) -> None:
        """Listen no longer, and forget all cameras without a word."""
        for handle in self._delayed:
            handle.cancel()
        self._delayed.clear()
        if self._ear is not None:
            _close(self._ear)
            self._ear = None
        for speaker in self._speakers.values():
            self._silence(speaker, speaker.mouths.copy())
        self._speakers.clear()

    def hello(self, camera: Camera) -> None:
        """Say that a camera has started, and answer for it from now on."""
        speaker = self._speakers.setdefault(camera, _Speaker(camera))
        self._place(speaker)
        speaker.history.boots += 1
        speaker.history.said = 0
        self._greet(speaker)

    def changed(self, camera: Camera) -> None:
        """Say what a camera that was there before tells now."""
        if (speaker := self._speakers.get(camera)) is not None:
            speaker.history.version += 1
            self._greet(speaker)

    def bye(self, camera: Camera) -> None:
        """Say that a camera goes, and answer for it no longer until it starts again."""
        speaker = self._speakers.get(camera)
        if speaker is None:
            return
        for standing in self._standings(speaker):
            self._say(speaker, standing, self._language.bye(standing, speaker.history), self._everybody)
        self._silence(speaker, speaker.mouths.copy())

    def _greet(self, speaker: _Speaker) -> None:
        for standing in self._standings(speaker):
            self._say(speaker, standing, self._language.hello(standing, speaker.history), self._everybody)

    @property
    def _everybody(self) -> tuple[Any, ...]:
        return place_of_group(self._group, self.port)

    def _standings(self, speaker: _Speaker) -> list[Standing]:
        standings = map(speaker.camera.standing, speaker.mouths)
        return [standing for standing in standings if self._language.spoken_by(standing)]

    def _place(self, speaker: _Speaker) -> None:
        """Have a socket at each of the camera's addresses, and at no other one."""
        hosts = [host for host in speaker.camera.settings.hosts if family_of(host) == family_of(self._interface)]
        gone = speaker.mouths.keys() - set(hosts)
        new = [host for host in hosts if host not in speaker.mouths]
        self._silence(speaker, gone)
        speaker.mouths |= {host: self._mouth(speaker, host) for host in new}
        if new:
            speaker.history.version += 1

    def _silence(self, speaker: _Speaker, hosts: Iterable[str]) -> None:
        for host in hosts:
            _close(speaker.mouths.pop(host))

    def _mouth(self, speaker: _Speaker, host: str) -> socket.socket:
        sock = open_mouth(host, self.port, self._interface, self._language.hops)
        asyncio.get_running_loop().add_reader(sock, self._hear_one, sock, speaker, host)
        return sock

    def _hear_all(self, ear: socket.socket) -> None:
        for question, asker in self._questions(ear):
            for speaker in self._speakers.values():
                for host in speaker.mouths:
                    self._consider(speaker, host, question, asker)

    def _hear_one(self, mouth: socket.socket, speaker: _Speaker, host: str) -> None:
        for question, asker in self._questions(mouth):
            self._consider(speaker, host, question, asker)

    def _questions(self, sock: socket.socket) -> Iterable[tuple[Question, tuple[Any, ...]]]:
        with suppress(BlockingIOError):
            while True:
                payload, asker = sock.recvfrom(_LARGEST)
                if not is_inside(host_of(asker)):
                    continue
                question = self._language.question(payload, from_peer=asker[1] == self.port)
                if question is not None:
                    yield question, asker

    def _consider(self, speaker: _Speaker, host: str, question: Question, asker: tuple[Any, ...]) -> None:
        if speaker.camera.is_reachable:
            standing = speaker.camera.standing(host)
            if self._language.spoken_by(standing) and question.concerns(standing):
                self._later(speaker, host, question, asker)

    def _later(self, speaker: _Speaker, host: str, question: Question, asker: tuple[Any, ...]) -> None:
        def answer() -> None:
            self._delayed.discard(handle)
            if speaker.camera.is_reachable and host in speaker.mouths:
                standing = speaker.camera.standing(host)
                to = self._everybody if question.to_all else asker
                self._say(speaker, standing, question.answers(standing, speaker.history), to)

        delay = random.uniform(0, _LONGEST_DELAY)  # noqa: S311 - it spreads answers and guards nothing
        handle = asyncio.get_running_loop().call_later(delay, answer)
        self._delayed.add(handle)

    def _say(self, speaker: _Speaker, standing: Standing, payloads: Iterable[bytes], to: tuple[Any, ...]) -> None:
        for payload in payloads:
            # A datagram may get lost on any network; here that is a full buffer, or an asker who is gone.
            with suppress(BlockingIOError, ConnectionRefusedError):
                speaker.mouths[standing.host].sendto(payload, to)


def _close(sock: socket.socket) -> None:
    asyncio.get_running_loop().remove_reader(sock)
    sock.close()
