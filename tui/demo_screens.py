"""The screens of the demo, as a process: `python -I -m tui.demo_screens STATE_DIR SOCKET CONFIG`."""

import sys
from pathlib import Path

from core.model.records import Login
from core.model.secret import Secret
from core.service.settings import load_config
from tui.attach import Place
from tui.hygiene import harden
from tui.simulation import PASSWORD, USER
from tui.start import open_screens


def main() -> int:
    """Show the screens on the demo's engine, with the login of its cameras filled in."""
    harden()
    state_dir, socket, config = map(Path, sys.argv[1:])
    return open_screens(Place(state_dir, socket, config), load_config(config), Login(USER, Secret(PASSWORD)))


if __name__ == "__main__":
    raise SystemExit(main())
