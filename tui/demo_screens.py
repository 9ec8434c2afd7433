"""The screens of the demo, as a process: `python -I -m tui.demo_screens STATE_DIR SOCKET SETTINGS`, these as JSON."""

import sys
from pathlib import Path

import msgspec

from core.model.config import Config
from core.model.records import Login
from core.model.secret import Secret
from tui.attach import Place
from tui.hygiene import harden
from tui.simulation import PASSWORD, USER
from tui.start import open_screens


def main() -> int:
    """Show the screens on the demo's engine, with the login of its cameras filled in."""
    harden()
    state_dir, socket, settings = sys.argv[1:]
    config = msgspec.json.decode(settings, type=Config)
    return open_screens(Place(Path(state_dir), Path(socket)), config, Login(USER, Secret(PASSWORD)))


if __name__ == "__main__":
    raise SystemExit(main())
