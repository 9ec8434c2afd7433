"""What a technician was shown, and what is told when it changes meanwhile."""

from datetime import UTC, datetime

import msgspec

from core.model.device import Connection, DeviceView
from core.model.errors import RefusedError
from core.model.messages import Event
from tests.tui.engine import OTHER_PRINT, PRINT, added, blocked, install, presented, review_of
from tui.reading import BEGAN, DECIDED, GONE, OTHER_LEAF, Reading, title
from tui.review import Case

NOW = datetime(2026, 11, 24, 7, 5, tzinfo=UTC)
DOCK = blocked(14, "Dock")
ACCEPTED = added(14, "Dock", fingerprint=OTHER_PRINT)
BY_WHOM = "tech2 accepted the presented certificate at 07:04."
BY_TECH2 = Event(8, "2026-11-24T07:04:00Z", "tech2", "accepted", "certificate accepted", "cam-14")


def shown(device: DeviceView) -> Reading:
    reading = Reading(device)
    assert reading.take(review_of(device), 7)
    return reading


def test_the_same_once_more_leaves_what_was_typed() -> None:
    reading = shown(DOCK)
    checked = blocked(14, "Dock", last_check="2026-11-24T07:04:30Z")
    assert not reading.take(review_of(checked), 9)
    assert reading.device is checked
    assert reading.news([], NOW) == []


def test_another_leaf_is_told_and_clears_what_was_typed() -> None:
    reading = shown(DOCK)
    other = "c" * 64
    assert reading.take(review_of(blocked(14, "Dock", presented=other)), 8)
    assert reading.shown == other
    assert reading.news([], NOW) == [OTHER_LEAF]
    reading.read()
    assert reading.news([], NOW) == []


def test_what_somebody_else_decided_is_told_with_who_and_when() -> None:
    reading = shown(DOCK)
    before = msgspec.structs.replace(BY_TECH2, seq=7, text="blocked")
    assert reading.take(review_of(ACCEPTED), 8)
    assert reading.case is Case.SETTLED
    assert reading.news([before, BY_TECH2], NOW) == [BY_WHOM, DECIDED, "07:04 certificate accepted by tech2"]


def test_an_event_that_comes_later_than_the_change_is_told_all_the_same() -> None:
    reading = shown(DOCK)
    reading.take(review_of(ACCEPTED), 7)
    assert reading.news([], NOW) == [DECIDED]
    assert reading.news([BY_TECH2], NOW) == [BY_WHOM, DECIDED, "07:04 certificate accepted by tech2"]


def test_what_was_decided_here_is_no_news_whichever_comes_first() -> None:
    for answer_first in (True, False):
        reading = shown(DOCK)
        if answer_first:
            reading.done("Accepted.")
            reading.take(review_of(ACCEPTED), 8)
        else:
            reading.take(review_of(ACCEPTED), 8)
            reading.done("Accepted.")
        assert reading.news([BY_TECH2], NOW) == ["Accepted."]
        # The next change is somebody else's again.
        reading.take(review_of(DOCK), 9)
        reading.read()
        reading.take(review_of(ACCEPTED), 10)
        assert reading.news([], NOW) == [DECIDED]


def test_a_device_that_was_worked_on_and_shows_the_same_as_before_is_no_news() -> None:
    reading = shown(DOCK)
    working = msgspec.structs.replace(review_of(DOCK), presented=None, device=added(14, "Dock", Connection.ADDING))
    reading.take(working, 8)
    reading.done()
    reading.take(review_of(DOCK), 9)
    assert reading.news([], NOW) == []
    reading.take(working, 10)
    reading.done()
    reading.take(review_of(blocked(14, "Dock", presented="c" * 64)), 11)
    assert reading.news([], NOW) == [BEGAN]


def test_a_refusal_is_told_beside_the_leaf_that_it_is_about() -> None:
    reading = shown(DOCK)
    reading.refused(RefusedError("Dock shows another certificate now", "Nothing was accepted."))
    reading.take(review_of(blocked(14, "Dock", presented="c" * 64)), 8)
    assert reading.news([], NOW) == ["Dock shows another certificate now. Nothing was accepted.", OTHER_LEAF]


def test_a_device_that_changes_while_its_settings_are_read_is_to_be_decided_about() -> None:
    reading = shown(added(14, "Dock"))
    assert reading.take(review_of(DOCK), 8)
    assert (reading.case, reading.shown) == (Case.CHANGED, OTHER_PRINT)
    assert reading.news([], NOW) == [BEGAN]


def test_a_device_that_is_worked_on_is_not_decided_about() -> None:
    reading = shown(DOCK)
    assert reading.take(review_of(blocked(14, "Dock", connection=Connection.ADDING)), 8)
    work = install("cam-14", 6, seconds=90.0, doing="replacing", by="tech2")
    assert reading.news([], NOW, work) == ["tech2 is replacing it since 07:03.", DECIDED]
    # What comes of it is told as well, and stays.
    assert reading.take(review_of(added(14, "Dock")), 9)
    installed = msgspec.structs.replace(BY_TECH2, kind="installed", text="certificate installed")
    ended = msgspec.structs.replace(work, finished=True)
    assert reading.news([installed], NOW, ended) == [
        "tech2 had a certificate of ours installed at 07:04.",
        DECIDED,
        "07:04 certificate installed by tech2",
    ]


def test_what_the_engine_did_by_itself_is_nobodys_decision() -> None:
    reading = shown(DOCK)
    reading.take(review_of(ACCEPTED), 8)
    by_itself = msgspec.structs.replace(BY_TECH2, who="camtrust")
    assert reading.news([by_itself], NOW) == [DECIDED, "07:04 certificate accepted"]


def test_a_removed_device_has_nothing_to_decide() -> None:
    reading = shown(DOCK)
    reading.remove()
    assert (reading.case, reading.shown) == (Case.SETTLED, "")
    removed = msgspec.structs.replace(BY_TECH2, kind="removed", text="removed")
    assert reading.news([removed], NOW) == ["tech2 removed this device at 07:04.", GONE, "07:04 removed by tech2"]


def test_a_first_certificate_is_what_is_decided_about() -> None:
    reading = Reading(added(14, "Dock", fingerprint=None, origin=None))
    reading.take(msgspec.structs.replace(review_of(reading.device), presented=presented(PRINT)), 1)
    assert (reading.case, reading.shown) == (Case.FIRST, PRINT)


def test_a_long_name_leaves_the_address_on_the_screen() -> None:
    reading = shown(msgspec.structs.replace(DOCK, name="x" * 64))

    def told(width: int) -> str:
        return "".join(text for text, _ in title(reading.device, reading, NOW, width))

    assert told(80) == f" {'x' * 29}…  192.168.20.14  !! Error with device certificate"
    assert told(60) == f" {'x' * 29}…  192.168.20.14  !! BLOCKED"
    reading.remove()
    assert told(80) == f" {'x' * 29}…  192.168.20.14  removed"
