"""What loading and using this package leaves behind: no log handlers, no secrets in logs, no foreign module."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest

import core.onvif
from core.onvif.wsdls import Wsdls
from tests.onvif.scripted import (
    INFORMATION,
    LOGIN,
    NOT_AUTHORIZED,
    PASSWORD,
    Reply,
    ScriptedCamera,
    calling,
    unauthorized,
)

LOAD = """
import asyncio, logging, sys
import core.onvif.device
from core.onvif.wsdls import Wsdls
asyncio.run(Wsdls.load())
root = logging.getLogger()
levels = [logging.getLogger(name).getEffectiveLevel() for name in ("zeep", "zeep.transports", "httpx", "httpcore")]
print(root.handlers, root.level, "onvif" in sys.modules, min(levels), logging.getLogger("httpcore.x").isEnabledFor(10))
"""


def test_loading_leaves_the_root_logger_alone_and_never_imports_onvif_zeeps_module() -> None:
    here = Path(core.onvif.__file__).parents[2]
    outcome = subprocess.run([sys.executable, "-c", LOAD], cwd=here, capture_output=True, text=True, check=True)
    assert outcome.stdout.strip() == "[] 30 False 30 False"
    assert outcome.stderr == ""


@pytest.mark.parametrize("challenge", [unauthorized('Digest realm="r", nonce="n"'), NOT_AUTHORIZED])
async def test_no_credentials_are_logged_even_where_somebody_turns_the_libraries_on(
    wsdls: Wsdls, caplog: pytest.LogCaptureFixture, challenge: Reply
) -> None:
    for name in ("", "zeep", "httpx", "httpcore"):
        caplog.set_level(logging.DEBUG, name)
    async with (
        ScriptedCamera(lambda request: challenge if request.way == "plain" else INFORMATION) as camera,
        calling(camera, wsdls, LOGIN) as device,
    ):
        await device.information()
    sent = camera.requests[-1]
    secrets = [PASSWORD, sent.headers.get("authorization", ""), sent.field("Password"), sent.field("Nonce")]
    logged = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert sent.way != "plain"
    assert logged
    assert not any(secret in logged for secret in secrets if secret)
