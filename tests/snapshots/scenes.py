"""What there is to see. A scene more is a line in `SCENES`, with what its engine has and the keys that lead to it."""

from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from core.engine.board import Board
from core.model.device import AttentionKind, Connection, InstallView, StepState, StepView
from core.model.messages import Attached, DeviceDetail, Event, Role, Status
from core.model.preflight import Finding, Preflight, PreflightReports, Readiness, Topic
from core.model.rollout import MemberState
from core.model.sighting import Kind
from core.model.video import Video
from tests.snapshots.stage import Player, Scene
from tests.tui.engine import RESET, ScriptedEngine, added, blocked, found, install, over_http, presented, review, stored
from tests.tui.reports import REFUSED, failed, member, ready, rollout, succeeded

_KEY_FAILED = "The camera refused: ter:KeyGenerationFailed, because its random number generator is busy"
_EVENTS = (
    Event(1, "2026-11-20T09:12:00Z", "tech1", "added", "added, HTTP", "cam-14", "Loading dock"),
    Event(2, "2026-11-22T14:02:00Z", "tech1", "installed", "certificate installed", "cam-14", "Loading dock"),
    Event(3, "2026-11-24T06:50:00Z", "camtrust", "offline", "offline: no answer", "cam-12", "Roof west"),
    Event(4, "2026-11-24T06:58:00Z", "tech2", "accepted", "certificate accepted, ticket 7", "cam-19", "Canteen カメラ"),
    Event(5, "2026-11-24T07:03:00Z", "camtrust", "blocked", "blocked: another certificate", "cam-14", "Loading dock"),
)


_PEOPLE = (
    Attached("noc", Role.VIEWER, "2026-11-22T09:00:00Z", "monitor on tty99"),
    Attached("tech1", Role.OPERATOR, "2026-11-24T07:02:00Z", "pts/99999"),
    Attached("a-long-account-name", Role.OPERATOR, "2026-11-24T07:04:00Z"),
)


def _site(engine: ScriptedEngine) -> None:
    """Fill a site with a device in each state."""
    engine.show(
        blocked(14, "Loading dock", change=RESET, model="AXIS P3265-V", serial="B8A44F1C2D3E", video=Video.TUNNEL),
        added(21, "Gate north", Connection.ADDING, step=6, steps=10, fingerprint=None, certificate_field=None),
        review(11, "Lobby", not_after="2027-02-01T00:00:00Z"),
        added(17, "Till 3", model="Meridian MX-1", firmware="12.1.64", video=Video.RTSPS),
        added(18, "Stairs", not_after="2026-12-13T12:00:00Z", attention_kind=AttentionKind.EXPIRING),
        over_http(9, "Car park"),
        added(12, "Roof west", Connection.OFFLINE, since="2026-11-24T06:50:00Z"),
        added(19, "Canteen カメラ", video=Video.CLEAR, model="Norvik NB-2"),
        added(22, "A name that is longer than the column for it", serial="00408CDA1234"),
        found(33, "AXIS P3265-V"),
        found(34, "HIKVISION DS-2CD2386G2-ISU/SL"),
        found(35, "Printer", kind=Kind.OTHER),
    )
    engine.board.put_install(install("cam-21", 6))
    dock = engine.board.devices["cam-14"]
    engine.details["cam-14"] = DeviceDetail(
        dock,
        stored(),
        presented(),
        stored_by="tech1",
        stored_at="2026-11-22T14:02:00Z",
        events=tuple(event for event in _EVENTS if event.device == "cam-14"),
    )
    for event in _EVENTS:
        engine.board.add_event(event)


def _failed_install(engine: ScriptedEngine) -> None:
    _site(engine)
    engine.show(
        added(
            21,
            "Gate north",
            attention="The last install failed",
            attention_kind=AttentionKind.INSTALL_FAILED,
            attention_hint="Add it again later.",
        )
    )
    steps = (
        StepView(1, "Find HTTPS", StepState.DONE, "443 (found there)", 0.2),
        StepView(2, "The camera makes its key", StepState.FAILED, _KEY_FAILED, 12.0),
        StepView(3, "Sign the certificate", StepState.SKIPPED),
        StepView(4, "Clean up", StepState.DONE, seconds=0.4),
    )
    outcome = "HTTPS (Device): it keeps its own. Nothing was left on the camera."
    engine.board.put_install(InstallView("cam-21", 2, steps, 13.0, True, outcome, "Add it again later."))


def _checked(engine: ScriptedEngine) -> None:
    """Have a preflight tell something of each weight."""
    _site(engine)
    findings = (
        Finding(Topic.LOGIN, "Login", "with the stored one", Readiness.READY),
        Finding(Topic.CLOCK, "Clock", "41 s behind the gateway's", Readiness.NOTES, "It is allowed for."),
        Finding(Topic.ROOM, "Room", "for no further certificate", Readiness.CANNOT, "Delete one on the camera's page."),
    )
    report = ready("Till 3", *findings, readiness=Readiness.CANNOT)
    engine.answers[Preflight] = lambda _: PreflightReports((report,))


def _rollout(engine: ScriptedEngine) -> None:
    _site(engine)
    engine.roll(
        rollout(
            succeeded(1, "Lobby", canary=True),
            failed(2, "Canteen", model="Norvik NB-2"),
            msgspec.structs.replace(member(21, "Gate north", MemberState.RUNNING, canary=True), device="cam-21"),
            member(4, "Gate south", model="Halden HO-5"),
            member(6, "Yard", usual=45.0),
            member(7, "Stairs", MemberState.NOT_STARTED, reason=REFUSED),
            member(8, "Dock", MemberState.SKIPPED, reason="It has its certificate already"),
            remaining=163.0,
        )
    )


class _Crowd(Board):
    """Tells always of the same people, whoever is attached. None is on a terminal that there is."""

    def status(self) -> Status:
        """Return the engine as a whole."""
        return msgspec.structs.replace(super().status(), attached=_PEOPLE)


def _shared(engine: ScriptedEngine) -> None:
    """Have several people at work."""
    engine.board = _Crowd(lambda: engine.status)
    _site(engine)


def _after(*acts: tuple[str, ...] | str) -> Callable[[Player], Coroutine[Any, Any, None]]:
    """Return who presses keys (tuples) and waits for texts (strings), in this order."""

    async def play(player: Player) -> None:
        for act in acts:
            await (player.sees(act) if isinstance(act, str) else player.press(*act))

    return play


_STARTED = "1 BLOCKED"
_LAST_EVENT = "06:50 Roof west offline"
_TO_FOUND = ("end", "up")
_TO_TILL = ("down",) * 7
_TO_TWO = ("end", "space", "up", "up", "space")
_SECRET = tuple("secret")

SCENES = (
    Scene("devices", _site, _after(_STARTED, "Car park")),
    Scene("drawer", _site, _after(_STARTED, ("enter",), "Stored")),
    Scene("add", _site, _after(_STARTED, _TO_FOUND, ("a",), "issued by itself", _SECRET)),
    Scene("install", _site, _after(_STARTED, ("down", "i"), "step 6 of 10")),
    Scene("install-failed", _failed_install, _after(_STARTED, ("down", "i"), "KeyGenerationFailed")),
    Scene("compare", _site, _after(_STARTED, ("c",), "!= Issuer")),
    Scene("certificate", _site, _after(_STARTED, _TO_TILL, ("c",), "Till 3", "SHA-256")),
    Scene("queue", _site, _after(_STARTED, ("v",), "to decide about")),
    Scene("rollout", _rollout, _after("rollout", ("m",), "begun by tech1")),
    Scene("events", _site, _after(_STARTED, ("e",), "blocked: another certificate")),
    Scene("help", _site, _after(_STARTED, ("question_mark",), "lines 1-")),
    Scene("palette", _site, _after(_STARTED, ("colon",), "What to do", tuple("roof"), "Roof west")),
    Scene("people", _shared, _after("1 BLOCKED", ("W",), "3 screens on this engine")),
    Scene("scan", _site, _after(_STARTED, ("N",), "Scan a network", tuple("10.0.0.0"))),
    Scene("replace", _site, _after(_STARTED, ("r",), "Replace Loading dock", "Trust it")),
    Scene("login", _site, _after(_STARTED, _TO_FOUND, ("P",), "Preflight of 1 device", "left empty")),
    Scene("preflight", _checked, _after(_STARTED, _TO_TILL, ("P",), "its security service")),
    Scene("remove", _site, _after(_STARTED, ("D",), "Remove Loading dock", "Keep it")),
    Scene("reissue", _site, _after(_STARTED, _TO_TILL, ("I",), "Re-issue the certificate of Till 3")),
    Scene("save", _rollout, _after("rollout", ("m", "s"), "Save as")),
    Scene("logs", _site, _after(_STARTED, ("L",), "State folder")),
    Scene("add-many", _site, _after(_STARTED, _TO_TWO, ("a",), "Bring 2 devices", "Car park")),
    Scene("monitor", _site, _after("BLOCKED", _LAST_EVENT), "monitor"),
    Scene("monitor-old", _site, _after("NO WORD"), "monitor", ends=_LAST_EVENT),
    Scene("engine-gone", _site, _after("The engine is gone"), ends=_STARTED),
)
"""All scenes; the name is that of its files."""
