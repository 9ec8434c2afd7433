from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.decide.certificates import fingerprint, key_fingerprint
from core.decide.change import Known, explain
from core.model.review import ChangeKind
from tests.decide.asn1 import sequence
from tests.decide.handmade import HANDMADE, SOUND, Parts, utc
from tests.decide.issuing import (
    AUTHORITY,
    AUTHORITY_KEY,
    AUTHORITY_NAME,
    FACTORY,
    NEXT_KEY,
    NOW,
    OTHER_KEY,
    OURS,
    OWN_KEY,
    STRANGE_KEY,
)

DAY = timedelta(days=1)
LOBBY = "Lobby (192.168.20.11)"
PLACE = "192.168.20.99:4443"
NOTHING_KNOWN = Known({}, {}, frozenset(), frozenset(), AUTHORITY, NOW)
STORED, DEFAULT = OURS.encode(), FACTORY.encode()
OTHERS = OURS.but(subject="cam-2.gw-042.cam.internal", key=OTHER_KEY)
STRANGER = FACTORY.but(subject="somebody", key=STRANGE_KEY)
MOVED, UNKNOWN, OTHER_DEVICE, SHARED, NOT_INSTALLED, NEW_KEY, VENDOR_DEFAULT, CLOCK, SAME_KEY, ONLY_DATES = ChangeKind


def known(
    *,
    others: tuple[bytes, ...] = (),
    before: tuple[bytes, ...] = (),
    forgotten: tuple[bytes, ...] = (),
    issued: tuple[bytes, ...] = (),
) -> Known:
    """What is known where the leaves `others` are pinned to Lobby; `forgotten` ones were seen, and are not kept."""
    return replace(
        NOTHING_KNOWN,
        others={fingerprint(der): LOBBY for der in others},
        other_keys={key_fingerprint(der): LOBBY for der in others if key_fingerprint(der)},
        seen_before=frozenset(map(fingerprint, (*before, *forgotten))),
        issued=frozenset(map(fingerprint, issued)),
        before=before,
    )


def kinds(stored: bytes | None, presented: bytes, facts: Known = NOTHING_KNOWN) -> tuple[ChangeKind, ...]:
    return tuple(explanation.kind for explanation in explain(stored, presented, facts))


def words(stored: bytes | None, presented: bytes, facts: Known = NOTHING_KNOWN) -> str:
    """The first reason as a technician reads it."""
    first = explain(stored, presented, facts)[0]
    return f"{first.text}. {first.hint}"


def test_a_stranger_is_explained_by_nothing() -> None:
    assert kinds(STORED, STRANGER) == (UNKNOWN,)
    assert "Another machine may be answering" in words(STORED, STRANGER)


def test_swapped_addresses_name_the_other_device() -> None:
    facts = known(others=(OTHERS,), before=(DEFAULT,), issued=(STORED,))
    assert kinds(STORED, OTHERS, facts) == (OTHER_DEVICE,)
    assert explain(STORED, OTHERS, facts)[0].text == f"The certificate of another device: {LOBBY}"


def test_the_device_that_has_the_address_now_is_named() -> None:
    facts = replace(known(others=(OTHERS,)), in_its_place=frozenset((fingerprint(OTHERS),)))
    assert kinds(STORED, OTHERS, facts) == (OTHER_DEVICE,)
    assert explain(STORED, OTHERS, facts)[0].text == f"{LOBBY} has the address of this device now"


def test_a_claim_from_another_address_is_told_first_and_excuses_nothing() -> None:
    for presented, kind in ((STRANGER, UNKNOWN), (FACTORY.but(key=NEXT_KEY), NEW_KEY)):
        moved, other = explain(DEFAULT, presented, replace(NOTHING_KNOWN, claimed_at=PLACE))
        assert (moved.kind, other.kind) == (MOVED, kind)
        assert moved.text == f"A device that claims to be this one is at {PLACE} now, with another certificate"
        assert "Anyone on the network can claim" in moved.hint


def test_swapped_devices_of_one_name_do_not_look_like_a_new_key() -> None:
    one, other = FACTORY.but(subject="IPC"), FACTORY.but(subject="IPC", key=OTHER_KEY)
    assert kinds(one, other, known(others=(other,))) == (OTHER_DEVICE,)
    undated = FACTORY.but(subject="IPC", key=OTHER_KEY, start=datetime(1970, 1, 1))
    assert kinds(one, undated, known(others=(undated,))) == (OTHER_DEVICE,)
    assert kinds(STORED, other, known(others=(other,), before=(one,))) == (OTHER_DEVICE,)


def test_swapped_devices_with_one_key_are_told_to_share_it() -> None:
    other = FACTORY.but(names=("other.example",))
    assert kinds(DEFAULT, other, known(others=(other,))) == (OTHER_DEVICE, SHARED)


def test_swapped_devices_whose_certificates_differ_in_dates_do_not_look_like_a_renewal() -> None:
    other = FACTORY.but(start=NOW)
    assert kinds(DEFAULT, other, known(others=(other,))) == (OTHER_DEVICE, SHARED)


def test_the_makers_certificate_on_two_devices_is_shared_and_was_there_before() -> None:
    facts = known(others=(DEFAULT,), before=(DEFAULT,))
    assert kinds(STORED, DEFAULT, facts) == (SHARED, VENDOR_DEFAULT)
    assert LOBBY in words(STORED, DEFAULT, facts)


def test_the_key_of_another_device_is_told() -> None:
    presented = FACTORY.but(key=OTHER_KEY)
    facts = known(others=(FACTORY.but(subject="other", key=OTHER_KEY),))
    assert kinds(DEFAULT, presented, facts) == (SHARED,), "such a key is not a new one"
    assert "Another device has the same key" in words(DEFAULT, presented, facts)
    assert LOBBY in words(DEFAULT, presented, facts)


@pytest.mark.parametrize("stored", [DEFAULT, None])
def test_a_leaf_that_did_not_change_is_told_to_be_shared_and_nothing_else(stored: bytes | None) -> None:
    assert kinds(stored, DEFAULT, known(before=(DEFAULT,), issued=(DEFAULT,))) == ()
    assert kinds(stored, DEFAULT, known(others=(DEFAULT,), before=(DEFAULT,))) == (SHARED,)
    assert kinds(stored, DEFAULT, known(others=(FACTORY.but(subject="other"),))) == (SHARED,)


def test_what_our_authority_signed_earlier_is_known_by_its_fingerprint() -> None:
    earlier = OURS.but(key=OTHER_KEY, serial=1)
    assert kinds(STORED, earlier, known(issued=(STORED, earlier))) == (NOT_INSTALLED,)
    assert "earlier" in words(STORED, earlier, known(issued=(STORED, earlier)))
    assert kinds(STORED, earlier, known(forgotten=(earlier,))) == (NOT_INSTALLED,), "it is no maker's certificate"
    assert "earlier" in words(STORED, earlier, known(forgotten=(earlier,)))


def test_what_our_authority_signed_and_nobody_remembers_is_told_as_worse() -> None:
    assert kinds(STORED, OTHERS) == (NOT_INSTALLED,)
    assert "somebody used the authority's key" in words(STORED, OTHERS)


def test_what_only_names_our_authority_is_not_taken_for_its_work() -> None:
    forged = OURS.but(key=STRANGE_KEY, signer=STRANGE_KEY)
    assert kinds(STORED, forged, known(issued=(STORED,), before=(DEFAULT,))) == (UNKNOWN,)
    assert "names our authority" in words(STORED, forged)
    assert kinds(STORED, OURS.but(key=STRANGE_KEY, signer=STRANGE_KEY, start=datetime(1970, 1, 1))) == (UNKNOWN,)
    renamed = OURS.but(subject=FACTORY.subject, key=STRANGE_KEY, signer=STRANGE_KEY)
    assert kinds(STORED, renamed, known(before=(DEFAULT,))) == (UNKNOWN,)


def test_a_certificate_made_anew_has_the_same_name_and_a_new_key() -> None:
    presented = FACTORY.but(key=NEXT_KEY, start=NOW, serial=99, names=("192.168.20.77",))
    for facts in (NOTHING_KNOWN, known(before=(DEFAULT,))):
        assert kinds(DEFAULT, presented, facts) == (NEW_KEY,)
    assert "restart" in words(DEFAULT, presented)


def test_the_same_name_from_another_issuer_is_told_as_worse() -> None:
    presented = FACTORY.but(key=STRANGE_KEY, issuer="Some CA", signer=OTHER_KEY)
    assert kinds(DEFAULT, presented) == (NEW_KEY,)
    assert "from another issuer" in words(DEFAULT, presented)
    copied = FACTORY.but(subject=OURS.subject, key=STRANGE_KEY)
    assert "from another issuer" in words(STORED, copied)


def test_no_name_at_all_is_not_the_same_name() -> None:
    assert kinds(FACTORY.but(subject=""), FACTORY.but(subject="", key=STRANGE_KEY)) == (UNKNOWN,)


def test_a_factory_reset_brings_back_what_was_there_before() -> None:
    for facts in (known(before=(DEFAULT,)), known(forgotten=(DEFAULT,))):
        assert kinds(STORED, DEFAULT, facts) == (VENDOR_DEFAULT,)
        assert "factory reset" in words(STORED, DEFAULT, facts)


def test_a_device_with_several_certificates_may_go_back_to_one_with_the_same_name() -> None:
    earlier = FACTORY.but(key=NEXT_KEY, start=datetime(2000, 1, 1))
    assert kinds(DEFAULT, earlier, known(before=(earlier,))) == (VENDOR_DEFAULT,)


def test_a_reset_of_a_device_that_keeps_its_key_is_told_by_name() -> None:
    ours = OURS.but(key=OWN_KEY)
    assert kinds(ours, FACTORY.but(start=NOW), known(before=(DEFAULT,))) == (VENDOR_DEFAULT, SAME_KEY)
    assert kinds(ours, FACTORY.but(subject="put there by hand"), known(before=(DEFAULT,))) == (SAME_KEY,)


@pytest.mark.parametrize("changes", [{"key": STRANGE_KEY}, {"subject": "axis-new"}], ids=["same name", "same key"])
def test_a_factory_reset_may_also_make_another_one_like_it(changes: dict[str, object]) -> None:
    presented = FACTORY.but(**changes)
    assert kinds(STORED, presented, known(before=(DEFAULT,))) == (VENDOR_DEFAULT,)
    assert "not the same" in words(STORED, presented, known(before=(DEFAULT,)))
    assert kinds(STORED, presented, known(forgotten=(DEFAULT,))) == (UNKNOWN,)


@pytest.mark.parametrize(
    ("start", "odd"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), True),
        (datetime(2000, 1, 1, 0, 0, 41, tzinfo=UTC), True),
        (datetime(2000, 12, 31, 23, 59, 59, tzinfo=UTC), True),
        (datetime(2001, 1, 1, tzinfo=UTC), False),
        (NOW, False),
        (NOW + DAY, False),
        (NOW + DAY + timedelta(seconds=1), True),
        (datetime(2036, 2, 7, tzinfo=UTC), True),
    ],
)
def test_a_wrong_clock_shows_in_the_first_day(start: datetime, odd: bool) -> None:
    presented = FACTORY.but(key=NEXT_KEY, start=start)
    assert kinds(DEFAULT, presented) == ((NEW_KEY, CLOCK) if odd else (NEW_KEY,))
    hint = explain(DEFAULT, presented, NOTHING_KNOWN)[-1].hint
    assert (f"It begins on {start:%Y-%m-%d}" in hint) is odd


def test_an_odd_date_alone_does_not_pass_for_the_device() -> None:
    presented = FACTORY.but(subject="somebody", key=STRANGE_KEY, start=datetime(1970, 1, 1))
    assert kinds(STORED, presented) == (CLOCK,)
    assert words(STORED, presented).endswith("Another machine may be answering in the device's place.")


@pytest.mark.parametrize(
    ("stored", "before", "changes"),
    [
        (DEFAULT, (), {"key": STRANGE_KEY}),
        (DEFAULT, (), {"subject": "renamed"}),
        (STORED, (DEFAULT,), {"key": STRANGE_KEY}),
    ],
    ids=["same name", "same key", "like a former one"],
)
def test_an_odd_date_is_no_stranger_where_something_else_is_known_of_it(
    stored: bytes, before: tuple[bytes, ...], changes: dict[str, object]
) -> None:
    presented = FACTORY.but(start=datetime(1970, 1, 1), **changes)
    [clock] = (told for told in explain(stored, presented, known(before=before)) if told.kind is CLOCK)
    assert "Another machine" not in clock.hint


def test_our_own_certificates_begin_early_where_the_devices_clock_is_behind() -> None:
    early = OURS.but(start=datetime(1999, 12, 31), serial=7)
    assert kinds(STORED, early, known(issued=(early,))) == (NOT_INSTALLED, ONLY_DATES)


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "renamed"},
        {"names": ("192.168.20.77",)},
        {"names": ()},
        {"serial": 4712},
        {"start": NOW, "names": ("192.168.20.77",)},
        {"issuer": "Some CA", "signer": OTHER_KEY, "start": NOW},
    ],
)
def test_the_same_key_in_another_certificate_is_told(changes: dict[str, object]) -> None:
    assert kinds(DEFAULT, FACTORY.but(**changes)) == (SAME_KEY,)


@pytest.mark.parametrize("changes", [{"start": NOW}, {"end": NOW + DAY}, {"start": NOW, "end": NOW + DAY, "serial": 5}])
def test_only_other_dates_are_told_in_place_of_the_same_key(changes: dict[str, object]) -> None:
    assert kinds(DEFAULT, FACTORY.but(**changes)) == (ONLY_DATES,)


def test_a_signature_made_anew_is_no_change_of_dates() -> None:
    leaf = replace(FACTORY, issuer="Some CA")
    assert kinds(leaf.but(signer=NEXT_KEY), leaf.but(signer=OTHER_KEY)) == (SAME_KEY,)


def test_what_a_strict_parser_refuses_is_known_by_its_key_but_not_as_a_renewal() -> None:
    assert kinds(SOUND, SOUND + b"\n") == (SAME_KEY,)
    assert kinds(SOUND, HANDMADE["UTCTime without seconds"]) == (SAME_KEY,)
    later = Parts(validity=sequence(utc("2602010000Z"), utc("3601010000Z"))).encode()
    assert kinds(HANDMADE["UTCTime without seconds"], later) == (SAME_KEY,)
    assert kinds(SOUND, HANDMADE["GeneralizedTime of the year 0"]) == (SAME_KEY,), "a date that cannot be read"


def test_what_cannot_be_read_at_all_is_known_by_its_fingerprint_only() -> None:
    garbage, other = HANDMADE["text"], HANDMADE["length indefinite"]
    assert kinds(STORED, garbage) == kinds(garbage, STRANGER) == kinds(garbage, other) == (UNKNOWN,)
    assert kinds(STORED, garbage, known(before=(garbage,))) == (VENDOR_DEFAULT,)
    assert kinds(garbage, other, known(others=(other,))) == (OTHER_DEVICE,)
    assert kinds(garbage, garbage, known(others=(garbage,))) == (SHARED,)
    assert kinds(garbage, other, replace(NOTHING_KNOWN, other_keys={"": LOBBY})) == (UNKNOWN,)


def test_what_an_authority_of_before_signed_for_this_device_is_known_all_the_same() -> None:
    facts = replace(known(issued=(STORED,)), authority=STRANGER)
    assert kinds(DEFAULT, STORED, facts) == (NOT_INSTALLED,)


def test_without_an_authority_nothing_is_ours() -> None:
    assert kinds(DEFAULT, STORED, replace(NOTHING_KNOWN, authority=b"")) == (UNKNOWN,)


def test_the_worst_is_told_first() -> None:
    renewed = Parts(subject=b"\x30\x00").encode()
    facts = known(others=(Parts(subject=b"\x30\x00", serial=b"\x02\x01\x07").encode(),), before=(renewed,))
    assert kinds(SOUND, renewed, facts) == (SHARED, VENDOR_DEFAULT, SAME_KEY)


KEYS = (OWN_KEY, NEXT_KEY, OTHER_KEY)
STARTS = (NOW - 400 * DAY, datetime(2000, 1, 1, tzinfo=UTC), NOW + 99 * DAY)
BASES = (
    FACTORY,
    replace(FACTORY, subject=""),
    OURS,
    replace(OURS, signer=OTHER_KEY),
    replace(OURS, issuer="Some CA", signer=AUTHORITY_KEY),
    replace(FACTORY, subject=AUTHORITY_NAME, key=AUTHORITY_KEY),
)
FAMILIES = [[replace(base, start=start).but(key=key) for start in STARTS for key in KEYS] for base in BASES]
LEAVES = (
    st.sampled_from(FAMILIES).flatmap(st.sampled_from)
    | st.sampled_from([AUTHORITY, *HANDMADE.values()])
    | st.binary(max_size=60)
)


@st.composite
def situations(draw: st.DrawFn) -> tuple[bytes | None, bytes, Known]:
    """Some leaves: one or none is stored, one is presented, and of all of them something may be known."""
    relatives = st.sampled_from(draw(st.sampled_from(FAMILIES)))
    leaves = draw(st.lists(relatives | LEAVES, min_size=1, max_size=4))
    some = st.lists(st.sampled_from(leaves), max_size=2).map(tuple)
    facts = known(others=draw(some), before=draw(some), forgotten=draw(some), issued=draw(some))
    here = frozenset(facts.others) if draw(st.booleans()) else frozenset()
    facts = replace(facts, in_its_place=here, claimed_at=draw(st.sampled_from(("", PLACE))))
    return draw(st.sampled_from([*leaves, None])), draw(st.sampled_from(leaves)), facts


NEVER_TOGETHER = [
    {SAME_KEY, ONLY_DATES},
    {SAME_KEY, NEW_KEY},
    {ONLY_DATES, NEW_KEY},
    {NOT_INSTALLED, NEW_KEY},
    {NOT_INSTALLED, VENDOR_DEFAULT},
    {NOT_INSTALLED, CLOCK},
    {VENDOR_DEFAULT, NEW_KEY},
    *({OTHER_DEVICE, kind} for kind in ChangeKind if kind not in (MOVED, OTHER_DEVICE, SHARED)),
]


@given(situations())
@settings(max_examples=600, deadline=None, derandomize=True)
def test_any_two_leaves_are_explained_without_nonsense(situation: tuple[bytes | None, bytes, Known]) -> None:
    stored, presented, facts = situation
    found = kinds(*situation)
    assert list(found) == [kind for kind in ChangeKind if kind in found], "worst first, and each once"
    if stored is None or stored == presented:
        assert set(found) <= {SHARED}
    else:
        is_pinned_elsewhere = fingerprint(presented) in facts.others
        assert (MOVED in found) == (bool(facts.claimed_at) and not is_pinned_elsewhere)
        others = set(found) - {MOVED}
        assert others
        assert (UNKNOWN in others) <= (len(others) == 1)
    for pair in NEVER_TOGETHER:
        assert not pair <= set(found)


@given(situations())
@settings(max_examples=200, deadline=None, derandomize=True)
def test_every_reason_is_a_short_line_that_says_what_to_do(situation: tuple[bytes | None, bytes, Known]) -> None:
    for explanation in explain(*situation):
        assert explanation.text.isprintable()
        assert len(explanation.text.replace(PLACE, "")) <= 72
        assert explanation.hint.isprintable()
        assert 40 < len(explanation.hint) <= 320
        assert explanation.hint.endswith(".")
        assert not explanation.text.endswith(".")


@given(situations())
@settings(max_examples=200, deadline=None, derandomize=True)
def test_what_is_pinned_elsewhere_is_never_told_without_the_name(situation: tuple[bytes | None, bytes, Known]) -> None:
    stored, presented, facts = situation
    assert LOBBY in words(stored, presented, replace(facts, others={fingerprint(presented): LOBBY}))
