"""Replacing a device and re-issuing its certificate: what is asked before, and what is sent."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from core.model.device import DeviceView, Origin
from core.model.errors import RefusedError
from core.model.messages import AnyCommand, AnyResult, Look, LookAt, Looks, ReissueCertificate, ReplaceDevice
from core.model.secret import Secret
from tests.tui.driving import Running, running
from tests.tui.engine import (
    OTHER_PRINT,
    PRINT,
    ScriptedEngine,
    added,
    blocked,
    found,
    over_http,
    presented,
    stored,
)
from tui.words import grouped


def sent(engine: ScriptedEngine) -> list[ReplaceDevice]:
    return [command for command in engine.asked if isinstance(command, ReplaceDevice)]


def looked_at(engine: ScriptedEngine) -> list[str]:
    return [address for command in engine.asked if isinstance(command, LookAt) for address in command.addresses]


def showing(fingerprint: str | None) -> Callable[[AnyCommand], AnyResult]:
    """Return what answers that every address shows the certificate with this fingerprint, or nothing."""

    def look(address: str) -> Look:
        if fingerprint is None:
            return Look(address, problem="It does not answer")
        return Look(address, "HTTPS on 443", stored(PRINT) if fingerprint == PRINT else presented(fingerprint))

    def answer(command: AnyCommand) -> AnyResult:
        assert isinstance(command, LookAt)
        return Looks(tuple(look(address) for address in command.addresses))

    return answer


async def open_dialog(run: Running, name: str) -> None:
    await run.sees(name)
    await run.press("r")
    await run.sees(f"Replace {name}, 192.168.20.", "left empty: the stored login is used")


async def test_a_device_on_http_is_brought_to_https_with_its_stored_login(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    engine.show(over_http(9, "Car park"))
    async with running(tmp_path, engine) as run:
        await open_dialog(run, "Car park")
        await run.sees("It is looked for on HTTPS", "HTTPS on 443 (found there)", "b1d0 4e99 … abcd", "First contact")
        await run.press("enter")
        await run.sees("step 1 of 10 · 0:23", "Car park")
        assert sent(engine) == [ReplaceDevice(device="cam-9")]


async def test_what_happens_to_a_certificate_that_was_accepted_is_said_before(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    engine.show(added(16, "Gate", origin=Origin.ACCEPTED), added(17, "Till"))
    engine.answers[LookAt] = showing(PRINT)
    goes = "It is taken out of use."
    async with running(tmp_path, engine) as run:
        for name, is_told in (("Gate", True), ("Till", False)):
            await open_dialog(run, name)
            assert (goes in " ".join(run.text().split())) is is_told
            await run.press("escape")
            await run.no_longer_sees(f"Replace {name}")
            await run.press("I")
            await run.sees(f"Re-issue the certificate of {name}")
            assert (goes in " ".join(run.text().replace("│", " ").split())) is is_told
            await run.press("escape", "down")


async def test_where_the_camera_cannot_take_a_certificate_that_is_said(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(17, "Till", origin=Origin.ACCEPTED))
    way = "HTTPS on 443 (found there), keeps its own certificate"
    engine.answers[LookAt] = lambda _: Looks((Look("192.168.20.17", way, stored(PRINT)),))
    async with running(tmp_path, engine) as run:
        await open_dialog(run, "Till")
        await run.sees("This camera cannot take a certificate of ours: it keeps its own one.")
        assert "taken out of use" not in run.text()


async def test_a_port_of_http_is_not_looked_at_again(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(msgspec.structs.replace(over_http(9, "Car park"), address="192.168.20.9:8080"))
    async with running(tmp_path, engine) as run:
        await open_dialog(run, "Car park")
        await run.until(lambda: looked_at(engine) == ["192.168.20.9"])


async def test_another_login_and_another_address_are_sent_where_they_are_typed(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    engine.show(added(17, "Till"))
    engine.answers[LookAt] = showing(PRINT)
    async with running(tmp_path, engine) as run:
        await open_dialog(run, "Till")
        await run.sees("It is brought to HTTPS anew")
        assert "First contact" not in run.text()
        await run.paste("service")
        await run.press("tab")
        await run.paste("pass word")
        await run.press("shift+tab", "shift+tab", "end", "backspace", "9", "enter")
        await run.until(lambda: looked_at(engine) == ["192.168.20.17", "192.168.20.19"])
        assert not sent(engine)
        await run.press("enter")
        await run.sees("step 1 of 10")
        command = ReplaceDevice(device="cam-17", address="192.168.20.19", user="service", password=Secret("pass word"))
        assert sent(engine) == [command]


async def test_a_blocked_device_is_not_asked_and_its_leaf_is_agreed_to_by_typing(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    engine.show(blocked(14, "Dock"))
    async with running(tmp_path, engine) as run:
        await open_dialog(run, "Dock")
        await run.sees("blocked; nothing is sent to it", *grouped(OTHER_PRINT), "This is not the stored certificate.")
        await run.press("enter")
        await run.sees("! The certificate that it shows was not agreed to")
        assert run.app.screen.focused is run.app.screen.query_one("#trust")
        await run.press(*"yep", "enter")
        await run.sees("! The certificate that it shows was not agreed to")
        assert not sent(engine)
        await run.press("backspace", "s", "enter")
        await run.sees("step 1 of 10")
        assert sent(engine) == [ReplaceDevice(device="cam-14", expect=OTHER_PRINT)]
        assert not looked_at(engine)


async def test_replace_is_one_of_the_answers_of_the_comparison(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(blocked(14, "Dock"))
    async with running(tmp_path, engine) as run:
        await run.sees("Dock")
        await run.press("c")
        await run.sees(" > Keep the stored certificate")
        await run.press("down", "enter")
        await run.sees("Replace Dock, 192.168.20.14", *grouped(OTHER_PRINT))
        await run.press(*OTHER_PRINT[-8:], "enter")
        await run.sees("step 1 of 10")
        await run.press("escape")
        await run.sees("> certificate settings", "> HTTPS (Arcules), issued by this gateway · replacing, step 1 of")
        assert "nothing to decide" not in run.text()
        assert "Keep the stored" not in run.text()
        assert sent(engine) == [ReplaceDevice(device="cam-14", expect=OTHER_PRINT)]


async def test_a_leaf_that_is_seen_only_now_is_agreed_to_by_typing_too(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(17, "Till"))
    engine.answers[LookAt] = showing(OTHER_PRINT)
    async with running(tmp_path, engine) as run:
        await open_dialog(run, "Till")
        await run.sees("This is not the stored certificate.")
        await run.press("enter")
        await run.sees("! The certificate that it shows was not agreed to")
        await run.press(*"yes", "enter")
        await run.sees("step 1 of 10")
        assert sent(engine) == [ReplaceDevice(device="cam-17", expect=OTHER_PRINT)]


async def test_a_device_that_does_not_answer_can_be_replaced_all_the_same(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    engine.show(added(17, "Till"))
    engine.answers[LookAt] = showing(None)
    async with running(tmp_path, engine) as run:
        await open_dialog(run, "Till")
        await run.sees("It does not answer")
        await run.press("enter")
        await run.sees("step 1 of 10")
        assert sent(engine) == [ReplaceDevice(device="cam-17")]


@pytest.mark.parametrize(
    ("typed", "problem"),
    [(" 192.168.20.5", "! There is more than one address"), ("\x15", "! There is no address")],
)
async def test_it_is_about_one_address(engine: ScriptedEngine, tmp_path: Path, typed: str, problem: str) -> None:
    engine.show(added(17, "Till"))
    engine.answers[LookAt] = showing(PRINT)
    async with running(tmp_path, engine) as run:
        await open_dialog(run, "Till")
        await run.press("shift+tab")
        if typed == "\x15":
            await run.press("ctrl+u")
        else:
            await run.paste(typed)
        await run.press("tab", "enter")
        await run.sees(problem)
        assert not sent(engine)


async def test_a_refusal_is_shown_in_the_dialog(engine: ScriptedEngine, tmp_path: Path) -> None:
    def refuse(command: AnyCommand) -> AnyResult:
        raise RefusedError("Till is being worked on", "Wait until it is finished.")

    engine.show(added(17, "Till"))
    engine.answers[LookAt] = showing(PRINT)
    engine.answers[ReplaceDevice] = refuse
    async with running(tmp_path, engine) as run:
        await open_dialog(run, "Till")
        await run.press("enter")
        await run.sees("! Till is being worked on", "Wait until it is finished.")


async def test_reissue_asks_first(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(17, "Till"))
    async with running(tmp_path, engine) as run:
        await run.sees("Till")
        for keys in ((), ("c",)):
            await run.press(*keys, "I")
            await run.sees("Re-issue the certificate of Till, 192.168.20.17?", "> Keep the present one")
            await run.press("enter")
            await run.no_longer_sees("Re-issue the certificate")
        assert ReissueCertificate(device="cam-17") not in engine.asked
        await run.sees("certificate settings")
        await run.press("I")
        await run.sees("> Keep the present one")
        await run.press("down", "enter")
        await run.sees("step 1 of 10", "Till")
        assert ReissueCertificate(device="cam-17") in engine.asked


@pytest.mark.parametrize(
    ("device", "key", "why"),
    [
        (over_http(9, "Park"), "I", "Park is on plain HTTP; r Replace brings it to HTTPS."),
        (blocked(14, "Dock"), "I", "Dock is blocked; decide about its certificate first (c)."),
        (found(33, "AXIS"), "r", "AXIS is not added yet; a adds it."),
        (found(33, "AXIS"), "I", "AXIS is not added yet; a adds it."),
    ],
)
async def test_what_is_not_possible_says_why(
    engine: ScriptedEngine, tmp_path: Path, device: DeviceView, key: str, why: str
) -> None:
    engine.show(device)
    async with running(tmp_path, engine) as run:
        await run.sees("192.168.20.")
        await run.press(key)
        await run.sees(why)
        assert not sent(engine)
