import os
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from core.network.profile import client_context
from tests.bench.__main__ import run
from tests.bench.farm import Counts, Farm, Target, farm
from tests.bench.gate import Gate, problems
from tests.bench.look import ways_here
from tests.bench.report import table
from tests.bench.rounds import Turn, rotated, row_of, run_rounds
from tests.bench.tools import MissingError, open_ways
from tests.bench.ways import OurLook, Sweep, Way

LEAVES = 12
AT_ONCE = 5
SEEN = Counts(handshakes=LEAVES, failed=0, resumed=0, data=0, cpu=0.1)


@pytest.fixture(scope="module")
def leaves() -> Iterator[Farm]:
    with farm(LEAVES, max(os.sched_getaffinity(0))) as running:
        yield running


@pytest.fixture
def gate(leaves: Farm) -> Gate:
    return Gate(leaves)


@pytest.fixture(scope="module")
def ways(tmp_path_factory: pytest.TempPathFactory) -> list[Way]:
    return ways_here(tmp_path_factory.mktemp("compiled"))[0]


class Odd:
    """A way that does something else than a look, with each target in turn."""

    name = "odd"
    version = ""
    most = LEAVES
    silent = True

    def __init__(self, act: Callable[[Target], None]) -> None:
        self._act = act

    def sweep(self, targets: Sequence[Target], at_once: int) -> Sweep:
        for target in targets:
            self._act(target)
        return Sweep(right=len(targets))


def hang_up(target: Target) -> None:
    socket.create_connection((target.host, target.port)).close()


def talk(target: Target) -> None:
    with shaken(target) as tls:
        tls.send(b"secret")
        tls.recv(1000)


def look_twice(target: Target) -> None:
    for _ in range(2):
        shaken(target).close()


def shaken(target: Target) -> ssl.SSLSocket:
    return client_context().wrap_socket(socket.create_connection((target.host, target.port)))


def test_each_way_sees_every_leaf_and_leaves_no_more_than_it_says(leaves: Farm, gate: Gate, ways: list[Way]) -> None:
    assert len(ways) >= 2
    for way in ways:
        assert gate.sweep(way, leaves.targets, AT_ONCE).right == LEAVES
    assert gate.problems == []
    assert gate.handshakes == LEAVES * len(ways)


def test_each_way_sees_every_wrong_pin(leaves: Farm, gate: Gate, ways: list[Way]) -> None:
    for way in ways:
        gate.sweep_wrongly(way, leaves.targets, AT_ONCE)
    assert gate.problems == []


def test_a_slow_farm_is_as_slow_as_it_is_told(leaves: Farm, gate: Gate) -> None:
    """Two rows of looks cannot be over before each has waited; how long it takes beyond that is not of interest."""
    assert gate.sweep(OurLook(), leaves.targets, LEAVES // 2, delay=0.05).wall >= 2 * 0.05
    assert gate.problems == []


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (hang_up, [f"0 full handshakes at the farm, not {LEAVES}", f"{LEAVES} failed handshakes at the farm, not 0"]),
        (talk, [f"{6 * LEAVES} bytes of application data at the farm, not 0"]),
        (look_twice, [f"{2 * LEAVES} full handshakes at the farm, not {LEAVES}"]),
    ],
)
def test_what_is_no_look_shuts_the_gate(
    leaves: Farm, gate: Gate, act: Callable[[Target], None], told: list[str]
) -> None:
    gate.sweep(Odd(act), leaves.targets, AT_ONCE)
    assert gate.problems == [f"odd: {problem}" for problem in told]


def test_a_way_that_compares_nothing_shuts_the_gate(leaves: Farm, gate: Gate) -> None:
    gate.sweep_wrongly(Odd(lambda target: shaken(target).close()), leaves.targets, AT_ONCE)
    assert gate.problems == [
        f"odd: with wrong pins, {LEAVES} right pins at the client, not 0",
        f"odd: with wrong pins, 0 wrong pins at the client, not {LEAVES}",
    ]


@pytest.mark.parametrize(
    ("sweep", "counts", "silent", "told"),
    [
        (Sweep(right=LEAVES), SEEN, True, 0),
        (Sweep(right=LEAVES), SEEN._replace(data=70), False, 0),
        (Sweep(right=LEAVES), SEEN._replace(data=70), True, 1),
        (Sweep(right=LEAVES), SEEN._replace(failed=1), True, 1),
        (Sweep(right=LEAVES), SEEN._replace(handshakes=LEAVES - 1), True, 1),
        (Sweep(right=LEAVES), SEEN._replace(handshakes=LEAVES + 1), True, 1),
        # It showed a leaf of earlier, and is one full handshake too few.
        (Sweep(right=LEAVES), SEEN._replace(resumed=1), True, 2),
        (Sweep(right=LEAVES - 1), SEEN, True, 1),
        (Sweep(right=LEAVES - 1, wrong=1), SEEN, True, 2),
        (Sweep(right=LEAVES - 1, failed=1), SEEN, True, 2),
    ],
)
def test_the_gate_lets_only_whole_sweeps_through(sweep: Sweep, counts: Counts, silent: bool, told: int) -> None:
    assert len(list(problems(Sweep(right=LEAVES), sweep, counts, silent=silent))) == told


def test_the_order_changes_with_each_round_and_everybody_has_a_turn() -> None:
    turns = [Turn(name, "", Sweep) for name in "abc"]
    orders = ["".join(turn.name for turn in order) for order in rotated(turns, 4)]
    assert orders == ["abc", "bca", "cab", "abc"]


def test_ratios_are_taken_within_each_round() -> None:
    """The machine got ten times slower in the last round: no ratio shows it."""
    base = [Sweep(cpu=1.0, wall=2.0), Sweep(cpu=1.0, wall=2.0), Sweep(cpu=10.0, wall=20.0)]
    ours = [Sweep(cpu=1.5, wall=4.0), Sweep(cpu=1.25, wall=4.0), Sweep(cpu=15.0, wall=40.0)]
    row = row_of(Turn("ours", "nothing", Sweep), 1000, ours, base)
    assert (row.cpu, row.wall, row.speed) == (1.5, 4.0, 250.0)
    assert (row.least, row.ratio, row.most) == (1.25, 1.5, 1.5)


def test_the_first_turn_is_the_base_of_the_table() -> None:
    turns = [
        Turn("peer", "a request", lambda: Sweep(cpu=0.5, wall=1.0)),
        Turn("ours", "nothing", lambda: Sweep(cpu=1.0, wall=2.0)),
    ]
    lines = list(table("title", run_rounds(turns, 3, 1000)))
    assert [line.split() for line in lines[2:4]] == [
        ["peer", "0.500", "1.00", "(1.00-1.00)", "1.00", "1,000", "a", "request"],
        ["ours", "1.000", "2.00", "(2.00-2.00)", "2.00", "500", "nothing"],
    ]


def test_a_way_that_is_not_open_here_is_left_out_with_the_reason() -> None:
    def absent() -> Way:
        raise MissingError("cc is not installed")

    ways, missing = open_ways([absent, OurLook])
    assert [way.name for way in ways] == [OurLook.name]
    assert missing == ["cc is not installed"]


def test_without_any_tool_two_ways_in_python_remain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    ways, missing = ways_here(tmp_path)
    assert [way.name for way in ways] == ["barest Python loop", "camtrust, look()"]
    assert missing == [f"{program} is not installed" for program in ("cc", "curl", "openssl")]


def test_a_compiler_without_the_headers_of_openssl_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiler = tmp_path / "cc"
    compiler.write_text("#!/bin/sh\necho 'openssl/ssl.h: No such file' >&2\nexit 1\n")
    compiler.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "cc: openssl/ssl.h: No such file" in ways_here(tmp_path)[1]


def test_a_shut_gate_is_what_a_run_ends_with_and_all_benches_run() -> None:
    ran = []

    def bench(name: str, valid: bool) -> bool:
        ran.append(name)
        return valid

    assert run([lambda: bench("a", False), lambda: bench("b", True)]) == 1
    assert run([lambda: bench("c", True)]) == 0
    assert ran == ["a", "b", "c"]
