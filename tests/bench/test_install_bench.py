import os
import time
from collections.abc import Iterator

import pytest

from core.model.device import CertificateField, Connection, DeviceView
from tests.bench import install_gate
from tests.bench.cameras import Account
from tests.bench.gateway import Spent, cpu_of, largest
from tests.bench.install import FLOOR, NAMES, OURS, ZEEP, Bench
from tests.bench.install_gate import CALLS, LOOKS, NO_DELAYS
from tests.bench.install_report import Crowd, crowd_table, row_of, table
from tests.bench.straight import Taken

WAY = "device service"
CALLED = {**CALLS[WAY], "GetServices": 2}
VIEW = DeviceView("1", "Camera", "127.0.0.1", Connection.ONLINE, CertificateField.ARCULES, fingerprint="new")


@pytest.fixture
def bench() -> Iterator[Bench]:
    cpus = os.sched_getaffinity(0)
    yield Bench(warm_ups=0)
    os.sched_setaffinity(0, cpus)


def test_camtrust_and_the_floor_make_the_very_same_calls(bench: Bench) -> None:
    rows = bench.one_by_one("security service", rounds=1, installs=1, names=(FLOOR, OURS))
    assert bench.problems == []
    assert [row.name for row in rows] == [NAMES[FLOOR], NAMES[OURS]]
    assert all(row.spent.wall > 0 for row in rows)


def test_installs_at_once_end_with_what_the_cameras_serve(bench: Bench) -> None:
    crowd = bench.at_once(WAY, NO_DELAYS, 2, 2)
    assert bench.problems == []
    assert (crowd.cameras, crowd.limit) == (2, 2)
    assert crowd.spent.cpu > 0
    assert crowd.memory > 10


@pytest.mark.parametrize(
    ("view", "account"),
    [
        (VIEW, Account(CALLED, 2, LOOKS - 1, "new")),
        (VIEW, Account(CALLED, 2, LOOKS, "other")),
        (VIEW, Account(CALLED | {"LoadCertificates": 2}, 2, LOOKS, "new")),
        (VIEW, Account({**CALLS[WAY]}, 2, LOOKS, "new")),
        (
            DeviceView("1", "", "", Connection.ONLINE, CertificateField.DEVICE, fingerprint="new"),
            Account(CALLED, 2, LOOKS, "new"),
        ),
        (
            DeviceView("1", "", "", Connection.OFFLINE, CertificateField.ARCULES, fingerprint="new"),
            Account(CALLED, 2, LOOKS, "new"),
        ),
    ],
)
def test_the_gate_shuts_where_an_install_is_not_as_it_should_be(view: DeviceView, account: Account) -> None:
    assert len([*install_gate.ours(WAY, [view], [account])]) == 1


def test_the_gate_is_open_for_an_install_as_it_should_be() -> None:
    assert [*install_gate.ours(WAY, [VIEW], [Account(CALLED, 2, LOOKS + 3, "new")])] == []


def test_the_gate_wants_the_same_calls_of_the_floor_and_only_the_leaf_of_others() -> None:
    taken, more = Taken(1.0, 1.0, ["new"]), Account({**CALLS[WAY], "GetCapabilities": 1}, 0, 2, "new")
    assert [*install_gate.script(FLOOR, WAY, taken, [more])] == [f"floor, {WAY}: 1 GetCapabilities, not 0"]
    assert [*install_gate.script(ZEEP, WAY, taken, [more])] == []
    assert len([*install_gate.script(ZEEP, WAY, taken, [more._replace(leaf="old")])]) == 1


def test_ratios_are_taken_within_each_round() -> None:
    rounds = [(Spent(1.0, 0.2, 0.1), Spent(0.1, 0.1, 0.1)), (Spent(2.0, 0.9, 0.1), Spent(0.1, 0.3, 0.1))]
    row = row_of("ours", [*rounds, (Spent(3.0, 0.4, 0.1), Spent(0.1, 0.1, 0.1))])
    assert (row.spent.wall, row.spent.cpu) == (2.0, 0.4)
    assert (round(row.ratio, 6), round(row.least, 6), round(row.most, 6)) == (3.0, 2.0, 4.0)
    assert "3.00 (2.00-4.00)" in "\n".join(table("a title", [row]))


def test_a_crowd_is_compared_with_one() -> None:
    lines = [*crowd_table("a title", [Crowd(size, 10, Spent(size / 2, 1.0, 1.0), 80.0) for size in (1, 50)])]
    assert " 25.00  50.00 " in lines[-2]


def test_the_cpu_time_and_the_memory_of_a_process_are_what_the_kernel_tells() -> None:
    before, own = cpu_of(os.getpid()), time.process_time()
    while time.process_time() < own + 0.05:
        pass
    assert 0.02 < cpu_of(os.getpid()) - before < 1.0
    assert largest(os.getpid()) > 10
