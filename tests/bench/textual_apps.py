"""Textual apps beside which our screens are measured. `python -m tests.bench.textual_apps NAME ROWS` runs one of them.

The keys `0`, `5` and `9` have no row, 5 and 200 rows a second changed.
"""

import sys
from collections.abc import Mapping
from datetime import datetime

from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.timer import Timer
from textual.widgets import DataTable, Static

_STATE, _CHANGED = "state", 20
_COLUMNS = ("Name", "Address", "Certificate", "Expires", "Model")


class Hello(App[None]):
    """The least that Textual does: one line, which tells how many keys came."""

    def __init__(self) -> None:
        super().__init__()
        self._keys = 0

    def compose(self) -> ComposeResult:
        yield Static("ready 0")

    def on_key(self) -> None:
        self._keys += 1
        self.query_one(Static).update(f"ready {self._keys}")


class Obvious(App[None]):
    """The devices in a `DataTable`, each change by `update_cell`, and a clock."""

    CSS = "Static { dock: top; height: 1; } DataTable { height: 1fr; }"
    BINDINGS = [Binding("0", "rate(0)"), Binding("5", "rate(5)"), Binding("9", "rate(200)")]  # noqa: RUF012 - as declared

    def __init__(self, rows: int) -> None:
        super().__init__()
        self._rows = rows
        self._changes = 0
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        yield Static("clock")
        yield DataTable(cursor_type="row")

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        table.add_column("State", key=_STATE)
        table.add_columns(*_COLUMNS)
        for row in range(self._rows):
            address = f"10.0.{row // 250}.{row % 250 + 1}"
            table.add_row("online", f"Camera {row}", address, "HTTPS (Arcules)", "2036-11", "MX-1", key=str(row))
        self.set_interval(1.0, self._tick)

    def action_rate(self, rate: int) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_interval(1 / rate, self._change) if rate else None

    def _change(self) -> None:
        self._changes += 1
        row = self._changes % min(_CHANGED, self._rows)
        self.query_one(DataTable).update_cell(str(row), _STATE, f"#{self._changes}")

    def _tick(self) -> None:
        self.query_one(Static).update(f"{datetime.now():%H:%M:%S}, change {self._changes}")


def main(name: str, rows: int) -> None:
    apps: Mapping[str, App[None]] = {"hello": Hello(), "obvious": Obvious(rows)}
    apps[name].run(mouse=False)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
