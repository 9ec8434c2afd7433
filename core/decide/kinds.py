"""What a thing on the network is, by what it announces: a camera, certainly something else, or unknown.

All of it is claimed by strangers; it decides what is shown first, and nothing else. What only cameras announce
outweighs what other things do, and that outweighs words and services that some other things have as well.
"""

import re
from collections.abc import Iterable
from enum import IntEnum
from itertools import islice

from core.model.sighting import Kind

_MOST_ITEMS = 128
_LONGEST_ITEM = 256


class _Weight(IntEnum):
    """How much one piece of evidence says; the heaviest decides."""

    NOTHING = 0
    CAMERA_LIKE = 1
    OTHER = 2
    CAMERA = 3


_KINDS = {
    _Weight.NOTHING: Kind.UNKNOWN,
    _Weight.CAMERA_LIKE: Kind.CAMERA,
    _Weight.OTHER: Kind.OTHER,
    _Weight.CAMERA: Kind.CAMERA,
}

_SERVICES = {
    "_axis-video._tcp": _Weight.CAMERA,
    "_vapix-http._tcp": _Weight.CAMERA,
    "_vapix-https._tcp": _Weight.CAMERA,
    "_cgi._tcp": _Weight.CAMERA,
    "_psia._tcp": _Weight.CAMERA,
    "_onvif._tcp": _Weight.CAMERA,
    "_rtsp._tcp": _Weight.CAMERA_LIKE,
    "_ipp._tcp": _Weight.OTHER,
    "_ipps._tcp": _Weight.OTHER,
    "_printer._tcp": _Weight.OTHER,
    "_pdl-datastream._tcp": _Weight.OTHER,
    "_smb._tcp": _Weight.OTHER,
    "_afpovertcp._tcp": _Weight.OTHER,
    "_googlecast._tcp": _Weight.OTHER,
    "_airplay._tcp": _Weight.OTHER,
}

# The names of UPnP device and service types, whoever defines them (UPnP Device Architecture, 1.2.2).
_UPNP_NAMES = {
    **dict.fromkeys(
        (
            "digitalsecuritycamera",
            "digitalsecuritycamerasettings",
            "digitalsecuritycamerastillimage",
            "digitalsecuritycameramotionimage",
            "networkcamera",
            "ipcamera",
        ),
        _Weight.CAMERA,
    ),
    **dict.fromkeys(
        (
            "mediaserver",
            "mediarenderer",
            "contentdirectory",
            "renderingcontrol",
            "avtransport",
            "x_ms_mediareceiverregistrar",
            "dial",
            "dialreceiver",
            "zoneplayer",
            "internetgatewaydevice",
            "wandevice",
            "wanconnectiondevice",
            "wancommoninterfaceconfig",
            "wanipconnection",
            "wanpppconnection",
            "layer3forwarding",
            "wlanaccesspointdevice",
            "printer",
            "printbasic",
            "printenhanced",
            "scanner",
            "scan",
        ),
        _Weight.OTHER,
    ),
}
_UPNP_MAKERS_OF_CAMERAS = ("axis-com",)
_UPNP_TYPE = re.compile(r"urn:(?P<maker>[^:]+):(?:device|service):(?P<name>[^:]+)", re.IGNORECASE)

_CAMERA_WORDS = re.compile(r"\b(?:ip|net|web)?cam(?:era)?s?\b|\bnetwork video\b|\bonvif\b", re.IGNORECASE)
_ONVIF = "onvif.org"
_ONVIF_NAMES = frozenset(("networkvideotransmitter", "networkvideodisplay", "networkvideostorage"))
# Registered for Web Services for Devices, which Windows serves there and Samba's helpers after it.
_WINDOWS_PORTS = frozenset((5357, 5358))


def kind_of_services(types: Iterable[str]) -> Kind:
    """Return what announces these DNS-SD service types, such as `_http._tcp` (RFC 6763, 7)."""
    return _heaviest(_SERVICES.get(item.lower(), _Weight.NOTHING) for item in _bounded(types))


def kind_of_upnp(types: Iterable[str], words: Iterable[str] = ()) -> Kind:
    """Return what has these UPnP device and service types; `words` are its descriptions of itself."""
    by_type = (_weigh_upnp(item) for item in _bounded(types))
    by_word = (_weigh_words(item) for item in _bounded(words))
    return _heaviest((*by_type, *by_word))


def kind_of_discovered(
    types: Iterable[tuple[str, str]], scopes: Iterable[str] = (), services: Iterable[tuple[int, str]] = ()
) -> Kind:
    """Return what has these WS-Discovery types, as (namespace, name), scopes, and device services, as (port, path).

    Silence is no evidence. Any type that is not of ONVIF is evidence of something else: printers and computers announce
    themselves this way too.
    """
    by_type = (_weigh_type(space[:_LONGEST_ITEM], name[:_LONGEST_ITEM]) for space, name in islice(types, _MOST_ITEMS))
    by_scope = (_Weight.CAMERA for item in _bounded(scopes) if item.lower().startswith("onvif://"))
    by_service = (_weigh_service(port, path[:_LONGEST_ITEM]) for port, path in islice(services, _MOST_ITEMS))
    return _heaviest((*by_type, *by_scope, *by_service))


def _weigh_upnp(item: str) -> _Weight:
    match = _UPNP_TYPE.match(item)
    if not match:
        return _Weight.NOTHING
    if match["maker"].lower() in _UPNP_MAKERS_OF_CAMERAS:
        return _Weight.CAMERA
    name = match["name"].lower()
    return _UPNP_NAMES.get(name, _Weight.CAMERA_LIKE if "camera" in name else _Weight.NOTHING)


def _weigh_words(item: str) -> _Weight:
    return _Weight.CAMERA_LIKE if _CAMERA_WORDS.search(item) else _Weight.NOTHING


def _weigh_type(space: str, name: str) -> _Weight:
    # Some devices forget to declare the prefix.
    onvif = _ONVIF in space.lower() or (not space and name.lower() in _ONVIF_NAMES)
    return _Weight.CAMERA if onvif else _Weight.OTHER


def _weigh_service(port: int, path: str) -> _Weight:
    if "onvif" in path.lower():
        return _Weight.CAMERA_LIKE
    return _Weight.OTHER if port in _WINDOWS_PORTS else _Weight.NOTHING


def _heaviest(weights: Iterable[_Weight]) -> Kind:
    return _KINDS[max(weights, default=_Weight.NOTHING)]


def _bounded(items: Iterable[str]) -> Iterable[str]:
    return (item[:_LONGEST_ITEM] for item in islice(items, _MOST_ITEMS))
