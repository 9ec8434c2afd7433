"""Devices of a site that are no cameras, and announce themselves all the same."""

from typing import Any

from core.simulator.settings import CameraSettings, MdnsService, Ssdp

_PRINTER = "urn:schemas-upnp-org:device:Printer:1"
_MEDIA_SERVER = "urn:schemas-upnp-org:device:MediaServer:1"


def printer(name: str, **given: Any) -> CameraSettings:
    """Return a printer: mDNS, SSDP and WS-Discovery, HTTPS with a certificate of its own."""
    services = (
        MdnsService("_ipp._tcp", "http", {"ty": "Quill LP-410", "rp": "ipp/print"}),
        MdnsService("_printer._tcp", "http"),
        MdnsService("_http._tcp", "http"),
    )
    ssdp = Ssdp(_PRINTER, ("urn:schemas-upnp-org:service:PrintBasic:1",), "/upnp/device.xml", udn="uuid:LP410-{mac}")
    return _bystander("printer", name, "Quill", "LP-410", path="/wsd", mdns=services, ssdp=ssdp, **given)


def nas(name: str, **given: Any) -> CameraSettings:
    """Return a file server: mDNS and SSDP."""
    services = (
        MdnsService("_smb._tcp", "http"),
        MdnsService("_http._tcp", "http"),
        MdnsService("_https._tcp", "https"),
    )
    kinds = tuple(f"urn:schemas-upnp-org:service:{name}:1" for name in ("ContentDirectory", "ConnectionManager"))
    ssdp = Ssdp(_MEDIA_SERVER, kinds, "/rootDesc.xml", port=0, udn="uuid:4d696e69-444c-164e-9d41-{mac}")
    return _bystander("nas", name, "Silo", "ST-4", ws_discovery=False, mdns=services, ssdp=ssdp, **given)


def windows(name: str, **given: Any) -> CameraSettings:
    """Return a Windows computer: WS-Discovery, and SSDP for its media sharing."""
    ssdp = Ssdp(_MEDIA_SERVER, (), "/upnphost/description.xml", udn="uuid:10f5a1c2-6f0b-4c2e-8d53-{mac}")
    given = {"http_port": 5357, "https_port": None, "path": "/wsd", "ssdp": ssdp, **given}
    return _bystander("windows", name, "Contoso", "Desktop", **given)


def _bystander(persona: str, name: str, maker: str, model: str, **given: Any) -> CameraSettings:
    fixed = {"persona": persona, "kind": persona, "expect": "", "firmware": "1.0", "keystore": None}
    return CameraSettings(name=name, maker=maker, model=model, **{**fixed, **given})
