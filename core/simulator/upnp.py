"""What UPnP and SSDP say of a camera (UPnP Device Architecture 1.1, 1 and 2). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from email.utils import formatdate

from lxml import etree

from core.simulator.addresses import in_url
from core.simulator.settings import CameraSettings, Ssdp
from core.simulator.soap import Maker
from core.simulator.standing import Standing

GROUP, GROUP6 = "239.255.255.250", "ff02::c"
XML = 'text/xml; charset="utf-8"'
_ROOT = "upnp:rootdevice"
_MAX_AGE = 1800

_device = Maker("urn:schemas-upnp-org:device-1-0")


@dataclass(frozen=True, slots=True)
class Search:
    """A question: who is, or has, the `target`? That may be everything."""

    target: str

    def targets(self, ssdp: Ssdp, udn: str) -> tuple[str, ...]:
        """Return what of a camera is meant."""
        known = _targets(ssdp, udn)
        return known if self.target == "ssdp:all" else tuple(name for name in known if name == self.target)


def read_search(payload: bytes) -> Search | None:
    """Return the question in a datagram, None where it is none that can be answered."""
    start, _, rest = payload.partition(b"\r\n")
    if start.strip() != b"M-SEARCH * HTTP/1.1":
        return None
    headers = BytesHeaderParser().parsebytes(rest)
    target = str(headers.get("ST", "")).strip()
    return Search(target) if target and str(headers.get("MAN", "")).strip() == '"ssdp:discover"' else None


def unique_name(settings: CameraSettings, ssdp: Ssdp) -> str:
    """Return the UDN: a constant name that begins with `uuid:`."""
    return ssdp.udn.replace("{mac}", settings.mac_digits)


def answers(standing: Standing, asked: Search, boot: int) -> list[bytes]:
    """Return an answer for each thing that is meant. `boot` counts the starts."""
    return [
        _message(
            "HTTP/1.1 200 OK",
            {"DATE": formatdate(usegmt=True), "EXT": "", "ST": target, "USN": usn, **_alive(standing, boot)},
        )
        for target, usn in _named(standing, asked)
    ]


def alive(standing: Standing, group: str, boot: int) -> list[bytes]:
    """Return what is said to everybody after a start."""
    return [
        _notify({"HOST": group, "NT": target, "NTS": "ssdp:alive", "USN": usn, **_alive(standing, boot)})
        for target, usn in _named(standing, Search("ssdp:all"))
    ]


def byebye(standing: Standing, group: str, boot: int) -> list[bytes]:
    """Return what is said to everybody before an end."""
    return [
        _notify({"HOST": group, "NT": target, "NTS": "ssdp:byebye", "USN": usn, "BOOTID.UPNP.ORG": str(boot)})
        for target, usn in _named(standing, Search("ssdp:all"))
    ]


def description(settings: CameraSettings, host: str, http_port: int) -> bytes:
    """Return the description document for who asks at `host`. Its page is the one over HTTP, whatever else there is."""
    ssdp = settings.ssdp
    assert ssdp is not None, "only what SSDP announces has a description"
    serial = settings.mac_digits if ssdp.serial == "mac" else settings.serial
    page = f"http://{ssdp.names_host or host}:{http_port}/"
    device = _device.device(
        _device.deviceType(ssdp.device_type),
        _device.friendlyName(f"{settings.name} - {settings.mac_digits}"),
        _device.manufacturer(settings.maker),
        *([_device.modelDescription("Network camera")] if settings.persona == "camera" else []),
        _device.modelName(settings.model),
        _device.modelNumber(settings.model),
        _device.serialNumber(serial),
        _device.UDN(unique_name(settings, ssdp)),
        *([_device.serviceList(*map(_service, ssdp.service_types))] if ssdp.service_types else []),
        _device.presentationURL(page),
    )
    version = _device.specVersion(_device.major("1"), _device.minor("0"))
    return etree.tostring(_device.root(version, device), xml_declaration=True, encoding="utf-8")


def _service(kind: str) -> etree._Element:
    name = kind.split(":")[-2]
    return _device.service(
        _device.serviceType(kind),
        _device.serviceId(f"urn:upnp-org:serviceId:{name}"),
        _device.SCPDURL(f"/{name}.xml"),
        _device.controlURL(f"/{name}/control"),
        _device.eventSubURL(f"/{name}/events"),
    )


def _targets(ssdp: Ssdp, udn: str) -> tuple[str, ...]:
    return (_ROOT, udn, ssdp.device_type, *ssdp.service_types)


def _named(standing: Standing, asked: Search) -> Sequence[tuple[str, str]]:
    """Return each thing that is meant with its unique service name."""
    ssdp = standing.settings.ssdp
    if ssdp is None:
        return ()
    udn = unique_name(standing.settings, ssdp)
    return [(target, udn if target == udn else f"{udn}::{target}") for target in asked.targets(ssdp, udn)]


def _alive(standing: Standing, boot: int) -> dict[str, str]:
    ssdp = standing.settings.ssdp
    assert ssdp is not None, "only what takes part in SSDP says anything there"
    host = ssdp.names_host or in_url(standing.host)
    return {
        "CACHE-CONTROL": f"max-age={_MAX_AGE}",
        "LOCATION": f"http://{host}:{standing.described}{ssdp.path}",
        "SERVER": f"Linux/5.10 UPnP/1.1 {standing.settings.maker.replace(' ', '-')}/1.0",
        "BOOTID.UPNP.ORG": str(boot),
        "CONFIGID.UPNP.ORG": "1",
    }


def _notify(headers: dict[str, str]) -> bytes:
    return _message("NOTIFY * HTTP/1.1", headers)


def _message(start: str, headers: dict[str, str]) -> bytes:
    lines = (start, *(f"{name}: {value}" for name, value in headers.items()), "", "")
    return "\r\n".join(lines).encode()
