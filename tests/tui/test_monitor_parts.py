"""The parts of the wall, each alone: figures, counts, rows, pages, the chart, freshness, and where it stands."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

import pytest
from msgspec.structs import replace

from core.model.device import AttentionKind, Connection, DeviceView
from tests.tui.driving import NOW
from tests.tui.engine import RESET, added, blocked, over_http, review
from tests.tui.monitor import expiring, fresh, happened, offline, site_of, text, texts
from tui.look import use_encoding
from tui.monitor.chart import chart_lines, history
from tui.monitor.drift import Margin, margin, offset, placed
from tui.monitor.figures import Size, sizes
from tui.monitor.freshness import ago, banner, last_word
from tui.monitor.pages import Round, begun, gone_on
from tui.monitor.rows import columns, row, said, troubles
from tui.monitor.tiles import tile_lines, tiles
from tui.paragraphs import length, plain
from tui.words import Tone


@pytest.fixture
def ascii_only() -> Iterator[None]:
    use_encoding("ascii")
    yield
    use_encoding("utf-8")


# Figures.


def test_a_figure_is_drawn_in_every_size() -> None:
    assert Size(1, 1).draw("17") == [" █  ███", "██    █", " █    █", " █    █", "███   █"]
    assert Size(2, 1).draw("1") == ["  ██  ", "████  ", "  ██  ", "  ██  ", "██████"]
    assert Size(1, 0).draw("40") == ["█ █ █▀█", "▀▀█ █ █", "  ▀ ▀▀▀"]
    assert Size(4, 2).draw("0")[:3] == ["████████████", "████████████", "████    ████"]


@pytest.mark.parametrize("lines", [3, 5, 10, 15])
def test_no_size_is_higher_than_its_room_and_all_lines_are_as_wide_as_told(lines: int) -> None:
    for size in sizes(lines):
        drawn = size.draw("0123456789OLD")
        assert len(drawn) == size.lines <= lines
        assert {len(row) for row in drawn} == {size.width("0123456789OLD")}


def test_no_two_figures_look_alike() -> None:
    assert len({tuple(Size(1, 0).draw(digit)) for digit in "0123456789"}) == 10


@pytest.mark.usefixtures("ascii_only")
def test_ascii_has_figures_of_its_own_and_no_half_lines() -> None:
    assert Size(1, 1).draw("7") == ["###", "  #", "  #", "  #", "  #"]
    assert Size(1, 0).draw("27") == [" _   _ ", " _|   |", "|_    |"]
    assert (sizes(3), sizes(2)) == ([Size(1, 0)], [])
    for size in sizes(15):
        for letter in "0123456789OLD":
            assert {len(line) for line in size.draw(letter)} == {size.width(letter)}


# Counts.


def test_every_state_is_counted_by_mark_and_word() -> None:
    site = site_of(
        added(2, "Gate"),
        review(3, "Lobby"),
        blocked(4, "Dock"),
        offline(5, "Roof"),
        expiring(6, "Stairs"),
        expiring(7, "Till", AttentionKind.EXPIRED),
        added(8, "New", Connection.ADDING),
    )
    assert [(tile.mark, tile.word, tile.count) for tile in tiles(site, NOW)] == [
        ("=", "ONLINE", 4),
        ("!!", "BLOCKED", 1),
        ("?", "REVIEW", 1),
        (".", "OFFLINE", 1),
        ("~", "EXPIRING", 2),
        (">", "ADDING", 1),
    ]


def test_nothing_is_added_is_not_told_and_a_zero_is_quiet() -> None:
    counted = tiles(site_of(added(2, "Gate")), NOW)
    assert [tile.word for tile in counted] == ["ONLINE", "BLOCKED", "REVIEW", "OFFLINE", "EXPIRING"]
    assert [tile.shown_tone for tile in counted] == [Tone.PLAIN, *[Tone.QUIET] * 4]


def test_what_is_blocked_is_a_block_in_reverse_with_its_word() -> None:
    lines = tile_lines(tiles(site_of(blocked(4, "Dock")), NOW), 78, 5)
    assert len(lines) == 6
    for line in lines:
        assert [tone for _, tone in line].count(Tone.ALARM) == 1
    [label] = [part for part, tone in lines[-1] if tone is Tone.ALARM]
    assert "!! BLOCKED" in label


@pytest.mark.parametrize("width", [58, 78, 114, 194])
@pytest.mark.parametrize("lines", [3, 5, 10, 15])
@pytest.mark.parametrize("count", [1, 30, 300])
def test_counts_fit_whatever_they_are(width: int, lines: int, count: int) -> None:
    devices = [
        view for n in range(count) for view in (_named(n, "on", added(2, "x")), _named(n, "off", offline(3, "x")))
    ]
    site = site_of(*devices, blocked(4, "Dock"), added(8, "New", Connection.ADDING))
    told = tile_lines(tiles(site, NOW), width, lines)
    assert len(told) == lines + 1
    assert all(length(line) <= width for line in told)
    assert all(word in text(told[-1]) for word in ("ONLINE", "!! BLOCKED", "REVIEW", "OFFLINE", "EXPIRING", "ADDING"))


def _named(number: int, kind: str, view: DeviceView) -> DeviceView:
    return DeviceView(f"{kind}-{number}", view.name, view.address, view.connection)


def test_counts_too_long_for_figures_are_plain_numbers() -> None:
    site = site_of(*(_named(number, "on", added(2, "x")) for number in range(3000)), added(8, "New", Connection.ADDING))
    numbers, words = tile_lines(tiles(site, NOW), 58, 5)[-2:]
    assert text(numbers).split() == ["3000", "0", "0", "0", "0", "1"]
    assert "ONLINE" in text(words)


# Rows.


SAID = {
    "blocked": (blocked(4, "x", since="2026-11-24T07:02:00Z"), "BLOCKED since 07:02: another certificate"),
    "blocked, and why": (
        blocked(4, "x", change=RESET),
        "BLOCKED since 07:00: another certificate (probably: Back to the certificate from before ours was installed)",
    ),
    "blocked and silent": (
        blocked(4, "x", silent=True),
        "BLOCKED since 07:00: it does not answer now; another certificate",
    ),
    "review": (review(4, "x"), "review: the device's own certificate, not accepted yet (online since 07:00)"),
    "an abbreviation": (
        added(4, "x", attention="TLS is off there", attention_kind=AttentionKind.LOGIN_REFUSED, since=None),
        "login refused: TLS is off there",
    ),
    "its word once": (
        added(4, "x", attention="Login refused by it", attention_kind=AttentionKind.LOGIN_REFUSED, since=None),
        "Login refused by it",
    ),
    "fails in TLS": (
        offline(4, "x", attention="It speaks no TLS", attention_kind=AttentionKind.TLS_FAILED),
        "TLS failed: it speaks no TLS (offline since 06:50)",
    ),
    "offline": (offline(4, "x"), "offline since 06:50: the camera does not answer"),
    "offline since another day": (
        offline(4, "x", since="2026-11-22T06:50:00Z", attention=None),
        "offline since 11-22 06:50",
    ),
    "offline, unknown since when": (offline(4, "x", since=None, attention=None), "offline"),
    "expires": (expiring(4, "x", not_after="2026-12-13T10:00:00Z"), "expires in 19 days, on 2026-12-13"),
    "expires today": (expiring(4, "x", not_after="2026-11-24T10:00:00Z"), "expires in less than a day, on 2026-11-24"),
    "expired": (
        expiring(4, "x", AttentionKind.EXPIRED, not_after="2026-11-23T06:00:00Z"),
        "EXPIRED 1 day ago, on 2026-11-23",
    ),
    "an end that cannot be read": (expiring(4, "x", not_after="soon"), "Certificate expires in 19 days"),
    "well again": (added(4, "x"), "online since 07:00"),
}


@pytest.mark.parametrize(
    ("case", "room", "words"),
    [
        ("blocked, and why", 60, "BLOCKED since 07:00: another certificate"),
        ("blocked, and why", 39, "BLOCKED since 07:00"),
        ("blocked and silent", 60, "BLOCKED since 07:00: it does not answer now"),
        ("review", 60, "review: the device's own certificate, not accepted yet"),
        ("offline", 20, "offline since 06:50"),
        ("expires", 20, "expires in 19 days"),
    ],
)
def test_a_short_row_says_less_and_cuts_no_word(case: str, room: int, words: str) -> None:
    assert said(SAID[case][0], NOW, room) == words


def test_what_there_is_to_do_is_cut_and_not_left_out() -> None:
    device = SAID["review"][0]
    told = "".join(text for text, _ in row(device, NOW, columns([device], 50), 50))
    assert "review: the device's own" in told
    assert told.endswith("…")


@pytest.mark.parametrize("case", SAID)
def test_a_row_says_state_time_and_reason(case: str) -> None:
    device, words = SAID[case]
    assert said(device, NOW, 120) == words


def test_blocked_ones_are_first_then_review_offline_and_expiring_each_by_name() -> None:
    devices = [
        expiring(1, "A"),
        offline(2, "b 10"),
        offline(3, "B 9"),
        review(4, "C"),
        blocked(5, "Z"),
        blocked(6, "Y"),
        added(7, "well"),
        over_http(8, "plain"),
    ]
    told = troubles(devices, NOW)
    assert [view.name for view in told.blocked] == ["Y", "Z"]
    assert [view.name for view in told.others] == ["C", "B 9", "b 10", "A"]
    assert troubles(reversed(devices), NOW) == told


@pytest.mark.parametrize(
    ("device", "needs"),
    [(blocked(4, "x"), True), (review(4, "x"), True), (offline(4, "x"), False), (expiring(4, "x"), False)],
)
def test_who_needs_a_person(device: DeviceView, needs: bool) -> None:
    assert troubles([device], NOW).needs_person is needs


def test_a_blocked_row_is_reversed_over_its_whole_width_and_an_old_one_is_quiet_and_says_old() -> None:
    device = blocked(4, "Dock")
    [(told, tone)] = row(device, NOW, columns([device], 78), 78)
    assert (told[:16], tone, len(told)) == ("!! Dock  192.168", Tone.ALARM, 78)
    [(told, tone)] = row(device, NOW, columns([device], 78), 78, is_old=True)
    assert (told[:20], tone, len(told)) == ("old !! Dock  192.168", Tone.QUIET, 78)


def test_a_row_keeps_its_width_whatever_the_names_are() -> None:
    for name in ("[/red]", "カメラ" * 20, "x" * 200, ""):
        device = replace(offline(4, name), address="2001:db8:ffff:ffff:ffff:ffff:ffff:ffff")
        assert length(row(device, NOW, columns([device], 58), 58)) == 58


# Pages.


def names(prefix: str, count: int) -> list[str]:
    return [f"{prefix}{number}" for number in range(count)]


def pages(around: Round) -> list[tuple[str, ...]]:
    return [around.page(number) for number in range(around.pages)]


def test_what_fits_is_one_page() -> None:
    around = begun(names("b", 6), names("x", 2), 8)
    assert (around.pinned, around.hidden) == (tuple(names("b", 6)), 0)
    assert pages(around) == [("x0", "x1")]


def test_blocked_ones_are_on_each_page() -> None:
    around = begun(names("b", 3), names("x", 11), 8)
    assert around.pinned == ("b0", "b1", "b2")
    assert pages(around) == [tuple(names("x", 5)), tuple(names("x", 10)[5:]), ("x10",)]


def test_too_many_blocked_ones_take_half_and_the_others_of_them_go_by_first() -> None:
    around = begun(names("b", 9), ["x0"], 8)
    assert (around.pinned, around.hidden) == (("b0", "b1", "b2"), 6)
    assert pages(around) == [("b3", "b4", "b5", "b6"), ("b7", "b8", "x0")]


@pytest.mark.parametrize("lines", range(1, 12))
@pytest.mark.parametrize("count", [0, 1, 5, 40])
def test_everybody_is_seen_in_each_round_and_no_page_is_too_long(lines: int, count: int) -> None:
    around = begun(names("b", count), names("x", count), lines)
    seen = [*around.pinned, *(device for page in pages(around) for device in page)]
    assert sorted(seen) == sorted([*names("b", count), *names("x", count)])
    assert all(len(around.pinned) + bool(around.hidden) + len(page) <= max(lines, 2) for page in pages(around))


def test_nobody_moves_while_the_pages_go_by() -> None:
    before = begun(["b0"], names("x", 9), 4)
    now = gone_on(before, ["b0"], ["a new one", *names("x", 9)[3:]], 4)
    assert now.pinned == ("b0",)
    assert now.rest == (*names("x", 9), "a new one")
    assert pages(now)[:3] == pages(before)


def test_one_that_is_blocked_meanwhile_is_at_the_top_at_once() -> None:
    before = begun(["b0"], names("x", 9), 4)
    assert gone_on(before, ["b0", "x8"], names("x", 8), 4) == begun(["b0", "x8"], names("x", 8), 4)


def test_one_that_is_blocked_no_longer_keeps_its_place_for_this_round() -> None:
    before = begun(["b0", "b1"], names("x", 9), 6)
    assert gone_on(before, ["b0"], names("x", 9), 6) == before


@pytest.mark.parametrize(
    ("others", "lines"),
    [(names("x", 9), 5), (names("x", 3), 4), (names("x", 9)[6:], 2)],
    ids=["another size", "one page is enough", "most are well"],
)
def test_a_round_that_is_no_use_any_more_begins_anew(others: list[str], lines: int) -> None:
    assert gone_on(begun([], names("x", 9), 2 if lines == 2 else 4), [], others, lines) == begun([], others, lines)


def test_on_one_page_all_are_always_in_order() -> None:
    assert gone_on(begun([], ["b", "c"], 4), [], ["a", "b", "c"], 4).rest == ("a", "b", "c")


# The chart.


def test_troubles_are_counted_by_the_hour() -> None:
    minutes = [0, 4, 6, 66, 23 * 60, 25 * 60]
    events = [happened(number, timedelta(minutes=past)) for number, past in enumerate(minutes, 1)]
    events.append(happened(8, timedelta(minutes=5), "accepted"))
    events.append(happened(9, timedelta(minutes=5), "blocked"))
    told = history(events, NOW)
    # It is 07:05: the hours are from 08:00 of the day before.
    assert told.hours == (1, *[0] * 20, 1, 1, 3)
    assert told.since is None
    assert told.worst == (NOW.replace(minute=0), 3)


def test_events_that_do_not_reach_a_day_back_say_since_when() -> None:
    told = history([happened(1, timedelta(hours=3))], NOW)
    assert told.since == NOW - timedelta(hours=3)
    [line] = chart_lines(told, 78, 1)
    assert text(line).startswith("from 04:05  ")
    assert text(line).endswith("█     1 time offline or blocked, worst hour: 1")


def test_one_column_is_one_hour_and_the_worst_is_the_highest() -> None:
    past = [*[timedelta(hours=2)] * 8, timedelta(hours=1), *[timedelta(0)] * 4, timedelta(hours=30)]
    told = history([happened(number, before) for number, before in enumerate(past, 1)], NOW)
    [line] = chart_lines(told, 78, 1)
    assert text(line) == "24 h  " + " " * 21 + "█▁▄" + "  13 times offline or blocked, worst hour: 8"


def test_a_higher_chart_has_its_hours_below() -> None:
    past = [*[timedelta(hours=2)] * 8, timedelta(hours=1), *[timedelta(0)] * 4, timedelta(hours=30)]
    told = history([happened(number, before) for number, before in enumerate(past, 1)], NOW)
    lines = [text(line) for line in chart_lines(told, 78, 4)]
    assert [line[21:24] for line in lines[:3]] == ["█  ", "█ ▄", "█▃█"]
    assert lines[3] == "08:00" + " " * 16 + "now"


@pytest.mark.usefixtures("ascii_only")
def test_in_ascii_the_columns_are_the_counts() -> None:
    past = [*[timedelta(hours=2)] * 12, timedelta(hours=1), timedelta(hours=30)]
    told = history([happened(number, before) for number, before in enumerate(past, 1)], NOW)
    [line] = chart_lines(told, 78, 1)
    assert text(line).startswith("24 h  " + "." * 21 + "+1.")


def test_without_troubles_there_is_no_chart_and_its_room_stays() -> None:
    told = history([happened(1, timedelta(hours=3), "accepted")], NOW)
    assert chart_lines(told, 78, 4) == [()] * 4


@pytest.mark.parametrize("width", [58, 78, 114, 194])
def test_a_chart_fits(width: int) -> None:
    told = history([happened(number, timedelta(minutes=7 * number)) for number in range(1, 150)], NOW)
    for lines in (1, 4, 6):
        chart = chart_lines(told, width, lines)
        assert len(chart) == lines
        assert all(length(line) <= width for line in chart)
        assert "worst hour" in text(chart[0])


# Freshness.


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(-5, "0 s"), (3.9, "3 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (7200, "2 h"), (200_000, "2 d")],
)
def test_a_time_is_told_in_its_largest_unit(seconds: float, told: str) -> None:
    assert ago(timedelta(seconds=seconds)) == told


@pytest.mark.parametrize(
    ("seconds", "is_up", "is_old"),
    [(0, True, False), (15, True, False), (16, True, True), (1, False, True), (None, True, True), (None, False, True)],
)
def test_what_is_shown_is_old_without_a_word_or_a_connection(seconds: float | None, is_up: bool, is_old: bool) -> None:
    assert fresh(seconds, is_up=is_up).is_old is is_old


def test_the_age_of_the_last_word_is_told() -> None:
    assert last_word(fresh(3), slow=False) == plain("last word 3 s ago", Tone.QUIET)
    assert last_word(fresh(3), slow=True) == plain("last word just now", Tone.QUIET)
    assert last_word(fresh(120), slow=True) == plain(" OLD: last word 2 min ago, as of 07:03:00 ", Tone.ALARM)
    assert "as of 11-22 07:05:00" in text(last_word(fresh(2 * 86_400), slow=False))


@pytest.mark.parametrize("lines", [3, 5, 10, 15])
@pytest.mark.parametrize("width", [58, 78, 194])
@pytest.mark.parametrize("seconds", [None, 120])
def test_a_missing_engine_is_a_reversed_block_that_says_so(lines: int, width: int, seconds: float | None) -> None:
    told = banner(fresh(seconds, is_up=False, title="No engine is running here"), width, lines)
    assert len(told) == lines
    assert all(line[0][1] is Tone.ALARM and length(line) == width for line in told)
    head = "!! NO ENGINE" if seconds is None else "!! NO WORD FOR 2 MIN"
    assert all(words in texts(told) for words in (head, "No engine is running here."))


def test_a_silent_engine_is_told_though_it_is_connected() -> None:
    told = texts(banner(fresh(20), 78, 5))
    assert all(words in told for words in ("NO WORD FOR 20 S", "OLD, as of 07:04:40", "connected, and silent"))


@pytest.mark.usefixtures("ascii_only")
def test_the_block_is_ascii_where_nothing_else_can_be_drawn() -> None:
    assert texts(banner(fresh(120), 78, 5)).isascii()
    assert texts(banner(fresh(120), 58, 3)).isascii()


# Where it stands.


@pytest.mark.parametrize(("width", "height"), [(60, 15), (80, 24), (120, 40), (250, 70)])
def test_it_wanders_one_step_a_minute_through_all_of_its_margin(width: int, height: int) -> None:
    room = margin(width, height)
    places = (room.columns + 1) * (room.lines + 1)
    path = [offset(room, NOW + timedelta(minutes=minute)) for minute in range(2 * places)]
    assert len(set(path)) == places
    steps = [abs(a.columns - b.columns) + abs(a.lines - b.lines) for a, b in pairwise(path)]
    assert set(steps) == {1}
    assert offset(room, NOW) == offset(room, NOW + timedelta(seconds=54))


def test_wherever_it_stands_it_fills_the_screen() -> None:
    room = Margin(2, 1)
    lines = [plain("one"), (), plain("three")]
    for minute in range(12):
        at = NOW + timedelta(minutes=minute)
        right, down = offset(room, at)
        told = placed(lines, room, at, 4)
        assert len(told) == 4
        assert [text(line) for line in told[down : down + 3]] == [" " * right + "one", "", " " * right + "three"]
