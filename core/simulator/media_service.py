"""The media services, as far as they tell where streams are (ONVIF Media, 5; ONVIF Media 2, 5)."""

from urllib.parse import urlsplit

from lxml import etree

from core.simulator.addresses import in_url
from core.simulator.device import Device
from core.simulator.faults import invalid
from core.simulator.login import Access
from core.simulator.operations import Call, Operation, Service
from core.simulator.settings import CameraSettings, VideoSettings
from core.simulator.soap import TR2, TRT, tr2, trt, tt

STREAM = "/stream1"
"""The path of the only stream, over any transport."""

_PROFILE = "profile_1"
_NAT_HOST = "10.99.0.7"
_TUNNELS = ("HTTP", "RtspOverHttp")
_CLEAR = ("UDP", "TCP", "RTSP", "RtspUnicast")


def services(settings: CameraSettings) -> tuple[Service, ...]:
    """Return the media services that a camera has."""
    has = settings.video.services if settings.video is not None else ()
    return tuple(service for name, service in _SERVICES.items() if name in has)


def capabilities(namespace: str, device: Device) -> etree._Element:
    """Return what one of them can do."""
    video = device.settings.video or VideoSettings()
    streaming = {"RTSPStreaming": "true", "RTPMulticast": "false", "RTP_RTSP_TCP": "true"}
    if namespace == TRT:
        return trt.Capabilities(trt.ProfileCapabilities(), trt.StreamingCapabilities(streaming))
    secure = str(video.rtsps_port is not None).lower()
    return tr2.Capabilities(
        tr2.ProfileCapabilities(), tr2.StreamingCapabilities(streaming | {"SecureRTSPStreaming": secure})
    )


def _get_capabilities(device: Device, _: Call) -> etree._Element:
    return trt.GetServiceCapabilitiesResponse(capabilities(TRT, device))


def _get_capabilities2(device: Device, _: Call) -> etree._Element:
    return tr2.GetServiceCapabilitiesResponse(capabilities(TR2, device))


def _get_profiles(_: Device, __: Call) -> etree._Element:
    return trt.GetProfilesResponse(trt.Profiles({"token": _PROFILE, "fixed": "true"}, tt.Name("Main")))


def _get_profiles2(_: Device, __: Call) -> etree._Element:
    return tr2.GetProfilesResponse(tr2.Profiles({"token": _PROFILE, "fixed": "true"}, tr2.Name("Main")))


def _get_stream_uri(device: Device, call: Call) -> etree._Element:
    transport = call.body.findtext("{*}StreamSetup/{*}Transport/{*}Protocol", "").strip()
    return trt.GetStreamUriResponse(
        trt.MediaUri(
            tt.Uri(_uri(device, call, transport)),
            tt.InvalidAfterConnect("false"),
            tt.InvalidAfterReboot("false"),
            tt.Timeout("PT0S"),
        )
    )


def _get_stream_uri2(device: Device, call: Call) -> etree._Element:
    return tr2.GetStreamUriResponse(tr2.Uri(_uri(device, call, call.text("Protocol"))))


def _uri(device: Device, call: Call, transport: str) -> str:
    if call.text("ProfileToken") != _PROFILE:
        raise invalid("NoProfile", "There is no such profile")
    scheme, port = _place(device, call, transport)
    if not port:
        raise invalid("InvalidStreamSetup", f"{transport} is not supported")
    quirk = device.settings.video.uri_quirk if device.settings.video is not None else ""
    return f"{scheme}://{_authority(urlsplit(call.origin).hostname or '', port, quirk)}{STREAM}"


def _place(device: Device, call: Call, transport: str) -> tuple[str, int]:
    """Return scheme and port of the stream over that transport; no port for one that there is not."""
    if transport in _TUNNELS:
        origin, tunnels = urlsplit(call.origin), device.settings.video is not None and device.settings.video.tunnel
        return origin.scheme, (origin.port or 0) if tunnels else 0
    name = "RTSPS" if transport == "RtspsUnicast" else "RTSP" if transport in _CLEAR else ""
    return name.lower(), device.port(name)


def _authority(host: str, port: int, quirk: str) -> str:
    match quirk:
        case "nat":
            return f"{_NAT_HOST}:{port}"
        case "mapped":
            return f"::ffff:{host}:{port}"
        case "doubled_port":
            return f"{in_url(host)}:{port}:{port}"
    return f"{in_url(host)}:{port}"


_SERVICES = {
    "media": Service(
        TRT,
        (2, 42),
        "/onvif/media_service",
        {
            "GetServiceCapabilities": Operation(Access.PRE_AUTH, _get_capabilities),
            "GetProfiles": Operation(Access.READ_SYSTEM, _get_profiles),
            "GetStreamUri": Operation(Access.READ_SYSTEM, _get_stream_uri),
        },
    ),
    "media2": Service(
        TR2,
        (24, 6),
        "/onvif/media2_service",
        {
            "GetServiceCapabilities": Operation(Access.PRE_AUTH, _get_capabilities2),
            "GetProfiles": Operation(Access.READ_SYSTEM, _get_profiles2),
            "GetStreamUri": Operation(Access.READ_SYSTEM, _get_stream_uri2),
        },
    ),
}
