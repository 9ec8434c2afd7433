from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.store.store import Store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "state"
    path.mkdir(mode=0o700)
    return path


@pytest.fixture
async def store(folder: Path) -> AsyncIterator[Store]:
    opened = await Store.open(folder)
    yield opened
    await opened.close()
