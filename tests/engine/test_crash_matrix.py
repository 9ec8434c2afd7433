"""Whatever is interrupted at whatever call of an install, it ends with the new certificate or with the old state."""

import asyncio
from collections import Counter
from itertools import product
from pathlib import Path

import pytest

from tests.engine.matrix import FAULTS, PURPOSES, WAYS, Course, Outcomes, lines_of, play
from tests.report import Report


@pytest.mark.timeout(600)
async def test_no_interruption_ends_in_a_third_state(tmp_path: Path, report: Report) -> None:
    courses = [
        Course(tmp_path / str(network), network, way, purpose)
        for network, (way, purpose) in enumerate(product(WAYS, PURPOSES), 60)
    ]
    # Most of the time is spent waiting for cameras.
    async with asyncio.TaskGroup() as group:
        played = [group.create_task(_play(course)) for course in courses]
    total = 0
    for course, task in zip(courses, played, strict=True):
        outcomes = task.result()
        ended, calls = Counter(outcomes.values()), len({line for line, _ in outcomes})
        told = f"{calls} calls, {len(outcomes)} interruptions: {ended['new']} new, {ended['old']} old"
        report.add("Crash matrix", f"{course.way}, {course.purpose}: {told}")
        total += len(outcomes)
    report.add("Crash matrix", f"{total} interruptions, 0 third states")


async def _play(course: Course) -> Outcomes:
    course.folder.mkdir()
    lines = await lines_of(course)
    outcomes = await play(course, lines)
    assert set(outcomes) == {(line, fault) for line in lines for fault in FAULTS if line.meets(fault)}
    return outcomes
