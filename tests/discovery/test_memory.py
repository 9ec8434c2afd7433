from hypothesis import given
from hypothesis import strategies as st

from core.discovery.memory import Memory


def test_an_address_is_remembered_while_it_speaks_and_forgotten_after() -> None:
    memory: Memory[list[str]] = Memory(list, seconds=10)
    memory.hear("a", 0).append("first")
    assert memory.hear("a", 9) == memory.hear("a", 18) == ["first"]
    assert memory.hear("a", 29) == []


def test_looking_is_no_hearing() -> None:
    memory: Memory[list[str]] = Memory(list, seconds=10, most=2)
    assert memory.get("a") is None and len(memory) == 0
    first = memory.hear("a", 0)
    memory.hear("b", 1)
    assert memory.get("a") is first
    memory.hear("c", 2)
    assert memory.get("a") is None and memory.get("b") == []


@given(st.lists(st.text(max_size=2), max_size=50), st.integers(1, 5))
def test_the_memory_is_bounded(addresses: list[str], most: int) -> None:
    memory: Memory[list[str]] = Memory(list, 1, most)
    for now, address in enumerate(addresses):
        memory.hear(address, now)
        assert len(memory) <= most and memory.get(address) is not None
