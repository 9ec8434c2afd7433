"""What the engine told, put together."""

from datetime import UTC, datetime, timedelta

from core.model.device import AttentionKind, Connection
from core.model.messages import Event, Status, Update
from tests.tui.engine import added, blocked, found, install, review
from tui.site import EVENTS_KEPT, Counts, Site

NOW = datetime(2026, 11, 24, 7, 5, tzinfo=UTC)


def event(seq: int) -> Event:
    return Event(seq, "2026-11-24T07:00:00Z", "tech1", "test", f"event {seq}")


def test_an_update_changes_adds_and_removes_devices() -> None:
    site = Site()
    site.apply(Update(devices=(found(1), added(2, "b"))), NOW)
    change = site.apply(Update(devices=(blocked(2, "b"),), gone=("found:192.168.20.1",)), NOW)
    assert list(site.devices.values()) == [blocked(2, "b")]
    assert change.devices == {"cam-2", "found:192.168.20.1"}


def test_what_a_new_engine_does_not_have_is_gone_with_its_installs() -> None:
    site = Site()
    site.apply(Update(devices=(added(1, "a"), added(2, "b")), installs=(install("cam-1", 3), install("cam-2", 3))), NOW)
    change = site.restart((added(2, "b"),))
    assert set(site.devices) == {"cam-2"}
    assert not site.installs
    assert change.devices == {"cam-1", "cam-2"}
    assert change.missed


def test_events_are_kept_in_order_once_each_and_not_for_ever() -> None:
    site = Site()
    assert site.learn([event(3), event(2)]) == 2
    assert site.apply(Update(events=(event(3), event(4))), NOW).events == 1
    assert [known.seq for known in site.events] == [2, 3, 4]
    site.learn(event(seq) for seq in range(5, 5 + EVENTS_KEPT))
    assert len(site.events) == EVENTS_KEPT
    assert site.events[-1].seq == 4 + EVENTS_KEPT


def test_counts_are_by_what_devices_need() -> None:
    site = Site()
    ending = added(6, "f", attention="x", attention_kind=AttentionKind.EXPIRED)
    soon = added(7, "g", attention="x", attention_kind=AttentionKind.EXPIRING)
    away = added(8, "h", Connection.OFFLINE, attention="x", attention_kind=AttentionKind.UNREACHABLE)
    adding = added(4, "d", Connection.ADDING)
    site.restart((found(1), blocked(2, "b"), review(3, "c"), adding, added(5, "e"), ending, soon, away))
    assert site.counts(NOW) == Counts(devices=8, blocked=1, review=1, adding=1, offline=1, expired=1, expiring=1)


def test_certificates_that_end_are_counted_whatever_else_there_is_to_do() -> None:
    site = Site()
    ended, soon = (NOW - timedelta(days=2)).isoformat(), (NOW + timedelta(days=19)).isoformat()
    site.restart((review(3, "c", not_after=ended), review(4, "d", not_after=soon), added(5, "e"), found(1)))
    counts = site.counts(NOW)
    assert (counts.review, counts.expired, counts.expiring) == (2, 1, 1)
    later = site.counts(NOW + timedelta(days=20))
    assert (later.expired, later.expiring) == (2, 0)


def test_time_goes_on_in_an_install_between_two_updates() -> None:
    site = Site()
    site.apply(Update(installs=(install("cam-1", 6, seconds=23.0),)), NOW)
    later = site.install("cam-1", NOW + timedelta(seconds=5))
    assert later is not None
    assert later.seconds == 28.0
    assert [step.seconds for step in later.steps[4:7]] == [0.2, 26.0, None]


def test_time_stands_still_in_an_install_that_is_finished() -> None:
    site = Site()
    site.apply(Update(installs=(install("cam-1", 10, seconds=40.0, finished=True),)), NOW)
    later = site.install("cam-1", NOW + timedelta(seconds=5))
    assert later is not None
    assert later.seconds == 40.0


def test_the_time_to_the_next_scan_runs_down_to_nothing() -> None:
    site = Site()
    assert site.rescan_in(NOW) is None
    site.apply(Update(status=Status("gw", "1", 1, rescan_in=40.0)), NOW)
    assert site.rescan_in(NOW + timedelta(seconds=15)) == 25.0
    assert site.rescan_in(NOW + timedelta(seconds=50)) == 0.0
