import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.discovery.claims import Url
from core.discovery.datagrams import Datagram
from core.discovery.description import read_description
from core.discovery.ssdp_messages import Message, read_message
from core.discovery.upnp import UpnpHost
from core.model.sighting import Kind, Sighting
from tests.discovery.upnp_messages import AXIS_TYPE, MEDIA_SERVER, ROOT, UDN, answer, description, notice

DATAGRAM = Datagram(b"", "10.0.0.7", "10.0.0.1")
PLACE = Url("http", "", 49154, "/rootdesc1.xml")
OTHER_PLACE = "http://203.0.113.9:8200/rootDesc.xml"
SERVER_UDN = "uuid:00000000-0000-4000-8000-000000000001"
PATIENCE = 30


def read(payload: bytes) -> Message:
    message = read_message(payload)
    assert message
    return message


def host(*payloads: bytes) -> UpnpHost:
    made = UpnpHost(180, PATIENCE)
    for payload in payloads:
        made.learn(read(payload), 0)
    return made


def sighting(of: UpnpHost) -> Sighting:
    return of.sighting(DATAGRAM, "SSDP")


def test_the_first_answer_tells_little_and_the_description_the_rest() -> None:
    axis = host(answer())
    assert sighting(axis) == Sighting(
        "SSDP", "10.0.0.7", "10.0.0.1", udn=UDN.lower(), mac="ac:cc:8e:01:23:45", kind=Kind.UNKNOWN
    )
    assert axis.describe(PLACE, read_description(description(), 49154))
    assert sighting(axis) == Sighting(
        source="SSDP",
        address="10.0.0.7",
        interface="10.0.0.1",
        ports=(("http", 80),),
        name="Front door",
        manufacturer="AXIS",
        model="M3045-V",
        serial="ACCC8E012345",
        udn=UDN.lower(),
        mac="ac:cc:8e:01:23:45",
        kind=Kind.CAMERA,
    )


@given(st.permutations([ROOT, AXIS_TYPE, UDN, "urn:schemas-upnp-org:device:Basic:1"]))
def test_answers_in_any_order_add_up(targets: list[str]) -> None:
    made = host(*(answer(target=target) for target in targets))
    assert (sighting(made).udn, sighting(made).kind) == (UDN.lower(), Kind.CAMERA)


def test_the_device_is_the_outermost_one_and_none_inside_it() -> None:
    made = host(answer(udn="uuid:inside", target="urn:schemas-upnp-org:device:WANDevice:1"))
    assert (sighting(made).udn, sighting(made).kind) == ("", Kind.OTHER)
    made.learn(read(answer(udn="uuid:outside")), 0)
    assert sighting(made).udn == "uuid:outside"


def test_a_description_is_asked_for_once_until_it_changes_and_not_too_often() -> None:
    made = UpnpHost(180, PATIENCE)

    def due(payload: bytes, now: float) -> bool:
        message = read(payload)
        place = made.learn(message, now)
        if place:
            made.fetching(place, message.version, now)
        return place is not None

    assert due(answer(boot="1"), 0)
    assert not due(answer(boot="1"), 1) and not due(answer(boot="1", target=AXIS_TYPE), 100)
    assert due(answer(boot="2"), 101)
    assert not due(answer(boot="3"), 110)
    assert due(answer(boot="3"), 101 + PATIENCE + 1)
    made.failed(PLACE)
    assert not due(answer(boot="3"), 140)
    assert due(answer(boot="3"), 101 + 2 * PATIENCE + 2)


@pytest.mark.parametrize("location", [None, "https://h/x", "http://h:22/x", "nonsense"])
def test_no_description_is_asked_for_where_none_may_be(location: str | None) -> None:
    assert UpnpHost(180, PATIENCE).learn(read(answer(location)), 0) is None


def test_two_devices_at_one_address_are_told_as_one_and_the_camera_comes_first() -> None:
    media = answer(OTHER_PLACE, udn=SERVER_UDN)
    made = host(media, answer(OTHER_PLACE, udn=SERVER_UDN, target=MEDIA_SERVER))
    assert (sighting(made).udn, sighting(made).kind) == (SERVER_UDN, Kind.OTHER)
    made.learn(read(answer(target=AXIS_TYPE)), 0)
    made.learn(read(answer()), 0)
    assert (sighting(made).udn, sighting(made).kind) == (UDN.lower(), Kind.CAMERA)


def test_a_farewell_takes_one_device_and_the_last_one_takes_the_address() -> None:
    made = host(answer(), answer(OTHER_PLACE, udn=SERVER_UDN))
    made.learn(read(notice("ssdp:byebye", udn="uuid:nobody")), 1)
    made.learn(read(notice("ssdp:byebye")), 1)
    assert (sighting(made).udn, sighting(made).gone) == (SERVER_UDN, False)
    made.learn(read(notice("ssdp:byebye", udn=SERVER_UDN)), 1)
    assert sighting(made).gone


def test_a_device_whose_description_moves_is_still_one() -> None:
    made = host(answer("http://h:49152/d.xml"))
    made.describe(Url("http", "", 49152, "/d.xml"), read_description(description(name="Old"), 49152))
    assert made.learn(read(answer("http://h:49153/d.xml")), 1) == Url("http", "", 49153, "/d.xml")
    assert sighting(made).name == ""
    assert not made.describe(Url("http", "", 49152, "/d.xml"), read_description(description(name="Late"), 49152))


def test_a_device_that_is_not_heard_of_any_more_is_forgotten() -> None:
    made = host(answer(), answer(OTHER_PLACE, udn=SERVER_UDN))
    made.learn(read(answer()), 150)
    made.learn(read(answer()), 300)
    made.learn(read(notice("ssdp:byebye")), 301)
    assert sighting(made).gone


def test_one_address_cannot_have_devices_and_types_without_end() -> None:
    made = UpnpHost(180, PATIENCE)
    for number in range(500):
        made.learn(read(answer(f"http://h:{20000 + number}/", udn=f"uuid:{number}")), number / 10)
        made.learn(read(answer(OTHER_PLACE, udn=SERVER_UDN, target=f"urn:{number}")), number / 10)
    said = read_description(description(), 1)
    kept = [made.describe(Url("http", "", 20000 + number, "/"), said) for number in range(500)]
    assert kept == [False] * 493 + [True] * 7
