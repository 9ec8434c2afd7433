"""How long ago something was, in words that are right in every zone."""

from datetime import UTC, datetime

import pytest

from core.decide.acts import Act, ago, by_whom, under_way

NOW = datetime(2026, 11, 24, 14, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ("2026-11-24T14:05:30Z", "a moment ago"),
        ("2026-11-24T14:04:01Z", "a moment ago"),
        ("2026-11-24T14:04:00Z", "1 min ago"),
        ("2026-11-24T13:05:01Z", "59 min ago"),
        ("2026-11-24T13:05:00Z", "1 h ago"),
        ("2026-11-23T14:05:01Z", "23 h ago"),
        ("2026-11-23T14:05:00Z", "a day ago"),
        ("2026-11-22T14:05:00Z", "2 days ago"),
        ("2026-11-24T14:59:00+01:00", "6 min ago"),
    ],
)
def test_how_long_ago(at: str, told: str) -> None:
    assert ago(at, NOW) == told


def test_who_did_it_and_who_is_doing_it() -> None:
    assert by_whom("tech1", "2026-11-24T14:00:00Z", NOW) == "by tech1 5 min ago"
    act = Act("tech1", "replacing", "2026-11-24T14:00:00Z")
    assert under_way(act, "Loading dock", NOW) == "tech1 is replacing Loading dock, begun 5 min ago"
