import tracemalloc
from collections import defaultdict, deque
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.decide.identity import Found, Sightings, matches
from core.model.sighting import Sighting

A, B, C = "10.0.0.1", "10.0.0.2", "10.0.0.10"
ONE, TWO = "urn:uuid:1", "urn:uuid:2"

SIGHTING = st.builds(
    Sighting,
    source=st.sampled_from(["WS-Discovery", "mDNS"]),
    address=st.sampled_from([f"10.0.0.{n}" for n in range(1, 9)]),
    interface=st.just("10.0.0.254"),
    endpoint=st.sampled_from(["", ONE, TWO, TWO, "10.0.0.3"]),
    ports=st.sampled_from([(), (("http", 80),), (("https", 443), ("http", 80))]),
    path=st.sampled_from(["", "/onvif"]),
    name=st.sampled_from(["", "Door", "Gate"]),
    gone=st.just(False),
)
FAREWELL = st.builds(
    Sighting,
    source=st.just("mDNS"),
    address=SIGHTING.map(lambda s: s.address),
    interface=st.just(""),
    gone=st.just(True),
)


def seen(address: str, endpoint: str = "", source: str = "WS-Discovery", **said: object) -> Sighting:
    return Sighting(source=source, address=address, interface="10.0.0.254", endpoint=endpoint, **said)  # type: ignore[arg-type]


def rows(sightings: Iterable[Sighting]) -> dict[str, Found]:
    table = Sightings()
    for sighting in sightings:
        table.add(sighting)
    return dict(table.rows)


def test_a_row_says_what_its_device_said() -> None:
    found = rows([seen(A, ONE, ports=(("http", 80),), path="/x", name="Door", model="M", serial="S")])
    assert found == {
        f"found:{ONE}": Found(
            key=f"found:{ONE}",
            address=A,
            ports=(("http", 80),),
            path="/x",
            name="Door",
            model="M",
            serial="S",
            endpoint=ONE,
            sources=("WS-Discovery",),
            addresses=(A,),
        )
    }


def test_addresses_that_claim_one_endpoint_are_one_row_at_the_lowest_address() -> None:
    found = rows([seen(C, ONE, name="Door"), seen(B, ONE, ports=(("https", 443),)), seen(A)])
    assert {key: (row.address, row.addresses, row.name) for key, row in found.items()} == {
        f"found:{ONE}": (B, (B, C), "Door"),
        f"found:{A}": (A, (A,), ""),
    }


def test_sources_that_tell_of_one_address_are_one_row() -> None:
    found = rows([seen(A, ONE, name="Door"), seen(A, source="mDNS", ports=(("https", 443),))])
    [row] = found.values()
    assert (row.sources, row.name, row.ports) == (("WS-Discovery", "mDNS"), "Door", (("https", 443),))


def test_silence_takes_nothing_back_and_a_new_word_replaces_the_old() -> None:
    first = seen(A, ONE, ports=(("http", 80),), path="/x", name="Door", model="M", serial="S")
    [row] = rows([first, seen(A, ONE)]).values()
    assert (row.ports, row.path, row.name, row.model, row.serial) == ((("http", 80),), "/x", "Door", "M", "S")
    [row] = rows([first, seen(A, ONE, name="Gate", ports=(("https", 443),))]).values()
    assert (row.name, row.ports, row.model) == ("Gate", (("https", 443),), "M")


@given(st.lists(SIGHTING, max_size=25), st.data())
def test_the_same_sightings_in_any_order_give_the_same_rows(sightings: list[Sighting], data: st.DataObject) -> None:
    """What one source says about one address has an order, because the newest counts; nothing else has."""
    order = data.draw(st.permutations([(sighting.address, sighting.source) for sighting in sightings]))
    told: defaultdict[tuple[str, str], deque[Sighting]] = defaultdict(deque)
    for sighting in sightings:
        told[sighting.address, sighting.source].append(sighting)
    assert rows(told[key].popleft() for key in order) == rows(sightings)


@given(st.lists(SIGHTING | FAREWELL, max_size=40))
def test_each_change_names_exactly_the_rows_that_differ_and_each_address_is_in_one_row(told: list[Sighting]) -> None:
    table, present = Sightings(), set[str]()
    for sighting in told:
        before = dict(table.rows)
        changed = table.add(sighting)
        after = dict(table.rows)
        assert changed == {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
        (present.discard if sighting.gone else present.add)(sighting.address)
        assert sorted(address for row in after.values() for address in row.addresses) == sorted(present)
        assert all(row.key == key and row.address in row.addresses for key, row in after.items())


@given(st.lists(SIGHTING, max_size=25))
def test_what_is_forgotten_leaves_no_trace(sightings: list[Sighting]) -> None:
    table = Sightings()
    for sighting in sightings:
        table.add(sighting)
    for sighting in sightings:
        table.remove(sighting.address)
    assert not table.rows
    for sighting in sightings:
        table.add(sighting)
    assert dict(table.rows) == rows(sightings)


def test_made_up_identities_from_one_host_stay_one_row_and_pull_nobody_in() -> None:
    table = Sightings()
    table.add(seen(A, ONE, name="Door"))
    table.add(seen(B, TWO, name="Gate"))
    for number in range(1000):
        table.add(seen(C, f"urn:uuid:{number}"))
    assert set(table.rows) == {f"found:{ONE}", f"found:{TWO}", f"found:{C}"}
    assert [row.addresses for row in table.rows.values()] == [(A,), (B,), (C,)]


def test_a_uuid_that_a_vendor_gave_to_all_its_devices_hides_none_of_them() -> None:
    table = Sightings()
    for number in range(1, 5):
        table.add(seen(f"10.0.0.{number}", ONE))
    assert len(table.rows) == 1
    changed = table.add(seen("10.0.0.5", ONE))
    assert set(table.rows) == {f"found:10.0.0.{number}" for number in range(1, 6)}
    assert changed == set(table.rows) | {f"found:{ONE}"}
    assert {row.endpoint for row in table.rows.values()} == {""}
    table.remove("10.0.0.3")
    assert [row.addresses for row in table.rows.values()] == [("10.0.0.1", "10.0.0.2", "10.0.0.4", "10.0.0.5")]


@pytest.mark.parametrize("endpoint", [B, "::1", "fe80::1%eth0"])
def test_an_endpoint_that_is_an_address_is_no_identity(endpoint: str) -> None:
    assert set(rows([seen(A, endpoint), seen(B, ONE)])) == {f"found:{A}", f"found:{ONE}"}


def test_a_farewell_takes_its_own_address_away_and_no_other() -> None:
    table = Sightings()
    table.add(seen(A, ONE))
    table.add(seen(B, ONE))
    table.add(seen(C, TWO))
    assert table.add(seen(C, ONE, gone=True)) == {f"found:{TWO}"}
    assert table.rows[f"found:{ONE}"].addresses == (A, B)
    assert table.add(seen("10.0.0.99", ONE, gone=True)) == frozenset()
    assert table.add(seen(A, ONE, source="mDNS", gone=True)) == {f"found:{ONE}"}
    assert table.rows[f"found:{ONE}"].addresses == (B,)


def test_what_was_not_heard_for_long_expires() -> None:
    table = Sightings()
    for now, address in enumerate((A, B, C, A)):
        table.add(seen(address), now)
    assert table.expire(before=2) == {f"found:{B}"}
    assert set(table.rows) == {f"found:{A}", f"found:{C}"}
    assert table.expire(before=2) == frozenset()


def test_beyond_the_limit_the_longest_unheard_goes() -> None:
    table = Sightings(limit=3)
    for address in (A, B, C, A):
        table.add(seen(address))
    assert table.add(seen("10.0.0.99")) == {f"found:{B}", "found:10.0.0.99"}
    assert [row.address for row in table.rows.values()] == [A, C, "10.0.0.99"]


def test_beyond_the_limit_rows_of_added_devices_stay() -> None:
    table = Sightings(limit=3, keep=lambda found: matches(found, A, "") or matches(found, "", ONE))
    table.add(seen(A))
    table.add(seen(B, ONE))
    for number in range(20, 60):
        table.add(seen(f"10.0.0.{number}"))
        assert len(table.rows) <= 3
    assert {A, B} < {row.address for row in table.rows.values()}


def test_where_all_is_kept_what_comes_new_does_not_stay() -> None:
    table = Sightings(limit=2, keep=lambda found: found.address in (A, B))
    for address in (A, B, C):
        table.add(seen(address))
    assert {row.address for row in table.rows.values()} == {A, B}


@given(st.lists(SIGHTING | FAREWELL, max_size=40), st.integers(1, 4))
def test_the_limit_always_holds(told: list[Sighting], limit: int) -> None:
    table = Sightings(limit)
    for sighting in told:
        table.add(sighting)
        assert sum(len(row.addresses) for row in table.rows.values()) <= limit


def test_ports_and_sources_are_bounded() -> None:
    table = Sightings()
    for number in range(40):
        table.add(seen(A, source=f"source {number}", ports=(("http", 8000 + number),)))
    [row] = table.rows.values()
    assert (len(row.ports), len(row.sources)) == (8, 8)
    [row] = rows([seen(A, ports=tuple(("http", 8000 + number) for number in range(20)))]).values()
    assert len(row.ports) == 8


def test_strangers_that_come_and_go_leave_nothing_behind() -> None:
    table = Sightings(limit=10)

    def flood(net: int) -> int:
        for number in range(4000):
            table.add(seen(f"10.{net}.{number // 256}.{number % 256}", f"urn:{net}:{number}"))
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        assert flood(1) > flood(2) - 100_000
    finally:
        tracemalloc.stop()


def test_a_row_matches_an_added_device_by_address_or_endpoint() -> None:
    [row] = rows([seen(A, ONE), seen(B, ONE)]).values()
    assert matches(row, B, "") and matches(row, C, ONE)
    assert not matches(row, C, "") and not matches(row, C, TWO)
    [plain] = rows([seen(A)]).values()
    assert not matches(plain, C, "")


def test_rows_cannot_be_changed_from_outside() -> None:
    with pytest.raises(TypeError):
        Sightings().rows["x"] = Found("x", A)  # type: ignore[index]
