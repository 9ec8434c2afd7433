"""Which sources an engine listens to."""

from core.discovery.mdns import Mdns
from core.discovery.source import Source
from core.discovery.ssdp import Ssdp
from core.discovery.ws_discovery import WsDiscovery
from core.model.config import Config


def sources_of(config: Config) -> tuple[Source, ...]:
    """Return the sources that the settings leave on, each with its own port."""
    ports = config.discovery
    made = ((WsDiscovery, ports.ws_discovery_port), (Mdns, ports.mdns_port), (Ssdp, ports.ssdp_port))
    return tuple(source(config.interfaces, port=port) for source, port in made if port)
