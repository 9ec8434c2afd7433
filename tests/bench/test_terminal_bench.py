"""The terminal bench, short: our screens show what the engine has, and what was not shown shuts the gate."""

import os
import sys

import pytest

from tests.bench.on_terminal import Figures, Keys, Plan, Program, Traffic, measure
from tests.bench.terminal import FEW, HELLO, HTOP, OBVIOUS, OURS, conclude, served

SHORT = Plan(min(os.sched_getaffinity(0)), keys=3, seconds=0.4, pause=0.2, rest=0.2)
NOTHING = Traffic(0.0, 0.0, 0.0)
OURS_FIGURES = Figures(
    0.2,
    0.3,
    NOTHING,
    updates=Traffic(100.0, 4.0, 0.01),
    hidden=NOTHING,
    keys=Keys(0.01, 0.02),
    busy_keys=Keys(0.01, 0.021),
    memory=40 << 20,
)
PEER = Figures(
    0.3, 0.6, Traffic(900.0, 1.0, 0.01), Traffic(70_000.0, 20.0, 0.3), keys=Keys(0.04, 0.06), busy_keys=Keys(0.1, 0.2)
)


async def test_our_screens_show_what_the_engine_has_after_keys_and_changes() -> None:
    async with served(30) as program:
        found = await measure(program, SHORT)
    assert found.problems == ()
    assert found.first_byte <= found.first_frame
    assert found.updates is not None
    assert found.updates.bytes > 0
    assert found.hidden is not None
    assert None not in (found.keys, found.busy_keys)
    assert found.memory > 1 << 20


async def test_a_program_that_never_shows_its_first_frame_is_a_problem() -> None:
    silent = Program("silent", [sys.executable, "-c", "print('no more than this')"], ["ready"])
    found = await measure(silent, SHORT._replace(wait=0.5))
    assert found.problems == ("silent never showed its first frame",)


def test_the_goals_are_told_as_ratios_within_a_round(capsys: pytest.CaptureFixture[str]) -> None:
    found = {OURS: OURS_FIGURES, FEW: OURS_FIGURES, HELLO: PEER._replace(memory=20 << 20), OBVIOUS: PEER}
    assert conclude([found], 1000)
    told = capsys.readouterr().out
    assert "The gate: open" in told
    assert _line(told, "first frame, x DataTable").split()[-3:] == ["0.500", "(0.500-0.500)", "met"]
    assert _line(told, "memory, x bare Textual").endswith("2.000 (2.000-2.000)  MISSED")
    assert _line(told, "bytes at 5 changes/s, x htop -d 10").endswith(f"left out, as there is no {HTOP}")


def test_what_was_not_shown_shuts_the_gate(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = OURS_FIGURES._replace(problems=("camtrust: a key did not move the cursor",))
    assert not conclude([{OURS: wrong, FEW: OURS_FIGURES, HELLO: PEER, OBVIOUS: PEER}], 1000)
    assert "SHUT, the figures mean nothing\n  camtrust: a key did not move the cursor" in capsys.readouterr().out


def _line(told: str, goal: str) -> str:
    return next(line for line in told.splitlines() if goal in line)
