"""A scripted engine for each test."""

import pytest

from tests.tui.engine import ScriptedEngine


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine()
