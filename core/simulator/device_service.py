"""The device management service (ONVIF Core, 8), as far as a client needs it to find and judge a camera."""

from datetime import timedelta
from functools import partial
from urllib.parse import quote

from lxml import etree

from core.simulator import certificate_operations, media_service, security_service
from core.simulator.device import Device, Protocol
from core.simulator.faults import unsupported
from core.simulator.login import Access
from core.simulator.operations import Call, Operation, Service
from core.simulator.settings import CameraSettings, TlsVersion, Way
from core.simulator.soap import TDS, TRT, TT, tds, tt
from core.simulator.tls import spoken_by

# What the service has a name for (ONVIF Core, GetNetworkProtocols).
_PROTOCOLS = ("HTTP", "HTTPS", "RTSP")
_VERSIONS = {"old": (2, 42), "new": (24, 6)}


def service(settings: CameraSettings) -> Service:
    """Return the service of a camera."""
    names = settings.keystore.names if settings.keystore else "old"
    operations = _OPERATIONS | certificate_operations.operations(settings)
    if settings.quirks.no_get_services:
        operations = {name: operations[name] for name in operations.keys() - {"GetServices", "GetServiceCapabilities"}}
    return Service(TDS, _VERSIONS[names], settings.path, operations)


def scopes(settings: CameraSettings) -> list[str]:
    """Return what the camera says of itself in discovery, too (ONVIF Core, 7.3.2.2)."""
    said = {"name": settings.name, "hardware": settings.model, "serial": settings.serial}
    fixed = ("type/video_encoder", "Profile/Streaming", "Profile/T")
    return [f"onvif://www.onvif.org/{item}" for item in (*fixed, *(f"{k}/{quote(v)}" for k, v in said.items()))]


def _get_system_date_and_time(device: Device, _: Call) -> etree._Element:
    now = device.clock.now() + timedelta(seconds=device.settings.quirks.local_time_ahead)
    time = tt.Time(tt.Hour(str(now.hour)), tt.Minute(str(now.minute)), tt.Second(str(now.second)))
    date = tt.Date(tt.Year(str(now.year)), tt.Month(str(now.month)), tt.Day(str(now.day)))
    kept = "Manual" if device.settings.lost_clock else "NTP"
    return tds.GetSystemDateAndTimeResponse(
        tds.SystemDateAndTime(tt.DateTimeType(kept), tt.DaylightSavings("false"), tt.UTCDateTime(time, date))
    )


def _get_services(device: Device, call: Call) -> etree._Element:
    settings = device.settings
    offered = [(service(settings), _capabilities)]
    if settings.keystore is not None:
        offered.append((security_service.service(), security_service.capabilities))
    offered += [
        (media, partial(media_service.capabilities, media.namespace)) for media in media_service.services(settings)
    ]
    include = call.text("IncludeCapability") in ("true", "1")
    return tds.GetServicesResponse(
        *(_service(offer, call.origin, [able(device)] if include else []) for offer, able in offered)
    )


def _service(offer: Service, origin: str, capabilities: list[etree._Element]) -> etree._Element:
    major, minor = offer.version
    return tds.Service(
        tds.Namespace(offer.namespace),
        tds.XAddr(origin + offer.path),
        *map(tds.Capabilities, capabilities),
        tds.Version(tt.Major(str(major)), tt.Minor(str(minor))),
    )


def _get_service_capabilities(device: Device, _: Call) -> etree._Element:
    return tds.GetServiceCapabilitiesResponse(_capabilities(device))


def _capabilities(device: Device) -> etree._Element:
    settings = device.settings
    system = {"DiscoveryResolve": "false", "DiscoveryBye": "true", "RemoteDiscovery": "false"}
    if _has_tls_add_on(settings):
        system["Addons"] = "TLSServerConfiguration"
    return tds.Capabilities(
        tds.Network({"NTP": "1", "IPFilter": "false", "DynDNS": "false"}),
        tds.Security(_security(settings)),
        tds.System(system),
    )


def _security(settings: CameraSettings) -> dict[str, str]:
    said = {
        "TLS1.0": _speaks(settings, "1.0"),
        "TLS1.1": _speaks(settings, "1.1"),
        "TLS1.2": _speaks(settings, "1.2"),
        "OnboardKeyGeneration": settings.certificates is not None,
        "AccessPolicyConfig": False,
        "DefaultAccessPolicy": True,
        "UsernameToken": Way.TOKEN in settings.login,
        "HttpDigest": Way.DIGEST_MD5 in settings.login or Way.DIGEST_SHA256 in settings.login,
        "X.509Token": False,
        "SAMLToken": False,
        "KerberosToken": False,
        "RELToken": False,
    }
    return {name: str(value).lower() for name, value in said.items()}


def _speaks(settings: CameraSettings, version: TlsVersion) -> bool:
    return settings.https_port is not None and version in spoken_by(settings).versions


def _has_tls_add_on(settings: CameraSettings) -> bool:
    keystore = settings.keystore
    return (
        keystore is not None
        and keystore.names == "new"
        and min(keystore.most_keys, keystore.most_certificates) >= 16
        and settings.https_port is not None
    )


def _get_capabilities(device: Device, call: Call) -> etree._Element:
    asked = {element.text for element in call.body.findall("{*}Category")} or {"All"}
    if not asked & {"All", "Device"}:
        raise unsupported("There is no such service", "NoSuchService")
    security = tt.Security(
        tt("TLS1.1", str(_speaks(device.settings, "1.1")).lower()),
        tt("TLS1.2", str(_speaks(device.settings, "1.2")).lower()),
        tt("OnboardKeyGeneration", str(device.settings.certificates is not None).lower()),
        *(tt(name, "false") for name in ("AccessPolicyConfig", "X.509Token")),
        *(tt(name, "false") for name in ("SAMLToken", "KerberosToken", "RELToken")),
    )
    xaddr = tt.XAddr(call.origin + device.settings.path)
    media = [tt.Media(tt.XAddr(call.origin + media.path), tt.StreamingCapabilities()) for media in _older_media(device)]
    return tds.GetCapabilitiesResponse(tds.Capabilities(tt.Device(xaddr, security), *media))


def _older_media(device: Device) -> list[Service]:
    """Younger services have no name in GetCapabilities."""
    return [service for service in media_service.services(device.settings) if service.namespace == TRT]


def _get_device_information(device: Device, _: Call) -> etree._Element:
    settings = device.settings
    return tds.GetDeviceInformationResponse(
        tds.Manufacturer(settings.maker),
        tds.Model(settings.model),
        tds.FirmwareVersion(settings.firmware),
        tds.SerialNumber(settings.serial),
        tds.HardwareId(settings.model),
    )


def _get_scopes(device: Device, _: Call) -> etree._Element:
    return tds.GetScopesResponse(
        *(tds.Scopes(tt.ScopeDef("Fixed"), tt.ScopeItem(scope)) for scope in scopes(device.settings))
    )


def _get_hostname(device: Device, _: Call) -> etree._Element:
    name = f"{device.settings.model}-{device.settings.serial}".lower()
    return tds.GetHostnameResponse(tds.HostnameInformation(tt.FromDHCP("false"), tt.Name(name)))


def _get_network_protocols(device: Device, _: Call) -> etree._Element:
    return tds.GetNetworkProtocolsResponse(
        *(
            tds.NetworkProtocols(tt.Name(name), tt.Enabled(str(protocol.enabled).lower()), tt.Port(str(protocol.port)))
            for name, protocol in device.protocols.items()
            if name in _PROTOCOLS
        )
    )


def _set_network_protocols(device: Device, call: Call) -> etree._Element:
    asked = {}
    for name, enabled, port in _asked_protocols(call):
        known = device.protocols.get(name, Protocol(False, 0))
        asked[name] = Protocol(enabled, int(port) if port else known.port)
    device.set_protocols(asked)
    return tds.SetNetworkProtocolsResponse()


def _asked_protocols(call: Call) -> list[tuple[str, bool, str]]:
    return [
        (
            line.findtext(f"{{{TT}}}Name", "").strip(),
            line.findtext(f"{{{TT}}}Enabled", "").strip() in ("true", "1"),
            line.findtext(f"{{{TT}}}Port", "").strip(),
        )
        for line in call.body.findall(f"{{{TDS}}}NetworkProtocols")
    ]


def _note_protocols(call: Call) -> str:
    return ", ".join(f"{name} {'on' if enabled else 'off'} {port}" for name, enabled, port in _asked_protocols(call))


def _system_reboot(device: Device, _: Call) -> etree._Element:
    return tds.SystemRebootResponse(tds.Message(f"{device.settings.model} restarts"))


_OPERATIONS = {
    "GetSystemDateAndTime": Operation(Access.PRE_AUTH, _get_system_date_and_time),
    "GetServices": Operation(Access.PRE_AUTH, _get_services),
    "GetServiceCapabilities": Operation(Access.PRE_AUTH, _get_service_capabilities),
    "GetCapabilities": Operation(Access.PRE_AUTH, _get_capabilities),
    "GetHostname": Operation(Access.PRE_AUTH, _get_hostname),
    "GetDeviceInformation": Operation(Access.READ_SYSTEM, _get_device_information),
    "GetScopes": Operation(Access.READ_SYSTEM, _get_scopes),
    "GetNetworkProtocols": Operation(Access.READ_SYSTEM, _get_network_protocols),
    "SetNetworkProtocols": Operation(Access.WRITE_SYSTEM, _set_network_protocols, _note_protocols),
    "SystemReboot": Operation(Access.UNRECOVERABLE, _system_reboot, reboots=True),
}
