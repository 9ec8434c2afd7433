"""Where a camera keeps what survives a power cut: in a file, or only as long as the camera object lives."""

import os
from pathlib import Path

import msgspec

from core.simulator.device import Flash


class FlashMemory:
    """Holds the newest flash. With a path it is written through, so that another process can go on from there."""

    def __init__(self, path: str) -> None:
        self._path = Path(path) if path else None
        self._held = self._path.read_bytes() if self._path and self._path.exists() else b""

    def load(self) -> Flash | None:
        """Return a copy of what is kept, None where the camera is new."""
        return msgspec.json.decode(self._held, type=Flash) if self._held else None

    def save(self, flash: Flash) -> None:
        """Keep it, complete or not at all, also when the process is killed."""
        held = msgspec.json.encode(flash)
        if held == self._held:
            return
        self._held = held
        if self._path is not None:
            unfinished = self._path.with_name(f".{self._path.name}.unfinished")
            with open(unfinished, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
                file.write(held)
            unfinished.replace(self._path)

    def clear(self) -> None:
        """Forget everything."""
        self._held = b""
        if self._path is not None:
            self._path.unlink(missing_ok=True)
