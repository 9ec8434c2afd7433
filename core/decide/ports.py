"""At which ports HTTPS is looked for, in which order, and how to tell who named them.

What sources announce and devices list are claims of strangers: few of them are tried, and no port of another service.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from core.decide.addresses import HTTP_PORT
from core.decide.identity import Said
from core.model.keystore import NetworkProtocol
from core.model.text import clean

USUAL_PORTS = (443, 8443, 4443)
"""Where HTTPS is on most devices, tried after all that was named."""

MOST_NAMED = 8
"""How many ports are tried because somebody named them."""

DEVICE = "device"
"""Who named a port that the device itself lists."""

NEVER = frozenset(
    (
        *(
            7,
            9,
            13,
            19,
            37,
            53,
            69,
            111,
            123,
            135,
            137,
            139,
            161,
            162,
            389,
            445,
            514,
            636,
            2049,
            5060,
            5061,
        ),  # networks
        *(20, 21, 22, 23, 79, 113, 512, 513, 990, 2375, 3389, 5900),  # files and shells
        *(25, 109, 110, 119, 143, 465, 563, 587, 993, 995),  # mail
        *(1433, 1521, 3306, 5432, 6379, 9200, 11211, 27017),  # databases
        *(515, 631, 6000, 9100),  # printers and screens
        *(322, 554, 8554),  # video
    )
)
"""Ports of other services, where what stands for HTTPS might be taken for an order (rule R28)."""

_ORDER = ("WS-Discovery", "mDNS", "SSDP")
# So that no source that lies crowds out the others, nor all of them the device itself.
_MOST_OF_ONE, _MOST_ANNOUNCED = 2, 6
_MOST_HTTP = 4
_MOST_TOLD = 3
_LONGEST = 160


@dataclass(frozen=True, slots=True)
class Candidate:
    """A port to try for HTTPS. `who` named it: sources, or the device; nobody in the case of the usual ones."""

    port: int
    who: tuple[str, ...] = ()

    @property
    def how(self) -> str:
        """How it was come by, in words."""
        return ", ".join(self.who) or "found there"


def candidates(said: Sequence[Said], listed: Sequence[int] = (), given: int | None = None) -> tuple[Candidate, ...]:
    """Return the ports to try, best first: `given` by the technician, announced, `listed` by the device, usual.

    More than those without `listed` are only what the device lists, so that both can be asked for at once.
    """
    who: dict[int, list[str]] = {} if given is None else {given: ["the port given"]}
    for source, port in _announced(said):
        who.setdefault(port, []).append(source)
    most = MOST_NAMED + (given is not None)
    for port in filter(_may_be_tried, dict.fromkeys(listed)):
        if port in who or len(who) < most:
            who.setdefault(port, []).append(DEVICE)
    named = tuple(Candidate(port, tuple(names)) for port, names in who.items())
    return (*named, *(Candidate(port) for port in USUAL_PORTS if port not in who))


def http_ports(said: Sequence[Said], *known: int | None) -> tuple[int, ...]:
    """Return where plain HTTP is looked for: at what is `known`, at what is announced, and at the usual port."""
    announced = (port for _, ports in _in_order(said) for scheme, port in ports if scheme == "http")
    few = tuple(dict.fromkeys(filter(_may_be_tried, announced)))[:_MOST_HTTP]
    return tuple(dict.fromkeys((*filter(None, known), *few, HTTP_PORT)))


def https_ports(listed: Sequence[NetworkProtocol]) -> tuple[int, ...]:
    """Return the ports at which a device says that it serves HTTPS. Some list port 0, or several."""
    ports = (port for protocol in listed if _is_https(protocol) and protocol.enabled for port in protocol.ports)
    return tuple(dict.fromkeys(filter(_may_be_tried, ports)))[:MOST_NAMED]


def has_https(listed: Sequence[NetworkProtocol]) -> bool:
    """Tell whether a device says that it can serve HTTPS, switched on or off."""
    return any(map(_is_https, listed))


def is_https_off(listed: Sequence[NetworkProtocol]) -> bool:
    """Tell whether a device says that it can serve HTTPS, and that this is switched off."""
    return has_https(listed) and not any(_is_https(protocol) and protocol.enabled for protocol in listed)


def with_https_on(listed: Sequence[NetworkProtocol]) -> tuple[NetworkProtocol, ...]:
    """Return the same protocols, but HTTPS switched on: at the ports that it has, or else at a usual one.

    Raises `ValueError` where there is no HTTPS.
    """
    https = [place for place, protocol in enumerate(listed) if _is_https(protocol)]
    if not https:
        raise ValueError("the device lists no HTTPS")
    chosen = next((place for place in https if any(listed[place].ports)), https[0])
    others = {port for place, protocol in enumerate(listed) if place != chosen for port in protocol.ports}
    usual = next((port for port in USUAL_PORTS if port not in others), USUAL_PORTS[0])
    ports = tuple(filter(None, listed[chosen].ports)) or (usual,)
    switched_on = msgspec.structs.replace(listed[chosen], enabled=True, ports=ports, whole=True)
    return (*listed[:chosen], switched_on, *listed[chosen + 1 :])


def told(
    chosen: tuple[str, int], how: str, said: Sequence[Said], listed: Sequence[NetworkProtocol], named: Sequence[int]
) -> str:
    """Return in one line where a device answers, and what was said of other places.

    `chosen` is scheme and port, `how` how that was come by; `listed` are the device's own protocols, `named` its HTTPS
    ports by these or otherwise. Such as "HTTPS on 8443 (mDNS) · SSDP says HTTP 80 · device says HTTPS 4443".
    """
    scheme, port = chosen
    own = ["HTTPS off"] if is_https_off(listed) else _shown([("https", number) for number in named], chosen)
    claims = [*((source, _shown(ports, chosen)) for source, ports in _in_order(said)), (DEVICE, own)]
    others = (f"{who} says {', '.join(ports)}" for who, ports in claims if ports)
    return clean(" · ".join((f"{scheme.upper()} on {port} ({how})", *others)), _LONGEST)


def _shown(ports: Sequence[tuple[str, int]], chosen: tuple[str, int]) -> list[str]:
    """What a source says that differs: one that names what was chosen, and HTTP besides, does not."""
    agrees = chosen in ports
    others = [
        (scheme, port) for scheme, port in ports if (scheme, port) != chosen and not (agrees and scheme == "http")
    ]
    told = [f"{scheme.upper()} {port}" for scheme, port in others[:_MOST_TOLD]]
    return [*told, "…"] if len(others) > _MOST_TOLD else told


def _announced(said: Sequence[Said]) -> list[tuple[str, int]]:
    """Return who announced which HTTPS port, few of each source and few in all."""
    kept: list[tuple[str, int]] = []
    for source, ports in _in_order(said):
        secure = (port for scheme, port in ports if scheme == "https" and _may_be_tried(port))
        for port in tuple(dict.fromkeys(secure))[:_MOST_OF_ONE]:
            different = {known for _, known in kept}
            if port in different or len(different) < _MOST_ANNOUNCED:
                kept.append((source, port))
    return kept


def _in_order(said: Sequence[Said]) -> list[Said]:
    return sorted(said, key=lambda one: _ORDER.index(one[0]) if one[0] in _ORDER else len(_ORDER))


def _may_be_tried(port: int) -> bool:
    return 0 < port < 65536 and port not in NEVER


def _is_https(protocol: NetworkProtocol) -> bool:
    return protocol.name.upper() == "HTTPS"
