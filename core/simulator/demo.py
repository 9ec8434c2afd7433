"""The site of the demo: cameras of every kind that a technician meets, each with what can be made of it."""

import ipaddress
from typing import Any

import msgspec

from core.simulator import bystanders
from core.simulator.listener import is_free
from core.simulator.loopback import network_of
from core.simulator.settings import (
    ByItself,
    CameraSettings,
    DeviceCertificatesSettings,
    KeystoreSettings,
    MdnsService,
    Mishap,
    Quirks,
    Ssdp,
    Timing,
    VideoSettings,
    Way,
)

NETWORK = "127.77.0"
_USUAL_PORTS = (80, 443)
_HIGH_PORTS = (8080, 8443)
_ODD_PORT = 7443
_HIDDEN_PORT = 9443
_FIRST = 11
_SECOND_NETWORK_CARD = 100
_NEXT_LEASE = 150
_FAST = Timing(key=0.02, switch=0.02, restart=0.05, boot=0.05)
_PACED = Timing(answer=0.03, key=3.0, switch=1.0, restart=4.0, boot=8.0)
_SLOW = Timing(answer=0.2, key=24.0, switch=3.0, restart=12.0, boot=25.0)

_OLD = KeystoreSettings(
    names="old",
    rsa_lengths=(1024, 2048),
    curves=(),
    algorithms=("1.2.840.113549.1.1.5", "1.2.840.113549.1.1.11", "1.2.840.113549.1.1.13"),
    most_keys=6,
    most_certificates=8,
    most_paths=4,
    refuses_duplicates=False,
)
_ONE_SLOT = KeystoreSettings(curves=(), most_keys=3, most_certificates=3, most_paths=2, most_tls_paths=1, filled=1)
_FULL = KeystoreSettings(most_keys=4, most_certificates=8, most_paths=4, filled=3)
_ALWAYS = 1_000_000
_REFUSED = Mishap("fault", "Sender/ter:InvalidArgVal/ter:BadCertificate", times=_ALWAYS)
_UNKNOWN = Mishap("fault", "Receiver/ter:ActionNotSupported", times=_ALWAYS)
_MDNS = (
    MdnsService("_CGI._tcp", "http", {"macaddress": "{mac}"}),
    MdnsService("_http._tcp", "http"),
    MdnsService("_https._tcp", "https"),
)
_NORVIK_SSDP = Ssdp(path="/upnpdevicedesc.xml", port=0, serial="serial")


# Video goes over HTTPS with one maker, over RTSPS with another, and in clear with the third.
_TUNNEL: dict[str, Any] = {"video": VideoSettings()}
_RTSPS: dict[str, Any] = {"video": VideoSettings(tunnel=False, rtsps_port=0)}
_CLEAR: dict[str, Any] = {"video": VideoSettings(tunnel=False), "rtsp_port": 0}


def _meridian(name: str, model: str, **given: Any) -> CameraSettings:
    return CameraSettings(name=name, maker="Meridian", model=model, firmware="24.6.1", **_TUNNEL, **given)


def _norvik(name: str, model: str, **given: Any) -> CameraSettings:
    return CameraSettings(name=name, maker="Norvik", model=model, firmware="V5.7.23 build 210914", **_RTSPS, **given)


def _halden(name: str, model: str, **given: Any) -> CameraSettings:
    return CameraSettings(name=name, maker="Halden Optik", model=model, firmware="2.800.0000.16.R", **_CLEAR, **given)


_DEVICE = "HTTPS (Device)"
_ONE_FOR_ALL: dict[str, Any] = {"expect": _DEVICE, "keystore": None, "factory_key": "RSA 2048", "batch": "2025-03"}
_CAMERAS = (
    _meridian(
        "Loading dock",
        "MX-2240-V",
        kind="modern; somebody changes its certificate",
        login=tuple(Way),
        by_itself=ByItself("install_own", after=30.0),
    ),
    _norvik(
        "Gate north",
        "NB-4120-IR",
        kind="old capability names, RSA and TLS 1.0 only",
        keystore=_OLD,
        factory_key="RSA 2048",
        oldest_tls="1.0",
        newest_tls="1.0",
    ),
    _meridian("Lobby", "MX-1080-D", kind="one slot free", keystore=_ONE_SLOT),
    _halden("Parking level 1", "HO-3MP-B2", kind="slow", timing=_SLOW, keystore=_OLD, factory_key="RSA 2048"),
    _norvik("Warehouse east", "NB-4120-IR", kind="clock at 1970", lost_clock=True),
    _halden("Reception", "HO-5MP-D4", kind="login by UsernameToken only", login=(Way.TOKEN,)),
    _meridian("Server room", "MX-1080-D", kind="login by Digest only", login=(Way.DIGEST_SHA256, Way.DIGEST_MD5)),
    _halden("Stairwell B", "HO-2MP-C1", kind="no certificate management", **_ONE_FOR_ALL),
    _halden("Stairwell C", "HO-2MP-C1", kind="has the certificate of Stairwell B", **_ONE_FOR_ALL),
    _norvik(
        "Back door",
        "NB-2060-F",
        kind="certificate has expired",
        expect=_DEVICE,
        keystore=None,
        factory_key="RSA 2048",
        factory_days=-47.5,
    ),
    _norvik(
        "Yard",
        "NB-4120-IR",
        kind="new certificate at each start",
        quirks=Quirks(new_certificate_at_boot=True),
        by_itself=ByItself("power_cut", after=60.0),
    ),
    _norvik("Bicycle shed", "NB-1010", kind="HTTP only", expect="HTTP", https_port=None, keystore=None),
    _meridian("Roof", "MX-4K-PTZ", kind="unusual HTTPS port, announced", https_port=_ODD_PORT),
    _norvik(
        "Canteen",
        "NB-3110-D",
        kind="old certificate way, HTTPS port not announced",
        announces=("http",),
        keystore=None,
        certificates=DeviceCertificatesSettings(),
    ),
    _meridian(
        "Cash office",
        "MX-1060-D",
        kind="keystore full, certificate expires",
        expect=_DEVICE,
        keystore=_FULL,
        factory_days=19.5,
    ),
    _halden(
        "Delivery ramp",
        "HO-5MP-B4",
        kind="refuses ours, its own is malformed",
        expect=_DEVICE,
        quirks=Quirks(sloppy_certificates=True),
        faults={"UploadCertificate": _REFUSED},
    ),
)
# Those that announce themselves by something else than WS-Discovery, and what else does.
_MORE = (
    _meridian(
        "Tunnel",
        "MX-2240-V",
        kind="unusual HTTPS port that only mDNS tells",
        https_port=_HIDDEN_PORT,
        ws_discovery=False,
        mdns=_MDNS,
        faults={"GetNetworkProtocols": _UNKNOWN},
    ),
    _norvik(
        "Fuel station",
        "NB-2060-F",
        kind="only SSDP tells of it, with its HTTP port",
        ws_discovery=False,
        ssdp=_NORVIK_SSDP,
    ),
    _meridian("Archive", "MX-1080-D", kind="HTTPS off until somebody turns it on", https_enabled=False, ssdp=Ssdp()),
    _meridian("Control room", "MX-4K-PTZ", kind="two network cards", also_at=("",), mdns=_MDNS),
    _norvik(
        "Visitor desk",
        "NB-4120-IR",
        kind="gets another address",
        ssdp=_NORVIK_SSDP,
        by_itself=ByItself("move", after=45.0, to="?"),
    ),
    bystanders.printer("Office printer"),
    bystanders.nas("Backup"),
    bystanders.windows("Front desk PC"),
)


def cameras(network: str, fast: bool, *, mdns: bool = False, ssdp: bool = False) -> tuple[CameraSettings, ...]:
    """Return the cameras on addresses below `network`, such as `127.77.0`, and some devices that are none.

    What announces itself over `mdns` or `ssdp` is left out where nobody can hear that. They use the usual ports where
    this process may have them, otherwise high ones. With `fast` nothing takes longer than it has to. Raises
    `ValueError` for a network that is not on the loopback interface.
    """
    addresses = network_of(network)
    first = str(addresses[_FIRST])
    http, https = _USUAL_PORTS if all(is_free(first, port) for port in _USUAL_PORTS) else _HIGH_PORTS
    heard = [camera for camera in _MORE if (mdns or not camera.mdns) and (ssdp or not camera.ssdp)]
    placed = (_placed(camera, number, addresses, http, https) for number, camera in enumerate((*_CAMERAS, *heard)))
    return tuple(map(hurried, placed) if fast else placed)


def hurried(camera: CameraSettings) -> CameraSettings:
    """Return the camera with nothing taking longer than it has to."""
    return msgspec.structs.replace(camera, timing=_FAST)


def _placed(
    camera: CameraSettings, number: int, addresses: ipaddress.IPv4Network, http: int, https: int
) -> CameraSettings:
    place = _FIRST + number
    by_itself = camera.by_itself
    if by_itself is not None and by_itself.to:
        by_itself = msgspec.structs.replace(by_itself, to=str(addresses[_NEXT_LEASE + place]))
    return msgspec.structs.replace(
        camera,
        serial=f"00A1B2C3{number + 17:04X}",
        host=str(addresses[place]),
        also_at=tuple(str(addresses[_SECOND_NETWORK_CARD + place]) for _ in camera.also_at),
        http_port=http if camera.http_port == 0 else camera.http_port,
        https_port=https if camera.https_port == 0 else camera.https_port,
        timing=camera.timing if camera.timing != Timing() else _PACED,
        by_itself=by_itself,
    )
