"""A camera at one of its addresses as it is at the moment: what its announcements are made of."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.simulator.addresses import in_url
from core.simulator.settings import CameraSettings


@dataclass(frozen=True, slots=True)
class Standing:
    """Who is at `host`, and on which ports: `http`, `https`, `rtsp` as far as they are on.

    `described` is the port of the UPnP description.
    """

    settings: CameraSettings
    host: str
    ports: Mapping[str, int]
    described: int

    def url(self, scheme: str, path: str) -> str:
        """Return the URL of something on the port of a protocol that is on."""
        return f"{scheme}://{in_url(self.host)}:{self.ports[scheme]}{path}"
