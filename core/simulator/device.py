"""The state of a camera: what it is, its clock, its keystore, its ports. No I/O."""

from dataclasses import dataclass

import msgspec

from core.simulator import assignment, signing
from core.simulator.assignment import Identity
from core.simulator.clock import Clock
from core.simulator.contents import Contents, KeyStatus
from core.simulator.faults import invalid, unsupported
from core.simulator.keystore import Keystore
from core.simulator.settings import CameraSettings, KeystoreSettings


@dataclass(frozen=True, slots=True)
class Factory:
    """What a camera leaves the factory with. `others` are keys and certificates that somebody put there."""

    private: bytes
    certificate: bytes
    others: tuple[tuple[bytes, bytes], ...] = ()


class Protocol(msgspec.Struct, frozen=True):
    """One line of the network protocols."""

    enabled: bool
    port: int


class Flash(msgspec.Struct):
    """What survives a power cut."""

    contents: Contents
    protocols: dict[str, Protocol]


class Device:
    """One camera's state. `keystore` is there on every camera with HTTPS, though not every one has a service for it."""

    def __init__(self, settings: CameraSettings, flash: Flash) -> None:
        self.settings = settings
        self.clock = Clock(settings.clock_offset, settings.lost_clock)
        self.keystore = Keystore(settings.keystore or KeystoreSettings(), flash.contents)
        self.protocols = flash.protocols
        self._served: Identity | None = None

    @property
    def https(self) -> bool:
        """Whether HTTPS is switched on."""
        protocol = self.protocols.get("HTTPS")
        return protocol is not None and protocol.enabled

    def flash(self) -> Flash:
        """Return what would survive a power cut now."""
        contents = self.keystore.contents.settled()
        return Flash(contents, dict(self.protocols))

    def identity(self) -> Identity | None:
        """Return what the TLS server presents, None where it has nothing to present."""
        quirks = self.settings.quirks
        wanted = assignment.presented(self.keystore.contents, quirks.presents_last)
        if self._served is None or not quirks.keeps_old_certificate:
            self._served = self._own_version(wanted) if wanted and quirks.serves_own_version else wanted
        return self._served

    def set_protocols(self, asked: dict[str, Protocol]) -> None:
        """Take new ports, and switch protocols on or off (ONVIF Core, SetNetworkProtocols)."""
        merged = self.protocols | asked
        if unknown := asked.keys() - self.protocols.keys():
            raise invalid("ServiceNotSupported", f"{', '.join(sorted(unknown))} is not supported")
        ports = [protocol.port for protocol in merged.values() if protocol.enabled]
        if len(set(ports)) < len(ports):
            raise invalid("PortAlreadyInUse", "Two protocols cannot share a port")
        if merged.get("HTTPS", Protocol(False, 0)).enabled and not self.keystore.contents.assigned:
            raise unsupported("No certificate is assigned to the TLS server", "EnablingTlsFailed")
        if not self.settings.quirks.ignores_protocols:
            self.protocols = merged
