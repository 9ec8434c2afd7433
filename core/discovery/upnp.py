"""What the UPnP devices at one address say about it, put together from messages and descriptions."""

import re
from dataclasses import dataclass, field

from core.decide.kinds import kind_of_upnp
from core.discovery.claims import Url, mac_of
from core.discovery.datagrams import Datagram
from core.discovery.description import Description
from core.discovery.ssdp_messages import ROOT, Message
from core.model.sighting import Kind, Sighting

_MOST_DEVICES = 8
_MOST_NAMES = 32
# Axis names its devices by their MAC address.
_AXIS_UDN = re.compile(r"uuid:upnp-basicdevice-1_0-([0-9a-f]{12})")

_NOTHING = Description()

Place = Url | None


@dataclass(slots=True)
class _Device:
    """One description, or what has none. `fetched` is the version that was asked for last, and `since` when."""

    heard: float = 0.0
    targets: dict[str, None] = field(default_factory=dict)
    udns: dict[str, None] = field(default_factory=dict)
    root: str = ""
    description: Description = _NOTHING
    fetched: str | None = None
    since: float = float("-inf")

    def kind(self) -> Kind:
        return kind_of_upnp((*self.targets, *self.description.types), self.description.words)


class UpnpHost:
    """The UPnP devices of one address, at most 8, each forgotten `seconds` after the last word of it.

    No description is asked for twice within `patience` seconds.
    """

    def __init__(self, seconds: float, patience: float) -> None:
        self._seconds = seconds
        self._patience = patience
        self._devices: dict[Place, _Device] = {}

    def learn(self, message: Message, now: float) -> Url | None:
        """Take in a message at `now` (monotonic seconds). Return the description to fetch now, if any."""
        if message.gone:
            self._drop({place for place, device in self._devices.items() if message.udn in device.udns})
            return None
        place = _place(message)
        device = self._at(place, message.udn)
        device.heard = now
        _note(device.targets, message.target)
        _note(device.udns, message.udn)
        device.root = message.udn if message.target == ROOT else device.root
        self._drop({place for place, device in self._devices.items() if now - device.heard > self._seconds})
        return place if place and self._is_due(device, message.version, now) else None

    def fetching(self, place: Url, version: str, now: float) -> None:
        """Note that the description is being fetched."""
        if device := self._devices.get(place):
            device.fetched, device.since = version, now

    def describe(self, place: Url, description: Description) -> bool:
        """Take in a description; tell whether its device is still known."""
        device = self._devices.get(place)
        if device:
            device.description = description
        return device is not None

    def failed(self, place: Url) -> None:
        """Note that there was no readable description, so that it is asked for again."""
        if device := self._devices.get(place):
            device.fetched = None

    def sighting(self, datagram: Datagram, source: str) -> Sighting:
        """Return what is known; the address is that of the sender and no other (rule R27)."""
        devices = sorted(self._devices.items(), key=lambda item: (item[1].kind() != Kind.CAMERA, str(item[0])))
        first = devices[0][1] if devices else _Device()
        words = [word for _, device in devices for word in device.description.words]
        types = [name for _, device in devices for name in (*device.targets, *device.description.types)]
        udn = first.root or first.description.udn
        axis = _AXIS_UDN.fullmatch(udn)
        return Sighting(
            source=source,
            address=datagram.address,
            interface=datagram.interface,
            ports=first.description.ports,
            name=first.description.name,
            manufacturer=first.description.manufacturer,
            model=first.description.model,
            serial=first.description.serial,
            udn=udn,
            mac=mac_of(axis[1]) if axis else "",
            kind=kind_of_upnp(types, words),
            gone=not devices,
        )

    def _at(self, place: Place, udn: str) -> _Device:
        # A device that starts anew may have its description at another port.
        self._drop({other for other, device in self._devices.items() if udn in device.udns and other != place})
        if place not in self._devices and len(self._devices) >= _MOST_DEVICES:
            self._drop({min(self._devices, key=lambda other: self._devices[other].heard)})
        return self._devices.setdefault(place, _Device())

    def _drop(self, places: set[Place]) -> None:
        for place in places:
            del self._devices[place]

    def _is_due(self, device: _Device, version: str, now: float) -> bool:
        return device.fetched != version and now - device.since > self._patience


def _place(message: Message) -> Place:
    """Return where the description is, whatever host is claimed (rule R20)."""
    url = message.location
    return url._replace(host="") if url and url.scheme == "http" else None


def _note(names: dict[str, None], name: str) -> None:
    if len(names) < _MOST_NAMES:
        names[name] = None
