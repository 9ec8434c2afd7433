"""An engine that has devices and nothing to do. `python -m tests.bench.views SOCKET ROWS` serves it.

It takes lines on its standard input and answers each with a JSON line. A number is how many devices a second change
from then on, `hidden` has these be such that are not on the first page; the answer is how the last one was left.
"""

import asyncio
import json
import sys
from pathlib import Path

import msgspec

from core.model.device import Connection, DeviceView
from core.service.server import Server
from tests.tui.engine import ScriptedEngine, added

_CHANGED = 5
_STEPS = 10


class Site:
    """The devices, of which some are being worked on."""

    def __init__(self, rows: int) -> None:
        self.engine = ScriptedEngine()
        self._views = [_view(number) for number in range(1, rows + 1)]
        self._is_hidden = False
        self._changes = 0
        self.engine.show(*self._views)

    def obey(self, line: str) -> int:
        """Take a line; return the new rate."""
        word = line.strip()
        self._is_hidden = word == "hidden"
        return 5 if self._is_hidden else int(word)

    def change(self) -> None:
        """Have one more step done."""
        self._changes += 1
        if self._is_hidden:
            self.engine.show(msgspec.structs.replace(self._views[-1], serial=f"S{self._changes}"))
        else:
            self.engine.show(self._at_work())

    def left(self) -> dict[str, object]:
        """Return what stands in the row that changed last."""
        view = self._at_work()
        return {"name": view.name, "state": f"adding {view.step}/{_STEPS}"}

    def _at_work(self) -> DeviceView:
        view = self._views[self._changes % min(_CHANGED, len(self._views))]
        step = self._changes // _CHANGED % _STEPS + 1
        return msgspec.structs.replace(view, connection=Connection.ADDING, step=step, steps=_STEPS)


def _view(number: int) -> DeviceView:
    host = f"10.0.{number // 250}.{number % 250 + 1}"
    view = added(number, f"Camera {number}", model="Meridian MX-1", serial=f"S{number}")
    return msgspec.structs.replace(view, host=host, address=host)


async def serve(path: Path, rows: int) -> None:
    """Serve until standard input ends."""
    site = Site(rows)
    server = Server(site.engine, site.engine.board, path.with_suffix(".log"))
    await server.start(path)
    changing = asyncio.create_task(_change(site, 0))
    print(json.dumps(site.left()), flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        changing.cancel()
        changing = asyncio.create_task(_change(site, site.obey(line)))
        print(json.dumps(site.left()), flush=True)
    changing.cancel()
    await server.close("The bench is over")


async def _change(site: Site, rate: int) -> None:
    while rate:
        site.change()
        await asyncio.sleep(1 / rate)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
