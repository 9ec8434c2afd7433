import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.decide.following import LONGEST_BACK_OFF, MOST_LOOKS, Tries, learnt, places_of
from core.decide.identity import Found
from core.decide.trust import Place, home_of, moved, place_under_review, presenting
from core.model.device import Origin
from core.model.records import DeviceRecord, Pin

HOME, AWAY, FAR = (Place(f"192.168.20.{n}", 443) for n in (11, 12, 13))
DEVICE = DeviceRecord(
    id="d1",
    name="Lobby",
    host=HOME.host,
    port=HOME.port,
    scheme="https",
    pin=Pin("a" * 64, Origin.ISSUED, "2026-01-01T00:00:00Z", "tech1"),
    added_at="2026-01-01T00:00:00Z",
    added_by="tech1",
)
OTHER = msgspec.structs.replace(moved(DEVICE, AWAY), id="d2", pin=Pin("b" * 64, Origin.ISSUED, "", ""))
PERIOD = 30.0


def found(*addresses: str, ports: tuple[tuple[str, int], ...] = (), endpoint: str = "", mac: str = "") -> Found:
    return Found("found:x", addresses[0], ports=ports, addresses=addresses, endpoint=endpoint, mac=mac)


def test_a_device_that_moves_keeps_all_but_its_place() -> None:
    after = moved(presenting(DEVICE, "b" * 64, FAR), AWAY)
    assert after == msgspec.structs.replace(DEVICE, host=AWAY.host, port=AWAY.port)
    assert home_of(after) == AWAY


@pytest.mark.parametrize(
    ("name", "after"),
    [("Lobby", "Lobby"), ("192.168.20.11", "192.168.20.12"), ("192.168.20.11:443", "192.168.20.12:443")],
)
def test_a_device_that_was_called_by_its_address_is_called_by_the_new_one(name: str, after: str) -> None:
    assert moved(msgspec.structs.replace(DEVICE, name=name), AWAY).name == after


def test_a_name_that_only_happens_to_be_where_it_was_reached_stays() -> None:
    named = msgspec.structs.replace(DEVICE, name="cam-7.local", host="cam-7.local")
    assert (moved(named, AWAY).name, moved(named, AWAY).host) == ("cam-7.local", AWAY.host)


def test_what_is_under_review_is_at_home_unless_it_was_seen_elsewhere() -> None:
    assert place_under_review(presenting(DEVICE, "b" * 64)) == HOME
    assert place_under_review(presenting(DEVICE, "b" * 64, FAR)) == FAR


def test_a_device_of_which_nothing_is_heard_is_looked_for_nowhere() -> None:
    assert not places_of(DEVICE, (), (DEVICE, OTHER))
    assert not places_of(DEVICE, (found(HOME.host, ports=(("https", 4443),)),), (DEVICE, OTHER))


def test_a_device_without_a_certificate_cannot_be_known_again() -> None:
    bare = msgspec.structs.replace(DEVICE, pin=None)
    assert not places_of(bare, (found(AWAY.host),), (bare,))


def test_its_leaf_in_the_place_of_another_is_where_it_may_be() -> None:
    assert places_of(DEVICE, (), (DEVICE, presenting(OTHER, "a" * 64))) == {AWAY: False}
    assert not places_of(DEVICE, (), (DEVICE, presenting(OTHER, "a" * 64, FAR))), "that was not at home"
    assert not places_of(DEVICE, (), (DEVICE, presenting(OTHER, "c" * 64)))


def test_each_address_that_claims_to_be_it_is_tried_on_the_old_port_first() -> None:
    claims = (found(HOME.host, AWAY.host, FAR.host, ports=(("https", 8443), ("http", 80), ("https", 443))),)
    assert tuple(places_of(DEVICE, claims, (DEVICE,))) == (AWAY, FAR, Place(AWAY.host, 8443), Place(FAR.host, 8443))


def test_what_is_under_review_comes_first_and_what_a_follower_left_before_claims() -> None:
    device = presenting(DEVICE, "c" * 64, FAR)
    left = Place("192.168.20.14", 443)
    places = places_of(device, (found(AWAY.host),), (device,), left=(left,))
    assert list(places.items()) == [(FAR, True), (left, False), (AWAY, True)]


def test_a_place_where_another_device_is_at_home_and_online_is_left_alone() -> None:
    assert places_of(DEVICE, (found(AWAY.host),), (DEVICE, OTHER), taken={AWAY}) == {}


def test_the_places_are_few_whatever_is_claimed() -> None:
    many = [found(f"10.0.0.{n}", ports=tuple(("https", port) for port in range(1, 9))) for n in range(1, 200)]
    assert len(places_of(DEVICE, many, (DEVICE,))) == 16


def test_what_is_claimed_and_was_seen_there_is_claimed_all_the_same() -> None:
    assert places_of(DEVICE, (found(AWAY.host),), (DEVICE, presenting(OTHER, "a" * 64))) == {AWAY: True}


def test_what_its_own_address_announces_is_learnt_once() -> None:
    here = found(HOME.host, endpoint="urn:uuid:1", mac="00:40:8c:00:00:01")
    known = learnt(DEVICE, here)
    assert (known.endpoint, known.mac) == ("urn:uuid:1", "00:40:8c:00:00:01")
    assert learnt(known, found(HOME.host, endpoint="urn:uuid:2", mac="00:40:8c:00:00:02")) == known
    assert learnt(DEVICE, None) == DEVICE


def test_nothing_is_learnt_where_another_address_says_it_is_the_same_device() -> None:
    assert learnt(DEVICE, found(HOME.host, AWAY.host, endpoint="urn:uuid:1", mac="00:40:8c:00:00:01")) == DEVICE


def test_a_place_looked_at_in_vain_is_looked_at_ever_later_up_to_a_bound() -> None:
    tries, now, waits = Tries(), 0.0, []
    for _ in range(7):
        tries.in_vain(AWAY, now, PERIOD)
        begun = now
        while not tries.due((AWAY,), now):
            now += PERIOD / 2
        waits.append((now - begun) / PERIOD)
    assert waits == [1, 2, 4, 8, 16, 16, 16]
    assert LONGEST_BACK_OFF == 16


@given(st.lists(st.lists(st.integers(0, 300), max_size=40), max_size=30))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_no_announcement_makes_more_looks_than_a_few_each_time(rounds: list[list[int]]) -> None:
    tries, now = Tries(), 0.0
    for claimed in rounds:
        places = tuple(dict.fromkeys(Place(f"10.0.0.{n}", 443) for n in claimed))
        due = tries.due(places, now)
        assert len(due) <= MOST_LOOKS
        assert set(due) <= set(places)
        for place in due:
            tries.in_vain(place, now, PERIOD)
            assert place not in tries.due((place,), now)
        now += PERIOD
