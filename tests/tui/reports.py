"""Rollouts and preflight reports as an engine tells them."""

from collections.abc import Iterable

from core.model.device import CertificateField
from core.model.keystore import Way
from core.model.preflight import Finding, PreflightReport, Readiness, Topic
from core.model.records import Purpose
from core.model.rollout import MemberState, RolloutDevice, RolloutState, RolloutView, Trouble

REFUSED = "The login was refused"


def member(number: int, name: str, state: MemberState = MemberState.WAITING, **more: object) -> RolloutDevice:
    """Return a device of a rollout, at 192.168.20.`number`."""
    fields: dict[str, object] = {"model": "Meridian MX-1", "task": Purpose.ADD, **more}
    return RolloutDevice(device=f"cam-{number}", name=name, address=f"192.168.20.{number}", state=state, **fields)  # type: ignore[arg-type]


def succeeded(number: int, name: str, **more: object) -> RolloutDevice:
    """Return one that has a certificate of ours."""
    fields: dict[str, object] = {"seconds": 45.0, "certificate": CertificateField.ARCULES, **more}
    return member(number, name, MemberState.SUCCEEDED, **fields)


def failed(number: int, name: str, **more: object) -> RolloutDevice:
    """Return one that refused the login."""
    told = {"reason": REFUSED, "hint": "Check user and password.", "trouble": Trouble.LOGIN_REFUSED, "seconds": 0.5}
    return member(number, name, MemberState.FAILED, **{**told, **more})


def rollout(*devices: RolloutDevice, **more: object) -> RolloutView:
    """Return a rollout, under way unless `more` says otherwise."""
    fields: dict[str, object] = {"id": "r1", "by": "tech1", "started_at": "2026-11-24T07:01:00Z", "at_once": 4, **more}
    return RolloutView(devices=devices, **fields)  # type: ignore[arg-type]


def ended(*devices: RolloutDevice, **more: object) -> RolloutView:
    """Return a rollout that is finished."""
    fields: dict[str, object] = {"state": RolloutState.FINISHED, "ended_at": "2026-11-24T07:04:20Z", **more}
    return rollout(*devices, **fields)


def begun(ids: Iterable[str]) -> RolloutView:
    """Return a rollout of these devices that has just begun."""
    return rollout(*(RolloutDevice(device=row, name=row, address=row, task=Purpose.ADD) for row in ids))


def ready(device: str, *findings: Finding, readiness: Readiness = Readiness.READY) -> PreflightReport:
    """Return a report."""
    way = Finding(Topic.WAY, "Way", "by its security service")
    return PreflightReport(
        address="192.168.20.33",
        name=device,
        readiness=readiness,
        device=device,
        way=Way.KEYSTORE,
        findings=(way, *findings),
    )
