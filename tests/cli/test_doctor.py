"""`camtrust doctor`, as it is called, and what it makes of a terminal."""

import pytest

from core.model.config import ScreenSettings
from core.service.doctor_rules import Check
from tests.cli.conftest import Scene
from tests.cli.shell import Shell
from tui.commands.doctor import check_text
from tui.terminal_check import judge_terminal

SCREEN = ScreenSettings()
UTF8 = {"TERM": "xterm-256color", "LANG": "C.UTF-8"}


async def test_all_is_told_of_an_engine_that_runs(scene: Scene) -> None:
    told = await scene.shell.run("--state-dir", str(scene.shell.home / "state"), "doctor", "--json")

    checks = {each["name"]: each for each in told.json}
    assert told.err == ""
    assert [*checks][:2] == ["versions", "settings"]
    # The engine of this scene says that it is of version 0.
    assert checks["versions"]["state"] == "wrong"
    assert told.code == 1
    assert checks["engine"]["state"] == "ok"
    assert "operator" in checks["rights"]["text"]
    assert checks["authority"]["text"] == (
        "cam-14.gw.cam.internal, until 2036-11-20; key file readable by this account only"
    )
    assert checks["discovery"]["state"] == "ok"
    assert checks["terminal"]["state"] == "unknown"
    assert not (scene.shell.home / "state").exists()


async def test_each_check_is_a_line_and_what_to_do_is_below(scene: Scene) -> None:
    home = scene.shell.home
    told = await Shell(home).run("doctor")

    lines = told.text.splitlines()
    assert (told.code, told.err) == (1, "")
    assert max(map(len, lines)) <= 80
    [number] = [number for number, line in enumerate(lines) if line.startswith("!!  engine ")]
    assert "Every command starts one" in " ".join(lines[number : number + 4])
    assert {line[:2] for line in lines} == {"ok", "!!", "--", "  "}
    assert list(home.iterdir()) == []


async def test_a_mistake_in_the_settings_is_one_finding_among_others(scene: Scene) -> None:
    (scene.shell.home / "wrong.toml").write_text("lingr = 5\n")
    told = await Shell(scene.shell.home, "--config", "wrong.toml").run("doctor", "--json")

    settings = next(each for each in told.json if each["name"] == "settings")
    assert settings["state"] == "wrong"
    assert settings["text"].endswith('wrong.toml line 1: unknown key "lingr"')
    assert len(told.json) > 5


def test_a_terminal_is_told_with_what_is_drawn_on_it() -> None:
    assert judge_terminal(UTF8, (80, 24), None, SCREEN) == Check(
        "terminal", "ok", "xterm-256color, 80x24, 256 colours, drawn in utf-8 (LANG=C.UTF-8)"
    )
    plain = judge_terminal({"TERM": "xterm", "NO_COLOR": "1"}, (80, 24), None, SCREEN)
    assert plain.text == "xterm, 80x24, no colours, drawn in ascii (no locale is set)"
    assert judge_terminal(UTF8, (80, 24), None, ScreenSettings(ascii=True)).text.endswith("drawn in ASCII, as set")
    assert "drawn in ASCII" in judge_terminal({**UTF8, "TERM": "linux"}, (80, 24), None, SCREEN).text


@pytest.mark.parametrize("size", [(59, 24), (80, 14)])
def test_a_terminal_that_is_too_small_is_told(size: tuple[int, int]) -> None:
    check = judge_terminal(UTF8, size, None, SCREEN)
    assert (check.state, check.hint) == ("wrong", "The screens need 60x15: make the window larger.")


def test_no_terminal_is_no_fault_and_a_wrong_one_is() -> None:
    assert judge_terminal(UTF8, None, "Input is not a terminal.", SCREEN).state == "unknown"
    wrong = judge_terminal({"TERM": "dumb"}, (80, 24), "It cannot move its cursor (TERM is dumb).", SCREEN)
    assert wrong.state == "wrong"


def test_what_is_ok_needs_no_hint() -> None:
    assert check_text(Check("clock", "ok", "fine", "not this")) == "ok  clock         fine"
    assert check_text(Check("clock", "wrong", "late", "do this")) == "!!  clock         late\n" + " " * 18 + "do this"
