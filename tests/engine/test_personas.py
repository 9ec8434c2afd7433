"""Every kind of camera is added, gets as far as it can, and goes on serving a certificate that is known."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec

from core.model.device import CertificateField, Connection, DeviceView, InstallView
from core.simulator.camera import Camera
from tests.engine.cameras import served
from tests.engine.conftest import CONFIG, Gateway, running
from tests.engine.personas import ARCULES, HTTP, PERSONAS, Persona
from tests.engine.wire import LOGIN_OVER_HTTP, leaks, public_parts, recorded
from tests.report import Report

NAMES = [persona.name for persona in PERSONAS]


def test_there_are_enough_and_each_has_a_name_of_its_own() -> None:
    assert len(set(NAMES)) == len(PERSONAS) >= 25


async def test_every_persona_becomes_what_it_can(folder: Path, report: Report) -> None:
    config = msgspec.structs.replace(CONFIG, parallel_installs=100)
    async with AsyncExitStack() as stack:
        gateway = await stack.enter_async_context(running(folder, config))
        cameras = [await stack.enter_async_context(_camera(number, one)) for number, one in enumerate(PERSONAS, 1)]
        async with asyncio.TaskGroup() as group:
            added = [group.create_task(_add(gateway, *pair)) for pair in zip(PERSONAS, cameras, strict=True)]
        wrong = []
        for persona, camera, task in zip(PERSONAS, cameras, added, strict=True):
            view = task.result()
            install = gateway.install(view.id)
            report.add("Personas", _row(persona, view))
            wrong += [f"{persona.name}: {fault}" for fault in await _faults(persona, camera, view, install)]
        assert not wrong, "\n".join(wrong)


def _camera(number: int, persona: Persona) -> Camera:
    settings = msgspec.structs.replace(persona.settings, host=f"127.0.58.{number}", serial=f"persona-{number}")
    camera = Camera(settings)
    camera.log.records = True
    return camera


async def _add(gateway: Gateway, persona: Persona, camera: Camera) -> DeviceView:
    port = camera.https_port or camera.http_port
    options = {"password": "mistyped"} if persona.wrong_login else {}
    return await gateway.add(f"{camera.host}:{port}", **options)


async def _faults(persona: Persona, camera: Camera, view: DeviceView, install: InstallView) -> list[str]:
    """Return in what it is not as it should be."""
    said = "\n".join([view.attention or "", view.attention_hint, *(step.detail for step in install.steps)])
    way = next((way for way in ("security service", "device service") if f"by its {way}" in said), None)
    found = {
        "field": (view.certificate_field, persona.field),
        "attention": (view.attention_kind, persona.attention),
        "connection": (view.connection, Connection.ONLINE),
        "way": (way, persona.way),
        "served": (view.fingerprint, await served(camera) if persona.field is not CertificateField.HTTP else None),
    }
    # Who gives the address of an HTTP port has said that HTTP will do.
    faults = [leak for leak in leaks(camera) if persona.field is not HTTP or leak != LOGIN_OVER_HTTP]
    if persona.field is ARCULES and not any(part in recorded(camera, "https") for part in public_parts(camera)):
        faults.append("the public part of no key was found on the wire: the search finds nothing")
    faults += [f"{name} is {is_} and not {should}" for name, (is_, should) in found.items() if is_ != should]
    if persona.says not in said:
        faults.append(f"{persona.says!r} is not in {said!r}")
    refused = [
        received for received in camera.log.requests if received.credentials and "NotAuthorized" in received.outcome
    ]
    if persona.wrong_login and len(refused) != 1:
        faults.append(f"{len(refused)} attempts at the login")
    return faults


def _row(persona: Persona, view: DeviceView) -> str:
    way = persona.way or "none"
    return f"{persona.name:48} {way:18} {view.certificate_field or '-':16} {view.attention or ''}".rstrip()
