"""What this technician's screens look like, and which keys they have."""

from core.model.config import Config
from core.service.settings import load_config
from tui.attach import Options


def preferences(options: Options) -> Config:
    """Return the settings that count here. Raises `UsageError` where a file holds something that is none."""
    return load_config(options.config)
