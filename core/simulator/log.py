"""What a camera has seen, for tests to look at. Unless it records, no password and nothing that was made from one."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

_KEPT = 10_000


@dataclass(slots=True)
class Connection:
    """One connection that a client opened. `received` counts the bytes that came after any TLS handshake.

    `tape` holds the bytes of both directions, where they are recorded.
    """

    scheme: str
    received: int = 0
    requests: int = 0
    tape: bytearray | None = None

    def record(self, data: bytes) -> None:
        """Keep bytes that came or went, where they are recorded."""
        if self.tape is not None:
            self.tape += data


@dataclass(frozen=True, slots=True)
class Received:
    """One request to a service.

    `at` is on the camera's own clock. `credentials` are the kinds that came with it, right or wrong: `Digest`,
    `Basic`, `token`; `login` is the one that was accepted, "" where none was needed or given. `outcome` is `ok`,
    a fault's code or the HTTP status. `note` is what was asked of SetNetworkProtocols, such as `HTTPS on 443`.
    """

    at: datetime
    scheme: str
    operation: str
    credentials: tuple[str, ...]
    login: str
    outcome: str
    note: str = ""


@dataclass
class Log:
    """The newest connections and requests, oldest first. With `records` all that goes over them is kept, too."""

    records: bool = False

    connections: deque[Connection] = field(default_factory=lambda: deque(maxlen=_KEPT))
    requests: deque[Received] = field(default_factory=lambda: deque(maxlen=_KEPT))

    def connect(self, scheme: str) -> Connection:
        """Note a connection, and return what is counted about it."""
        connection = Connection(scheme, tape=bytearray() if self.records else None)
        self.connections.append(connection)
        return connection

    def operations(self) -> list[str]:
        """The names of what was asked, in order."""
        return [received.operation for received in self.requests]

    def received(self, scheme: str) -> int:
        """All bytes that came in over a scheme."""
        return sum(connection.received for connection in self.connections if connection.scheme == scheme)
