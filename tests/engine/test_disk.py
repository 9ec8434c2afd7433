"""The disk is full at one line of the journal: nothing is done unwritten, and what was done is taken up."""

from pathlib import Path

import pytest

from core.decide.recovery import BEGIN, DONE
from core.decide.steps import Action
from core.model.device import CertificateField, Connection
from core.simulator.camera import Camera
from tests.engine.cameras import contents, served
from tests.engine.conftest import running, until
from tests.engine.stalling import full

OPERATIONS = {
    Action.MAKE_KEY: "CreateECCKeyPair",
    Action.SIGN: "UploadCertificate",
    Action.UPLOAD: "UploadCertificate",
    Action.MAKE_PATH: "CreateCertificationPath",
    Action.ASSIGN: "ReplaceServerCertificateAssignment",
}


@pytest.mark.parametrize("phase", [BEGIN, DONE])
@pytest.mark.parametrize("action", OPERATIONS)
async def test_nothing_is_done_unwritten_and_what_was_done_is_taken_up(
    folder: Path, action: Action, phase: str
) -> None:
    async with running(folder) as gateway, Camera() as camera:
        own = len(contents(camera).keys)
        with full(folder, "journal", f"NEW.step = '{action}' AND NEW.phase = '{phase}'"):
            device = await gateway.begin(f"{camera.host}:{camera.https_port}")
            assert "install stopped" in (await gateway.ended(device.id)).outcome
            # What the gateway itself does is not yet handed over.
            is_done = phase == DONE and action is not Action.SIGN
            assert (OPERATIONS[action] in camera.log.operations()) == is_done
        await until(lambda: gateway.view(device.id).certificate_field is CertificateField.ARCULES)
        await until(lambda: not gateway.engine.busy())
        assert gateway.view(device.id).connection is Connection.ONLINE
        assert gateway.view(device.id).fingerprint == await served(camera)
        assert len(contents(camera).keys) == own + 1


async def test_a_certificate_that_could_not_be_stored_never_leaves_the_gateway(folder: Path) -> None:
    async with running(folder) as gateway, Camera() as camera:
        # The first is the camera's own.
        with full(folder, "certificates", "(SELECT count(*) FROM certificates) > 0"):
            device = await gateway.begin(f"{camera.host}:{camera.https_port}")
            assert "install stopped" in (await gateway.ended(device.id)).outcome
            assert "CreatePKCS10CSR" in camera.log.operations()
            assert "UploadCertificate" not in camera.log.operations()


async def test_a_pin_that_could_not_be_stored_is_not_shown_and_stored_later(folder: Path) -> None:
    async with running(folder) as gateway, Camera() as camera:
        with full(folder, "pins", "1"):
            device = await gateway.begin(f"{camera.host}:{camera.https_port}")
            assert "install stopped" in (await gateway.ended(device.id)).outcome
            assert gateway.view(device.id).certificate_field is None
            assert gateway.view(device.id).connection is Connection.OFFLINE
        await until(lambda: gateway.view(device.id).certificate_field is CertificateField.ARCULES)
        assert gateway.view(device.id).fingerprint == await served(camera)
        assert camera.log.operations().count("UploadCertificate") == 1
