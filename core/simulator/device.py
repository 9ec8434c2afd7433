"""The state of a camera: its clock, its keystore, its ports, and what of it survives a power cut. No I/O."""

from collections.abc import Callable

import msgspec
from cryptography import x509

from core.simulator import assignment, signing
from core.simulator.assignment import Identity
from core.simulator.clock import Clock
from core.simulator.contents import FACTORY, Contents, Path
from core.simulator.device_certificates import DeviceCertificates
from core.simulator.faults import invalid, unsupported
from core.simulator.keystore import Keystore
from core.simulator.settings import CameraSettings, KeystoreSettings


class Protocol(msgspec.Struct, frozen=True):
    """One line of the network protocols."""

    enabled: bool
    port: int


class Flash(msgspec.Struct, frozen=True):
    """What survives a power cut. `host` is the address that the camera had."""

    contents: Contents
    protocols: dict[str, Protocol]
    host: str = ""


class Device:
    """One camera's state since it was switched on. Every camera with HTTPS has a keystore; not every one offers it.

    `is_free` tells whether the camera could have a port that it does not have yet.
    """

    def __init__(self, settings: CameraSettings, flash: Flash, is_free: Callable[[int], bool]) -> None:
        self.settings = settings
        self.clock = Clock(settings.clock_offset, settings.lost_clock)
        self.keystore = Keystore(settings.keystore or KeystoreSettings(), flash.contents)
        legacy = settings.certificates
        self.certificates = DeviceCertificates(legacy, flash.contents) if legacy is not None else None
        self.protocols = dict(flash.protocols)
        self._protocols_at_boot = dict(flash.protocols)
        self._is_free = is_free
        self._assigned_at_boot = list(flash.contents.assigned)
        self._identity_at_boot = self._identity()

    def request(self, private: bytes, subject: x509.Name, algorithm: signing.Algorithm) -> bytes:
        """Return a certificate request for a key. Raises ValueError."""
        wrong = self.settings.quirks.requests
        if wrong == "first_key":
            first = next(iter(self.keystore.contents.keys.values()))
            private = first.private or private
        made = signing.request(private, subject, algorithm)
        return made[:-1] + bytes([made[-1] ^ 1]) if wrong == "broken" else made

    def flash(self) -> Flash:
        """Return what would survive a power cut now."""
        contents = self.keystore.contents.settled()
        if self.settings.quirks.forgets_assignment:
            contents.assigned = list(self._assigned_at_boot)
        return Flash(contents, dict(self.protocols), self.settings.host)

    def on(self, protocol: str) -> bool:
        """Tell whether a protocol is there and switched on."""
        found = self._in_effect.get(protocol)
        return found is not None and found.enabled

    def port(self, protocol: str) -> int:
        """Return the port of a protocol, 0 where it is not there."""
        found = self._in_effect.get(protocol)
        return found.port if found is not None else 0

    def presented(self) -> Path | None:
        """Return the path that the TLS server presents, None where it has nothing to present."""
        quirks, contents = self.settings.quirks, self.keystore.contents
        paths = list(reversed(contents.assigned)) if quirks.presents_last else contents.assigned
        if quirks.keeps_old_certificate:
            paths = [path.id for path in contents.paths.values() if path.alias == FACTORY] or paths
        return contents.paths[paths[0]] if paths else None

    def identity(self) -> Identity | None:
        """Return what the TLS server presents, None where it has nothing to present."""
        return self._identity_at_boot if self.settings.quirks.certificate_needs_reboot else self._identity()

    def _identity(self) -> Identity | None:
        path = self.presented()
        if path is None:
            return None
        identity = assignment.identity(self.keystore.contents, path.id)
        return _own_version(identity) if self.settings.quirks.serves_own_version else identity

    def set_protocols(self, asked: dict[str, Protocol]) -> None:
        """Change ports, and switch protocols on or off (ONVIF Core, SetNetworkProtocols)."""
        if unknown := asked.keys() - self.protocols.keys():
            raise invalid("ServiceNotSupported", f"{', '.join(sorted(unknown))} is not supported")
        merged = self.protocols | asked
        ports = {protocol.port for protocol in merged.values()}
        new = ports - {protocol.port for protocol in (*self.protocols.values(), *self._in_effect.values())}
        if len(ports) < len(merged) or not all(map(self._can_have, new)) or self._is_fixed(asked):
            raise invalid("PortAlreadyInUse", "A port is in use already, or is none")
        if merged.get("HTTPS", Protocol(False, 0)).enabled and not self.keystore.contents.assigned:
            raise unsupported("No certificate is assigned to the TLS server", "EnablingTlsFailed")
        if not self.settings.quirks.ignores_protocols:
            self.protocols = merged

    @property
    def _in_effect(self) -> dict[str, Protocol]:
        return self._protocols_at_boot if self.settings.quirks.protocols_need_reboot else self.protocols

    def _can_have(self, port: int) -> bool:
        return 0 < port < 65536 and self._is_free(port)

    def _is_fixed(self, asked: dict[str, Protocol]) -> bool:
        moved = any(protocol.port != self.protocols[name].port for name, protocol in asked.items())
        return moved and self.settings.quirks.fixed_ports


def _own_version(given: Identity) -> Identity:
    """Return the same key with a certificate that the camera signed itself, unless it is that already."""
    leaf = given.chain[0]
    if signing.signed_by(leaf, leaf):
        return given
    return Identity((signing.own_version(leaf, given.private),), given.private)
