import random
import subprocess
import sys
from pathlib import Path

from core.store.folder import StateFolder
from core.store.store import Store
from tests.store.samples import INSTALL, by_hand, entry

RUNS = 15
MOST_LINES = 40


def write_until_killed(folder: Path, lines: int) -> list[int]:
    """Let a process write, and kill it once it has told `lines` numbers; return all that it told."""
    command = [sys.executable, "-m", "tests.store.journalist", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        told = [process.stdout.readline() for _ in range(lines)]
        process.kill()
        told += process.stdout.readlines()
    assert process.returncode == -9
    # A number that was cut short was not told.
    return [int(line) for line in told if line.endswith("\n")]


async def test_no_acknowledged_line_is_lost_by_kill_9(folder: Path) -> None:
    moments = random.Random(20261124)
    told: list[int] = []
    for _ in range(RUNS):
        # Each process goes on after the last line that it finds: a number told twice was lost in between.
        told += write_until_killed(folder, moments.randint(1, MOST_LINES))
    assert len(told) >= RUNS
    assert told == sorted(set(told))
    # The kernel has freed the lock.
    StateFolder.open(folder).close()
    with by_hand(folder) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    store = await Store.open(folder)
    lines = await store.journal_of(INSTALL.id)
    assert lines == [entry(number) for number in range(len(lines))]
    assert len(lines) > told[-1]
    assert {str(number) for number in told} <= {event.text for event in await store.events(10_000)}
    assert await store.verify_events() is None
    await store.close()
