"""One ONVIF device at one origin: what it is, what time it has, which services it offers (ONVIF Core, 8)."""

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from lxml import etree

from core.decide.key_choice import manages
from core.model.errors import DeviceError, FaultError, GarbledError, UnsupportedError
from core.model.keystore import Information, KeystoreCapabilities, NetworkProtocol, Way
from core.model.records import Login
from core.onvif import clock
from core.onvif.addresses import path_of
from core.onvif.answers import Answer
from core.onvif.capabilities import read_capabilities, read_device_capabilities
from core.onvif.device_certificates import DeviceCertificates
from core.onvif.keystore import Keystore
from core.onvif.management import CertificateManagement
from core.onvif.media import Media
from core.onvif.reading import boolean, child, children, number, text, words
from core.onvif.session import Credentials, Session
from core.onvif.wsdls import DEVICE_URI, SECURITY_URI, Call, Service, Wsdls

DEVICE_PATH = "/onvif/device_service"

_CLOCK = "GetSystemDateAndTime"
_MOST_PORTS = 8
# How devices say that they do not know a call; some do so with a web page or an empty answer.
_OTHER_WAY = (FaultError, GarbledError, UnsupportedError)

_log = logging.getLogger(__name__)
# What GetCapabilities calls a service.
_NAMES = {
    "Analytics": "http://www.onvif.org/ver20/analytics/wsdl",
    "Device": DEVICE_URI,
    "Events": "http://www.onvif.org/ver10/events/wsdl",
    "Imaging": "http://www.onvif.org/ver20/imaging/wsdl",
    "Media": "http://www.onvif.org/ver10/media/wsdl",
    "PTZ": "http://www.onvif.org/ver20/ptz/wsdl",
}


class OnvifDevice:
    """Calls to the device behind `transport`. Makes no connection by itself.

    `path` is that of the device service, "" for the usual one. A device that answers only when it has made its key may
    take `longest_making` seconds for that. The login is sent only in calls that need it, in the
    way that the device asks for, and never again once it is refused. All methods raise `DeviceError`s: those of the
    transport, `LoginNeededError`, `LoginRefusedError`, `FaultError`, `UnsupportedError` and `GarbledError`.
    """

    def __init__(
        self,
        wsdls: Wsdls,
        transport: httpx.AsyncBaseTransport,
        scheme: str,
        host: str,
        port: int,
        *,
        path: str = "",
        login: Login | None = None,
        longest_making: float = 330.0,
    ) -> None:
        self._wsdls = wsdls
        self._path = path_of(path) or DEVICE_PATH
        self._login = login
        self._session = Session(transport, (scheme, host, port), login, self._device_time)
        self._offset: timedelta | None = None
        self._services: Mapping[str, str] | None = None
        self.keystore = Keystore(wsdls, lambda call: self._call_security(call, Credentials.AT_ONCE))
        self.certificates = DeviceCertificates(wsdls, self._manage_certificates, longest_making)
        self.media = Media(self._call_media)

    @property
    def login_way(self) -> str:
        """What the device accepted so far: "Digest", "token", "none" where it wanted no login, "" before."""
        return self._session.way

    async def close(self) -> None:
        """Close the connection."""
        await self._session.close()

    async def clock(self) -> datetime | None:
        """Return the device's time, asked without login; from the HTTP Date header where it does not tell otherwise.

        A device that wants a login even for this, and sends no Date, gets the login if there is one.
        """
        moment = await self._ask_clock()
        if moment is None and self._login is not None:
            answer = await self._session.call(self._path, self._clock_call(), Credentials.IF_ASKED)
            moment = self._set_clock(_told_time(answer))
        return moment

    async def services(self) -> Mapping[str, str]:
        """Return the path of each service by its namespace (ONVIF Core, 8.1.2); asked once."""
        if self._services is None:
            self._services = await self._ask_services()
        return self._services

    def management(self, way: Way) -> CertificateManagement:
        """Return what manages the device's certificates by that service."""
        return self.keystore if way is Way.KEYSTORE else self.certificates

    async def certificate_capabilities(self) -> KeystoreCapabilities | None:
        """Return what the device can do with certificates, by the service that can do more; None by neither."""
        keystore = await self._keystore_capabilities()
        return keystore if manages(keystore) else await self._device_capabilities() or keystore

    async def _keystore_capabilities(self) -> KeystoreCapabilities | None:
        call = self._wsdls.call(Service.SECURITY, "GetServiceCapabilities")
        try:
            return read_capabilities(await self._call_security(call, Credentials.IF_ASKED))
        except _OTHER_WAY as error:
            _log.debug("no security service: %s", error.title)
            return None

    async def _device_capabilities(self) -> KeystoreCapabilities | None:
        """Ask the way that younger devices know, then the one that older do (ONVIF Core, 8.1.2)."""
        for operation, values in (("GetServiceCapabilities", {}), ("GetCapabilities", {"Category": ["Device"]})):
            try:
                return read_device_capabilities(await self._call_device(operation, Credentials.IF_ASKED, **values))
            except _OTHER_WAY as error:
                _log.debug("%s: %s", operation, error.title)
        return None

    async def information(self) -> Information:
        """Return manufacturer, model, firmware and serial number."""
        answered = await self._call_device("GetDeviceInformation", Credentials.AT_ONCE)
        return Information(
            manufacturer=words(answered, "Manufacturer"),
            model=words(answered, "Model"),
            firmware=words(answered, "FirmwareVersion"),
            serial=words(answered, "SerialNumber"),
        )

    async def network_protocols(self, *, anonymous: bool = False) -> tuple[NetworkProtocol, ...]:
        """Return the protocols that the device serves; `anonymous` never sends the login, even if it is asked for."""
        credentials = Credentials.NEVER if anonymous else Credentials.AT_ONCE
        answered = await self._call_device("GetNetworkProtocols", credentials)
        return tuple(_protocol(element) for element in children(answered, "NetworkProtocols"))

    async def set_network_protocols(self, protocols: Sequence[NetworkProtocol]) -> None:
        """Have the device serve these protocols (ONVIF Core, SetNetworkProtocols).

        Some devices take what is left out as switched off: hand over all that it listed. Raises `UnsupportedError`,
        and sends nothing, where one of them could not be read as a whole.
        """
        if not all(protocol.whole and protocol.ports for protocol in protocols):
            raise UnsupportedError(
                "The device lists its protocols in a way that cannot be handed back to it",
                "Change them on the camera's own page. A firmware update may help.",
            )
        lines = [_to_send(protocol) for protocol in protocols]
        await self._call_device("SetNetworkProtocols", Credentials.AT_ONCE, NetworkProtocols=lines)

    async def _ask_clock(self) -> datetime | None:
        answer = await self._session.send_plain(self._path, self._clock_call())
        return self._set_clock(_told_time(answer) or clock.from_header(answer.headers.get("date", "")))

    def _clock_call(self) -> Call:
        return self._wsdls.call(Service.DEVICE, _CLOCK)

    def _set_clock(self, moment: datetime | None) -> datetime | None:
        if moment is not None:
            self._offset = moment - datetime.now(UTC)
        return moment

    async def _device_time(self) -> datetime:
        if self._offset is None:
            await self._ask_clock()
        return datetime.now(UTC) + (self._offset or timedelta())

    async def _ask_services(self) -> Mapping[str, str]:
        try:
            listed = await self._call_device("GetServices", Credentials.IF_ASKED, IncludeCapability=False)
        except _OTHER_WAY:
            # Old devices do not know it.
            answered = await self._call_device("GetCapabilities", Credentials.IF_ASKED, Category=["All"])
            return _paths_by_name(child(answered, "Capabilities"))
        return _paths_by_namespace(listed)

    async def _call_device(self, operation: str, credentials: Credentials, **values: Any) -> etree._Element:
        call = self._wsdls.call(Service.DEVICE, operation, **values)
        return (await self._session.call(self._path, call, credentials)).result(operation)

    async def _manage_certificates(self, call: Call, deadline: float | None = None) -> etree._Element:
        return (await self._session.call(self._path, call, Credentials.AT_ONCE, deadline)).result(call.operation)

    async def _call_security(self, call: Call, credentials: Credentials) -> etree._Element:
        try:
            path = (await self.services()).get(SECURITY_URI)
        except GarbledError:
            if credentials is not Credentials.AT_ONCE:
                raise
            # Some devices answer nothing to those who have not logged in.
            await self.information()
            path = (await self.services()).get(SECURITY_URI)
        if path is None:
            raise UnsupportedError(
                "The device has no keystore that can be managed over the network", "A firmware update may bring one."
            )
        return (await self._session.call(path, call, credentials)).result(call.operation)

    async def _call_media(self, namespace: str, call: Call) -> etree._Element:
        path = (await self.services()).get(namespace)
        if path is None:
            raise UnsupportedError("The device has no service that tells of its streams", "")
        return (await self._session.call(path, call, Credentials.AT_ONCE)).result(call.operation)


def _told_time(answer: Answer) -> datetime | None:
    """An answer without a time is no error: there is another way to learn it."""
    try:
        return clock.from_answer(answer.result(_CLOCK))
    except DeviceError:
        return None


def _paths_by_namespace(answered: etree._Element) -> dict[str, str]:
    services = ((text(service, "Namespace"), text(service, "XAddr")) for service in children(answered, "Service"))
    return {namespace: path for namespace, xaddr in services if (path := path_of(xaddr))}


def _paths_by_name(capabilities: etree._Element | None) -> dict[str, str]:
    xaddrs = ((namespace, text(capabilities, name, "XAddr")) for name, namespace in _NAMES.items())
    return {namespace: path for namespace, xaddr in xaddrs if (path := path_of(xaddr))}


def _protocol(element: etree._Element) -> NetworkProtocol:
    name, enabled = words(element, "Name"), boolean(text(element, "Enabled"))
    ports = [number(text(port), 65535) for port in children(element, "Port", _MOST_PORTS)]
    return NetworkProtocol(
        name=name,
        enabled=enabled is True,
        ports=tuple(port for port in ports if port is not None),
        whole=bool(name) and name == text(element, "Name") and enabled is not None and None not in ports,
    )


def _to_send(protocol: NetworkProtocol) -> dict[str, object]:
    return {"Name": protocol.name, "Enabled": protocol.enabled, "Port": list(protocol.ports)}
