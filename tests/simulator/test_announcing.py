from collections.abc import Callable

import pytest
from lxml import etree

from core.simulator.announcing import Probe, Profile, bye, hello, probe_matches, read_probe

ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
DISCOVERY = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
NETWORK = "http://www.onvif.org/ver10/network/wsdl"
DEVICE = "http://www.onvif.org/ver10/device/wsdl"
PROFILE = Profile(
    "urn:uuid:00000000-0000-4000-8000-000000000001",
    ("onvif://www.onvif.org/type/video_encoder", "onvif://www.onvif.org/name/Loading%20dock"),
    ("http://127.77.0.11:8080/onvif/device_service", "https://127.77.0.11:8443/onvif/device_service"),
    instance=3,
)


def probe(types: str | None = None, scopes: str | None = None, message: str = "uuid:1") -> bytes:
    asked = "" if types is None else f"<d:Types>{types}</d:Types>"
    asked += "" if scopes is None else f"<d:Scopes>{scopes}</d:Scopes>"
    return (
        f'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="{ADDRESSING}" xmlns:d="{DISCOVERY}"'
        f' xmlns:n="{NETWORK}" xmlns:t="{DEVICE}"><s:Header><a:MessageID>{message}</a:MessageID></s:Header>'
        f"<s:Body><d:Probe>{asked}</d:Probe></s:Body></s:Envelope>"
    ).encode()


def asked(payload: bytes) -> Probe:
    found = read_probe(payload)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "types", [None, "", "n:NetworkVideoTransmitter", "t:Device", " t:Device\n n:NetworkVideoTransmitter "]
)
def test_a_camera_is_meant_by_each_of_its_types_by_all_and_by_none(types: str | None) -> None:
    assert asked(probe(types)).matches(PROFILE)


@pytest.mark.parametrize("types", ["n:NetworkVideoDisplay", "t:Device n:NetworkVideoDisplay", "x:Device", "Device"])
def test_a_camera_is_not_meant_by_other_types(types: str) -> None:
    assert not asked(probe(types)).matches(PROFILE)


@pytest.mark.parametrize(
    ("scopes", "meant"),
    [
        ("", True),
        ("onvif://www.onvif.org", True),
        ("onvif://www.onvif.org/type/", True),
        ("onvif://www.onvif.org/type/video_encoder onvif://www.onvif.org/name/Loading%20dock", True),
        ("onvif://www.onvif.org/type/video", False),
        ("onvif://www.onvif.org/name/Gate", False),
        ("onvif://www.onvif.org/type/video_encoder onvif://www.onvif.org/name/Gate", False),
    ],
)
def test_scopes_match_by_whole_segments_and_all_of_them(scopes: str, meant: bool) -> None:
    assert asked(probe(scopes=scopes)).matches(PROFILE) is meant


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\0" * 20,
        b"<x/>",
        b"<!DOCTYPE a []>" + probe(),
        probe().replace(b"d:Probe", b"d:Hello"),
        probe(message=""),
        probe_matches(PROFILE, Probe("uuid:1", frozenset(), ()), 1),
    ],
)
def test_what_is_no_question_is_not_answered(payload: bytes) -> None:
    assert read_probe(payload) is None


def test_an_answer_tells_who_where_and_what_it_answers() -> None:
    answer = etree.fromstring(probe_matches(PROFILE, asked(probe(message="urn:uuid:77")), 5))
    assert answer.findtext(f".//{{{ADDRESSING}}}RelatesTo") == "urn:uuid:77"
    assert answer.findtext(f".//{{{ADDRESSING}}}Action") == f"{DISCOVERY}/ProbeMatches"
    assert answer.findtext(f".//{{{ADDRESSING}}}EndpointReference/{{{ADDRESSING}}}Address") == PROFILE.endpoint
    match = answer.find(f".//{{{DISCOVERY}}}ProbeMatches/{{{DISCOVERY}}}ProbeMatch")
    assert match is not None
    assert (match.findtext(f"{{{DISCOVERY}}}XAddrs") or "").split() == list(PROFILE.xaddrs)
    assert (match.findtext(f"{{{DISCOVERY}}}Scopes") or "").split() == list(PROFILE.scopes)
    types = match.find(f"{{{DISCOVERY}}}Types")
    assert types is not None
    assert {(types.nsmap[name.partition(":")[0]], name.partition(":")[2]) for name in (types.text or "").split()} == {
        (NETWORK, "NetworkVideoTransmitter"),
        (DEVICE, "Device"),
    }


@pytest.mark.parametrize("say", [hello, bye])
def test_what_is_said_to_everybody_counts_messages_and_boots(say: Callable[[Profile, int], bytes]) -> None:
    said = etree.fromstring(say(PROFILE, 9))
    sequence = said.find(f".//{{{DISCOVERY}}}AppSequence")
    assert sequence is not None
    assert dict(sequence.items()) == {"InstanceId": "3", "MessageNumber": "9"}
    assert said.findtext(f".//{{{ADDRESSING}}}Address") == PROFILE.endpoint
    assert said.find(f".//{{{ADDRESSING}}}RelatesTo") is None
