"""Hears probes for all cameras of a site on one socket, and answers each from the camera's own address."""

import asyncio
import ipaddress
import random
import socket
from contextlib import suppress
from dataclasses import dataclass

from core.simulator.announcing import GROUP, Probe, Profile, bye, hello, probe_matches, read_probe
from core.simulator.camera import Camera
from core.simulator.device_service import scopes
from core.simulator.loopback import LOOPBACK, check_inside

_LARGEST = 16 * 1024
_LONGEST_DELAY = 0.1
# From <linux/in.h>, not in the socket module: hear only the groups that this very socket joined.
_IP_MULTICAST_ALL = 49


@dataclass(slots=True)
class _Voice:
    """A camera and the socket on its address. `said` counts its messages since the last boot."""

    camera: Camera
    host: str
    sock: socket.socket
    instance: int = 0
    version: int = 1
    said: int = 0

    def profile(self) -> Profile:
        settings = self.camera.settings
        ports = {"http": self.camera.http_port, "https": self.camera.https_port}
        xaddrs = tuple(
            f"{scheme}://{self.camera.host}:{ports[scheme]}{settings.path}"
            for scheme in settings.announces
            if self.camera.device.on(scheme.upper())
        )
        return Profile(settings.endpoint, tuple(scopes(settings)), xaddrs, self.instance, self.version)

    def number(self) -> int:
        self.said += 1
        return self.said


class Responder:
    """Answers on the multicast group at `port` (0: any), on the interface with the loopback address `interface` only.

    Raises `ValueError` for an interface that is not the loopback, `OSError` where the port cannot be had.
    """

    def __init__(self, port: int, interface: str = "127.0.0.1") -> None:
        check_inside(interface)
        self.port = port
        self._interface = socket.inet_aton(interface)
        self._voices: dict[Camera, _Voice] = {}
        self._delayed: set[asyncio.TimerHandle] = set()
        self._ear: socket.socket | None = None

    @property
    def pending(self) -> int:
        """How many answers are still to be sent."""
        return len(self._delayed)

    def open(self) -> None:
        """Listen from now on."""
        self._ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._ear.setblocking(False)
        self._ear.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._ear.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
        self._ear.bind((GROUP, self.port))
        self.port = self._ear.getsockname()[1]
        membership = socket.inet_aton(GROUP) + self._interface
        self._ear.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
        asyncio.get_running_loop().add_reader(self._ear, self._hear, self._ear)

    def close(self) -> None:
        """Listen no longer, and forget all cameras without a word."""
        for handle in self._delayed:
            handle.cancel()
        self._delayed.clear()
        if self._ear is not None:
            asyncio.get_running_loop().remove_reader(self._ear)
            self._ear.close()
            self._ear = None
        for voice in self._voices.values():
            voice.sock.close()
        self._voices.clear()

    def hello(self, camera: Camera) -> None:
        """Say that a camera has started, and answer for it from now on."""
        voice = self._voice(camera)
        voice.instance += 1
        voice.said = 0
        self._say(voice, hello(voice.profile(), voice.number()), (GROUP, self.port))

    def bye(self, camera: Camera) -> None:
        """Say that a camera goes, and answer for it no longer."""
        voice = self._voices.pop(camera, None)
        if voice is not None:
            self._say(voice, bye(voice.profile(), voice.number()), (GROUP, self.port))
            voice.sock.close()

    def _voice(self, camera: Camera) -> _Voice:
        voice = self._voices.get(camera)
        if voice is None:
            voice = self._voices[camera] = _Voice(camera, camera.host, self._mouth(camera.host))
        elif voice.host != camera.host:
            voice.sock.close()
            voice.host, voice.sock = camera.host, self._mouth(camera.host)
            voice.version += 1
        return voice

    def _mouth(self, host: str) -> socket.socket:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, self._interface)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        sock.bind((host, 0))
        return sock

    def _hear(self, ear: socket.socket) -> None:
        with suppress(BlockingIOError):
            while True:
                payload, asker = ear.recvfrom(_LARGEST)
                probe = read_probe(payload) if ipaddress.IPv4Address(asker[0]) in LOOPBACK else None
                if probe is not None:
                    self._consider(probe, asker)

    def _consider(self, probe: Probe, asker: tuple[str, int]) -> None:
        for voice in self._voices.values():
            if voice.camera.is_on and probe.matches(voice.profile()):
                self._later(voice, probe, asker)

    def _later(self, voice: _Voice, probe: Probe, asker: tuple[str, int]) -> None:
        def answer() -> None:
            self._delayed.discard(handle)
            if voice.camera.is_on and voice.camera in self._voices:
                self._say(voice, probe_matches(voice.profile(), probe, voice.number()), asker)

        delay = random.uniform(0, _LONGEST_DELAY)  # noqa: S311 - it spreads answers and guards nothing
        handle = asyncio.get_running_loop().call_later(delay, answer)
        self._delayed.add(handle)

    def _say(self, voice: _Voice, payload: bytes, to: tuple[str, int]) -> None:
        # A datagram may get lost on any network; here that is a full buffer, or an asker who is gone.
        with suppress(BlockingIOError, ConnectionRefusedError):
            voice.sock.sendto(payload, to)
