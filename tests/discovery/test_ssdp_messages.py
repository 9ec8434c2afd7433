import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.discovery.claims import Url
from core.discovery.datagrams import UnreadableError
from core.discovery.ssdp_messages import Message, read_message, search
from tests.discovery.upnp_messages import AXIS_TYPE, BAD, GOOD, ROOT, UDN, answer, notice

PLACE = Url("http", "203.0.113.9", 49154, "/rootdesc1.xml")


def test_an_answer_tells_type_device_and_place() -> None:
    assert read_message(answer(target=AXIS_TYPE)) == Message(AXIS_TYPE, UDN.lower(), PLACE, " ")


def test_arrivals_and_farewells_are_told_apart() -> None:
    place = "http://203.0.113.9:49154/rootdesc1.xml"
    for kind in ("ssdp:alive", "ssdp:update", "SSDP:Alive"):
        assert read_message(notice(kind, place)) == Message(ROOT, UDN.lower(), PLACE, " ")
    assert read_message(notice("ssdp:byebye", place)) == Message(ROOT, UDN.lower(), None, " ", gone=True)


def test_questions_of_others_are_no_messages_about_devices() -> None:
    assert read_message(search(ROOT, "239.255.255.250", 1900, 2)) is None
    assert b"\r\nHOST: [FF02::C]:1900\r\n" in search(ROOT, "ff02::c", 1900, 2)


def test_a_question_is_what_upnp_asks_for() -> None:
    assert search("ssdp:all", "239.255.255.250", 1900, 2) == (
        b'M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\nMX: 2\r\nST: ssdp:all\r\n\r\n'
    )


@pytest.mark.parametrize(
    "payload",
    [
        GOOD.replace(b"\r\n", b"\n"),
        GOOD.replace(b"LOCATION", b"location").replace(b"USN", b"Usn"),
        GOOD.replace(b": ", b":"),
        GOOD.replace(b": ", b" :  "),
        GOOD.replace(b"HTTP/1.1", b"HTTP/1.0"),
        GOOD.removesuffix(b"\r\n\r\n"),
        GOOD.replace(b"EXT", b"no header at all\r\nEXT"),
        GOOD.replace(b"Linux", b"\xff\xfe"),
        GOOD.replace(b"\r\n\r\n", b"\r\nUSN: uuid:another\r\n\r\n"),
        b"\r\n".join((GOOD, b"body")),
    ],
)
def test_what_is_merely_odd_is_forgiven(payload: bytes) -> None:
    assert read_message(payload) == read_message(GOOD)


@pytest.mark.parametrize(
    "location", [None, "", "/rootdesc1.xml", "ftp://h/x", "http://h:22/x", "http://h:0/", "http://h:99999/", "x" * 2000]
)
def test_an_answer_without_a_place_that_may_be_asked_still_tells_of_its_device(location: str | None) -> None:
    message = read_message(answer(location))
    assert message and message.location is None and message.udn == UDN.lower()


def test_what_may_have_changed_has_another_version() -> None:
    versions = {message.version for message in map(read_message, (answer(boot="1"), answer(boot="2"), GOOD)) if message}
    assert len(versions) == 3


@pytest.mark.parametrize("kind", BAD)
def test_what_is_bad_is_refused(kind: str) -> None:
    with pytest.raises(UnreadableError):
        read_message(BAD[kind])


def check(payload: bytes) -> None:
    """Whatever comes in: a clean message, none, or the one error."""
    try:
        message = read_message(payload)
    except UnreadableError:
        return
    if message:
        assert (message.target + message.udn).isprintable()
        assert max(map(len, (message.target, message.udn, message.version))) <= 128
        assert not (message.gone and message.location)


@given(st.binary(max_size=1000))
def test_any_bytes(payload: bytes) -> None:
    check(payload)
    check(b"HTTP/1.1 200 OK\r\nUSN: uuid:1\r\n" + payload)


@settings(max_examples=500)
@given(st.lists(st.tuples(st.integers(0, len(GOOD)), st.integers(0, 20), st.binary(max_size=12)), max_size=6))
def test_any_mutation_of_a_good_message(cuts: list[tuple[int, int, bytes]]) -> None:
    payload = GOOD
    for start, length, patch in cuts:
        payload = payload[:start] + patch + payload[start + length :]
    check(payload)


@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=300))
def test_any_text_in_a_good_message(location: str, target: str, udn: str) -> None:
    check(answer(f"http://h{location}", target, f"uuid:{udn}"))
