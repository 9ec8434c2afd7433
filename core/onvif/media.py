"""Where one device has its streams, by each transport (ONVIF Media 2, 5.10; ONVIF Media, 5.15). No stream is begun."""

from collections.abc import Awaitable, Callable

from lxml import etree

from core.decide.streaming import Stream, Streams, read_uri
from core.model.errors import FaultError, GarbledError, UnsupportedError
from core.model.text import clean
from core.onvif.reading import boolean, child, children, said, text
from core.onvif.wsdls import Call

MEDIA_URI = "http://www.onvif.org/ver10/media/wsdl"
MEDIA2_URI = "http://www.onvif.org/ver20/media/wsdl"

_SCHEMA = "http://www.onvif.org/ver10/schema"
_PREFIXES = {"trt": MEDIA_URI, "tr2": MEDIA2_URI, "tt": _SCHEMA}
_LONGEST_TOKEN = 128


class Media:
    """Streams of one device, asked with login. `send` calls a service, by its namespace, and returns what it answers.

    Raises what `OnvifDevice` raises, `UnsupportedError` for a device that has no streams to offer.
    """

    def __init__(self, send: Callable[[str, Call], Awaitable[etree._Element]]) -> None:
        self._send = send

    async def streams(self) -> Streams:
        """Return the first profile's stream by each transport, by the younger service where the device has it."""
        try:
            token = _token(await self._ask(MEDIA2_URI, "GetProfiles"))
        except (FaultError, UnsupportedError):
            return await self._older()
        return Streams(
            tunnel=await self._stream(token, "RtspOverHttp"),
            rtsps=await self._stream(token, "RtspsUnicast") if await self._may_have_rtsps() else None,
            clear=await self._stream(token, "RTSP"),
        )

    async def _older(self) -> Streams:
        """The older service knows no RTSPS."""
        token = _token(await self._ask(MEDIA_URI, "GetProfiles"))
        return Streams(tunnel=await self._older_stream(token, "HTTP"), clear=await self._older_stream(token, "RTSP"))

    async def _may_have_rtsps(self) -> bool:
        """Devices may leave out what they can do (ONVIF Media 2, GetServiceCapabilities)."""
        try:
            answered = await self._ask(MEDIA2_URI, "GetServiceCapabilities")
        except (FaultError, UnsupportedError):
            return True
        streaming = child(answered, "Capabilities", "StreamingCapabilities")
        return boolean(said(streaming, "SecureRTSPStreaming")) is not False

    async def _stream(self, token: str, protocol: str) -> Stream | None:
        protocol_, profile = _element(MEDIA2_URI, "Protocol", protocol), _element(MEDIA2_URI, "ProfileToken", token)
        return await self._uri(MEDIA2_URI, protocol_, profile)

    async def _older_stream(self, token: str, protocol: str) -> Stream | None:
        transport = _element(_SCHEMA, "Transport", "", _element(_SCHEMA, "Protocol", protocol))
        setup = _element(MEDIA_URI, "StreamSetup", "", _element(_SCHEMA, "Stream", "RTP-Unicast"), transport)
        return await self._uri(MEDIA_URI, setup, _element(MEDIA_URI, "ProfileToken", token))

    async def _uri(self, service: str, *arguments: etree._Element) -> Stream | None:
        """Return where the stream is, None where the device refuses to tell: it does not have that transport."""
        try:
            answered = await self._ask(service, "GetStreamUri", *arguments)
        except (FaultError, UnsupportedError):
            return None
        stream = read_uri(text(answered, "Uri") or text(answered, "MediaUri", "Uri"))
        if stream is None:
            raise GarbledError("The device names no usable address of a stream", "A firmware update may help.")
        return stream

    async def _ask(self, service: str, operation: str, *arguments: etree._Element) -> etree._Element:
        """Made by hand: no description of the younger service is installed, and that of the older is long to read."""
        body = _element(service, operation, "", *arguments)
        return await self._send(service, Call(operation, f"{service}/{operation}", body))


def _element(namespace: str, name: str, content: str = "", *inner: etree._Element) -> etree._Element:
    element = etree.Element(f"{{{namespace}}}{name}", nsmap=_PREFIXES)
    element.text = content or None
    element.extend(inner)
    return element


def _token(answered: etree._Element) -> str:
    """Return the first profile's token, exactly as sent."""
    profiles = children(answered, "Profiles")
    if not profiles:
        raise UnsupportedError("The device has no video stream", "")
    token = said(profiles[0], "token")
    if not token or clean(token, _LONGEST_TOKEN) != token:
        raise GarbledError("The device's video stream has no usable token", "A firmware update may help.")
    return token
