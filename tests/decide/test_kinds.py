import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.decide.kinds import kind_of_discovered, kind_of_services, kind_of_upnp
from core.model.sighting import Kind

DEVICE, SERVICE = "urn:schemas-upnp-org:device:{}:1", "urn:schemas-upnp-org:service:{}:1"
TDS, DN = "http://www.onvif.org/ver10/device/wsdl", "http://www.onvif.org/ver10/network/wsdl"
WSDP, PUB = "http://schemas.xmlsoap.org/ws/2006/02/devprof", "http://schemas.microsoft.com/windows/pub/2005/07"
PRINTER = "http://schemas.microsoft.com/windows/2006/08/wdp/print"


@pytest.mark.parametrize(
    ("types", "kind"),
    [
        ([], Kind.UNKNOWN),
        (["_http._tcp"], Kind.UNKNOWN),
        (["_http._tcp", "_https._tcp"], Kind.UNKNOWN),
        (["_ssh._tcp"], Kind.UNKNOWN),
        (["_axis-video._tcp"], Kind.CAMERA),
        (["_AXIS-VIDEO._TCP"], Kind.CAMERA),
        (["_http._tcp", "_vapix-http._tcp"], Kind.CAMERA),
        (["_vapix-https._tcp"], Kind.CAMERA),
        (["_CGI._tcp"], Kind.CAMERA),
        (["_psia._tcp"], Kind.CAMERA),
        (["_onvif._tcp"], Kind.CAMERA),
        (["_rtsp._tcp", "_http._tcp"], Kind.CAMERA),
        (["_rtsp._tcp", "_airplay._tcp"], Kind.OTHER),
        (["_onvif._tcp", "_smb._tcp"], Kind.CAMERA),
        (["_http._tcp", "_smb._tcp"], Kind.OTHER),
        (["_afpovertcp._tcp"], Kind.OTHER),
        (["_http._tcp", "_ipp._tcp"], Kind.OTHER),
        (["_ipps._tcp"], Kind.OTHER),
        (["_printer._tcp"], Kind.OTHER),
        (["_pdl-datastream._tcp"], Kind.OTHER),
        (["_googlecast._tcp"], Kind.OTHER),
        (["_airplay._tcp"], Kind.OTHER),
    ],
)
def test_services_tell_what_it_is(types: list[str], kind: Kind) -> None:
    assert kind_of_services(types) == kind_of_services(reversed(types)) == kind


@pytest.mark.parametrize(
    ("types", "words", "kind"),
    [
        ([], [], Kind.UNKNOWN),
        (["upnp:rootdevice", "uuid:1"], [], Kind.UNKNOWN),
        ([DEVICE.format("Basic")], ["Access controller"], Kind.UNKNOWN),
        ([DEVICE.format("Basic")], ["Network Camera M3045"], Kind.CAMERA),
        ([DEVICE.format("Basic")], ["IPCam 7"], Kind.CAMERA),
        ([DEVICE.format("Basic")], ["A campus gateway of Camden"], Kind.UNKNOWN),
        ([DEVICE.format("DigitalSecurityCamera")], [], Kind.CAMERA),
        ([SERVICE.format("DigitalSecurityCameraMotionImage")], [], Kind.CAMERA),
        (["urn:axis-com:service:BasicService:1"], [], Kind.CAMERA),
        (["urn:schemas-vendor:device:ThermalCamera:2"], [], Kind.CAMERA),
        ([DEVICE.format("MediaServer")], [], Kind.OTHER),
        ([DEVICE.format("MediaServer")], ["photos of your camera"], Kind.OTHER),
        ([DEVICE.format("MediaServer"), "urn:axis-com:service:BasicService:1"], [], Kind.CAMERA),
        ([DEVICE.format("MediaRenderer")], [], Kind.OTHER),
        ([DEVICE.format("InternetGatewayDevice").upper()], [], Kind.OTHER),
        ([SERVICE.format("WANIPConnection")], [], Kind.OTHER),
        ([SERVICE.format("ContentDirectory")], [], Kind.OTHER),
        ([DEVICE.format("Printer")], [], Kind.OTHER),
        (["urn:dial-multiscreen-org:service:dial:1"], [], Kind.OTHER),
        (["mediaserver", "urn:x", "::::", ""], [], Kind.UNKNOWN),
    ],
)
def test_upnp_types_and_words_tell_what_it_is(types: list[str], words: list[str], kind: Kind) -> None:
    assert kind_of_upnp(types, words) == kind_of_upnp(reversed(types), words) == kind


@pytest.mark.parametrize(
    ("types", "scopes", "services", "kind"),
    [
        ([], [], [], Kind.UNKNOWN),
        ([], [], [(80, "/")], Kind.UNKNOWN),
        ([], [], [(80, "/onvif/device_service")], Kind.CAMERA),
        ([], [], [(5357, "/2f7c")], Kind.OTHER),
        ([], ["onvif://www.onvif.org/name/x"], [], Kind.CAMERA),
        ([], ["ldap:///ou=cameras"], [], Kind.UNKNOWN),
        ([(TDS, "Device")], [], [], Kind.CAMERA),
        ([(DN, "NetworkVideoTransmitter")], [], [], Kind.CAMERA),
        ([("", "NetworkVideoTransmitter")], [], [], Kind.CAMERA),
        ([(WSDP, "Device")], [], [], Kind.OTHER),
        ([(WSDP, "Device"), (PUB, "Computer")], [], [(5357, "/x")], Kind.OTHER),
        ([(WSDP, "Device"), (PRINTER, "PrintDeviceType")], [], [], Kind.OTHER),
        ([(WSDP, "Device"), (TDS, "Device")], [], [], Kind.CAMERA),
        ([("", "Device")], [], [], Kind.OTHER),
    ],
)
def test_discovered_types_scopes_and_services_tell_what_it_is(
    types: list[tuple[str, str]], scopes: list[str], services: list[tuple[int, str]], kind: Kind
) -> None:
    assert kind_of_discovered(types, scopes, services) == kind


@given(st.lists(st.text(max_size=400), max_size=20), st.lists(st.text(max_size=400), max_size=20))
def test_any_text_is_some_kind(types: list[str], words: list[str]) -> None:
    pairs = list(zip(types, words, strict=False))
    kinds = (kind_of_services(types), kind_of_upnp(types, words), kind_of_discovered(pairs, types))
    assert all(isinstance(kind, Kind) for kind in kinds)


def test_endless_and_huge_evidence_is_not_read_to_its_end() -> None:
    def endless(item: str) -> object:
        while True:
            yield item

    for item in ("_http._tcp", "camera" * 1_000_000, "urn:" * 1_000_000, "ip" * 1_000_000):
        assert kind_of_services(endless(item)) == Kind.UNKNOWN  # type: ignore[arg-type]
        assert kind_of_upnp(endless(item), endless(item)) == Kind.UNKNOWN  # type: ignore[arg-type]


@given(st.lists(st.sampled_from(["_onvif._tcp", "_smb._tcp", "_rtsp._tcp", "_http._tcp"])))
def test_what_only_cameras_announce_outweighs_all_else(types: list[str]) -> None:
    assert kind_of_services([*types, "_axis-video._tcp"]) == Kind.CAMERA
    assert kind_of_services([*(kind for kind in types if kind != "_onvif._tcp"), "_smb._tcp"]) == Kind.OTHER
