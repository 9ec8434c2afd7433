"""A process of its own: locks the state folder, or tells why not, and holds it until it is ended."""

import sys
from pathlib import Path

from core.model.errors import CamtrustError
from core.store.folder import StateFolder

if __name__ == "__main__":
    try:
        folder = StateFolder.open(Path(sys.argv[1]))
    except CamtrustError as error:
        sys.exit(error.title)
    print("locked", flush=True)
    sys.stdin.read()
    folder.close()
