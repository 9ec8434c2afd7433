from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.scripted import DOCK, LOBBY, Scripted, scripted
from tests.cli.shell import Shell


@dataclass(frozen=True)
class Scene:
    """A shell whose commands talk to an engine with ready answers."""

    shell: Shell
    engine: Scripted


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    home = tmp_path / "home"
    home.mkdir()
    async with scripted(tmp_path) as (engine, path):
        engine.put(DOCK, LOBBY)
        yield Scene(Shell(home, "--socket", str(path)), engine)
