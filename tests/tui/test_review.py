"""Which certificates are to be decided about, in which order, and what counts as deciding."""

import msgspec
import pytest

from core.model.device import AttentionKind, CertificateField, Connection, DeviceView, Origin
from core.model.messages import Event
from tests.tui.engine import OTHER_PRINT, PRINT, RESET, added, blocked, found, over_http, presented, review, review_of
from tui.review import (
    NO_REASON,
    OWN_CERTIFICATE,
    Case,
    case_of,
    groups,
    is_deliberate,
    needs_decision,
    neighbour,
    place,
    queue,
    since,
)

SITE = (
    added(17, "Till"),
    review(11, "Lobby"),
    blocked(16, "Yard", change=RESET),
    found(33),
    blocked(15, "Gate 10", change="The same name with a new key"),
    over_http(9, "Park"),
    blocked(14, "Dock", change=RESET),
    blocked(13, "Gate 9"),
)
NEVER_STORED = added(20, "Shed", certificate_field=None, origin=None, fingerprint=None, not_after=None)


def names(devices: tuple[DeviceView, ...]) -> list[str]:
    return [view.name for view in devices]


def test_blocked_devices_come_first_and_those_of_one_reason_side_by_side() -> None:
    queued = queue(SITE)
    assert names(queued) == ["Gate 9", "Dock", "Yard", "Gate 10", "Lobby"]
    assert [(why, names(members)) for why, members in groups(queued)] == [
        (NO_REASON, ["Gate 9"]),
        (RESET, ["Dock", "Yard"]),
        ("The same name with a new key", ["Gate 10"]),
        (OWN_CERTIFICATE, ["Lobby"]),
    ]


@pytest.mark.parametrize(
    ("device", "is_queued"),
    [
        (blocked(1, "a"), True),
        (review(1, "a"), True),
        (review(1, "a", connection=Connection.OFFLINE), True),
        (review(1, "a", connection=Connection.ADDING), False),
        (added(1, "a", attention="x", attention_kind=AttentionKind.UNEXPECTED_LEAF), True),
        (added(1, "a", attention="x", attention_kind=AttentionKind.SAME_CERTIFICATE), False),
        (added(1, "a", attention="x", attention_kind=AttentionKind.EXPIRED), False),
        (msgspec.structs.replace(NEVER_STORED, presented=OTHER_PRINT), True),
        (NEVER_STORED, False),
        (added(1, "a"), False),
        (over_http(1, "a"), False),
        (found(1), False),
    ],
)
def test_what_is_queued_is_what_somebody_has_to_decide(device: DeviceView, is_queued: bool) -> None:
    assert needs_decision(device) is is_queued


def test_the_queue_is_gone_through_round_its_ends() -> None:
    queued = queue(SITE)
    ahead, back = ["cam-13"], ["cam-13"]
    for _ in queued:
        for way, step in ((ahead, 1), (back, -1)):
            following = neighbour(queued, way[-1], 0, step)
            assert following is not None
            way.append(following.id)
    assert ahead == ["cam-13", "cam-14", "cam-16", "cam-15", "cam-11", "cam-13"]
    assert back == ahead[::-1]


def test_a_decided_device_is_followed_by_the_one_that_came_after_it() -> None:
    queued = queue(view for view in SITE if view.id != "cam-16")
    following = neighbour(queued, "cam-16", 2, 1)
    before = neighbour(queued, "cam-16", 2, -1)
    assert (following and following.id, before and before.id) == ("cam-15", "cam-14")
    last = neighbour(queued, "cam-11", len(queued), 1)
    assert last is not None
    assert last.id == "cam-13"


def test_there_is_no_next_one_where_none_is_left() -> None:
    assert neighbour((), "cam-14", 3, 1) is None
    assert neighbour(queue([blocked(14, "Dock")]), "cam-14", 0, 1) is None


def test_the_place_is_told_of_those_in_the_queue_only() -> None:
    queued = queue(SITE)
    assert [place(queued, device) for device in ("cam-13", "cam-11", "cam-17")] == ["1 of 5", "5 of 5", ""]


@pytest.mark.parametrize(
    ("typed", "accepts"),
    [
        ("yes", True),
        (" Yes ", True),
        (OTHER_PRINT[-8:], True),
        ("3456 ABCD", True),
        ("34:56:ab:cd", True),
        (OTHER_PRINT, True),
        ("", False),
        ("y", False),
        ("yes yes", False),
        ("no", False),
        (OTHER_PRINT[-7:], False),
        (OTHER_PRINT[-9:], False),
        (OTHER_PRINT[:8], False),
        (PRINT[-8:], False),
        (PRINT, False),
    ],
)
def test_only_yes_or_the_end_of_the_fingerprint_or_all_of_it_accepts(typed: str, accepts: bool) -> None:
    assert is_deliberate(typed, OTHER_PRINT) is accepts


def test_what_there_is_to_decide_depends_on_what_is_stored_and_shown() -> None:
    accepted = added(1, "a", origin=Origin.ACCEPTED)
    told = [case_of(review_of(view)) for view in (added(1, "a"), accepted, review(1, "a"), blocked(1, "a"))]
    assert told == [Case.SETTLED, Case.SETTLED, Case.FIRST, Case.CHANGED]
    came_back = msgspec.structs.replace(review_of(NEVER_STORED), presented=presented())
    assert case_of(came_back) is Case.FIRST
    assert case_of(review_of(NEVER_STORED)) is Case.SETTLED
    changed_own = blocked(1, "a", certificate_field=CertificateField.DEVICE, origin=Origin.DEVICE)
    assert case_of(review_of(changed_own)) is Case.CHANGED
    assert case_of(review_of(blocked(1, "a", connection=Connection.ADDING))) is Case.SETTLED


def test_what_happened_since_is_of_that_device_and_newest_first() -> None:
    events = [Event(seq, "2026-11-24T07:02:00Z", "tech2", "x", f"{seq}", f"cam-{seq % 2}") for seq in range(1, 8)]
    assert [event.seq for event in since(events, "cam-1", 3)] == [7, 5]
