"""Whoever lies, and however many: rows of others stay as they are, and memory is bounded."""

import tracemalloc

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from core.decide.identity import Identity
from core.decide.ports import candidates
from core.decide.rows import Sightings
from core.model.sighting import Sighting
from tests.decide.sightings import (
    FAREWELL,
    KEY,
    MAC,
    ONE,
    SIGHTING,
    TWO,
    A,
    B,
    C,
    added,
    matches,
    row,
    seen,
    shuffled,
    table,
)

HERE = "10.0.0.7"
# A key alone is no claim: who shows it in a handshake has it.
KINDS = st.sets(st.sampled_from(list(Identity))).filter(lambda kinds: kinds - {Identity.KEY})


def victim(number: int, kinds: set[Identity], address: str) -> Sighting:
    told = {
        Identity.ENDPOINT: f"urn:uuid:{number}",
        Identity.UDN: f"uuid:v{number}",
        Identity.MAC: f"00:40:8c:00:00:0{number}",
        Identity.SERIAL: f"S00{number}",
        Identity.KEY: f"{number}a" * 32,
    }
    return msgspec.structs.replace(seen(address), **{str(kind): told[kind] for kind in kinds})


@settings(max_examples=300, deadline=None)
@given(KINDS, st.lists(st.tuples(st.dictionaries(st.sampled_from(list(Identity)), st.integers(1, 5)), st.booleans())))
def test_a_host_that_lies_joins_no_two_devices_and_parts_none(
    kinds: set[Identity], lies: list[tuple[dict[Identity, int], bool]]
) -> None:
    """Whatever it claims: what is true of others, all of it or parts, in any order, with farewells between."""
    honest = [(f"10.0.0.{number}", f"fd00::{number}") for number in range(1, 5)]
    sightings = table(victim(number, kinds, one) for number, two in enumerate(honest, 1) for one in two)
    assert sorted(found.addresses for found in sightings.rows.values()) == honest
    for lie, leaves in lies:
        for kind, number in lie.items():
            told = victim(number, {kind}, "10.0.0.66")
            sightings.add(msgspec.structs.replace(told, source=str(kind)))
        found = {one.addresses for one in sightings.rows.values()}
        assert {tuple(address for address in one if address != "10.0.0.66") for one in found} - {()} == set(honest)
        if leaves:
            sightings.remove("10.0.0.66")


def test_what_an_address_says_itself_goes_before_what_others_say_of_its_device() -> None:
    """So that nobody sends the gateway to other ports, or to plain HTTP, by claiming to be a camera."""
    liar = seen(
        A, ONE, ports=tuple(("https", 9000 + number) for number in range(8)), path="/lie", name="Lie", model="L"
    )
    found = table([liar, seen(B, ONE, ports=(("https", 8443),), path="/onvif", name="Door")]).at(B)
    assert found is not None
    assert (found.address, found.addresses, found.name, found.path, found.model) == (B, (B, A), "Door", "/onvif", "L")
    assert found.ports[0] == ("https", 8443)
    assert candidates(found.said)[0].port == 8443


@settings(max_examples=300, deadline=None)
@given(st.lists(SIGHTING, max_size=8), st.lists(SIGHTING | FAREWELL, max_size=30), st.data())
def test_nothing_that_is_claimed_elsewhere_changes_what_is_known_of_an_address(
    own: list[Sighting], others: list[Sighting], data: st.DataObject
) -> None:
    """However they mix, and whether or not they are joined to it, in one row or taken for an added device."""
    own = [msgspec.structs.replace(sighting, address=HERE) for sighting in own]
    others = [other for other in others if other.address != HERE]
    alone, crowded = table(own).at(HERE), table(shuffled([*own, *others], data)).at(HERE)
    assert (alone is None) == (crowded is None)
    if alone is None or crowded is None:
        return
    assert (crowded.address, crowded.addresses[0]) == (HERE, HERE)
    for text in ("name", "manufacturer", "model", "serial", "path"):
        assert getattr(alone, text) in ("", getattr(crowded, text))
    said = dict(crowded.said)
    assert all(said[source][: len(ports)] == ports for source, ports in alone.said)


def test_ten_thousand_identities_from_one_host_stay_one_row_and_pull_nobody_in() -> None:
    sightings = table([seen(A, ONE, name="Door"), seen(B, TWO, name="Gate")])
    sightings.add(seen(C, ONE, mac=MAC, key=KEY))

    def claim(number: int) -> None:
        made_up = seen(C, f"urn:uuid:{number:x}a", udn=f"uuid:{number}", mac=f"00:40:8c:00:{number // 256:02x}:01")
        sightings.add(msgspec.structs.replace(made_up, serial=f"S{number:05}", key=f"{number:064x}"))

    for number in range(1, 9_000):
        claim(number)
    tracemalloc.start()
    try:
        for number in range(9_000, 10_001):
            claim(number)
        assert tracemalloc.get_traced_memory()[0] < 50_000
    finally:
        tracemalloc.stop()
    assert set(sightings.rows) == {f"found:endpoint:{ONE}", f"found:endpoint:{TWO}", f"found:{C}"}
    assert [found.addresses for found in sightings.rows.values()] == [(A,), (B,), (C,)]


def test_a_uuid_that_a_vendor_gave_to_all_its_devices_hides_none_of_them() -> None:
    sightings = table(seen(f"10.0.0.{number}", ONE) for number in range(1, 5))
    assert len(sightings.rows) == 1
    changed = sightings.add(seen("10.0.0.5", ONE))
    assert set(sightings.rows) == {f"found:10.0.0.{number}" for number in range(1, 6)}
    assert changed == set(sightings.rows) | {f"found:endpoint:{ONE}"}
    assert {found.endpoint for found in sightings.rows.values()} == {""}
    sightings.remove("10.0.0.3")
    assert [found.addresses for found in sightings.rows.values()] == [("10.0.0.1", "10.0.0.2", "10.0.0.4", "10.0.0.5")]


def test_beyond_the_limit_the_longest_unheard_goes() -> None:
    sightings = Sightings(limit=3)
    for address in (A, B, C, A):
        sightings.add(seen(address))
    assert sightings.add(seen("10.0.0.99")) == {f"found:{B}", "found:10.0.0.99"}
    assert [found.address for found in sightings.rows.values()] == [A, C, "10.0.0.99"]


def test_beyond_the_limit_rows_of_added_devices_stay() -> None:
    devices = (added(host=A), added(endpoint=ONE), added(mac=MAC), added(serial="S001", manufacturer="AXIS"))
    sightings = Sightings(limit=5, keep=lambda found: any(matches(found, device) for device in devices))
    sightings.add(seen(A))
    sightings.add(seen(B, ONE))
    sightings.add(seen(C, mac=MAC))
    sightings.add(seen("10.0.0.11", serial="s001", manufacturer="Axis"))
    for number in range(5000):
        sightings.add(seen(f"10.1.{number // 256}.{number % 256}", f"urn:uuid:a{number:x}"))
        assert len(sightings.rows) <= 5
    assert {A, B, C, "10.0.0.11"} < {found.address for found in sightings.rows.values()}


def test_where_all_is_kept_what_comes_new_does_not_stay() -> None:
    sightings = Sightings(limit=2, keep=lambda found: found.address in (A, B))
    for address in (A, B, C):
        sightings.add(seen(address))
    assert {found.address for found in sightings.rows.values()} == {A, B}


@settings(max_examples=100, deadline=None)
@given(st.lists(SIGHTING | FAREWELL, max_size=40), st.integers(1, 4))
def test_the_limit_always_holds(told: list[Sighting], limit: int) -> None:
    sightings = Sightings(limit)
    for sighting in told:
        sightings.add(sighting)
        assert sum(len(found.addresses) for found in sightings.rows.values()) <= limit


def test_ports_and_sources_are_bounded() -> None:
    found = row(*(seen(A, source=f"source {number}", ports=(("http", 8000 + number),)) for number in range(40)))
    assert (len(found.ports), len(found.sources)) == (8, 8)
    found = row(seen(A, ports=tuple(("http", 8000 + number) for number in range(20))))
    assert len(found.ports) == len(found.said[0][1]) == 8


def test_strangers_that_come_and_go_leave_nothing_behind() -> None:
    sightings = Sightings(limit=10)

    def flood(net: int) -> int:
        for number in range(1500):
            mac = f"00:40:8c:{net:02x}:{number // 256:02x}:{number % 256:02x}"
            sightings.add(seen(f"10.{net}.{number // 256}.{number % 256}", f"urn:{net}:{number}", mac=mac))
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        assert flood(1) > flood(2) - 100_000
    finally:
        tracemalloc.stop()
