"""What devices of each kind say in WS-Discovery: ONVIF's types of cameras, DPWS's of everything else."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from core.simulator.device_service import scopes
from core.simulator.settings import CameraSettings, Persona
from core.simulator.soap import TDS

_NETWORK = "http://www.onvif.org/ver10/network/wsdl"
_DPWS = "http://schemas.xmlsoap.org/ws/2006/02/devprof"
_PUBLICATION = "http://schemas.microsoft.com/windows/pub/2005/07"
_PRINT = "http://schemas.microsoft.com/windows/2006/08/wdp/print"

CAMERA_TYPES = ((_NETWORK, "NetworkVideoTransmitter"), (TDS, "Device"))


@dataclass(frozen=True, slots=True)
class Kind:
    """The types, as (namespace, name), and the scopes of one kind."""

    types: tuple[tuple[str, str], ...]
    scopes: Callable[[CameraSettings], Sequence[str]] = lambda _: ()


_COMPUTER = Kind(((_DPWS, "Device"), (_PUBLICATION, "Computer")))
PERSONAS: Mapping[Persona, Kind] = {
    "camera": Kind(CAMERA_TYPES, scopes),
    "printer": Kind(((_DPWS, "Device"), (_PRINT, "PrintDeviceType"))),
    "nas": _COMPUTER,
    "windows": _COMPUTER,
}
