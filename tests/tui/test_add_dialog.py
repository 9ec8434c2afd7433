"""The add dialog: what it looks at, what it sends, and how it says what is wrong."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.widgets import Input

from core.model.errors import UsageError
from core.model.messages import AddDevices, AnyCommand, AnyResult, Look, LookAt, Looks
from core.model.records import Login
from core.model.secret import Secret
from tests.tui.driving import Running, running
from tests.tui.engine import OTHER_PRINT, ScriptedEngine, found, stored
from tui.look import use_encoding
from tui.words import grouped


def sent(engine: ScriptedEngine) -> list[AddDevices]:
    return [command for command in engine.asked if isinstance(command, AddDevices)]


def looked_at(engine: ScriptedEngine) -> list[str]:
    return [address for command in engine.asked if isinstance(command, LookAt) for address in command.addresses]


async def open_dialog(run: Running) -> None:
    await run.sees("found")
    await run.press("a")
    await run.sees("Add a device", "HTTPS on 443 (found there)")


async def test_a_found_device_is_looked_at_and_added_with_a_login(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(found(33, "AXIS"))
    async with running(tmp_path, engine) as run:
        await open_dialog(run)
        await run.sees("SHA-256 b1d0 4e99 … abcd · issued by itself", "First contact")
        await run.type("admin")
        await run.press("tab")
        await run.type("pass word")
        assert "pass" not in run.text()
        await run.press("enter")
        await run.sees("step 1 of 10", "Camera 33")
        command = sent(engine)[0]
        assert (command.addresses, command.user, command.allow_http_login) == (("192.168.20.33",), "admin", False)
        assert command.password == Secret("pass word")
        assert looked_at(engine) == ["192.168.20.33"]


async def test_several_are_told_apart_by_their_names(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(found(33, "Loading dock"), found(34))
    async with running(tmp_path, engine) as run:
        await run.sees("Loading dock")
        await run.press("asterisk", "a")
        await run.sees("Bring 2 devices to HTTPS", "for what these cameras show")
        lines = [line.strip("│ ") for line in run.text().splitlines()]
        at = next(number for number, line in enumerate(lines) if line.startswith("192.168.20.33  "))
        assert lines[at + 1].startswith("Loading dock            SHA-256 b1d0")
        assert lines[at + 2].startswith("192.168.20.34           HTTPS")
        assert lines[at + 3].startswith("SHA-256 b1d0")


async def test_one_camera_is_spoken_of_as_one(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(found(33, "AXIS"))
    async with running(tmp_path, engine) as run:
        await open_dialog(run)
        await run.sees("nobody vouches for what this camera shows")
        assert "these cameras" not in run.text()


async def test_nothing_is_added_when_the_dialog_is_left(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(found(33, "AXIS"))
    async with running(tmp_path, engine) as run:
        await open_dialog(run)
        await run.press("escape")
        await run.no_longer_sees("Add a device")
        assert not sent(engine)


async def test_a_login_that_was_given_is_filled_in(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(found(33, "AXIS"))
    login = Login("service", Secret("demo-password"))
    async with running(tmp_path, engine, login=login) as run:
        await open_dialog(run)
        await run.sees("[service")
        assert "demo-password" not in run.text()
        await run.press("enter")
        await run.sees("step 1 of 10")
        assert (sent(engine)[0].user, sent(engine)[0].password) == ("service", Secret("demo-password"))


async def test_an_address_can_be_typed_while_the_cursor_is_on_a_found_device(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    engine.show(found(33, "AXIS"))
    async with running(tmp_path, engine) as run:
        await run.sees("found")
        await run.press("A")
        await run.sees("Add a device")
        await run.paste("192.168.20.50, 192.168.20.51")
        await run.sees("Add 2 devices", "not looked at yet")
        assert not looked_at(engine)
        await run.press("enter")
        await run.until(lambda: sorted(looked_at(engine)) == ["192.168.20.50", "192.168.20.51"])
        assert not sent(engine)
        await run.press("enter")
        await run.sees("2 devices are being added")
        assert sent(engine)[0].addresses == ("192.168.20.50", "192.168.20.51")


async def test_fingerprints_are_shown_in_full(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(found(33, "AXIS"))
    async with running(tmp_path, engine) as run:
        await open_dialog(run)
        await run.press("ctrl+f")
        await run.sees(*grouped(OTHER_PRINT))


def over_http_only(command: AnyCommand) -> AnyResult:
    assert isinstance(command, LookAt)
    return Looks(tuple(Look(address, "HTTP on 80 (no HTTPS answers)") for address in command.addresses))


async def test_a_login_over_plain_http_is_asked_for_where_there_is_plain_http(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    engine.show(found(33, "AXIS"))
    engine.answers[LookAt] = over_http_only
    async with running(tmp_path, engine) as run:
        await run.sees("found")
        await run.press("a")
        await run.sees("HTTP on 80", "[ ] Log in over plain HTTP too")
        await run.type("admin")
        await run.press("tab", "x", "tab", "space")
        await run.sees("[x] Log in over plain HTTP too")
        await run.press("enter")
        await run.sees("step 1 of 10")
        assert sent(engine)[0].allow_http_login


async def test_https_is_switched_on_only_where_somebody_agreed(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(found(33, "AXIS"))
    engine.answers[LookAt] = over_http_only
    async with running(tmp_path, engine) as run:
        await run.sees("found")
        await run.press("a")
        await run.sees("[ ] Switch HTTPS on where it is off")
        await run.type("admin")
        await run.press("tab", "x", "tab", "tab", "space")
        await run.sees("[x] Switch HTTPS on", "[ ] Log in over plain HTTP too")
        await run.press("enter")
        await run.sees("step 1 of 10")
    assert [(command.enable_https, command.allow_http_login) for command in sent(engine)] == [(True, False)]


async def test_a_problem_of_one_address_is_shown_beside_it(engine: ScriptedEngine, tmp_path: Path) -> None:
    def look(command: AnyCommand) -> AnyResult:
        assert isinstance(command, LookAt)
        if command.addresses == ("nonsense",):
            raise UsageError("'nonsense' is no address of a device", "Examples: 192.168.20.1")
        return Looks((Look(command.addresses[0], "HTTPS on 443", stored(), notes=("self-signed",)),))

    engine.answers[LookAt] = look
    async with running(tmp_path, engine) as run:
        await run.press("A")
        await run.paste("192.168.20.1 nonsense")
        await run.press("tab")
        await run.sees("HTTPS on 443", "self-signed", "'nonsense' is no address of a device", "Examples: 192.168.20.1")


async def test_an_error_is_shown_at_the_field_that_it_is_about(engine: ScriptedEngine, tmp_path: Path) -> None:
    def refuse(command: AnyCommand) -> AnyResult:
        raise UsageError("'192.168.20.33' is added already", "Use its row.")

    engine.show(found(33, "AXIS"))
    engine.answers[AddDevices] = refuse
    async with running(tmp_path, engine) as run:
        await open_dialog(run)
        await run.press("enter")
        await run.sees("! '192.168.20.33' is added already", "Use its row.")
        lines = run.text().splitlines()
        at = next(number for number, line in enumerate(lines) if "Address  [" in line)
        assert "is added already" in lines[at + 1]
        focused = run.app.screen.focused
        assert isinstance(focused, Input)
        assert focused.id == "addresses"


async def test_a_password_without_a_user_is_not_sent(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(found(33, "AXIS"))
    async with running(tmp_path, engine) as run:
        await open_dialog(run)
        await run.press("tab", "x", "enter")
        await run.sees("! There is a password and no user")
        assert not sent(engine)


async def test_no_address_is_no_device(engine: ScriptedEngine, tmp_path: Path) -> None:
    async with running(tmp_path, engine) as run:
        await run.press("a")
        await run.sees("Add a device")
        await run.press("enter")
        await run.sees("! There is no address")
        assert not sent(engine)


@pytest.fixture
def ascii_locale(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LC_ALL", "C")
    yield
    use_encoding("utf-8")


@pytest.mark.usefixtures("ascii_locale")
async def test_without_unicode_there_is_nothing_but_ascii(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(found(33, "カメラ"))
    async with running(tmp_path, engine) as run:
        await open_dialog(run)
        await run.press("tab")
        await run.type("secret")
        await run.sees("******", "SHA-256 b1d0 4e99 ... abcd - issued by itself")
        assert run.text().isascii()
