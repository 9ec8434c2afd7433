"""The wall as lines: counts, who needs somebody, what happened last, and how fresh all of that is. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.model.device import Connection, DeviceView
from tui.monitor.chart import chart_lines, history
from tui.monitor.freshness import Freshness, banner, last_word
from tui.monitor.pages import Round
from tui.monitor.rows import OLD, Columns, columns, row
from tui.monitor.tiles import counted_line, tile_lines, tiles
from tui.paragraphs import EMPTY, Line, cut, plain, two_ends
from tui.site import Site
from tui.words import Tone, moment, plural
from tui.words import history as event_words

KEYS = "Space, arrows, PgUp/PgDn: pages   q: leave   ?: these keys"
_DATE = 100


@dataclass(frozen=True, slots=True)
class Layout:
    """Lines of each part, from the top; `gap` is 1 where there is room for empty lines between them."""

    gap: int
    figures: int
    rows: int
    events: int
    chart: int

    @property
    def height(self) -> int:
        """All lines: with the heading, the words of the counts, and the foot."""
        return self.figures + self.rows + self.events + self.chart + 3 + 3 * self.gap


_LAYOUTS = (
    (56, Layout(gap=1, figures=15, rows=0, events=8, chart=6)),
    (46, Layout(gap=1, figures=10, rows=0, events=6, chart=5)),
    (34, Layout(gap=1, figures=10, rows=0, events=4, chart=4)),
    (20, Layout(gap=1, figures=5, rows=0, events=3, chart=1)),
    (0, Layout(gap=0, figures=3, rows=0, events=1, chart=0)),
)


def layout(height: int) -> Layout:
    """Return what is where in so many lines. What is shown has no say in it, so that nothing jumps."""
    bare = next(parts for least, parts in _LAYOUTS if height >= least)
    return replace(bare, rows=max(1, height - bare.height))


@dataclass(frozen=True, slots=True)
class View:
    """What is on the wall now. `page` is a number from 0; `trouble` is what could not be asked for.

    `is_paper` is for one that is read later, and elsewhere.
    """

    site: Site
    fresh: Freshness
    round: Round
    page: int = 0
    slow: bool = False
    with_keys: bool = False
    trouble: str = ""
    is_paper: bool = False


def frame(view: View, width: int, parts: Layout) -> list[Line]:
    """Return the wall in so many cells, and in the lines of its layout."""
    gap = [EMPTY] * parts.gap
    lines = [
        _heading(view, width),
        *_top(view, width, parts),
        *gap,
        *_filled(_rows(view, width), parts.rows),
        *gap,
        *_filled(_events(view, width, parts.events), parts.events),
        *_chart(view, width, parts.chart),
        _foot(view, width),
    ]
    return [cut(line, width) for line in lines]


def _filled(lines: Sequence[Line], count: int) -> list[Line]:
    return [*lines, *[EMPTY] * count][:count]


def _heading(view: View, width: int) -> Line:
    status, now = view.site.status, view.fresh.now
    date = f"{now:%a} {now:%Y-%m-%d}" if width >= _DATE or view.is_paper else f"{now:%a}"
    clock = f"{date} {now:%H:%M}" if view.slow else f"{date} {now:%H:%M:%S}"
    return two_ends(plain(status.gateway if status else "camtrust monitor", Tone.STRONG), plain(clock), width)


def _top(view: View, width: int, parts: Layout) -> list[Line]:
    counted = tiles(view.site, view.fresh.now)
    if not view.fresh.is_old:
        return tile_lines(counted, width, parts.figures, parts.gap)
    then = counted_line(counted, width) if view.site.devices else EMPTY
    return [*banner(view.fresh, width, parts.figures + parts.gap), then]


def _rows(view: View, width: int) -> list[Line]:
    """Return the devices of this page below those that are on each page, or that all is well."""
    if not (view.round.pinned or view.round.rest):
        return [_all_well(view)] if view.site.devices or not view.fresh.is_old else []
    pinned, page = (_known(view.site, devices) for devices in (view.round.pinned, view.round.page(view.page)))
    cells = columns(_known(view.site, (*view.round.pinned, *view.round.rest)), width)
    return [*_told(view, pinned, cells, width), *_more(view), *_told(view, page, cells, width)]


def _more(view: View) -> list[Line]:
    """Return that more devices are blocked than are on each page."""
    if not view.round.hidden:
        return []
    rest = _known(view.site, view.round.rest)
    count = sum(device.connection is Connection.BLOCKED for device in rest)
    before = OLD if view.fresh.is_old else ""
    return [plain(f"{before}!! and {count} more BLOCKED, page by page", _tone(view, Tone.ALARM)) if count else EMPTY]


def _told(view: View, devices: Sequence[DeviceView], cells: Columns, width: int) -> list[Line]:
    is_old = view.fresh.is_old
    return [row(device, view.fresh.as_of, cells, width, is_old=is_old) for device in devices]


def _known(site: Site, devices: Sequence[str]) -> list[DeviceView]:
    """Return devices by their ids; one that was removed meanwhile leaves a gap."""
    return [site.devices.get(device) or _removed(device) for device in devices]


def _removed(device: str) -> DeviceView:
    return DeviceView(device, "(removed)", "", Connection.DISCOVERED)


def _tone(view: View, tone: Tone) -> Tone:
    return Tone.QUIET if view.fresh.is_old else tone


def _all_well(view: View) -> Line:
    added = sum(device.connection is not Connection.DISCOVERED for device in view.site.devices.values())
    before = OLD if view.fresh.is_old else ""
    if not added:
        return plain(f"{before} - No device is added yet.", Tone.QUIET)
    return plain(f"{before} = Nothing needs anybody: {plural(added, 'device')}.", Tone.QUIET)


def _events(view: View, width: int, count: int) -> list[Line]:
    """Return what happened last, newest first."""
    newest = view.site.events[: -count - 1 : -1]
    now = view.fresh.as_of
    before = OLD if view.fresh.is_old else ""
    lines: list[Line] = []
    for event in newest:
        name = f" {event.name}" if event.name else ""
        at = moment(event.at, now)
        told = event_words(event, now).removeprefix(at)
        lines.append(((before + at, Tone.QUIET), (name, _tone(view, Tone.STRONG)), (told, _tone(view, Tone.PLAIN))))
    return lines


def _chart(view: View, width: int, lines: int) -> list[Line]:
    if view.fresh.is_old:
        return [EMPTY] * lines
    return chart_lines(history(view.site.events, view.fresh.now), width, lines)


def _foot(view: View, width: int) -> Line:
    if view.with_keys:
        return plain(KEYS, Tone.STRONG)
    pages = view.round.pages
    place = plain(f"page {view.page + 1} of {pages}", Tone.STRONG) if pages > 1 else EMPTY
    word = last_word(view.fresh, slow=view.slow)
    trouble: Line = ((f" · {view.trouble}", Tone.WARN),) if view.trouble else EMPTY
    if view.is_paper:
        return two_ends(plain("camtrust list shows all"), place, width) if pages > 1 else EMPTY
    left = word if view.fresh.is_old else (("watching · ", Tone.QUIET), *word, *trouble)
    return two_ends(left, place, width)
