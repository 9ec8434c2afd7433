"""The rows of the device table: order, filter, cursor, marks and scroll position. Knows nothing of terminals.

Rows never jump under the cursor. The cursor is on a device, not on a row number, and what the engine tells does not
move that device on the screen:

- A change of a device changes its row where it is.
- While keys are being pressed rows keep their places, and new ones are added below all others (`keep_order`).
- At rest the list is put in order around the cursor's row, which stays on its line of the screen: by scrolling in a
  list that is scrolled already, else out of order until the cursor leaves it (`order.anchored`).

Only a sort or a filter that the technician asks for orders everything, and then the cursor stays on its device.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from core.model.device import Connection, DeviceView
from tui.order import SORTS, anchored, last_top, matches, natural, scrolled_to
from tui.site import Site
from tui.words import is_other


class DeviceList:
    """`rows` are ids in the order shown, `top` the index of the first on the screen, `height` its lines."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._known: dict[str, DeviceView] = {}
        self._keys: dict[str, tuple[DeviceView, Any]] = {}
        self.rows: tuple[str, ...] = ()
        self.top = 0
        self.height = 1
        self.cursor: str | None = None
        self.marked: set[str] = set()
        self._noticed: frozenset[str] = frozenset()
        self.sort = next(iter(SORTS))
        self.is_reversed = False
        self.filter = ""
        self.shows_others = False

    @property
    def index(self) -> int:
        """The cursor's row, 0 where there is none."""
        return self.rows.index(self.cursor) if self.cursor in self.rows else 0

    def keep_order(self, now: datetime) -> None:
        """Take in what changed without moving anything; what is new comes last."""
        here = dict.fromkeys(self._replace_gone())
        new = [row for row in self._ordered(now) if row not in here]
        self._anchor((*here, *new))

    def put_in_order(self, now: datetime) -> None:
        """Order all rows; the cursor's one stays on its line of the screen, even where the filter would hide it now."""
        self._replace_gone()
        self._anchor(self._ordered(now, keep=self.cursor))

    def rearrange(self, now: datetime) -> None:
        """Order all rows, the cursor's too, because the technician asked for it."""
        self._replace_gone()
        self._keys.clear()
        index = self.index
        self.rows = tuple(self._ordered(now))
        if self.cursor not in self.rows:
            self.cursor = self._at(index)
        self._scroll()

    def sort_by_next(self, now: datetime) -> None:
        """Sort by the next column."""
        names = list(SORTS)
        self.sort = names[(names.index(self.sort) + 1) % len(names)]
        self.is_reversed = False
        self.rearrange(now)

    def reverse(self, now: datetime) -> None:
        """Turn the order round."""
        self.is_reversed = not self.is_reversed
        self.rearrange(now)

    def filter_by(self, words: str, now: datetime) -> None:
        """Show only rows that match."""
        self.filter = words
        self.rearrange(now)

    def toggle_others(self, now: datetime) -> None:
        """Show what says itself that it is no camera, or no longer."""
        self.shows_others = not self.shows_others
        self.rearrange(now)

    def move_to(self, index: int) -> None:
        """Put the cursor on the row `index`, or the nearest one."""
        self.cursor = self._at(index)
        self._scroll()

    def go_to(self, device: str) -> bool:
        """Put the cursor on a device; False where it is not shown."""
        if device not in self.rows:
            return False
        self.move_to(self.rows.index(device))
        return True

    def resize(self, height: int) -> None:
        """Use a screen of `height` lines."""
        self.height = max(height, 1)
        self._scroll()

    def toggle_mark(self) -> None:
        """Mark the cursor's row, or no longer."""
        if self.cursor is not None:
            self.marked ^= {self.cursor}

    def toggle_all(self) -> None:
        """Mark all rows shown, or none of them where all were."""
        shown = set(self.rows)
        self.marked = self.marked - shown if shown <= self.marked else self.marked | shown

    def unnoticed(self) -> tuple[DeviceView, ...]:
        """Return the blocked devices that were not on the screen since they are, by name."""
        blocked = (view for view in self._site.devices.values() if view.connection is Connection.BLOCKED)
        return tuple(
            sorted((view for view in blocked if view.id not in self._noticed), key=lambda view: natural(view.name))
        )

    def notice(self, devices: Iterable[str]) -> None:
        """These are on the screen."""
        known = {*self._noticed, *devices} & self._site.devices.keys()
        self._noticed = frozenset(
            device for device in known if self._site.devices[device].connection is Connection.BLOCKED
        )

    @property
    def on_screen(self) -> tuple[str, ...]:
        """The rows on the screen."""
        return self.rows[self.top : self.top + self.height]

    def _ordered(self, now: datetime, keep: str | None = None) -> list[str]:
        views: Iterable[DeviceView] = self._site.devices.values()
        if not self.shows_others:
            views = [view for view in views if view.id == keep or not is_other(view)]
        if self.filter:
            doing = self._site.doing
            views = [view for view in views if view.id == keep or matches(view, self.filter, now, doing(view.id))]
        ordered = sorted(views, key=lambda view: self._key(view, now), reverse=self.is_reversed)
        return [view.id for view in ordered]

    def _key(self, view: DeviceView, now: datetime) -> Any:
        """Return the sort key, made anew only when the device changed: most updates change few of many rows."""
        known, key = self._keys.get(view.id, (None, None))
        if known is not view:
            key = SORTS[self.sort](view, now)
            self._keys[view.id] = (view, key)
        return key

    def _replace_gone(self) -> list[str]:
        """Return the present rows without those that went; cursor and marks follow a device to its new id."""
        known, self._known = self._known, dict(self._site.devices)
        gone = [known[row] for row in known if row not in self._known]
        for view in gone:
            self._keys.pop(view.id, None)
        heirs = {view.id: heir for view in gone if (heir := self._site.successor(view)) is not None}
        self.marked = {heirs.get(row, row) for row in self.marked} & self._known.keys()
        rows = list(dict.fromkeys(heirs.get(row, row) for row in self.rows))
        here = [row for row in rows if row in self._known]
        self._keep_cursor(heirs, rows, here)
        return here

    def _keep_cursor(self, heirs: dict[str, str], rows: Sequence[str], here: Sequence[str]) -> None:
        line = self.index - self.top
        cursor = heirs.get(self.cursor or "", self.cursor)
        if cursor is not None and cursor not in self._known:
            place = rows.index(cursor) if cursor in rows else 0
            below = [row for row in rows[place:] if row in self._known]
            cursor = below[0] if below else here[-1] if here else None
        self.rows, self.cursor = tuple(here), cursor
        if cursor in here:
            # The list may have become shorter above: what is kept is the line, not the index.
            self.top = here.index(cursor) - line

    def _anchor(self, wanted: Sequence[str]) -> None:
        if self.cursor not in wanted:
            self.cursor = wanted[min(self.index, len(wanted) - 1)] if wanted else None
        if self.cursor is None:
            self.rows, self.top = (), 0
            return
        line = self.index - self.top if self.cursor in self.rows else 0
        arranged = anchored(wanted, self.cursor, max(line, 0), self.top, self.height)
        self.rows, self.top = arranged.rows, arranged.top

    def _at(self, index: int) -> str | None:
        return self.rows[min(max(index, 0), len(self.rows) - 1)] if self.rows else None

    def _scroll(self) -> None:
        self.top = scrolled_to(self.index, self.top, len(self.rows), self.height)
        self.top = min(max(self.top, 0), last_top(len(self.rows), self.height))
