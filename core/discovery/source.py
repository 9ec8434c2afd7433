"""What every discovery source offers the engine, whatever it listens to."""

from collections.abc import Callable
from typing import Protocol

from core.model.sighting import Sighting, SourceStatus

Report = Callable[[Sighting], None]


class Source(Protocol):
    """One way of hearing about devices. It is told its interfaces when it is made."""

    name: str

    async def run(self, report: Report) -> None:
        """Call `report` with each sighting until cancelled. No packet and no missing network ends it."""

    def rescan(self) -> None:
        """Ask the network again now."""

    def status(self) -> SourceStatus:
        """Return what was heard and dropped so far, and what is wrong, in words."""

    def next_scan(self) -> float | None:
        """Return the seconds until it asks again by itself; None while it is not running."""
