"""Where a device says that its streams are, by the younger media service or the older one."""

import pytest

from core.decide.streaming import Stream, Streams
from core.model.errors import GarbledError, LoginRefusedError, UnsupportedError
from core.onvif.media import MEDIA2_URI, MEDIA_URI
from core.onvif.wsdls import DEVICE_URI, Wsdls
from tests.onvif.scripted import (
    LOGIN,
    MD5,
    NOT_AUTHORIZED,
    Reply,
    Request,
    ScriptedCamera,
    answered,
    calling,
    digest_is_right,
    fault,
    services,
    unauthorized,
)

DEVICE = (DEVICE_URI, "http://203.0.113.9/onvif/device_service")
OLDER, YOUNGER = (MEDIA_URI, "http://203.0.113.9/onvif/media"), (MEDIA2_URI, "http://203.0.113.9/onvif/media2")
NO_SETUP = fault("Sender", "InvalidArgVal", "InvalidStreamSetup")
TUNNEL, RTSPS, CLEAR = "https://10.0.0.9/s?x=1", "rtsps://10.0.0.9:322:322/s", "rtsp://::ffff:10.0.0.9/s"
ALL = Streams(Stream("https", 443, "/s?x=1"), Stream("rtsps", 322, "/s"), Stream("rtsp", 554, "/s"))


def younger(operation: str, fields: str) -> Reply:
    return answered(operation, fields, MEDIA2_URI)


def older_uri(uri: str) -> Reply:
    schema = "http://www.onvif.org/ver10/schema"
    return answered("GetStreamUri", f'<x:MediaUri><t:Uri xmlns:t="{schema}">{uri}</t:Uri></x:MediaUri>', MEDIA_URI)


class Media:
    """A device with streams. `uris` are by protocol, None for a fault; `profiles` is what lists them."""

    def __init__(self, *has: tuple[str, str], profiles: str = '<x:Profiles token="p 1" fixed="true"/>') -> None:
        self.has = has
        self.profiles = profiles
        self.secure = 'SecureRTSPStreaming="true"'
        self.uris: dict[str, str | None] = {
            "RtspOverHttp": TUNNEL,
            "RtspsUnicast": RTSPS,
            "RTSP": CLEAR,
            "HTTP": TUNNEL,
        }

    def __call__(self, request: Request) -> Reply:
        is_older = request.target == "/onvif/media"
        namespace = MEDIA_URI if is_older else MEDIA2_URI
        match request.operation:
            case "GetServices":
                return services(DEVICE, *self.has)
            case "GetProfiles":
                return answered("GetProfiles", self.profiles, namespace)
            case "GetServiceCapabilities":
                streaming = f'<x:StreamingCapabilities RTSPStreaming="true" {self.secure}/>'
                return younger("GetServiceCapabilities", f"<x:Capabilities>{streaming}</x:Capabilities>")
            case "GetStreamUri":
                assert request.field("ProfileToken") == "p 1"
                uri = self.uris[request.field("Protocol")]
                if uri is None:
                    return NO_SETUP
                return older_uri(uri) if is_older else younger("GetStreamUri", f"<x:Uri>{uri}</x:Uri>")
        return fault("Receiver", "ActionNotSupported")


async def streams(script: Media, wsdls: Wsdls) -> tuple[Streams, list[str]]:
    """The streams, and the protocols that were asked for."""
    async with ScriptedCamera(script) as camera, calling(camera, wsdls) as device:
        found = await device.media.streams()
    return found, [request.field("Protocol") for request in camera.requests if request.operation == "GetStreamUri"]


async def test_the_younger_service_tells_of_all_transports(wsdls: Wsdls) -> None:
    assert await streams(Media(OLDER, YOUNGER), wsdls) == (ALL, ["RtspOverHttp", "RtspsUnicast", "RTSP"])


async def test_the_older_service_tells_of_tunnel_and_clear(wsdls: Wsdls) -> None:
    found, asked = await streams(Media(OLDER), wsdls)
    assert (found, asked) == (ALL._replace(rtsps=None), ["HTTP", "RTSP"])


async def test_the_older_service_is_asked_where_the_younger_one_fails(wsdls: Wsdls) -> None:
    script = Media(OLDER, YOUNGER)

    def fails(request: Request) -> Reply:
        return NO_SETUP if request.target == "/onvif/media2" else script(request)

    async with ScriptedCamera(fails) as camera, calling(camera, wsdls) as device:
        assert await device.media.streams() == ALL._replace(rtsps=None)


async def test_rtsps_is_not_asked_for_where_the_device_says_that_it_has_none(wsdls: Wsdls) -> None:
    script = Media(YOUNGER)
    script.secure = 'SecureRTSPStreaming="false"'
    assert await streams(script, wsdls) == (ALL._replace(rtsps=None), ["RtspOverHttp", "RTSP"])
    script.secure = ""
    assert await streams(script, wsdls) == (ALL, ["RtspOverHttp", "RtspsUnicast", "RTSP"])


async def test_what_the_device_refuses_to_tell_it_does_not_have(wsdls: Wsdls) -> None:
    script = Media(YOUNGER)
    script.uris = dict.fromkeys(script.uris)
    assert (await streams(script, wsdls))[0] == Streams()


@pytest.mark.parametrize("uri", ["", "nonsense", "ftp://10.0.0.9/s", "rtsp://10.0.0.9:99999/s", "x" * 100_000])
async def test_an_address_that_is_none_is_an_error_and_no_answer(uri: str, wsdls: Wsdls) -> None:
    script = Media(YOUNGER)
    script.uris["RTSP"] = uri
    with pytest.raises(GarbledError):
        await streams(script, wsdls)


@pytest.mark.parametrize("profiles", ["<x:Profiles/>", '<x:Profiles token=""/>', f'<x:Profiles token="{"x" * 200}"/>'])
async def test_a_profile_that_cannot_be_named_is_an_error(profiles: str, wsdls: Wsdls) -> None:
    with pytest.raises(GarbledError):
        await streams(Media(YOUNGER, profiles=profiles), wsdls)


@pytest.mark.parametrize("script", [Media(), Media(YOUNGER, OLDER, profiles="")])
async def test_a_device_may_have_nothing_to_stream(script: Media, wsdls: Wsdls) -> None:
    with pytest.raises(UnsupportedError):
        await streams(script, wsdls)


async def test_the_login_is_sent_as_to_any_service_and_once_where_it_is_refused(wsdls: Wsdls) -> None:
    script = Media(YOUNGER)

    def guarded(request: Request) -> Reply:
        is_in = request.operation == "GetServices" or digest_is_right(request, "cam", "n1")
        return script(request) if is_in else unauthorized(MD5)

    async with ScriptedCamera(guarded) as camera, calling(camera, wsdls, LOGIN) as device:
        assert await device.media.streams() == ALL
    assert [way for _, way in camera.ways] == ["plain", "plain", *["Digest"] * 5]

    def refusing(request: Request) -> Reply:
        return script(request) if request.operation == "GetServices" else NOT_AUTHORIZED

    async with ScriptedCamera(refusing) as camera, calling(camera, wsdls, LOGIN) as device:
        with pytest.raises(LoginRefusedError):
            await device.media.streams()
    assert [operation for operation, way in camera.ways if way != "plain"] == ["GetProfiles"]


async def test_the_requests_name_their_actions(wsdls: Wsdls) -> None:
    async with ScriptedCamera(Media(OLDER)) as camera, calling(camera, wsdls) as device:
        await device.media.streams()
    last = camera.requests[-1]
    assert last.headers["soapaction"] == f'"{MEDIA_URI}/GetStreamUri"'
    assert [last.field(name) for name in ("Stream", "Protocol", "ProfileToken")] == ["RTP-Unicast", "RTSP", "p 1"]
