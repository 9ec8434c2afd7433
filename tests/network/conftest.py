import gc
from collections.abc import Iterator
from pathlib import Path

import pytest


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture(autouse=True)
def nothing_stays_open() -> Iterator[None]:
    """Every socket is closed by whoever opened it, not by the garbage collector."""
    gc.collect()
    before = open_files()
    yield
    assert open_files() <= before
    # An object that was not closed warns when it is collected, which fails the test that made it.
    gc.collect()


@pytest.fixture
def key_log(tmp_path: Path) -> Path:
    return tmp_path / "keys.log"
