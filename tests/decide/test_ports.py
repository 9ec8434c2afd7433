"""Where HTTPS is looked for, in which order, and what is told of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.decide.identity import Said
from core.decide.ports import (
    DEVICE,
    MOST_NAMED,
    NEVER,
    USUAL_PORTS,
    Candidate,
    candidates,
    has_https,
    http_ports,
    https_ports,
    is_https_off,
    told,
    with_https_on,
)
from core.model.keystore import NetworkProtocol

HTTP = NetworkProtocol("HTTP", True, (80, 8080))
RTSP = NetworkProtocol("RTSP", False, (554,))
OFF = NetworkProtocol("HTTPS", False, (4443,))

SOURCES = st.sampled_from(("WS-Discovery", "mDNS", "SSDP", "scan", "another"))
PORTS = st.lists(st.tuples(st.sampled_from(("http", "https")), st.integers(-5, 70_000)), max_size=20)
SAID = st.dictionaries(SOURCES, PORTS.map(tuple)).map(lambda said: tuple(said.items()))


def said(**ports: int) -> tuple[Said, ...]:
    """Each source with the one HTTPS port that it names."""
    names = {"ssdp": "SSDP", "mdns": "mDNS", "wsd": "WS-Discovery"}
    return tuple((names[source], (("https", port),)) for source, port in ports.items())


def test_the_port_given_comes_first_then_announcements_then_the_device_then_the_usual_ones() -> None:
    order = candidates(said(ssdp=1003, mdns=1002, wsd=1001), (1004, 8443), given=1000)
    assert [candidate.port for candidate in order] == [1000, 1001, 1002, 1003, 1004, 8443, 443, 4443]
    assert [candidate.how for candidate in order] == [
        *("the port given", "WS-Discovery", "mDNS", "SSDP", DEVICE, DEVICE, "found there", "found there")
    ]


def test_a_port_that_several_name_is_tried_once_and_all_of_them_are_told() -> None:
    order = candidates(said(mdns=8443, wsd=8443), (8443,))
    assert order[0] == Candidate(8443, ("WS-Discovery", "mDNS", DEVICE))
    assert [candidate.port for candidate in order] == [8443, 443, 4443]


@given(SAID, st.lists(st.integers(-5, 70_000), max_size=20))
def test_however_much_is_claimed_few_ports_are_tried_and_none_of_another_service(
    claims: tuple[Said, ...], listed: list[int]
) -> None:
    order = candidates(claims, listed)
    ports = [candidate.port for candidate in order]
    assert len(ports) == len(set(ports)) <= MOST_NAMED + len(USUAL_PORTS)
    assert set(USUAL_PORTS) <= set(ports)
    assert all(0 < port < 65536 for port in ports)
    assert not NEVER & set(ports)
    assert {candidate.port for candidate in candidates(claims)} <= set(ports)
    assert len(http_ports(claims)) <= 5
    assert not NEVER & set(http_ports(claims))


@given(SAID)
def test_sources_that_lie_do_not_crowd_out_the_device_itself(claims: tuple[Said, ...]) -> None:
    ports = [candidate.port for candidate in candidates(claims, (50_001, 50_002))]
    assert {50_001, 50_002} <= set(ports)


def test_one_source_does_not_crowd_out_another() -> None:
    many: Said = ("WS-Discovery", tuple(("https", port) for port in range(2000, 2020)))
    assert 8444 in [candidate.port for candidate in candidates((many, *said(mdns=8444)))]


def test_plain_http_is_looked_for_where_it_is_known_then_announced_then_usual() -> None:
    announced: Said = ("SSDP", (("http", 8000), ("https", 443), ("http", 25), ("http", 81)))
    assert http_ports((announced,), None, 8080) == (8080, 8000, 81, 80)


@pytest.mark.parametrize(
    ("listed", "ports", "is_off", "is_there"),
    [
        ((HTTP, OFF), (), True, True),
        ((HTTP, NetworkProtocol("https", True, (0, 8443, 443, 8443))), (8443, 443), False, True),
        ((HTTP, NetworkProtocol("HTTPS", True, (0,))), (), False, True),
        ((OFF, NetworkProtocol("HTTPS", True, (443,))), (443,), False, True),
        ((HTTP, NetworkProtocol("HTTPS", True, (22, 443))), (443,), False, True),
        ((HTTP, RTSP), (), False, False),
        ((), (), False, False),
    ],
)
def test_what_devices_list(
    listed: tuple[NetworkProtocol, ...], ports: tuple[int, ...], is_off: bool, is_there: bool
) -> None:
    assert (https_ports(listed), is_https_off(listed), has_https(listed)) == (ports, is_off, is_there)


@pytest.mark.parametrize(
    ("off", "ports"),
    [
        (OFF, (4443,)),
        (NetworkProtocol("HTTPS", False, (0,)), (443,)),
        (NetworkProtocol("HTTPS", False, (), whole=False), (443,)),
        (NetworkProtocol("HTTPS", False, (0, 443, 8443)), (443, 8443)),
    ],
)
def test_switching_https_on_changes_nothing_else(off: NetworkProtocol, ports: tuple[int, ...]) -> None:
    http, rtsp, on = with_https_on((HTTP, RTSP, off))
    assert (http, rtsp, on) == (HTTP, RTSP, NetworkProtocol("HTTPS", True, ports))


def test_https_is_not_put_where_something_else_is() -> None:
    http, on = with_https_on((NetworkProtocol("HTTP", True, (443,)), NetworkProtocol("HTTPS", False, (0,))))
    assert (http.ports, on.ports) == ((443,), (8443,))


def test_of_several_lines_for_https_the_one_with_a_port_is_switched_on() -> None:
    first = NetworkProtocol("HTTPS", False, (0,))
    assert with_https_on((first, OFF)) == (first, NetworkProtocol("HTTPS", True, (4443,)))


def test_what_is_not_there_is_not_switched_on() -> None:
    with pytest.raises(ValueError, match="no HTTPS"):
        with_https_on((HTTP, RTSP))


def test_a_line_tells_who_named_the_port_and_what_others_said() -> None:
    claims = (("SSDP", (("http", 80),)), ("mDNS", (("http", 80), ("https", 8443))))
    line = told(("https", 8443), "mDNS", claims, (), (4443,))
    assert line == "HTTPS on 8443 (mDNS) · SSDP says HTTP 80 · device says HTTPS 4443"


def test_who_agrees_is_not_told_twice() -> None:
    claims = (("WS-Discovery", (("https", 443), ("http", 80), ("https", 4443))),)
    assert told(("https", 443), "WS-Discovery, device", claims, (), (443,)) == (
        "HTTPS on 443 (WS-Discovery, device) · WS-Discovery says HTTPS 4443"
    )


def test_https_that_is_off_is_told() -> None:
    assert told(("http", 80), "no HTTPS answers", (), (HTTP, OFF), ()) == (
        "HTTP on 80 (no HTTPS answers) · device says HTTPS off"
    )


@given(SAID, st.lists(st.integers(1, 65_535), max_size=20))
def test_the_line_is_never_long(claims: tuple[Said, ...], named: list[int]) -> None:
    assert len(told(("https", 443), "found there", claims, (), named)) <= 160
