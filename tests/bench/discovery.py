"""Bursts of answers to a discovery question, as our sources hear them and as the libraries for it do.

`python -m tests.bench.discovery` runs the bursts in the network it finds; `run` gives it a network of its own first.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from tests.bench.crowd import PATIENCE, WINDOW, Burst, Crowd
from tests.bench.hearers import HEARERS, WAIT, Heard, Hearer
from tests.discovery.cameras import free_port

_BURSTS = (50, 200, 500, 1000)
_SETUP = 'ip link set lo up multicast on && exec "$@"'
_NETWORKS = (
    ("unshare", "--net", "sh", "-c", _SETUP, "sh"),
    ("unshare", "--map-root-user", "--net", "sh", "-c", _SETUP, "sh"),
)
_OWN_NETWORK = "--own-network"
_START_AND_END = 10.0


class Row(NamedTuple):
    """What one way heard of `answers`, in seconds from the first one; None where it never got so far.

    `sent` is when the last answer left. `problem` says why there is nothing to tell.
    """

    name: str
    answers: int
    seen: int = 0
    dropped: int | None = None
    first: float | None = None
    most: float | None = None
    last: float | None = None
    sent: float | None = None
    problem: str = ""


def run() -> bool:
    """Print the tables. Return whether our sources heard every answer of every burst and dropped none."""
    network = own_network()
    command = [*network, sys.executable, "-m", "tests.bench.discovery", *([_OWN_NETWORK] if network else [])]
    sys.stdout.flush()
    return subprocess.run(command, check=False).returncode == 0


def own_network() -> Sequence[str]:
    """Return what to put before a command so that it has a network with nothing but loopback; nothing if none can."""
    for network in _NETWORKS:
        try:
            done = subprocess.run([*network, "true"], capture_output=True, check=False)
        except FileNotFoundError:
            continue
        if done.returncode == 0:
            return network
    return ()


def hear_burst(hearer: Hearer, count: int, client: int, patience: float = PATIENCE) -> Row:
    """Have one way, in a process on the CPU `client`, hear a burst of answers from this process."""
    port = hearer.port or free_port()
    command = [sys.executable, "-m", "tests.bench.hearers", str(client), hearer.name, str(port), str(count)]
    with Crowd(hearer.protocol, port) as crowd, _started(command) as process:
        burst = crowd.answer(count, patience)
        try:
            out, errors = process.communicate(timeout=WAIT + _START_AND_END)
        except subprocess.TimeoutExpired:
            process.kill()
            return Row(hearer.name, count, problem="did not end")
    if process.returncode != 0:
        return Row(hearer.name, count, problem=(errors.strip().splitlines() or ["ended without a word"])[-1])
    if burst is None:
        return Row(hearer.name, count, problem="did not ask")
    return row_of(hearer.name, count, burst, Heard(*json.loads(out)))


def row_of(name: str, count: int, burst: Burst, heard: Heard) -> Row:
    """Return what was heard of a burst, timed from its beginning."""
    times = [moment - burst.began for moment in heard.times]
    first, most, last = (times[nth - 1] if nth <= len(times) else None for nth in (1, -(-count * 9 // 10), count))
    return Row(name, count, len(times), heard.dropped, first, most, last, burst.took)


def problems(rows: Sequence[Row]) -> Iterator[str]:
    """Give what rows of ours did not hear: that shuts the gate."""
    for row in rows:
        if row.problem or row.seen != row.answers or row.dropped != 0:
            why = row.problem or f"saw {row.seen:,}, dropped {row.dropped}"
            yield f"{row.name}, {row.answers:,} answers: {why}"


def table(rows: Sequence[Row]) -> Iterator[str]:
    """Give the lines of one table for each size of a burst."""
    width = max(len(row.name) for row in rows)
    for count, same in groupby(rows, lambda row: row.answers):
        yield f"{count:,} answers over {WINDOW} s"
        yield f"  {'':{width}}   seen  dropped  first s   90 % s    all s  last sent s"
        for row in same:
            yield f"  {row.name:{width}}  {row.problem or _figures(row)}"
        yield ""


def _figures(row: Row) -> str:
    dropped = "not told" if row.dropped is None else f"{row.dropped:,}"
    first, most, last = (_seconds(moment) for moment in (row.first, row.most, row.last))
    return f"{row.seen:5,} {dropped:>8}  {first:>7}  {most:>7}  {last:>7}  {_seconds(row.sent):>11}"


def _seconds(moment: float | None) -> str:
    return "never" if moment is None else f"{moment:.3f}"


def _started(command: Sequence[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _hear(hearer: Hearer, count: int, client: int, alone: bool) -> Row:
    if hearer.everywhere and not alone:
        return Row(hearer.name, count, problem="left out: it binds to all interfaces, and no network of its own here")
    return hear_burst(hearer, count, client)


def main(alone: bool) -> int:
    """Run all bursts; `alone` tells that this network has nothing but loopback. Return 1 where the gate shuts."""
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) == 1:
        print("Only one CPU: who answers and who hears share it, and the times are worthless.\n")
    os.sched_setaffinity(0, {cpus[-1]})
    found: list[str] = []
    for count in _BURSTS:
        rows = [_hear(hearer, count, cpus[0], alone) for hearer in HEARERS]
        print(*table(rows), sep="\n", flush=True)
        found += problems([row for row, hearer in zip(rows, HEARERS, strict=True) if hearer.ours])
    print(f"The gate: {'open' if not found else 'SHUT, answers were lost'}", *found, sep="\n  ")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(_OWN_NETWORK in sys.argv[1:]))
