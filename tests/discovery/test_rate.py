from hypothesis import given
from hypothesis import strategies as st

from core.discovery.rate import RateLimit


def test_a_burst_passes_and_then_only_the_rate() -> None:
    limit = RateLimit(rate=2, burst=3)
    assert [limit.allow("a", 0) for _ in range(5)] == [True, True, True, False, False]
    assert [limit.allow("a", 0.5) for _ in range(2)] == [True, False]
    assert [limit.allow("a", 100) for _ in range(4)] == [True, True, True, False]


def test_peers_do_not_share_a_bucket() -> None:
    limit = RateLimit(rate=1, burst=1)
    assert limit.allow("a", 0) and not limit.allow("a", 0)
    assert limit.allow("b", 0)


def test_only_the_peers_that_spoke_last_are_remembered() -> None:
    limit = RateLimit(rate=1, burst=1, most=3)
    for peer in ("a", "b", "c", "a", "d"):
        limit.allow(peer, 0)
    assert len(limit) == 3
    assert not limit.allow("a", 0)
    assert limit.allow("b", 0)


@given(st.floats(0.1, 20), st.integers(1, 20), st.lists(st.floats(0, 5), max_size=60))
def test_no_peer_ever_gets_more_than_its_burst_and_rate(rate: float, burst: int, gaps: list[float]) -> None:
    limit, now, allowed = RateLimit(rate, burst), 0.0, 0
    for gap in gaps:
        now += gap
        allowed += limit.allow("a", now)
        assert allowed <= burst + now * rate + 1e-6


@given(st.lists(st.text(max_size=3), max_size=60), st.integers(1, 5))
def test_the_memory_is_bounded(peers: list[str], most: int) -> None:
    limit = RateLimit(1, 1, most)
    for now, peer in enumerate(peers):
        limit.allow(peer, now)
        assert len(limit) <= most
