"""What the engine tells of itself: what happens, who is attached, what it is doing."""

import msgspec

from core.model.command import Role
from core.model.sighting import SourceStatus


class Event(msgspec.Struct, frozen=True):
    """One line of the history. `who` is a Unix user name, or `camtrust` for what the engine did by itself."""

    seq: int
    at: str
    who: str
    kind: str
    text: str
    device: str | None = None
    name: str = ""


class ScanView(msgspec.Struct, frozen=True):
    """A scan that is under way: how many of its addresses were tried, and how many devices answered."""

    networks: tuple[str, ...]
    total: int
    tried: int
    found: int


class Attached(msgspec.Struct, frozen=True):
    """Somebody whose screen is attached: the Unix user by the kernel's word, and since when (ISO 8601).

    `place` is what the screen says of itself, such as `monitor on tty3`: told, and never believed.
    """

    user: str
    role: Role
    since: str
    place: str = ""


class Status(msgspec.Struct, frozen=True):
    """The engine as a whole. `rescan_in` is in seconds."""

    gateway: str
    version: str
    pid: int
    interfaces: tuple[str, ...] = ()
    sources: tuple[SourceStatus, ...] = ()
    rescan_in: float | None = None
    scan: ScanView | None = None
    warnings: tuple[str, ...] = ()
    attached: tuple[Attached, ...] = ()
