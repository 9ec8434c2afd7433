import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.discovery.announcements import Announcement, parse, to_sighting
from core.discovery.claims import Url
from core.discovery.datagrams import LARGEST, Datagram, UnreadableError
from core.model.sighting import Kind, Sighting
from tests.discovery.messages import (
    BAD,
    ENTITY_BOMB,
    GOOD,
    LAUGHS,
    ODD_BUT_GOOD,
    SCOPES,
    about,
    bye,
    envelope,
    hello,
    probe_matches,
)

ENDPOINT = "urn:uuid:00000000-0000-4000-8000-000000000001"


def sighting(payload: bytes, address: str = "10.0.0.7") -> Sighting:
    [announcement] = parse(payload)
    return to_sighting(announcement, Datagram(payload, address, "10.0.0.1"), "WS-Discovery")


def test_an_answer_tells_endpoint_ports_path_and_names_and_the_sender_is_the_address() -> None:
    xaddrs = "http://192.168.0.9/onvif/device_service https://192.168.0.9:8443/onvif/device_service"
    assert sighting(probe_matches(about(xaddrs=xaddrs))) == Sighting(
        source="WS-Discovery",
        address="10.0.0.7",
        interface="10.0.0.1",
        endpoint=ENDPOINT,
        ports=(("http", 80), ("https", 8443)),
        path="/onvif/device_service",
        name="Front door",
        model="X-100",
        serial="4711",
        kind=Kind.CAMERA,
    )


def test_hello_is_an_arrival_and_bye_a_farewell() -> None:
    [arrival], [farewell] = parse(hello()), parse(bye())
    assert (arrival.gone, arrival.name) == (False, "Front door")
    assert farewell == Announcement(endpoint=ENDPOINT, gone=True)


@pytest.mark.parametrize("kind", ODD_BUT_GOOD)
def test_what_is_merely_odd_is_forgiven(kind: str) -> None:
    [announcement] = parse(ODD_BUT_GOOD[kind])
    assert (announcement.endpoint, announcement.name) == (ENDPOINT, "Front door")
    assert announcement.xaddrs


@pytest.mark.parametrize("kind", BAD)
def test_what_is_bad_is_refused(kind: str) -> None:
    with pytest.raises(UnreadableError):
        parse(BAD[kind])


@pytest.mark.parametrize("bomb", [ENTITY_BOMB, LAUGHS])
def test_an_entity_bomb_is_refused_before_it_is_parsed(bomb: bytes) -> None:
    with pytest.raises(UnreadableError, match="document type"):
        parse(bomb)


def test_several_devices_in_one_message() -> None:
    payload = probe_matches(about(endpoint="urn:a"), about(endpoint="urn:b", xaddrs="", scopes=""), "")
    assert [(a.endpoint, len(a.xaddrs), a.name) for a in parse(payload)] == [
        ("urn:a", 1, "Front door"),
        ("urn:b", 0, ""),
        ("", 0, ""),
    ]


@pytest.mark.parametrize("body", ["<d:Probe><d:Types>dn:X</d:Types></d:Probe>", "<d:ProbeMatches/>", "<d:Resolve/>"])
def test_questions_of_others_and_empty_answers_are_no_announcements(body: str) -> None:
    assert parse(envelope(body)) == []


def test_a_suppression_header_changes_nothing() -> None:
    header = "<d:Suppression/><a:ReplyTo><a:Address>http://203.0.113.7/</a:Address></a:ReplyTo>"
    assert parse(probe_matches(header=header)) == parse(GOOD)


@pytest.mark.parametrize(
    ("types", "scopes", "xaddrs", "kind"),
    [
        ("wsdp:Device pub:Computer", "", "http://h:5357/x", Kind.OTHER),
        ("wsdp:Device", "ldap:///ou=x", "", Kind.OTHER),
        ("wsdp:Device", SCOPES, "", Kind.CAMERA),
        ("tds:Device", "", "", Kind.CAMERA),
        ("dn:NetworkVideoTransmitter", "", "", Kind.CAMERA),
        ("undeclared:NetworkVideoTransmitter", "", "", Kind.CAMERA),
        ("", "", "http://h/onvif/device_service", Kind.CAMERA),
        ("", "", "http://h/", Kind.UNKNOWN),
        ("", "", "", Kind.UNKNOWN),
    ],
)
def test_what_it_is_goes_by_types_scopes_and_paths(types: str, scopes: str, xaddrs: str, kind: Kind) -> None:
    for message in (hello, probe_matches):
        [announcement] = parse(message(about(types=types, scopes=scopes, xaddrs=xaddrs)))
        assert announcement.kind == kind


@pytest.mark.parametrize(
    ("xaddrs", "ports", "path"),
    [
        ("http://h/a", (("http", 80),), "/a"),
        ("https://h/a", (("https", 443),), "/a"),
        ("HTTPS://[fe80::1]:8443/a http://h:8000/b", (("https", 8443), ("http", 8000)), "/a"),
        ("http://h:8080:8080/a", (("http", 8080),), "/a"),
        ("http://h:80/a http://h/a http://k:80/b", (("http", 80),), "/a"),
        ("http://user:pw@h:81/a http://h/a", (("http", 80),), "/a"),
        ("ftp://h/a javascript:1 //h/a /a h:80 http:// http://", (("http", 80),), ""),
        ("http://h:0/a http://h:65536/a http://h:99999/a http://h:22/a http://h:5432/a", (), ""),
        ("http://h:٣/a http://h:²/a", (), ""),
        ("http://h/../../etc/passwd", (("http", 80),), ""),
        ("http://h//other/a", (("http", 80),), ""),
        ("http://h/a?user=x#y", (("http", 80),), "/a"),
        ("http://h/a\u202eb", (("http", 80),), ""),
        ("http://h/" + "a" * 300, (("http", 80),), ""),
        ("http://dead:81/dead http://10.0.0.7:82/alive", (("http", 82), ("http", 81)), "/alive"),
        (" ".join(f"http://h:{8000 + n}/" for n in range(20)), tuple(("http", 8000 + n) for n in range(8)), "/"),
    ],
)
def test_an_xaddr_gives_scheme_port_and_a_sane_path(xaddrs: str, ports: tuple[tuple[str, int], ...], path: str) -> None:
    seen = sighting(probe_matches(about(xaddrs=xaddrs)))
    assert (seen.ports, seen.path) == (ports, path)


@pytest.mark.parametrize("host", ["[fe80::5]", "[FE80::5%25eth9]"])
def test_the_xaddr_at_the_senders_own_address_comes_first_over_ipv6_too(host: str) -> None:
    xaddrs = f"http://10.0.0.9/other https://[fe80::66]:4443/other https://{host}:8443/own"
    [announcement] = parse(probe_matches(about(xaddrs=xaddrs)))
    seen = to_sighting(announcement, Datagram(GOOD, "fe80::5%eth0", "fe80::1%eth0"), "x")
    assert (seen.address, seen.path) == ("fe80::5%eth0", "/own")
    assert seen.ports == (("https", 8443), ("http", 80), ("https", 4443))


def test_names_are_percent_decoded_then_cleaned_and_cut() -> None:
    scopes = "onvif://www.onvif.org/name/%1B%5B2J%E2%80%AEevil%FF ONVIF://WWW.ONVIF.ORG/hardware/" + "x" * 400
    [announcement] = parse(probe_matches(about(scopes=scopes)))
    assert announcement.name == "⟨001B⟩[2J⟨202E⟩evil\ufffd"
    assert len(announcement.model) == 64


def test_an_endpoint_is_one_form_of_a_uuid_and_bounded_otherwise() -> None:
    def endpoint(text: str) -> str:
        return parse(probe_matches(about(endpoint=text)))[0].endpoint

    upper = "0000ABCD-0000-4000-8000-00000000000F"
    assert (
        endpoint(f" uuid:{upper}\n") == endpoint(f"URN:UUID:{upper}") == endpoint(upper) == f"urn:uuid:{upper.lower()}"
    )
    assert len(endpoint("urn:" + "x" * 4000)) == 128


def check(payload: bytes) -> None:
    """Whatever comes in: announcements whose texts are clean and short, or the one error."""
    try:
        announcements = parse(payload)
    except UnreadableError:
        return
    for announcement in announcements:
        seen = to_sighting(announcement, Datagram(payload, "10.0.0.7", "10.0.0.1"), "x")
        texts = (seen.name, seen.model, seen.serial, seen.endpoint, seen.path)
        assert seen.address == "10.0.0.7"
        assert all(text.isprintable() for text in texts)
        assert max(map(len, texts)) <= 256
        assert len(seen.ports) <= 8
        assert all(scheme in ("http", "https") and 0 < port < 65536 for scheme, port in seen.ports)


@given(st.binary(max_size=2000))
def test_any_bytes(payload: bytes) -> None:
    check(payload)


@settings(max_examples=500)
@given(st.lists(st.tuples(st.integers(0, len(GOOD)), st.integers(0, 40), st.binary(max_size=12)), max_size=6))
def test_any_mutation_of_a_good_message(cuts: list[tuple[int, int, bytes]]) -> None:
    payload = GOOD
    for start, length, patch in cuts:
        payload = payload[:start] + patch + payload[start + length :]
    check(payload)


@settings(max_examples=300)
@given(endpoint=st.text(max_size=200), scopes=st.text(max_size=400), xaddrs=st.text(max_size=400))
def test_any_text_in_a_good_message(endpoint: str, scopes: str, xaddrs: str) -> None:
    scopes, xaddrs = f"onvif://www.onvif.org/name/{scopes}", f"http://{xaddrs}"
    check(probe_matches(about(endpoint=endpoint.replace("<", "").replace("&", ""), scopes=scopes, xaddrs=xaddrs)))


def test_the_size_limit_is_exact() -> None:
    assert parse(GOOD + b" " * (LARGEST - len(GOOD)))
    with pytest.raises(UnreadableError, match="large"):
        parse(GOOD + b" " * (LARGEST - len(GOOD) + 1))


def test_an_xaddr_keeps_the_host_that_was_claimed() -> None:
    [announcement] = parse(GOOD)
    assert announcement.xaddrs == (Url("http", "192.168.0.9", 80, "/onvif/device_service"),)
