"""What has to be true of every sweep before its time means anything."""

from collections.abc import Iterator, Sequence

from tests.bench.farm import Counts, Farm, Target, with_wrong_pins
from tests.bench.ways import Sweep, Way


class Gate:
    """Sweeps over a farm, each held against what arrived there. `problems` gathers what does not fit."""

    def __init__(self, farm: Farm) -> None:
        self._farm = farm
        self.problems: list[str] = []
        self.handshakes = 0
        self.farm_cpu = 0.0

    def sweep(self, way: Way, targets: Sequence[Target], at_once: int, *, delay: float = 0.0) -> Sweep:
        """Look at targets with their own pins. The farm takes `delay` seconds more for each."""
        self._farm.settle(delay)
        sweep = way.sweep(targets, at_once)
        counts = self._farm.settle()
        self.handshakes += counts.handshakes
        self.farm_cpu += counts.cpu
        self._hold(way, problems(Sweep(right=len(targets)), sweep, counts, silent=way.silent))
        return sweep

    def sweep_wrongly(self, way: Way, targets: Sequence[Target], at_once: int) -> None:
        """Look at targets with the pins of others: each has to be seen as wrong."""
        self._farm.settle()
        sweep = way.sweep(with_wrong_pins(targets), at_once)
        found = problems(Sweep(wrong=len(targets)), sweep, self._farm.settle(), silent=way.silent)
        self._hold(way, (f"with wrong pins, {problem}" for problem in found))

    def _hold(self, way: Way, found: Iterator[str]) -> None:
        self.problems += [f"{way.name}: {problem}" for problem in found]


def problems(expected: Sweep, sweep: Sweep, counts: Counts, *, silent: bool) -> Iterator[str]:
    """Tell what the client or the farm counted that it should not have. Times are not looked at."""
    targets = expected.right + expected.wrong + expected.failed
    checks = [
        ("right pins at the client", sweep.right, expected.right),
        ("wrong pins at the client", sweep.wrong, expected.wrong),
        ("failures at the client", sweep.failed, expected.failed),
        ("full handshakes at the farm", counts.handshakes - counts.resumed, targets),
        ("resumed handshakes at the farm", counts.resumed, 0),
        ("failed handshakes at the farm", counts.failed, 0),
        ("bytes of application data at the farm", counts.data, 0 if silent else counts.data),
    ]
    for what, count, wanted in checks:
        if count != wanted:
            yield f"{count} {what}, not {wanted}"
