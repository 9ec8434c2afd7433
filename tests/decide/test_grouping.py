"""The grouping of addresses, against its definition carried out the slow way."""

from collections.abc import Mapping
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.decide.grouping import MOST_ADDRESSES, MOST_CLAIMANTS, Groups
from core.decide.identity import Identity, Mark

Claims = Mapping[str, Mapping[Identity, str]]

ADDRESSES = [*(f"10.0.0.{number}" for number in range(1, 12)), *(f"fd00::{number}" for number in range(1, 6))]
KINDS = st.sampled_from(list(Identity))
# Few values are on many addresses, and many on few.
ANYHOW = st.dictionaries(KINDS, st.sampled_from(["1", "2", "3", "4", "5", "6", "6", "7", "7"]), max_size=5)
# Of two devices, with many addresses, each of which tells a part.
IN_PARTS = st.tuples(st.sets(KINDS, max_size=2), st.sampled_from(["1", "1", "1", "2"])).map(
    lambda told: dict.fromkeys(*told)
)
IDENTITIES = ANYHOW | IN_PARTS
STEPS = st.lists(st.tuples(st.sampled_from(ADDRESSES), IDENTITIES), max_size=60) | st.lists(
    st.tuples(st.sampled_from(ADDRESSES), IN_PARTS), min_size=20, max_size=60
)


def joins(mark: Mark, claims: Claims) -> set[str]:
    """Return the addresses that an identity joins, from the definition."""
    kind, value = mark
    claimants = {address for address, claimed in claims.items() if claimed.get(Identity(kind)) == value}
    stronger = list(Identity)[: list(Identity).index(Identity(kind))]
    is_disputed = any(
        claims[one][other] != claims[two][other]
        for one, two in combinations(claimants, 2)
        for other in stronger
        if other in claims[one] and other in claims[two]
    )
    is_shared = kind == Identity.KEY and len([address for address in claimants if "." in address]) > 1
    return set() if is_disputed or is_shared or len(claimants) > MOST_CLAIMANTS else claimants


def spread(address: str, joined: list[set[str]]) -> frozenset[str]:
    group, size = {address}, 0
    while size < len(group):
        size = len(group)
        group |= set().union(*(claimants for claimants in joined if claimants & group))
    return frozenset(group)


def groups_of(claims: Claims) -> set[frozenset[str]]:
    """Return all groups, from the definition."""
    marks = {mark for claimed in claims.values() for mark in claimed.items()}
    joined = [joins(mark, claims) for mark in marks]
    by_endpoint = [joins(mark, claims) for mark in marks if mark[0] == Identity.ENDPOINT]
    groups = set()
    for address in claims:
        group = spread(address, joined)
        endpoints, udns = ({claims[one].get(kind, "") for one in group} - {""} for kind in ("endpoint", "udn"))  # type: ignore[call-overload]
        is_one = len(group) <= MOST_ADDRESSES and len(endpoints) <= 1 and len(udns) <= 1
        groups.add(group if is_one else spread(address, by_endpoint))
    return groups


def own_of(group: frozenset[str], claims: Claims) -> set[Mark]:
    claimants: dict[Mark, set[str]] = {}
    for address, claimed in claims.items():
        for mark in claimed.items():
            claimants.setdefault(mark, set()).add(address)
    return {mark for mark, at in claimants.items() if at <= group and len(at) <= MOST_CLAIMANTS}


@settings(max_examples=400, deadline=None)
@given(STEPS)
def test_after_each_step_the_groups_are_those_of_the_definition(steps: list[tuple[str, dict[Identity, str]]]) -> None:
    """And whatever a step did not name as touched is as it was."""
    groups, claims = Groups(), dict[str, Mapping[Identity, str]]()
    before: dict[str, tuple[frozenset[str], tuple[Mark, ...]]] = {}
    for address, identities in steps:
        touched = groups.put(address, identities)
        claims[address] = identities
        after = {one: (groups.of(one), groups.own(groups.of(one))) for one in claims}
        assert {group for group, _ in after.values()} == groups_of(claims)
        assert all(set(own) == own_of(group, claims) for group, own in after.values())
        assert {one for one in claims if before.get(one) != after[one]} - {address} <= touched
        before = after


@settings(max_examples=200, deadline=None)
@given(STEPS, st.randoms())
def test_how_the_claims_came_about_does_not_matter(
    steps: list[tuple[str, dict[Identity, str]]], choose: st.DataObject
) -> None:
    grown, anew, claims = Groups(), Groups(), dict(steps)
    for address, identities in steps:
        grown.put(address, identities)
    shuffled = list(claims.items())
    choose.shuffle(shuffled)  # type: ignore[attr-defined]
    for address, identities in shuffled:
        anew.put(address, identities)
    assert {address: grown.of(address) for address in claims} == {address: anew.of(address) for address in claims}


def grouped(claims: Claims) -> set[frozenset[str]]:
    groups = Groups()
    for address, identities in claims.items():
        groups.put(address, identities)
    return {groups.of(address) for address in claims}


def apart(claims: Claims) -> set[frozenset[str]]:
    return {frozenset((address,)) for address in claims}


@pytest.mark.parametrize("kind", [kind for kind in Identity if kind is not Identity.KEY])
def test_each_kind_of_identity_joins_its_claimants(kind: Identity) -> None:
    claims = {"10.0.0.1": {kind: "x"}, "10.0.0.2": {kind: "x"}, "fd00::1": {kind: "x"}, "10.0.0.3": {kind: "y"}}
    assert grouped(claims) == {frozenset(("10.0.0.1", "10.0.0.2", "fd00::1")), frozenset(("10.0.0.3",))}


def test_a_key_joins_ipv4_and_ipv6_but_no_two_ipv4_addresses() -> None:
    assert grouped({"10.0.0.1": {Identity.KEY: "x"}, "fd00::1": {Identity.KEY: "x"}}) == {
        frozenset(("10.0.0.1", "fd00::1"))
    }
    vendor = {f"10.0.0.{number}": {Identity.KEY: "x"} for number in range(1, 4)}
    assert grouped(vendor) == apart(vendor)


@pytest.mark.parametrize("kind", [Identity.ENDPOINT, Identity.UDN, Identity.MAC, Identity.SERIAL])
def test_two_cameras_with_one_certificate_stay_apart_by_what_is_stronger(kind: Identity) -> None:
    claims = {"10.0.0.1": {kind: "1", Identity.KEY: "x"}, "fd00::2": {kind: "2", Identity.KEY: "x"}}
    assert grouped(claims) == apart(claims)


def test_endpoint_and_udn_are_names_of_different_protocols() -> None:
    claims = {
        "10.0.0.1": {Identity.ENDPOINT: "uuid:1", Identity.MAC: "m"},
        "10.0.0.2": {Identity.UDN: "uuid:2", Identity.MAC: "m"},
        "10.0.0.3": {Identity.UDN: "uuid:1"},
    }
    assert grouped(claims) == {frozenset(("10.0.0.1", "10.0.0.2")), frozenset(("10.0.0.3",))}


def test_who_claims_to_be_two_devices_brings_these_two_not_together() -> None:
    claims = {
        "10.0.0.1": {Identity.ENDPOINT: "1", Identity.MAC: "m1"},
        "10.0.0.2": {Identity.ENDPOINT: "2", Identity.SERIAL: "s2"},
        "10.0.0.66": {Identity.MAC: "m1", Identity.SERIAL: "s2"},
    }
    assert grouped(claims) == apart(claims)


def test_a_chain_of_too_many_falls_apart_but_for_what_the_endpoint_joins() -> None:
    chain: dict[str, dict[Identity, str]] = {
        "10.0.0.1": {Identity.ENDPOINT: "e", Identity.MAC: "m"},
        "10.0.0.2": {Identity.ENDPOINT: "e", Identity.MAC: "m"},
        "10.0.0.3": {Identity.MAC: "m"},
        "10.0.0.4": {Identity.MAC: "m", Identity.SERIAL: "s"},
        "10.0.0.5": {Identity.SERIAL: "s"},
        "10.0.0.6": {Identity.SERIAL: "s"},
        "fd00::7": {Identity.SERIAL: "s", Identity.KEY: "k"},
        "fd00::8": {Identity.KEY: "k"},
    }
    assert grouped(chain) == {frozenset(chain)}
    assert len(chain) == MOST_ADDRESSES
    chain["fd00::9"] = {Identity.KEY: "k"}
    joined = frozenset(("10.0.0.1", "10.0.0.2"))
    assert grouped(chain) == {joined} | {group for group in apart(chain) if not group <= joined}


def test_an_identity_that_too_many_claim_joins_none_of_them() -> None:
    vendor = {f"10.0.0.{number}": {Identity.ENDPOINT: "e"} for number in range(1, MOST_CLAIMANTS + 1)}
    assert grouped(vendor) == {frozenset(vendor)}
    vendor["10.0.0.99"] = {Identity.ENDPOINT: "e"}
    assert grouped(vendor) == apart(vendor)


def test_what_more_than_a_few_claim_is_no_identity_even_of_the_device_that_has_them_all() -> None:
    groups = Groups()
    for number in range(1, 5):
        groups.put(f"10.0.0.{number}", {Identity.ENDPOINT: "e", Identity.SERIAL: "s"})
    groups.put("fd00::1", {Identity.SERIAL: "s", Identity.UDN: "u"})
    groups.put("10.0.0.1", {Identity.ENDPOINT: "e", Identity.SERIAL: "s", Identity.UDN: "u"})
    assert len(groups.of("fd00::1")) == 5
    assert groups.own(groups.of("fd00::1")) == (("endpoint", "e"), ("udn", "u"))


def test_a_change_in_an_endless_chain_touches_few_addresses() -> None:
    groups = Groups()
    for number in range(1000):
        link = str(number)
        groups.put(f"fd00:1::{number:x}", {Identity.MAC: link, Identity.SERIAL: link})
        groups.put(f"fd00:2::{number:x}", {Identity.SERIAL: link, Identity.KEY: link})
        touched = groups.put(f"fd00:3::{number:x}", {Identity.KEY: link, Identity.MAC: str(number + 1)})
        assert len(touched) <= 4 * MOST_ADDRESSES
    assert groups.of("fd00:2::1f4") == {"fd00:2::1f4"}


def test_who_leaves_a_group_that_was_too_large_may_leave_two_that_are_not() -> None:
    one = {
        "10.0.0.1": {Identity.ENDPOINT: "e"},
        "10.0.0.2": {Identity.ENDPOINT: "e", Identity.MAC: "m"},
        "10.0.0.3": {Identity.MAC: "m", Identity.SERIAL: "s"},
        "10.0.0.4": {Identity.SERIAL: "s"},
    }
    two = {f"10.0.1.{number}": {Identity.UDN: "u"} for number in range(1, 4)}
    groups = Groups()
    for address, identities in {**one, **two, "fd00::1": {Identity.ENDPOINT: "e", Identity.UDN: "u"}}.items():
        groups.put(address, identities)
    groups.put("10.0.0.5", {Identity.SERIAL: "s"})
    assert groups.of("10.0.0.4") == {"10.0.0.4"}
    assert groups.put("fd00::1", {}) >= {*one, *two, "10.0.0.5"}
    assert groups.of("10.0.0.4") == {*one, "10.0.0.5"}
    assert groups.of("10.0.1.1") == set(two)
