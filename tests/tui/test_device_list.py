"""Rows never jump under the cursor."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from core.model.device import Connection, DeviceView
from core.model.messages import Update
from tests.tui.engine import added, blocked, found
from tui.device_list import DeviceList
from tui.order import anchored, last_top
from tui.site import Site

NOW = datetime(2026, 11, 24, 7, 5, tzinfo=UTC)


def site_of(*devices: DeviceView) -> Site:
    site = Site()
    site.restart(devices)
    return site


def list_of(site: Site, height: int = 20) -> DeviceList:
    rows = DeviceList(site)
    rows.resize(height)
    rows.put_in_order(NOW)
    return rows


def change(site: Site, *devices: DeviceView, gone: tuple[str, ...] = ()) -> None:
    site.apply(Update(devices=devices, gone=gone), NOW)


def line(rows: DeviceList) -> int:
    return rows.index - rows.top


def test_a_device_that_needs_a_person_comes_first() -> None:
    rows = list_of(site_of(found(1), added(2, "b"), blocked(3, "c")))
    assert rows.rows == ("cam-3", "cam-2", "found:192.168.20.1")
    assert rows.cursor == "cam-3"


def test_a_new_row_above_leaves_the_cursor_on_its_device_and_its_line() -> None:
    site = site_of(added(2, "b"), added(4, "d"))
    rows = list_of(site)
    rows.move_to(1)
    change(site, blocked(9, "z"), added(3, "c"))
    rows.put_in_order(NOW)
    assert (rows.cursor, line(rows)) == ("cam-4", 1)
    assert rows.rows == ("cam-9", "cam-4", "cam-2", "cam-3")


def test_in_a_long_list_the_list_scrolls_and_the_order_is_kept() -> None:
    site = site_of(*(added(number, f"cam {number}") for number in range(10, 60)))
    rows = list_of(site, height=10)
    rows.move_to(30)
    before = line(rows)
    change(site, *(blocked(number, f"bad {number}") for number in range(100, 105)))
    rows.put_in_order(NOW)
    assert (rows.cursor, line(rows)) == ("cam-40", before)
    assert rows.rows[:5] == tuple(f"cam-{number}" for number in range(100, 105))
    assert rows.rows.index("cam-40") == 35


def test_a_device_that_changes_its_state_is_not_moved_under_the_cursor() -> None:
    site = site_of(added(2, "b"), added(3, "c"), added(4, "d"))
    rows = list_of(site)
    rows.move_to(2)
    change(site, blocked(4, "d"))
    rows.put_in_order(NOW)
    assert (rows.cursor, line(rows)) == ("cam-4", 2)
    rows.move_to(0)
    rows.put_in_order(NOW)
    assert rows.rows == ("cam-2", "cam-4", "cam-3")


def test_while_keys_are_pressed_new_rows_come_last_and_nothing_moves() -> None:
    site = site_of(added(2, "b"), added(3, "c"))
    rows = list_of(site)
    change(site, blocked(3, "c"), added(1, "a"))
    rows.keep_order(NOW)
    assert rows.rows == ("cam-2", "cam-3", "cam-1")


def test_the_cursor_follows_a_found_device_to_the_row_that_it_becomes() -> None:
    site = site_of(found(5), found(6), found(7))
    rows = list_of(site)
    rows.move_to(1)
    rows.marked = {"found:192.168.20.6"}
    change(site, added(6, "Gate", Connection.ADDING), gone=("found:192.168.20.6",))
    rows.put_in_order(NOW)
    assert (rows.cursor, line(rows)) == ("cam-6", 1)
    assert rows.marked == {"cam-6"}


def test_the_cursor_goes_to_the_row_below_one_that_went_for_good() -> None:
    site = site_of(added(2, "b"), added(3, "c"), added(4, "d"))
    rows = list_of(site)
    rows.move_to(1)
    change(site, gone=("cam-3",))
    rows.put_in_order(NOW)
    assert (rows.cursor, rows.rows) == ("cam-4", ("cam-2", "cam-4"))
    change(site, gone=("cam-4",))
    rows.put_in_order(NOW)
    assert rows.cursor == "cam-2"


def test_when_all_rows_went_there_is_no_cursor_and_the_next_row_gets_it() -> None:
    site = site_of(added(2, "b"))
    rows = list_of(site)
    change(site, gone=("cam-2",))
    rows.put_in_order(NOW)
    assert (rows.rows, rows.cursor) == ((), None)
    change(site, added(3, "c"))
    rows.put_in_order(NOW)
    assert rows.cursor == "cam-3"


def test_a_sort_that_was_asked_for_keeps_the_cursor_on_its_device() -> None:
    rows = list_of(site_of(added(2, "zebra"), added(3, "ant"), added(10, "bee")))
    rows.move_to(2)
    assert rows.cursor == "cam-2"
    rows.sort_by_next(NOW)
    rows.sort_by_next(NOW)
    assert (rows.sort, rows.rows, rows.cursor) == ("address", ("cam-2", "cam-3", "cam-10"), "cam-2")
    rows.reverse(NOW)
    assert (rows.rows, rows.index) == (("cam-10", "cam-3", "cam-2"), 2)


def test_a_filter_hides_rows_and_a_live_change_does_not_hide_the_cursors_one() -> None:
    site = site_of(added(2, "gate"), added(3, "gate two"), added(4, "roof"))
    rows = list_of(site)
    rows.filter_by("gate", NOW)
    assert rows.rows == ("cam-2", "cam-3")
    change(site, added(2, "renamed"))
    rows.put_in_order(NOW)
    assert rows.rows == ("cam-2", "cam-3")
    rows.move_to(1)
    rows.put_in_order(NOW)
    assert list(rows.rows) == ["cam-3"]


def test_a_filter_inverts_words_with_an_exclamation_mark() -> None:
    rows = list_of(site_of(added(2, "gate"), blocked(3, "gate two"), added(4, "roof")))
    rows.filter_by("gate !blocked", NOW)
    assert rows.rows == ("cam-2",)
    rows.filter_by("!", NOW)
    assert len(rows.rows) == 3


def test_marking_all_marks_what_is_shown_and_then_none_of_it() -> None:
    rows = list_of(site_of(added(2, "gate"), added(3, "gate two"), added(4, "roof")))
    rows.marked = {"cam-4"}
    rows.filter_by("gate", NOW)
    rows.toggle_all()
    assert rows.marked == {"cam-2", "cam-3", "cam-4"}
    rows.toggle_all()
    assert rows.marked == {"cam-4"}


ROWS = st.lists(st.integers(0, 40).map(str), min_size=1, max_size=40, unique=True)


@given(ROWS, st.data(), st.integers(1, 25))
def test_whatever_the_order_is_the_cursor_stays_on_its_line(
    wanted: list[str], data: st.DataObject, height: int
) -> None:
    cursor = data.draw(st.sampled_from(wanted))
    top = data.draw(st.integers(0, last_top(len(wanted), height)))
    at = data.draw(st.integers(0, min(height, len(wanted)) - 1))
    arranged = anchored(wanted, cursor, at, top, height)
    assert arranged.rows.index(cursor) - arranged.top == at
    assert sorted(arranged.rows) == sorted(wanted)
    assert [row for row in arranged.rows if row != cursor] == [row for row in wanted if row != cursor]
    assert 0 <= arranged.top <= last_top(len(wanted), height)
    assert top > 0 or arranged.top == 0


def test_a_list_that_shows_its_beginning_goes_on_to_show_what_needs_a_person() -> None:
    site = site_of(*(added(number, f"cam {number}") for number in range(10, 60)))
    rows = list_of(site, height=10)
    change(site, blocked(55, "cam 55"))
    rows.put_in_order(NOW)
    assert (rows.top, rows.rows[:3]) == (0, ("cam-10", "cam-55", "cam-11"))


STATES = st.sampled_from([found, lambda number: added(number, f"n{number}"), lambda number: blocked(number, "b")])
STEPS = st.lists(st.tuples(st.integers(1, 12), STATES, st.booleans()), max_size=30)


@given(STEPS, st.integers(1, 15), st.integers(0, 11))
def test_no_series_of_changes_moves_the_cursor_while_its_device_is_there(
    steps: list[tuple[int, object, bool]], height: int, start: int
) -> None:
    site = site_of(*(added(number, f"n{number}") for number in range(100, 112)))
    rows = list_of(site, height)
    rows.move_to(start)
    cursor, at = rows.cursor, line(rows)
    for number, make, at_rest in steps:
        change(site, make(number))  # type: ignore[operator]
        rows.put_in_order(NOW) if at_rest else rows.keep_order(NOW)
        assert (rows.cursor, line(rows)) == (cursor, at)
        assert sorted(rows.rows) == sorted(site.devices)
