import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.decide.identity import Found
from core.decide.rows import Sightings
from core.model.sighting import Kind, Sighting
from tests.decide.sightings import (
    A6,
    ADDRESSES,
    FAREWELL,
    KEY,
    MAC,
    ONE,
    OTHER_MAC,
    SIGHTING,
    TWO,
    A,
    B,
    C,
    added,
    matches,
    parted,
    row,
    rows,
    seen,
    shuffled,
    table,
)


def test_a_row_says_what_its_device_said() -> None:
    told = seen(A, ONE, ports=(("http", 80),), path="/x", name="Door", model="M", serial="S001", key=KEY)
    named = seen(A, source="mDNS", udn="UUID:A", mac=MAC, manufacturer="Axis AB", kind=Kind.CAMERA)
    assert rows([told, named]) == {
        f"found:endpoint:{ONE}": Found(
            key=f"found:endpoint:{ONE}",
            address=A,
            ports=(("http", 80),),
            path="/x",
            name="Door",
            manufacturer="Axis AB",
            model="M",
            serial="S001",
            endpoint=ONE,
            udn="uuid:a",
            mac=MAC,
            leaf_key=KEY,
            kind=Kind.CAMERA,
            said=(("WS-Discovery", (("http", 80),)), ("mDNS", ())),
            sources=("WS-Discovery", "mDNS"),
            addresses=(A,),
            identities=(("endpoint", ONE), ("udn", "uuid:a"), ("mac", MAC), ("serial", "axis/s001"), ("key", KEY)),
        )
    }


@pytest.mark.parametrize(
    ("told", "key"),
    [
        ({}, f"found:{A}"),
        ({"key": KEY}, f"found:key:{KEY}"),
        ({"key": KEY, "serial": "S001"}, "found:serial:/s001"),
        ({"key": KEY, "serial": "S001", "mac": MAC}, f"found:mac:{MAC}"),
        ({"mac": MAC, "udn": "uuid:a"}, "found:udn:uuid:a"),
        ({"udn": "uuid:a", "endpoint": ONE}, f"found:endpoint:{ONE}"),
        # No claim can take the key of another row.
        ({"serial": f"mac:{MAC}"}, f"found:serial:/mac:{MAC}"),
    ],
)
def test_a_row_is_called_by_its_strongest_identity(told: dict[str, str], key: str) -> None:
    assert set(rows([seen(A, **told)])) == {key}


def test_addresses_that_claim_one_endpoint_are_one_row_at_the_lowest_address() -> None:
    found = rows([seen(C, ONE, name="Door"), seen(B, ONE, ports=(("https", 443),)), seen(A)])
    assert {key: (one.address, one.addresses, one.name) for key, one in found.items()} == {
        f"found:endpoint:{ONE}": (B, (B, C), "Door"),
        f"found:{A}": (A, (A,), ""),
    }


def test_the_address_that_others_can_reach_comes_first() -> None:
    addresses = ("fe80::2%eth0", "169.254.3.4", "fd00::1", "192.168.1.7")
    assert row(*(seen(address, ONE) for address in addresses)).addresses == (
        "192.168.1.7",
        "169.254.3.4",
        "fd00::1",
        "fe80::2%eth0",
    )


def test_ipv4_and_ipv6_of_one_device_are_one_row() -> None:
    assert parted([seen(A, ONE), seen(A6, ONE, source="mDNS")]) == [(A, A6)]
    assert parted([seen(A, ONE, mac=MAC), seen(A6, source="mDNS", mac=MAC.upper())]) == [(A, A6)]
    assert parted([seen(A, serial="S001"), seen(A6, source="mDNS", serial="s001")]) == [(A, A6)]
    assert parted([seen(A, key=KEY), seen(A6, source="scan", key=KEY)]) == [(A, A6)]


def test_a_link_local_address_is_another_device_on_another_interface() -> None:
    here, there = "fe80::7%eth0", "fe80::7%eth1"
    assert parted([seen(A, ONE), seen(here, ONE), seen(there, TWO)]) == [(A, here), (there,)]
    assert row(seen(here, ONE, name="Door")).address == here


def test_an_address_on_two_interfaces_is_one() -> None:
    [here, there] = (Sighting("mDNS", A, interface, endpoint=ONE) for interface in ("10.0.0.254", "10.0.1.254"))
    both = table([here])
    assert both.add(there) == frozenset()
    assert both.add(here) == frozenset()
    assert len(both.rows) == 1


def test_sources_that_tell_of_one_address_are_one_row_and_each_keeps_its_ports() -> None:
    found = row(
        seen(A, source="SSDP", name="Camera of Bob", ports=(("http", 80),)),
        seen(A, source="mDNS", ports=(("https", 8443),)),
        seen(A, ONE, name="Door", ports=(("http", 80), ("https", 443))),
    )
    assert found.sources == ("SSDP", "WS-Discovery", "mDNS")
    assert found.said == (
        ("SSDP", (("http", 80),)),
        ("WS-Discovery", (("http", 80), ("https", 443))),
        ("mDNS", (("https", 8443),)),
    )
    assert found.name == "Door"
    assert found.ports == (("https", 443), ("https", 8443), ("http", 80))


def test_who_names_many_ports_does_not_crowd_out_the_other_address() -> None:
    many = tuple(("https", 8000 + number) for number in range(8))
    found = row(seen(A, ONE, ports=many), seen(B, ONE, ports=(("https", 443),)))
    assert found.ports[:2] == (("https", 8000), ("https", 443))
    assert len(found.ports) == 8


@pytest.mark.parametrize(
    ("kinds", "kind"),
    [
        ((Kind.UNKNOWN, Kind.UNKNOWN), Kind.UNKNOWN),
        ((Kind.UNKNOWN, Kind.OTHER), Kind.OTHER),
        ((Kind.OTHER, Kind.CAMERA), Kind.CAMERA),
        ((Kind.CAMERA, Kind.UNKNOWN), Kind.CAMERA),
    ],
)
def test_it_is_a_camera_if_anything_says_so(kinds: tuple[Kind, Kind], kind: Kind) -> None:
    assert row(seen(A, kind=kinds[0]), seen(A, source="SSDP", kind=kinds[1])).kind is kind


def test_silence_takes_nothing_back_and_a_new_word_replaces_the_old() -> None:
    first = seen(A, ONE, ports=(("http", 80),), path="/x", name="Door", model="M", serial="S001", kind=Kind.CAMERA)
    assert rows([first, seen(A, ONE)]) == rows([first])
    assert rows([first, seen(A)]) == rows([first])
    found = row(first, seen(A, ONE, name="Gate", ports=(("https", 443),), kind=Kind.OTHER))
    assert (found.name, found.ports, found.model, found.kind) == ("Gate", (("https", 443),), "M", Kind.OTHER)


def test_another_device_at_the_same_address_takes_over_nothing() -> None:
    first = seen(A, ONE, ports=(("http", 80),), path="/x", name="Door", model="M", serial="S001")
    found = row(first, seen(A, TWO, name="Gate"))
    assert (found.name, found.model, found.serial, found.ports) == ("Gate", "", "", ())


def test_an_address_that_changed_its_endpoint_has_none_until_the_old_one_has_not_been_heard_for_long() -> None:
    """So cameras that swapped their addresses end in two rows, each with its own endpoint."""
    swapped = Sightings()
    for now, (at_a, at_b) in enumerate(((ONE, TWO), (ONE, TWO), (TWO, ONE), (TWO, ONE))):
        swapped.add(seen(A, at_a), now)
        swapped.add(seen(B, at_b), now)
    assert {key: found.addresses for key, found in swapped.rows.items()} == {f"found:{A}": (A,), f"found:{B}": (B,)}
    assert swapped.expire(before=1) == frozenset()
    assert swapped.expire(before=2) == {f"found:{A}", f"found:{B}", f"found:endpoint:{ONE}", f"found:endpoint:{TWO}"}
    assert {key: found.addresses for key, found in swapped.rows.items()} == {
        f"found:endpoint:{ONE}": (B,),
        f"found:endpoint:{TWO}": (A,),
    }


def test_sources_that_differ_about_an_identity_give_none() -> None:
    assert row(seen(A, mac=MAC), seen(A, source="mDNS", mac=OTHER_MAC, key=KEY)).identities == (("key", KEY),)


def test_a_serial_number_is_known_with_its_maker_whoever_told_that() -> None:
    told = [seen(A, serial="S001"), seen(A, source="SSDP", serial="s001", manufacturer="AXIS")]
    assert row(*told).identities == (("serial", "axis/s001"),)
    assert parted([*told, seen(B, source="SSDP", serial="S001", manufacturer="Axis AB")]) == [(A, B)]
    assert parted([*told, seen(B, source="SSDP", serial="S001", manufacturer="Bosch")]) == [(A,), (B,)]


@settings(max_examples=300, deadline=None)
@given(st.lists(SIGHTING, max_size=30), st.data())
def test_the_same_sightings_in_any_order_give_the_same_rows(told: list[Sighting], data: st.DataObject) -> None:
    assert rows(shuffled(told, data)) == rows(told)


EPOCHS = st.lists(st.tuples(st.lists(FAREWELL, max_size=3), st.lists(SIGHTING, max_size=12)), max_size=5)


@settings(max_examples=200, deadline=None)
@given(EPOCHS, st.integers(0, 2), st.data())
def test_so_they_do_while_devices_leave_and_claims_age(
    epochs: list[tuple[list[Sighting], list[Sighting]]], patience: int, data: st.DataObject
) -> None:
    one, two = Sightings(), Sightings()
    for now, (farewells, told) in enumerate(epochs):
        for sightings, sighting in [(one, s) for s in (*farewells, *told)] + [
            (two, s) for s in (*reversed(farewells), *shuffled(told, data))
        ]:
            sightings.add(sighting, now)
        one.expire(now - patience)
        two.expire(now - patience)
        assert dict(one.rows) == dict(two.rows)


@settings(max_examples=300, deadline=None)
@given(st.lists(SIGHTING | FAREWELL, max_size=40))
def test_each_change_names_exactly_the_rows_that_differ_and_each_address_is_in_one_row(told: list[Sighting]) -> None:
    sightings, present = Sightings(), set[str]()
    for now, sighting in enumerate(told):
        before = dict(sightings.rows)
        changed = sightings.add(sighting, now) if now % 7 else sightings.add(sighting, now) | sightings.expire(now - 10)
        after = dict(sightings.rows)
        assert changed >= {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
        assert now % 7 == 0 or all(before.get(key) != after.get(key) for key in changed)
        assert all(found.key == key and found.address == found.addresses[0] for key, found in after.items())
        present = {address for found in after.values() for address in found.addresses}
        assert len(present) == sum(len(found.addresses) for found in after.values())
        assert (sighting.address in present) is not sighting.gone
        assert all(sightings.at(found.address) is found for found in after.values())
        assert all(
            (at := sightings.at(address)) is not None and (at.key, at.address, at.identities) == (key, address, own)
            for key, own, addresses in ((found.key, found.identities, found.addresses) for found in after.values())
            for address in addresses
        )
        assert all(sightings.at(address) is None for address in set(ADDRESSES) - present)


@settings(max_examples=200, deadline=None)
@given(st.lists(SIGHTING, max_size=40), st.sets(st.sampled_from(ADDRESSES)))
def test_what_is_forgotten_leaves_no_trace(told: list[Sighting], left: set[str]) -> None:
    """Rows that grew, and lost what left, are those that never heard of it."""
    grown = table(told)
    for address in left:
        grown.remove(address)
    assert dict(grown.rows) == rows(sighting for sighting in told if sighting.address not in left)
    for sighting in told:
        grown.remove(sighting.address)
    assert not grown.rows
    for sighting in told:
        grown.add(sighting)
    assert dict(grown.rows) == rows(told)


@settings(max_examples=200, deadline=None)
@given(st.lists(SIGHTING, max_size=30), st.sampled_from(ADDRESSES), st.sampled_from(["", ONE]), st.booleans())
def test_the_rows_of_a_device_are_those_that_match_it_and_its_own_address_comes_first(
    told: list[Sighting], host: str, endpoint: str, has_more: bool
) -> None:
    known = {"mac": MAC, "serial": "S001", "manufacturer": "Axis Communications"} if has_more else {}
    device = added(host=host, endpoint=endpoint, **known)
    sightings = table(told)
    found = sightings.of(device)
    assert sorted(one.key for one in found) == sorted(
        one.key for one in sightings.rows.values() if matches(one, device)
    )
    assert found[:1] == (sightings.at(host),) or sightings.at(host) is None
    assert not any(host in one.addresses for one in found[1:])


@pytest.mark.parametrize("endpoint", [B, "::1", "fe80::1%eth0"])
def test_an_endpoint_that_is_an_address_is_no_identity(endpoint: str) -> None:
    assert set(rows([seen(A, endpoint), seen(B, ONE)])) == {f"found:{A}", f"found:endpoint:{ONE}"}


def test_a_farewell_takes_its_own_address_away_and_no_other() -> None:
    sightings = table([seen(A, ONE), seen(B, ONE), seen(C, TWO)])
    assert sightings.add(seen(C, ONE, gone=True)) == {f"found:endpoint:{TWO}"}
    assert sightings.rows[f"found:endpoint:{ONE}"].addresses == (A, B)
    assert sightings.add(seen("10.0.0.99", ONE, gone=True)) == frozenset()
    assert sightings.add(seen(A, ONE, source="mDNS", gone=True)) == {f"found:endpoint:{ONE}"}
    assert sightings.rows[f"found:endpoint:{ONE}"].addresses == (B,)


def test_what_was_not_heard_for_long_expires_source_by_source() -> None:
    sightings = Sightings()
    for now, (address, source) in enumerate(((A, "mDNS"), (A, "SSDP"), (B, "SSDP"), (A, "SSDP"), (C, "mDNS"))):
        sightings.add(seen(address, source=source, ports=(("http", now),)), now)
    assert sightings.expire(before=2) == {f"found:{A}"}
    assert sightings.rows[f"found:{A}"].said == (("SSDP", (("http", 3),)),)
    assert sightings.expire(before=3) == {f"found:{B}"}
    assert sightings.expire(before=3) == frozenset()
    assert set(sightings.rows) == {f"found:{A}", f"found:{C}"}


def test_repeating_what_was_said_keeps_it() -> None:
    sightings = table([seen(A, ONE, name="Door")])
    assert sightings.add(seen(A), now=5) == frozenset()
    assert sightings.expire(before=5) == frozenset()
    assert sightings.rows[f"found:endpoint:{ONE}"].name == "Door"


@settings(max_examples=200, deadline=None)
@given(st.lists(SIGHTING, max_size=30))
def test_telling_all_of_it_again_changes_nothing(told: list[Sighting]) -> None:
    sightings = table(told)
    before = dict(sightings.rows)
    newest = {(sighting.address, sighting.source): sighting for sighting in told}
    for sighting in (*newest.values(), *reversed(newest.values())):
        assert sightings.add(sighting) == frozenset()
        assert sightings.repeat(sighting, 0.0)
    assert dict(sightings.rows) == before


def test_what_is_only_repeated_gives_way_to_anything_newer() -> None:
    first, newer = seen(A, ONE, name="Door"), seen(A, ONE, name="Gate")
    sightings = table([first, newer])
    assert not sightings.repeat(first, 5.0)
    assert not sightings.repeat(seen(B, ONE), 5.0)
    assert not sightings.repeat(seen(A, ONE, source="mDNS"), 5.0)
    assert sightings.repeat(newer, 5.0)
    assert sightings.expire(before=5.0) == frozenset()
    sightings.add(seen(A, gone=True))
    assert not sightings.repeat(newer, 6.0)


def test_rows_cannot_be_changed_from_outside() -> None:
    with pytest.raises(TypeError):
        Sightings().rows["x"] = Found("x", A)  # type: ignore[index]
