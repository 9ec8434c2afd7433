from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.decide.certificates import describe
from core.decide.expiry import expiry
from core.model.device import AttentionKind
from tests.decide.handmade import HANDMADE

END = datetime(2026, 11, 24, 7, tzinfo=UTC)
NOT_AFTER = "2026-11-24T07:00:00Z"
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
EXPIRED, EXPIRING = AttentionKind.EXPIRED, AttentionKind.EXPIRING


@pytest.mark.parametrize(
    ("before", "kind", "text"),
    [
        (30 * DAY, EXPIRING, "Certificate expires in 30 days"),
        (20 * DAY - SECOND, EXPIRING, "Certificate expires in 19 days"),
        (DAY, EXPIRING, "Certificate expires in 1 day"),
        (DAY - SECOND, EXPIRING, "Certificate expires in less than a day"),
        (0 * DAY, EXPIRING, "Certificate expires in less than a day"),
        (-SECOND, EXPIRED, "Certificate expired less than a day ago"),
        (-DAY, EXPIRED, "Certificate expired 1 day ago"),
        (-4 * DAY + SECOND, EXPIRED, "Certificate expired 3 days ago"),
        (-3650 * DAY, EXPIRED, "Certificate expired 3650 days ago"),
    ],
)
def test_the_end_is_told_in_days(before: timedelta, kind: AttentionKind, text: str) -> None:
    told = expiry(NOT_AFTER, END - before, 30)
    assert told is not None
    assert (told.kind, told.text) == (kind, text)


def test_nothing_is_told_before_the_notice_or_of_an_end_that_cannot_be_read() -> None:
    assert expiry(NOT_AFTER, END - 30 * DAY - SECOND, 30) is None
    assert expiry("", END, 30) is None
    assert expiry("9999-12-31T23:59:59Z", END, 30) is None


@pytest.mark.parametrize(("notice", "told"), [(0, False), (1, False), (2, True), (10**12, True)])
def test_the_notice_is_a_setting(notice: int, told: bool) -> None:
    assert (expiry(NOT_AFTER, END - 2 * DAY, notice) is not None) is told


def test_the_hint_says_that_an_expired_device_stays_online_and_how_to_renew() -> None:
    expired, expiring = expiry(NOT_AFTER, END + DAY, 30), expiry(NOT_AFTER, END - DAY, 30)
    assert expired is not None
    assert expiring is not None
    assert "stays online" in expired.hint
    assert "Re-issue" in expiring.hint
    assert expired.hint.endswith(expiring.hint)


@pytest.mark.parametrize("kind", HANDMADE)
def test_every_date_that_is_shown_is_understood(kind: str) -> None:
    not_after = describe(HANDMADE[kind]).not_after
    expected = EXPIRED if not_after else None
    told = expiry(not_after, datetime(9999, 12, 31, 23, 59, 59, 1, tzinfo=UTC), 30)
    assert (told.kind if told else None) == expected


@given(
    st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)),
    st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)),
    st.integers(0, 10**9),
)
def test_for_any_dates_it_is_expired_after_the_end_and_never_before(end: datetime, now: datetime, notice: int) -> None:
    end, now = end.replace(microsecond=0), now.replace(microsecond=0)
    told = expiry(end.isoformat().replace("+00:00", "Z"), now, notice)
    assert (told is not None and told.kind is EXPIRED) is (now > end)
    assert (told is None) is (end - now > timedelta(0) and (end - now) / DAY > notice)
