"""The certificate screen: what is compared, and that nothing is accepted but by typing."""

import asyncio
from pathlib import Path

import msgspec
import pytest
from textual.widgets import Input

from core.model.device import Connection
from core.model.errors import NotReachedError, RefusedError
from core.model.messages import AcceptCertificate, AnyCommand, AnyResult, ReadCertificate, ReviewDevice, Role
from core.service.client import Client
from tests.tui.driving import NOW, Running, running
from tests.tui.engine import (
    OTHER_PRINT,
    PRINT,
    RESET,
    ScriptedEngine,
    added,
    blocked,
    install,
    presented,
    review,
    review_of,
    serving,
    stored,
)
from tui.app import CamtrustApp

DOCK = blocked(14, "Loading dock", change=RESET)
THIRD = "c0ffee" + OTHER_PRINT[6:-8] + "00facade"
KEEP = " > Keep the stored certificate: the device stays blocked"
HOW = "To accept, type yes or the last 8 characters of its SHA-256."


def accepted(engine: ScriptedEngine) -> list[AcceptCertificate]:
    return [command for command in engine.asked if isinstance(command, AcceptCertificate)]


async def compare(run: Running) -> None:
    await run.sees("Loading dock")
    await run.press("c")
    await run.sees(KEEP)


def typed(run: Running) -> list[str]:
    return [field.value for field in run.app.screen.query(Input)]


async def test_a_blocked_device_is_compared_side_by_side(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(DOCK)
    async with running(tmp_path, engine) as run:
        await compare(run)
        lines = run.text().splitlines()
        assert lines[0] == " Loading dock  192.168.20.14  !! Error with device certificate" + " " * 11 + "1 of 1"
        assert lines[1] == f" Probably: {RESET}"
        assert lines[4] == " != SHA-256     3f9a 12c0 88d1 4c70             b1d0 4e99 60aa 1f03"
        assert lines[8] == " != Issuer      Arcules Gateway CA gw-042       axis-b8a44f1c2d3e (itself)"
        assert lines[-6:-2] == [
            KEEP,
            "   Install our certificate again (Replace)",
            "   Accept the presented one: type yes, or its last 8 characters [              ]",
            "   Reason, kept in the log [                                                   ]",
        ]
        assert lines[-2].split("  ")[0] == " Esc keeps everything as it is. No single key accepts."
        assert lines[-2].endswith("lines 1-16 of 22")


async def test_all_of_it_can_be_paged_through_from_wherever_the_focus_is(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    engine.show(DOCK)
    async with running(tmp_path, engine) as run:
        await compare(run)
        for focus in ((), ("down", "down")):
            await run.press(*focus, "pagedown")
            await run.sees("  = Size        1100 bytes", "lines 7-22 of 22")
            await run.press("pageup")
            await run.sees("lines 1-16 of 22")


async def test_on_a_low_terminal_one_answer_is_shown_and_the_others_are_gone_to(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    engine.show(DOCK)
    async with running(tmp_path, engine, size=(60, 15)) as run:
        await run.sees("Loading dock")
        await run.press("c")
        await run.sees(" > 1/4 Keep the stored certificate: the device stays blocked", "lines 1-11 of 33")
        await run.sees("presented   b1d0 4e99 60aa 1f03 7c61 d2e8 35b9 02ac", "PgDn More")
        for answer in ("2/4 Install our certificate again (Replace)", "3/4 Accept it: type yes", "4/4 Reason, kept in"):
            await run.press("down")
            await run.sees(f" > {answer}")
            assert sum("/4 " in line for line in run.screen()) == 1
        await run.press("up")
        await run.type("yes")
        await run.sees(" > 3/4 Accept it: type yes, or its last 8 [yes ")
        await run.pilot.resize_terminal(60, 24)
        await run.sees("   Keep the stored certificate", " > Accept it: type yes, or its last 8 [yes ", "   Reason,")
        await run.pilot.resize_terminal(60, 15)
        await run.sees(" > 3/4 Accept it: type yes, or its last 8 [yes ")
        await run.press("enter")
        await run.sees("Accepted: Loading dock is trusted")
        assert len(accepted(engine)) == 1


@pytest.mark.parametrize("keys", [("enter",), ("escape",), ("q",), ("down", "down", "down", "down", "enter")])
async def test_keeping_is_at_hand_and_changes_nothing(
    engine: ScriptedEngine, tmp_path: Path, keys: tuple[str, ...]
) -> None:
    engine.show(DOCK)
    async with running(tmp_path, engine) as run:
        await compare(run)
        await run.press(*keys)
        await run.sees("State^")
        assert not accepted(engine)


async def test_no_single_key_accepts(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(DOCK)
    async with running(tmp_path, engine) as run:
        await compare(run)
        for steps in ((), ("down", "down"), ("down",)):
            await run.press(*steps, *"adxA1", "space", "ctrl+s")
            if steps:
                await run.press("enter")
                await run.sees(HOW)
        assert typed(run) == ["adxA1 ", "adxA1 "]
        assert not accepted(engine)


@pytest.mark.parametrize("act", ["yes", "3456 ABCD"])
async def test_typing_accepts_exactly_what_is_on_the_screen_with_a_reason(
    engine: ScriptedEngine, tmp_path: Path, act: str
) -> None:
    engine.show(DOCK)
    async with running(tmp_path, engine) as run:
        await compare(run)
        await run.press("down", "down")
        await run.type(act)
        await run.press("down")
        await run.paste("reset by support, ticket 7")
        await run.press("enter")
        await run.sees("Accepted: Loading dock is trusted with this certificate from now on.")
        await run.sees("= HTTPS (Arcules), reviewed and accepted · online since 07:00")
        command = AcceptCertificate(device="cam-14", fingerprint=OTHER_PRINT, reason="reset by support, ticket 7")
        assert accepted(engine) == [command]
        assert "meanwhile" not in run.text()
        assert "nothing to decide" not in run.text()


@pytest.mark.parametrize("wrong", ["", "y", PRINT[-8:]])
async def test_anything_else_says_what_to_type(engine: ScriptedEngine, tmp_path: Path, wrong: str) -> None:
    engine.show(DOCK)
    async with running(tmp_path, engine) as run:
        await compare(run)
        await run.press("down", "down")
        await run.paste(wrong)
        await run.press("enter")
        await run.sees(HOW)
        await run.press("down", "enter")
        await run.until(lambda: run.app.screen.focused is run.app.screen.query_one("#accept"))
        assert not accepted(engine)


async def test_a_leaf_that_changed_unseen_is_refused_in_words_and_compared_anew(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    def refuse(command: AnyCommand) -> AnyResult:
        # What the device shows now is known to the engine alone, until it looks.
        engine.show(msgspec.structs.replace(DOCK, presented=THIRD))
        raise RefusedError("Loading dock shows another certificate now", "Nothing was accepted. Compare that one.")

    engine.show(DOCK)
    engine.answers[AcceptCertificate] = refuse
    async with running(tmp_path, engine) as run:
        await compare(run)
        await run.press("down", "down", *"yes", "down", "x", "enter")
        await run.sees("Loading dock shows another certificate now. Nothing was accepted.", KEEP, "c0ff ee99")
        assert typed(run) == ["", ""]
        assert [command.fingerprint for command in accepted(engine)] == [OTHER_PRINT]
        # It takes typing again, and it is the other one that is accepted.
        del engine.answers[AcceptCertificate]
        await run.press("enter")
        await run.sees("State^")
        await compare(run)
        await run.press("down", "down")
        await run.paste(THIRD[-8:])
        await run.press("enter")
        await run.sees("Accepted: Loading dock")
        assert accepted(engine)[1].fingerprint == THIRD


async def test_a_leaf_that_changes_while_somebody_looks_clears_what_was_typed(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    engine.show(DOCK)
    async with running(tmp_path, engine) as run:
        await compare(run)
        await run.press("down", "down", *"yes")
        engine.show(msgspec.structs.replace(DOCK, presented=THIRD))
        await run.sees("The device shows another certificate than a moment ago.", "c0ff ee99", KEEP)
        assert typed(run) == ["", ""]
        await run.press("enter")
        await run.sees("State^")
        assert not accepted(engine)


async def test_a_check_that_changes_nothing_leaves_what_was_typed(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(DOCK)
    async with running(tmp_path, engine) as run:
        await compare(run)
        await run.press("down", "down", *"ye")
        asked = engine.asked.count(ReviewDevice(device="cam-14"))
        engine.show(msgspec.structs.replace(DOCK, last_check="2026-11-24T07:04:30Z"))
        await run.until(lambda: engine.asked.count(ReviewDevice(device="cam-14")) > asked)
        await run.press("s", "enter")
        await run.sees("Accepted: Loading dock")


async def test_a_device_that_does_not_answer_is_refused_with_what_to_do(engine: ScriptedEngine, tmp_path: Path) -> None:
    def refuse(command: AnyCommand) -> AnyResult:
        raise NotReachedError("Nothing was accepted: no connection", "Try again when it is back.")

    engine.show(DOCK)
    engine.answers[AcceptCertificate] = refuse
    async with running(tmp_path, engine) as run:
        await compare(run)
        await run.press("down", "down", *"yes", "enter")
        await run.sees("Nothing was accepted: no connection. Try again when it is back.", KEEP)
        assert typed(run) == ["", ""]
        # It is read when something is typed again.
        await run.press("down", "down", "y")
        await run.no_longer_sees("Nothing was accepted")


async def test_what_another_technician_decided_is_told_with_the_name(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(DOCK)
    async with running(tmp_path, engine) as run:
        await compare(run)
        await run.press("down", "down", *"ye")
        engine.accepted("cam-14", OTHER_PRINT, "tech2")
        await run.sees("tech2 accepted the presented certificate at 07:04.")
        await run.sees("There is nothing to decide here any more:", "07:04 certificate accepted by tech2")
        await run.sees("HTTPS (Arcules), reviewed and accepted")
        await run.press("s", "enter")
        assert "Keep the stored" not in run.text()
        assert not accepted(engine)


async def test_what_another_technician_has_begun_is_told_and_nothing_is_decided_meanwhile(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    engine.show(DOCK)
    async with running(tmp_path, engine) as run:
        await compare(run)
        await run.press("down", "down", *"ye")
        work = {"connection": Connection.ADDING, "step": 1, "steps": 10, "attention": None, "attention_kind": None}
        engine.board.put_install(install("cam-14", 1, seconds=90.0, doing="replacing", by="tech2"))
        engine.show(msgspec.structs.replace(DOCK, **work))
        await run.sees("tech2 is replacing it since 07:03.", "There is nothing to decide here any more:")
        assert KEEP not in run.text()
        await run.press("s", "enter")
        assert not accepted(engine)


async def test_a_device_that_is_removed_meanwhile_is_gone_from_the_screen(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    engine.show(DOCK)
    async with running(tmp_path, engine) as run:
        await compare(run)
        engine.board.drop("cam-14")
        await run.sees("This device was removed:")
        assert KEEP not in run.text()
        await run.press("escape")
        await run.sees("No devices yet")


async def test_a_device_on_its_own_certificate_is_accepted_by_the_same_act(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    engine.show(review(11, "Lobby"))
    async with running(tmp_path, engine) as run:
        await run.sees("Lobby")
        await run.press("c")
        await run.sees(
            " Lobby  192.168.20.11  ? its own certificate, not accepted",
            "? HTTPS (Device), not accepted yet · review, online since 07:00",
            "SHA-256       3f9a 12c0 88d1 4c70 9e22 51b7 0d4f 77be",
            "Shown now     the same certificate",
            " > Keep it as it is: encrypted, and not accepted",
            "Accept as trusted, becomes HTTPS (Arcules): type yes, or last 8 [",
        )
        await run.press("down", "down", *"yes", "enter")
        await run.sees("Accepted: Lobby is trusted", "HTTPS (Arcules), reviewed and accepted")
        assert accepted(engine) == [AcceptCertificate(device="cam-11", fingerprint=PRINT)]


async def test_the_certificate_settings_show_all_of_it(engine: ScriptedEngine, tmp_path: Path) -> None:
    view = added(17, "Till 3", last_check="2026-11-24T07:04:00Z")
    engine.show(view)
    extensions = ("BasicConstraints: not a CA (critical)", "KeyUsage: digital signature")
    told = review_of(view, reason="our own certificate")
    full = msgspec.structs.replace(told, stored=stored(extensions=extensions), presented=stored())
    engine.reviews["cam-17"] = full
    async with running(tmp_path, engine) as run:
        await run.sees("Till 3")
        await run.press("c")
        await run.sees(
            " Till 3  192.168.20.17  = certificate settings",
            "Status        = HTTPS (Arcules), issued by this gateway · online since 07:00",
            "SHA-256       3f9a 12c0 88d1 4c70 9e22 51b7 0d4f 77be",
            "              6f1a 09d3 c2b7 4e58 a190 6d33 f0aa 77be",
            "Stored        11-22 09:00 by tech1",
            "Reason        our own certificate",
            "Shown now     the same certificate, last looked at 07:04",
            "Chain         signed by Arcules Gateway CA gw-042, the authority of this",
            "Valid         2026-11-22 to 2036-11-20",
            "Serial        4c70 9e22",
            "Extensions    BasicConstraints: not a CA (critical)",
            "              KeyUsage: digital signature",
        )
        await run.press("end")
        await run.sees("As openssl    3F:9A:12:C0:88:D1")
        assert "Keep" not in run.text()


async def test_a_certificate_that_ends_soon_says_so(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(18, "Stairs", attention="Certificate expires in 19 days", attention_hint="Re-issue it."))
    told = review_of(added(18, "Stairs"))
    ending = stored(not_after="2026-12-13T12:00:00Z")
    engine.reviews["cam-18"] = msgspec.structs.replace(told, stored=ending, presented=ending)
    async with running(tmp_path, engine) as run:
        await run.sees("Stairs")
        await run.press("c")
        await run.sees("To do         Certificate expires in 19 days. Re-issue it.", "to 2026-12-13, 19 days left")


async def test_a_device_that_changes_while_its_settings_are_read(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(14, "Loading dock"))
    async with running(tmp_path, engine) as run:
        await run.sees("Loading dock")
        await run.press("c")
        await run.sees("certificate settings")
        engine.show(DOCK)
        await run.sees("The device began to show another certificate just now.", "8 differ", KEEP)


async def test_a_device_without_a_stored_certificate_can_be_accepted_when_it_is_back(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    view = added(20, "Shed", certificate_field=None, origin=None, fingerprint=None, presented=OTHER_PRINT)
    engine.show(view)
    async with running(tmp_path, engine) as run:
        await run.sees("Shed")
        await run.press("c")
        await run.sees(
            "nothing yet; this one is what the device shows", "b1d0 4e99 60aa 1f03", "becomes HTTPS (Arcules)"
        )
        await run.press("down", "down", *"yes", "enter")
        await run.sees("Accepted: Shed")
        assert accepted(engine) == [AcceptCertificate(device="cam-20", fingerprint=OTHER_PRINT)]


async def test_an_unreadable_certificate_can_be_compared_and_accepted(engine: ScriptedEngine, tmp_path: Path) -> None:
    broken = presented(readable=False, subject="", issuer="", warnings=("Cannot be read",))
    told = review_of(DOCK)
    sizes = tuple(field for field in told.differences if field.label in ("SHA-256", "Size"))
    engine.show(DOCK)
    engine.reviews["cam-14"] = msgspec.structs.replace(told, presented=broken, differences=sizes)
    async with running(tmp_path, engine) as run:
        await compare(run)
        await run.sees("b1d0 4e99 60aa 1f03", "  = Size        1100 bytes", "Presented: 1100 bytes that cannot be read")
        await run.press("down", "down", *"yes", "enter")
        await run.sees("Accepted: Loading dock")


async def test_both_certificates_are_saved_where_both_are_shown(
    engine: ScriptedEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    engine.show(DOCK, added(17, "Till 3"))
    async with running(tmp_path, engine, size=(200, 30)) as run:
        await compare(run)
        await run.press("e")
        await run.sees(f"Saved {tmp_path / 'cam-14-3f9a12c0.cer'} and cam-14-b1d04e99.cer")
        assert (tmp_path / "cam-14-b1d04e99.cer").read_bytes() == b"0\x82presented"
        await run.press("escape", "down", "c")
        await run.sees("certificate settings")
        await run.press("e")
        await run.sees(f"Saved {tmp_path / 'cam-17-3f9a12c0.cer'}")
        assert ReadCertificate(device="cam-17", which="presented") not in engine.asked


async def test_the_fingerprint_that_is_decided_about_can_be_copied(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(DOCK)
    async with running(tmp_path, engine) as run:
        await compare(run)
        await run.press("y")
        await run.sees("Copied, if the terminal can: presented SHA-256 b1d0 4e99 … abcd, see above.")
        assert run.app.clipboard == OTHER_PRINT


async def test_a_viewer_compares_and_cannot_decide(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(DOCK)
    async with serving(engine, tmp_path) as path:

        async def connect() -> Client:
            return await Client.connect(path, role=Role.VIEWER, watch=True)

        app = CamtrustApp(connect, crash_folder=tmp_path, clock=lambda: NOW)
        async with app.run_test(size=(80, 24)) as pilot:
            run = Running(app, pilot, engine)
            await run.sees("Loading dock")
            await run.press("c")
            await run.sees("A viewer may look, and change nothing.", "8 differ")
            assert not run.app.screen.query_one("#decision").display
            await run.press("r")
            assert "Replace Loading dock" not in run.text()


async def test_while_the_engine_looks_nobody_leaves_believing_that_all_was_kept(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    engine.show(DOCK)
    released = engine.holds[AcceptCertificate] = asyncio.Event()
    async with running(tmp_path, engine) as run:
        await compare(run)
        await run.press("down", "down", *"yes", "enter")
        await run.until(lambda: bool(accepted(engine)))
        for key in ("escape", "enter"):
            await run.press(key)
            await run.sees("The device is being looked at; wait a moment.")
        released.set()
        await run.sees("Accepted: Loading dock")
        assert len(accepted(engine)) == 1
