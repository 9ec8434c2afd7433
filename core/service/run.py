"""The engine as a process: `python -I -m core.service.run --state-dir FOLDER`."""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Coroutine, Sequence
from contextlib import aclosing, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from core.model.config import Config
from core.model.errors import CamtrustError, ExitCode
from core.model.messages import encode_line
from core.service import logs
from core.service.hardening import harden
from core.service.paths import default_state_dir, socket_path
from core.service.server import Server
from core.service.session import failure
from core.service.settings import check_interfaces, load_config

if TYPE_CHECKING:
    from core.engine.engine import Engine

# The client that started an engine attaches a moment after it saw it answer.
_FIRST_CLIENT = 20.0
_LEAST_LINGER = 2.0

_log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the engine until it is ended, and return the exit code. Errors are told in one line on stderr."""
    harden()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    options = _options(argv)
    if options.detached:
        _detach()
    try:
        asyncio.run(_run(options))
    except CamtrustError as error:
        return _told(error, options)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except Exception:  # noqa: BLE001 - the last place where anything can be told
        _log.critical("the engine ended", exc_info=True)
        log = logs.log_path(options.state_dir)
        return _told(CamtrustError("Internal error in the engine", f"What is known about it is in {log}."), options)
    return ExitCode.DONE
