"""Which sources an engine listens to."""

from core.discovery.source import Source
from core.discovery.ws_discovery import WsDiscovery
from core.model.config import Config


def sources_of(config: Config) -> tuple[Source, ...]:
    """Return the sources that the settings leave on."""
    ports, sources = config.discovery, []
    if ports.ws_discovery_port:
        sources.append(WsDiscovery(config.interfaces, port=ports.ws_discovery_port))
    return tuple(sources)
