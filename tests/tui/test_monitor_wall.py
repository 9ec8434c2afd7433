"""The wall as a whole, drawn without a terminal: in every size, fresh and old, and as plain text."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from core.model.device import Connection, DeviceView
from core.model.errors import ExitCode
from core.model.messages import Event
from tests.tui.driving import NOW
from tests.tui.engine import added, blocked, found, review
from tests.tui.monitor import expiring, fresh, happened, offline, site_of, text, texts, wall
from tui.link import LinkState
from tui.look import use_encoding
from tui.monitor.drift import margin
from tui.monitor.once import exit_code, once
from tui.monitor.pages import begun
from tui.monitor.rows import troubles
from tui.monitor.wall import KEYS, View, frame, layout
from tui.paragraphs import length
from tui.site import Site
from tui.words import Tone

SIZES = [(60, 15), (60, 24), (80, 24), (80, 50), (120, 40), (200, 60), (250, 70), (250, 15)]
UP = LinkState(True)


@pytest.fixture
def ascii_only() -> Iterator[None]:
    use_encoding("ascii")
    yield
    use_encoding("utf-8")


def busy(offline_ones: int = 1) -> Site:
    """Return a site with something of everything."""
    return site_of(
        added(2, "Gate"),
        review(11, "Lobby"),
        blocked(14, "Loading dock", since="2026-11-24T07:02:00Z"),
        *(offline(100 + number, f"Roof {number}") for number in range(offline_ones)),
        expiring(18, "Stairs", not_after="2026-12-13T10:00:00Z"),
        added(8, "New", Connection.ADDING),
        found(33, "not added"),
        events=[happened(1, timedelta(hours=2)), happened(2, timedelta(minutes=1), "accepted", "tech1")],
    )


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("age", [1, 120, None])
@pytest.mark.parametrize("count", [1, 30])
def test_it_fits_in_every_size(width: int, height: int, age: float | None, count: int) -> None:
    room = margin(width, height)
    lines = wall(busy(count), width - room.columns, height - room.lines, freshness=fresh(age))
    assert len(lines) == height - room.lines
    assert all(length(line) <= width - room.columns for line in lines)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_what_matters_is_there_in_every_size(width: int, height: int) -> None:
    room = margin(width, height)
    shown = texts(wall(busy(), width - room.columns, height - room.lines))
    for words in (
        "gw-042",
        "07:05:00",
        "!! BLOCKED",
        "!! Loading dock",
        "? Lobby",
        ". Roof 0",
        "~ Stairs",
        "BLOCKED since",
    ):
        assert words in shown
    for words in ("tech1", "watching · last word 1 s ago"):
        assert words in shown


@pytest.mark.usefixtures("ascii_only")
@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("age", [1, 120, None])
def test_in_ascii_there_is_nothing_else(width: int, height: int, age: float | None) -> None:
    lines = wall(busy(30), width, height, freshness=fresh(age))
    assert once(busy(30), UP, NOW, width, height).isascii()
    # What is left is replaced where it is drawn.
    assert set(texts(lines)) - set(map(chr, range(128))) <= {"·", "…"}


def test_when_all_is_well_that_is_all() -> None:
    site = site_of(added(2, "Gate"), added(3, "Roof"), found(33))
    lines = wall(site)
    assert "= Nothing needs anybody: 2 devices." in texts(lines)
    assert not any(tone in (Tone.ALARM, Tone.ASK, Tone.WARN) for line in lines for _, tone in line)


def test_a_site_without_devices_says_so() -> None:
    assert "No device is added yet." in texts(wall(site_of(found(33))))


def test_old_data_says_so_in_each_line_and_looks_alive_in_none() -> None:
    lines = wall(busy(), freshness=fresh(120, is_up=False, title="The engine ended"))
    alarms = [number for number, line in enumerate(lines) if any(tone is Tone.ALARM for _, tone in line)]
    # The block, and the foot.
    assert alarms == [1, 2, 3, 4, 5, 6, 22]
    told = [line for line in lines[8:22] if text(line).strip()]
    assert all(text(line).startswith("old ") for line in told)
    assert all(tone in (Tone.QUIET, Tone.PLAIN) for line in lines[7:22] for _, tone in line)
    shown = texts(lines)
    assert "NO WORD FOR 2 MIN" in shown
    assert "The engine ended." in shown
    assert "then: 1 BLOCKED · 1 REVIEW · 1 OFFLINE · 1 EXPIRING · 1 ADDING · 3 ONLINE" in shown
    assert "OLD: last word 2 min ago, as of 07:03:00" in text(lines[-1])
    assert "▁" not in shown


def test_old_rows_are_told_as_of_then() -> None:
    site = site_of(expiring(18, "Stairs", not_after="2026-12-13T10:00:00Z"))
    month = wall(site, freshness=fresh(30 * 86_400, is_up=False))
    assert "expires in 49 days" in texts(month)


def test_a_wall_that_never_had_an_engine_waits_and_shows_nothing_else() -> None:
    lines = wall(Site(), freshness=fresh(None, is_up=False, title="No engine is running here"))
    shown = texts(lines)
    assert "!! NO ENGINE" in shown
    assert "This screen waits for it." in shown
    assert all(not text(line).strip() for line in lines[7:22])


def test_a_page_says_which_it_is_and_what_is_blocked_is_on_each() -> None:
    site = busy(30)
    first, second = wall(site, page=0), wall(site, page=1)
    assert text(first[-1]).endswith("page 1 of 5")
    assert text(second[-1]).endswith("page 2 of 5")
    assert "!! Loading dock" in texts(first)
    assert "!! Loading dock" in texts(second)
    assert "Roof 0 " in texts(first)
    assert "Roof 0 " not in texts(second)


def test_more_blocked_ones_than_fit_are_told() -> None:
    site = site_of(*(blocked(number, f"Dock {number}") for number in range(10, 30)))
    first, last = texts(wall(site, page=0)), texts(wall(site, page=4))
    assert all("!! and 17 more BLOCKED, page by page" in shown for shown in (first, last))
    assert all("Dock 10 " in shown for shown in (first, last))
    assert "Dock 29 " in last


def test_a_device_that_was_removed_in_a_round_leaves_a_gap() -> None:
    site = busy()
    before = wall(site)
    del site.devices["cam-11"]
    parts = layout(23)
    told = frame(View(site, fresh(), begun(["cam-14"], ["cam-11", "cam-100"], parts.rows)), 78, parts)
    assert "Lobby" in texts(before)
    assert "(removed)" in texts(told)


def test_the_keys_are_one_line() -> None:
    assert texts(wall(busy(), 58, 14, with_keys=True)).endswith(KEYS)


def test_a_slow_line_gets_no_seconds() -> None:
    shown = texts(wall(busy(), slow=True))
    assert "07:05:00" not in shown
    assert "Tue 07:05" in shown
    assert "last word just now" in shown


# As plain text.


def test_once_is_everything_in_eighty_columns() -> None:
    site = busy(60)
    lines = once(site, UP, NOW, 80, None).splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert all(f"Roof {number} " in "\n".join(lines) for number in range(60))
    assert "page" not in lines[-1]
    assert "Tue 2026-11-24 07:05:00" in lines[0]


def test_once_on_a_terminal_is_as_high_as_that() -> None:
    lines = once(busy(60), UP, NOW, 100, 30).splitlines()
    assert len(lines) == 30
    assert lines[-1].startswith("camtrust list shows all")
    assert lines[-1].endswith("page 1 of 5")


def test_nothing_steers_a_terminal() -> None:
    hostile = "x\x1b]0;owned\x07\x9b2J\u202e[/red]"
    event = Event(9, NOW.isoformat(), "camtrust", "online", hostile, "cam-2", hostile)
    told = once(site_of(offline(2, hostile), events=[event]), UP, NOW, 80, None)
    assert all(character.isprintable() or character == "\n" for character in told)
    assert "x?]0;owned" in told
    assert "[/red]" in told


@pytest.mark.parametrize(
    ("device", "code"),
    [
        (added(2, "Gate"), ExitCode.DONE),
        (offline(2, "Gate"), ExitCode.DONE),
        (expiring(2, "Gate"), ExitCode.DONE),
        (blocked(2, "Gate"), ExitCode.REVIEW),
        (review(2, "Gate"), ExitCode.REVIEW),
    ],
)
def test_the_exit_code_tells_whether_somebody_is_needed(device: DeviceView, code: ExitCode) -> None:
    assert exit_code(troubles([device], NOW)) is code
