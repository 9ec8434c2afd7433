import os

import pytest

from tests.bench.__main__ import run
from tests.bench.crowd import MDNS, SSDP, WINDOW, WS_DISCOVERY, Burst, Crowd
from tests.bench.discovery import Row, hear_burst, own_network, problems, row_of, table
from tests.bench.hearers import HEARERS, Heard, Hearer
from tests.discovery.cameras import address, free_port

ANSWERS = 20
CLIENT = min(os.sched_getaffinity(0))
OURS = [hearer for hearer in HEARERS if hearer.ours]
BURST = Burst(began=100.0, took=0.5)


def test_each_of_our_sources_is_measured() -> None:
    assert [hearer.protocol for hearer in OURS] == [WS_DISCOVERY, MDNS, SSDP]


@pytest.mark.parametrize("hearer", OURS, ids=lambda hearer: hearer.name)
def test_our_sources_hear_every_answer_of_a_small_burst(hearer: Hearer) -> None:
    row = hear_burst(hearer, ANSWERS, CLIENT)
    assert [*problems([row])] == []
    assert (row.seen, row.dropped) == (ANSWERS, 0)
    assert row.first is not None and row.most is not None and row.last is not None
    assert 0 <= row.first <= row.most <= row.last
    assert row.most >= WINDOW * 0.8, "the answers were not spread over the window"


def test_a_way_that_fails_has_a_row_that_says_why() -> None:
    unknown = Hearer("nobody", WS_DISCOVERY, OURS[0].hear)
    row = hear_burst(unknown, ANSWERS, CLIENT, patience=0.1)
    assert row.problem == "KeyError: 'nobody'"
    assert [*problems([row])] == ["nobody, 20 answers: KeyError: 'nobody'"]


def test_a_crowd_that_nobody_asks_says_nothing() -> None:
    with Crowd(WS_DISCOVERY, free_port()) as crowd:
        assert crowd.answer(ANSWERS, patience=0.05) is None


def test_an_answer_of_ws_discovery_has_the_size_of_real_ones() -> None:
    question = b"<a:MessageID>urn:uuid:2f8f6f3e-2f0c-4a2c-8a3c-2f8f6f3e2f0c</a:MessageID>"
    answer = WS_DISCOVERY.answer(999, question)
    assert 1400 <= len(answer) <= 1472
    assert b"<a:RelatesTo>urn:uuid:2f8f6f3e-2f0c-4a2c-8a3c-2f8f6f3e2f0c</a:RelatesTo>" in answer


def test_no_two_devices_give_the_same_answer() -> None:
    for protocol in (WS_DISCOVERY, MDNS, SSDP):
        assert len({protocol.answer(number, b"") for number in range(1000)}) == 1000
    assert len({address(number) for number in range(1000)}) == 1000


def test_times_count_from_the_first_answer() -> None:
    row = row_of("ours", 10, BURST, Heard([100.0 + nth / 16 for nth in range(1, 11)], dropped=0))
    assert row == Row("ours", 10, 10, 0, 1 / 16, 9 / 16, 10 / 16, 0.5)


def test_what_was_never_heard_has_no_time() -> None:
    row = row_of("ours", 10, BURST, Heard([100.5]))
    assert (row.seen, row.first, row.most, row.last) == (1, 0.5, None, None)
    assert "1 not told    0.500    never    never" in "\n".join(table([row]))


@pytest.mark.parametrize(
    "row",
    [
        Row("ours", 10, 9, 0),
        Row("ours", 10, 10, 1),
        Row("ours", 10, 10, None),
        Row("ours", 10, problem="did not ask"),
    ],
)
def test_the_gate_shuts_where_ours_lost_an_answer(row: Row) -> None:
    assert len([*problems([row])]) == 1


def test_the_gate_does_not_mind_how_long_it_took() -> None:
    assert [*problems([Row("ours", 10, 10, 0, 7.0, 7.5, 7.9, 7.8)])] == []


def test_each_burst_has_a_table_and_a_row_without_figures_says_why() -> None:
    lines = [*table([Row("a", 50, problem="left out"), Row("b", 200, 200, 0, 0.1, 0.2, 0.3, 0.5)])]
    assert [line for line in lines if "answers over" in line] == ["50 answers over 0.5 s", "200 answers over 0.5 s"]
    assert "  a  left out" in lines


def test_a_network_of_its_own_is_put_before_a_command_or_nothing_is() -> None:
    assert not own_network() or own_network()[0] == "unshare"


def test_a_bench_has_all_cpus_whatever_the_one_before_kept_to() -> None:
    cpus = os.sched_getaffinity(0)

    def keep_to_one() -> bool:
        os.sched_setaffinity(0, {min(cpus)})
        return True

    try:
        assert run([keep_to_one, lambda: os.sched_getaffinity(0) == cpus]) == 0
    finally:
        os.sched_setaffinity(0, cpus)
