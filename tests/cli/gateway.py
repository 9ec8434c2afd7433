"""A gateway of its own for a test: a home, a state folder, quick settings, and an engine that is ended."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.cli.shell import Shell

CONFIG = """
gateway = "gw-test"
interfaces = ["127.0.0.1"]
discovery = {{ ws_discovery_port = {port}, mdns_port = 0, ssdp_port = 0 }}
patience = 1.0
restart_patience = 20.0
linger = 120.0

[authority]
key_type = "ec-p256"
"""


@asynccontextmanager
async def gateway(folder: Path, discovery_port: int) -> AsyncIterator[Shell]:
    """Give a shell on a gateway whose engine is started by the first command, and ended at the end."""
    config = folder / "config.toml"
    config.write_text(CONFIG.format(port=discovery_port))
    shell = Shell(folder, "--state-dir", str(folder / "state"), "--config", str(config))
    try:
        yield shell
    finally:
        ended = await shell.run("engine", "stop", "--force")
        assert ended.code in (0, 4), ended
