"""What every service is made of: operations by name, each with its access class."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from lxml import etree

from core.simulator.device import Device
from core.simulator.faults import invalid
from core.simulator.login import Access


@dataclass(frozen=True, slots=True)
class Call:
    """One call that is allowed and valid. `origin` is where it was made to, such as `https://127.0.0.1:8443`.

    `private` is the key that was made for it, if the operation is one that makes keys.
    """

    body: etree._Element
    origin: str
    private: bytes = b""

    def text(self, name: str, default: str = "") -> str:
        """Return the text of an argument, without white space around it."""
        return self.body.findtext(f"{{*}}{name}", default).strip()

    def alias(self, name: str = "Alias") -> str:
        """Return a name that the client has chosen, exactly as it is."""
        return self.body.findtext(f"{{*}}{name}", "")

    def time(self, name: str) -> datetime | None:
        """Return a time, None where there is none. Raises `OnvifFault` for one that cannot be represented."""
        text = self.text(name)
        if not text:
            return None
        try:
            time = datetime.fromisoformat(text)
            return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
        except (ValueError, OverflowError):
            raise invalid("InvalidDateTime", "The time cannot be represented") from None


Handler = Callable[[Device, Call], etree._Element]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. The handler returns the answer's element, or raises `OnvifFault` and has changed nothing.

    `note` tells what is worth logging of a call. With `reboots` the camera restarts when the answer is out. `key`
    returns the kind of key that a call needs and gets when it was made, or raises `OnvifFault`: the answer has to wait
    for it.
    """

    access: Access
    handler: Handler
    note: Callable[[Call], str] = lambda _: ""
    reboots: bool = False
    key: Callable[[Device, Call], str] | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """One service: namespace, version, path below the address, operations."""

    namespace: str
    version: tuple[int, int]
    path: str
    operations: Mapping[str, Operation]
