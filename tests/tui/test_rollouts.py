"""Rollouts in words, and as files."""

import csv
from datetime import UTC, datetime, timedelta

import pytest

from core.model.messages import Update
from core.model.rollout import MemberState
from tests.tui.reports import ended, failed, member, rollout, succeeded
from tui.paragraphs import Line, length
from tui.rollouts import csv_text, how_far, how_it_ended, left, rows, top_lines
from tui.site import Site

NOW = datetime(2026, 11, 24, 7, 5, tzinfo=UTC)


def text(line: Line) -> str:
    return "".join(part for part, _ in line)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (None, ""),
        (0.0, "about 10 s left"),
        (34.0, "about 30 s left"),
        (95.0, "about 2 min left"),
        (3600.0, "about 60 min left"),
    ],
)
def test_the_time_left_is_told_coarsely(seconds: float | None, told: str) -> None:
    assert left(seconds) == told


def test_how_far_it_is_counts_failures_only_where_there_are_any() -> None:
    assert how_far(rollout(succeeded(1, "a"), member(2, "b"))) == "1 of 2"
    assert how_far(rollout(succeeded(1, "a"), failed(2, "b"), member(3, "c"))) == "2 of 3, 1 failed"


def test_the_end_counts_what_became_of_the_devices() -> None:
    none = member(3, "c", MemberState.NOT_STARTED)
    assert how_it_ended(ended(succeeded(1, "a"), failed(2, "b"), none)) == (
        "The rollout is finished: 1 done, 1 failed, 1 not started."
    )
    assert how_it_ended(ended(member(1, "a", MemberState.SKIPPED))) == "The rollout is finished: nothing to do."


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_the_bar_is_as_long_as_there_is_room(width: int) -> None:
    (line,) = top_lines(rollout(succeeded(1, "a"), member(2, "b")), 200.0, width)
    assert length(line) == width - 1
    assert text(line).count("#") in (text(line).count("."), text(line).count(".") - 1, text(line).count(".") + 1)


def test_devices_with_one_reason_stand_together_below_it() -> None:
    view = rollout(failed(1, "a", reason="x", hint=""), failed(2, "b", reason="y", hint=""), failed(3, "c", reason="x"))
    told = [(key, text(line).split("  ")[0].strip()) for key, line in rows(view, lambda _: None, 120)]
    assert [key for key, _ in told] == ["", "0", "", "1", "", "", "2"]
    assert [words for key, words in told if not key] == [
        "Failed: 1. x.",
        "Failed: 1. y.",
        "Failed: 1. x.",
        "",
    ]


def test_a_name_with_a_line_break_stays_in_its_cell() -> None:
    (_, row) = csv.reader(csv_text(ended(succeeded(1, "a,\nb"))).splitlines(keepends=True))
    assert row[0] == "a,\nb"


def test_the_time_left_runs_down_between_two_updates() -> None:
    site = Site()
    assert site.rollout_left(NOW) is None
    site.apply(Update(rollout=rollout(member(1, "a"), remaining=60.0)), NOW)
    assert site.rollout_left(NOW + timedelta(seconds=15)) == 45.0
    assert site.rollout_left(NOW + timedelta(seconds=90)) == 0.0


def test_that_a_rollout_ended_is_told_once() -> None:
    site = Site()
    updates = (rollout(member(1, "a")), ended(succeeded(1, "a")), ended(succeeded(1, "a")))
    assert [site.apply(Update(rollout=view), NOW).rollout_ended for view in updates] == [False, True, False]
    site.restart(())
    assert site.rollout is None
