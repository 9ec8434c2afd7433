"""WS-Discovery messages, the camera's side (WS-Discovery 2005/04; ONVIF Core, 7.3). Pure."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from core.simulator import soap
from core.simulator.personas import CAMERA_TYPES
from core.simulator.soap import ENV, Maker

GROUP, GROUP6 = "239.255.255.250", "ff02::c"
_DISCOVERY = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
_ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
_ANONYMOUS = f"{_ADDRESSING}/role/anonymous"
_EVERYBODY = "urn:schemas-xmlsoap-org:ws:2005:04:discovery"

_prefixes = {"env": ENV, "wsa": _ADDRESSING, "d": _DISCOVERY}
_env = Maker(ENV, **_prefixes)
_wsa = Maker(_ADDRESSING, **_prefixes)
_d = Maker(_DISCOVERY, **_prefixes)


@dataclass(frozen=True, slots=True)
class Profile:
    """What a camera tells of itself. `instance` grows with each boot, `version` with each change of the rest.

    `types` are pairs of namespace and name.
    """

    endpoint: str
    scopes: tuple[str, ...]
    xaddrs: tuple[str, ...]
    instance: int = 1
    version: int = 1
    types: tuple[tuple[str, str], ...] = CAMERA_TYPES


@dataclass(frozen=True, slots=True)
class Probe:
    """A question: who is of all these types, given as (namespace, name), and has all these scopes?"""

    message: str
    types: frozenset[tuple[str, str]]
    scopes: tuple[str, ...]

    def matches(self, profile: Profile) -> bool:
        """Tell whether the camera is meant. Scopes match by whole segments from the left (RFC 3986 rule)."""
        return self.types <= set(profile.types) and all(
            any(f"{has}/".startswith(f"{asked.rstrip('/')}/") for has in profile.scopes) for asked in self.scopes
        )


def read_probe(payload: bytes) -> Probe | None:
    """Return the question in a datagram, None where it is none that can be answered."""
    try:
        root = soap.parse(payload)
    except ValueError:
        return None
    probe = root.find(f"{{{ENV}}}Body/{{{_DISCOVERY}}}Probe")
    message = root.findtext(f"{{{ENV}}}Header/{{{_ADDRESSING}}}MessageID")
    if probe is None or not message:
        return None
    types = probe.find(f"{{{_DISCOVERY}}}Types")
    scopes = probe.findtext(f"{{{_DISCOVERY}}}Scopes") or ""
    return Probe(message.strip(), _names(types), tuple(scopes.split()))


def probe_matches(profile: Profile, asked: Probe, number: int) -> bytes:
    """Return the answer to a question. `number` counts the messages since the boot."""
    match = _d.ProbeMatch(*_told(profile))
    return _message("ProbeMatches", _d.ProbeMatches(match), _ANONYMOUS, profile, number, asked.message)


def hello(profile: Profile, number: int) -> bytes:
    """Return what is said to everybody after a start."""
    return _message("Hello", _d.Hello(*_told(profile)), _EVERYBODY, profile, number)


def bye(profile: Profile, number: int) -> bytes:
    """Return what is said to everybody before an end."""
    return _message("Bye", _d.Bye(_reference(profile)), _EVERYBODY, profile, number)


def _told(profile: Profile) -> Sequence[etree._Element]:
    return (
        _reference(profile),
        _types(profile),
        _d.Scopes(" ".join(profile.scopes)),
        _d.XAddrs(" ".join(profile.xaddrs)),
        _d.MetadataVersion(str(profile.version)),
    )


def _types(profile: Profile) -> etree._Element:
    spaces = dict.fromkeys(space for space, _ in profile.types)
    prefixes = {space: f"t{number}" for number, space in enumerate(spaces)}
    made = Maker(_DISCOVERY, d=_DISCOVERY, **{prefix: space for space, prefix in prefixes.items()})
    return made.Types(" ".join(f"{prefixes[space]}:{name}" for space, name in profile.types))


def _reference(profile: Profile) -> etree._Element:
    return _wsa.EndpointReference(_wsa.Address(profile.endpoint))


def _message(
    action: str, content: etree._Element, to: str, profile: Profile, number: int, relates_to: str = ""
) -> bytes:
    header = _env.Header(
        _wsa.MessageID(f"urn:uuid:{uuid.uuid4()}"),
        *([_wsa.RelatesTo(relates_to)] if relates_to else []),
        _wsa.To(to),
        _wsa.Action(f"{_DISCOVERY}/{action}"),
        _d.AppSequence({"InstanceId": str(profile.instance), "MessageNumber": str(number)}),
    )
    return etree.tostring(_env.Envelope(header, _env.Body(content)), xml_declaration=True, encoding="utf-8")


def _names(types: etree._Element | None) -> frozenset[tuple[str, str]]:
    """Return the qualified names; one with a prefix that is not declared is in no namespace."""
    if types is None:
        return frozenset()
    pairs = (name.rpartition(":") for name in (types.text or "").split())
    return frozenset((types.nsmap.get(prefix or None) or "", local) for prefix, _, local in pairs)
