"""Whatever is interrupted at whatever call of an install, it ends with the new certificate or with the old state."""

from collections import Counter
from pathlib import Path

import pytest

from tests.engine.matrix import FAULTS, PURPOSES, WAYS, Purpose, Way, lines_of, play
from tests.report import Report


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize("way", WAYS)
async def test_no_interruption_ends_in_a_third_state(
    tmp_path: Path, way: Way, purpose: Purpose, report: Report
) -> None:
    lines = await lines_of(tmp_path, way, purpose)
    outcomes = await play(tmp_path, way, purpose, lines)
    assert set(outcomes) == {(line, fault) for line in lines for fault in FAULTS if line.meets(fault)}
    ended = Counter(outcomes.values())
    told = f"{len(lines)} calls, {len(outcomes)} interruptions: {ended['new']} new, {ended['old']} old, 0 third"
    report.add("Crash matrix", f"{way}, {purpose}: {told}")
