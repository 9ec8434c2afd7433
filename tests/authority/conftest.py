from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.authority import Authority
from core.model.config import AuthoritySettings

NOW = datetime(2026, 11, 24, 7, 0, 0, tzinfo=UTC)
SMALL = AuthoritySettings(key_type="ec-p256")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    return state


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """One with an RSA key, as it is made unless the settings say otherwise."""
    return Authority.open(tmp_path_factory.mktemp("authority"), AuthoritySettings(), "gw-042", NOW)


@pytest.fixture(scope="session")
def ec_authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.open(tmp_path_factory.mktemp("ec-authority"), SMALL, "gw-042", NOW)
