"""WS-Discovery and SSDP as a responder speaks them. mDNS is in a module of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.simulator import announcing, upnp
from core.simulator.addresses import in_url
from core.simulator.announcing import Probe, Profile
from core.simulator.personas import PERSONAS
from core.simulator.responder import History
from core.simulator.standing import Standing
from core.simulator.upnp import Search
from core.simulator.xaddrs import origin


@dataclass(frozen=True, slots=True)
class _Probed:
    """A probe (WS-Discovery, 5.2)."""

    probe: Probe
    to_all: bool = False

    def concerns(self, standing: Standing) -> bool:
        return self.probe.matches(profile(standing, History()))

    def answers(self, standing: Standing, history: History) -> Sequence[bytes]:
        return (announcing.probe_matches(profile(standing, history), self.probe, history.number()),)


class WsDiscovery:
    """WS-Discovery (2005/04)."""

    group, group6 = announcing.GROUP, announcing.GROUP6
    hops = 1

    def spoken_by(self, standing: Standing) -> bool:
        """Tell whether a camera takes part."""
        return standing.settings.ws_discovery

    def question(self, payload: bytes, *, from_peer: bool) -> _Probed | None:
        """Return the probe in a datagram, None where it is none."""
        probe = announcing.read_probe(payload)
        return _Probed(probe) if probe is not None else None

    def hello(self, standing: Standing, history: History) -> Sequence[bytes]:
        """Return a Hello."""
        return (announcing.hello(profile(standing, history), history.number()),)

    def bye(self, standing: Standing, history: History) -> Sequence[bytes]:
        """Return a Bye."""
        return (announcing.bye(profile(standing, history), history.number()),)


def profile(standing: Standing, history: History) -> Profile:
    """Return what a camera tells of itself at one of its addresses."""
    settings, persona = standing.settings, PERSONAS[standing.settings.persona]
    schemes = [scheme for scheme in settings.announces if scheme in standing.ports]
    begun = (origin(settings.quirks.xaddrs, scheme, in_url(standing.host), standing.ports) for scheme in schemes)
    xaddrs = tuple(f"{beginning}{settings.path}" for beginning in begun)
    scopes = tuple(persona.scopes(settings))
    return Profile(settings.endpoint, scopes, xaddrs, history.boots, history.version, persona.types)


@dataclass(frozen=True, slots=True)
class _Searched:
    """A search (UPnP Device Architecture 1.1, 1.3)."""

    search: Search
    to_all: bool = False

    def concerns(self, standing: Standing) -> bool:
        return bool(self.answers(standing, History()))

    def answers(self, standing: Standing, history: History) -> Sequence[bytes]:
        return upnp.answers(standing, self.search, history.boots)


class Ssdp:
    """SSDP on any UDP port, the discovery of UPnP."""

    group, group6 = upnp.GROUP, upnp.GROUP6
    hops = 2

    def __init__(self, port: int) -> None:
        self._port = port

    def spoken_by(self, standing: Standing) -> bool:
        """Tell whether a camera takes part."""
        return standing.settings.ssdp is not None and standing.described > 0

    def question(self, payload: bytes, *, from_peer: bool) -> _Searched | None:
        """Return the search in a datagram, None where it is none."""
        search = upnp.read_search(payload)
        return _Searched(search) if search is not None else None

    def hello(self, standing: Standing, history: History) -> Sequence[bytes]:
        """Return a NOTIFY for each thing that is there."""
        return upnp.alive(standing, self._everybody(standing), history.boots)

    def bye(self, standing: Standing, history: History) -> Sequence[bytes]:
        """Return a NOTIFY for each thing that goes."""
        return upnp.byebye(standing, self._everybody(standing), history.boots)

    def _everybody(self, standing: Standing) -> str:
        """Return what the messages name as their destination (UPnP Device Architecture 2.0, annex A)."""
        return f"[{self.group6.upper()}]:{self._port}" if ":" in standing.host else f"{self.group}:{self._port}"
