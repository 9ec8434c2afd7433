"""What is said of devices, times and fingerprints."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from core.model.device import AttentionKind, Connection
from tests.tui.engine import PRINT, added, blocked, found, over_http, review
from tui.words import (
    age,
    bar,
    certificate,
    elapsed,
    expires,
    first_contact,
    full_standing,
    grouped,
    is_offline,
    legend,
    moment,
    needs_review,
    pace,
    state,
    took,
)

NOW = datetime(2026, 11, 24, 7, 5, tzinfo=UTC)

ADDING = added(21, "Gate", Connection.ADDING, step=6, steps=10, fingerprint=None, certificate_field=None)
OFFLINE = added(12, "Roof", Connection.OFFLINE)
EXPIRING = added(18, "Stairs", not_after="2026-12-13T12:00:00Z")
ATTENTION_WORDS = {
    AttentionKind.UNEXPECTED_LEAF: "UNEXPECTED",
    AttentionKind.TLS_FAILED: "TLS failed",
    AttentionKind.INSTALL_FAILED: "install failed",
    AttentionKind.LOGIN_REFUSED: "login refused",
    AttentionKind.LOGIN_NEEDED: "login needed",
    AttentionKind.SAME_CERTIFICATE: "shared cert.",
    AttentionKind.REVIEW_LEAF: "review",
    AttentionKind.HTTPS_OFF: "HTTPS is off",
    AttentionKind.EXPIRED: "online",
    AttentionKind.EXPIRING: "online",
    AttentionKind.WEAK_TLS: "weak TLS",
    AttentionKind.CLEAN_UP: "clean up",
    AttentionKind.UNREACHABLE: "online",
    AttentionKind.REVIEW_CHANGE: "online",
}


def test_each_state_has_its_mark_and_word() -> None:
    devices = (blocked(14, "Dock"), ADDING, review(11, "Lobby"), OFFLINE, EXPIRING, added(17, "Till"))
    told = [(state(view, NOW).mark, state(view, NOW).word) for view in (*devices, over_http(9, "Park"), found(33))]
    assert told == [
        ("!!", "BLOCKED"),
        (">", "adding 6/10"),
        ("?", "review"),
        (".", "offline 5m"),
        ("~", "online"),
        ("=", "online"),
        ("-", "online"),
        ("+", "found"),
    ]


@pytest.mark.parametrize("kind", AttentionKind)
def test_an_online_device_says_what_a_person_has_to_do(kind: AttentionKind) -> None:
    view = added(17, "Till", attention="something", attention_kind=kind)
    assert state(view, NOW).word == ATTENTION_WORDS[kind]
    assert len(state(view, NOW).word) <= 15


def test_every_mark_in_use_is_explained() -> None:
    kinds = [state(added(17, "Till", attention="x", attention_kind=kind), NOW).mark for kind in AttentionKind]
    used = {state(view, NOW).mark for view in (blocked(1, "a"), ADDING, OFFLINE, found(2), over_http(3, "b"))} | {
        *kinds
    }
    assert used <= {mark for mark, _, _ in legend()}


def test_what_needs_a_person_ranks_first() -> None:
    worst_first = [
        blocked(14, "a"),
        added(1, "b", attention="x", attention_kind=AttentionKind.LOGIN_REFUSED),
        review(11, "c"),
        OFFLINE,
        added(17, "d"),
        found(33),
    ]
    ranks = [state(view, NOW).rank for view in worst_first]
    assert ranks == sorted(ranks)
    assert len(set(ranks)) == len(ranks)


def test_the_drawer_says_what_to_do_and_how_the_device_is_connected() -> None:
    offline = added(5, "e", Connection.OFFLINE, attention="x", attention_kind=AttentionKind.REVIEW_LEAF)
    said = [full_standing(view, NOW) for view in (review(11, "c"), offline, added(17, "d"), blocked(14, "a"), found(3))]
    assert said == [
        "review, online since 07:00",
        "offline since 07:00",
        "online since 07:00",
        "Error with device certificate",
        "found on the network, not added",
    ]


@pytest.mark.parametrize("doing", ["adding", "replacing", "re-issuing"])
def test_what_is_under_way_is_called_by_its_name(doing: str) -> None:
    assert state(ADDING, NOW, doing).word == f"{doing} 6/10"
    assert full_standing(ADDING, NOW, doing) == f"{doing}, step 6 of 10"


def test_a_blocked_device_that_does_not_answer_says_both() -> None:
    silent = blocked(14, "Dock", silent=True)
    assert state(silent, NOW).word == "BLOCKED"
    assert full_standing(silent, NOW) == "Error with device certificate; it does not answer now"


def test_offline_is_what_does_not_answer_and_not_what_fails_in_tls() -> None:
    failing = added(5, "e", Connection.OFFLINE, attention="x", attention_kind=AttentionKind.TLS_FAILED)
    assert [is_offline(view) for view in (OFFLINE, failing, blocked(14, "a"), added(17, "d"))] == [True, *[False] * 3]


def test_first_contact_is_told_of_one_camera_as_of_one() -> None:
    assert "what this camera shows. Somebody who stands between the gateway and it now" in first_contact(1)
    assert "what these cameras show. Somebody who stands between the gateway and a camera now" in first_contact(3)


def test_a_blocked_device_is_counted_as_blocked_and_not_as_review_too() -> None:
    assert not needs_review(blocked(14, "a"))
    assert needs_review(review(11, "b"))
    assert not needs_review(added(1, "c", attention="later", attention_kind=AttentionKind.CLEAN_UP))


def test_the_certificate_field_is_said_in_exactly_the_users_words() -> None:
    said = [certificate(view) for view in (over_http(9, "a"), added(17, "b"), review(11, "c"), found(33))]
    assert said == ["HTTP", "HTTPS (Arcules)", "HTTPS (Device)", "not added"]


@pytest.mark.parametrize(
    ("not_after", "said"),
    [
        ("2036-11-20T00:00:00Z", "2036-11"),
        ("2026-12-13T12:00:00Z", "19 days"),
        ("2026-11-25T08:00:00Z", "1 day"),
        ("2026-11-24T08:00:00Z", "0 days"),
        ("2026-11-24T07:05:00Z", "expired"),
        ("the year 0", "unknown"),
        (None, "unknown"),
    ],
)
def test_expiry_is_a_month_or_the_days_left(not_after: str | None, said: str) -> None:
    assert expires(added(17, "Till", not_after=not_after), NOW) == said


def test_where_the_engine_notes_it_earlier_the_days_are_told_earlier() -> None:
    noted = added(18, "Stairs", not_after="2027-01-13T12:00:00Z", attention="x", attention_kind=AttentionKind.EXPIRING)
    assert expires(noted, NOW) == "50 days"
    assert state(noted, NOW).mark == "~"
    assert not needs_review(noted)


def test_a_device_without_a_certificate_says_so_once_it_is_added() -> None:
    assert expires(over_http(9, "Park"), NOW) == "no certificate"
    assert expires(ADDING, NOW) == ""
    assert expires(found(33), NOW) == ""


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (timedelta(seconds=59), "now"),
        (timedelta(minutes=5), "5m"),
        (timedelta(hours=3), "3h"),
        (timedelta(days=2, hours=5), "2d"),
        (timedelta(seconds=-90), "now"),
    ],
)
def test_ages_are_coarse(before: timedelta, said: str) -> None:
    assert age((NOW - before).isoformat(), NOW) == said


def test_times_are_shown_in_the_zone_of_now_and_as_short_as_is_clear() -> None:
    here = NOW.astimezone(timezone(timedelta(hours=2)))
    assert moment("2026-11-24T05:02:00Z", here) == "07:02"
    assert moment("2026-11-22T05:02:00Z", here) == "11-22 07:02"
    assert moment("2025-11-22T05:02:00Z", here) == "2025-11-22"
    assert moment("nonsense", here) == ""


def test_durations() -> None:
    assert [elapsed(seconds) for seconds in (0, 23, 83.9, 3723)] == ["0:00", "0:23", "1:23", "1:02:03"]
    assert [took(seconds) for seconds in (None, 0.23, 9.94, 9.96, 21.4, 125)] == [
        "",
        "0.2 s",
        "9.9 s",
        "10 s",
        "21 s",
        "2:05",
    ]
    assert pace(21.9, 35) == "21 s of about 35 s"
    assert pace(48, 35) == "48 s, usually about 35 s"


def test_a_bar_is_full_when_it_takes_longer_than_usual() -> None:
    assert [bar(fraction, 10) for fraction in (0.0, 0.6, 1.4)] == ["..........", "######....", "##########"]


def test_a_fingerprint_is_grouped_without_losing_a_digit() -> None:
    lines = grouped(PRINT)
    assert [len(line) for line in lines] == [39, 39]
    assert "".join(lines).replace(" ", "") == PRINT
