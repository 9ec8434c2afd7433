"""`camtrust config`, and the environment that it tells of."""

import tomllib
from dataclasses import fields
from pathlib import Path

import msgspec
import pytest

from core.model.config import Config, ScreenSettings
from core.model.errors import UsageError
from core.model.messages import Role
from core.service.hardening import clean_environment
from core.service.settings import default_settings, load_config
from tests.cli.conftest import Scene
from tests.cli.gateway import CONFIG
from tests.cli.shell import Shell
from tui.attach import Options
from tui.keys import known_ids
from tui.output import width
from tui.preferences import ScreenOptions, effective, preferences
from tui.settings_text import MEANINGS, example, settings_text

OWN = """\
gateway = "gw-042"
interfaces = ["192.168.1.2", "fe80::1%eth0"]
[screen]
theme = "contrast"
slow = true
"""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def write(shell: Shell, text: str) -> Path:
    path = shell.home / ".config" / "camtrust" / "config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


async def test_each_setting_is_shown_with_where_it_comes_from(shell: Shell) -> None:
    path = write(shell, OWN)

    shown = await shell.run("--ascii", "config", "show", CAMTRUST_THEME="night", CAMTRUST_MOUSE="no")
    told = await shell.run("--ascii", "config", "show", "--json", CAMTRUST_THEME="night")

    assert (shown.code, shown.err) == (0, "")
    lines = [line.split("#")[:2] for line in shown.text.splitlines() if "#" in line]
    sources = {setting.partition("=")[0].strip(): source.strip() for setting, source in lines}
    assert sources["gateway"] == "~/.config/camtrust/config.toml line 1"
    assert sources["theme"] == "CAMTRUST_THEME"
    assert sources["ascii"] == "--ascii"
    assert sources["mouse"] == "CAMTRUST_MOUSE"
    assert sources["linger"] == sources["read_only"] == "default"
    by_name = {(each["section"], each["key"]): each for each in told.json}
    assert by_name["screen", "slow"] == {
        "section": "screen",
        "key": "slow",
        "value": True,
        "source": {"kind": "file", "name": str(path), "line": 5},
    }
    assert by_name["screen", "theme"]["source"]["name"] == "CAMTRUST_THEME"
    assert {*by_name} == {*default_settings()}


async def test_what_is_shown_fits_80_columns_and_is_a_file_that_means_the_same(shell: Shell, tmp_path: Path) -> None:
    write(shell, OWN)
    shown = await shell.run("config", "show")

    assert max(map(width, shown.text.splitlines())) <= 80
    saved = tmp_path / "saved.toml"
    saved.write_bytes(shown.out)
    assert load_config(saved) == load_config(write(shell, OWN))


@pytest.mark.parametrize(
    ("variable", "value"),
    [("CAMTRUST_THEME", "red"), ("CAMTRUST_ASCII", "maybe"), ("CAMTRUST_MOUSE", "2"), ("CAMTRUST_READ_ONLY", "x")],
)
async def test_a_wrong_variable_is_named(shell: Shell, variable: str, value: str) -> None:
    refused = await shell.run("config", "show", stdin=b"", **{variable: value})

    assert (refused.code, refused.out) == (2, b"")
    assert variable in refused.err
    assert "Traceback" not in refused.err


async def test_what_was_typed_counts_more_than_the_environment(shell: Shell) -> None:
    shown = await shell.run("--theme", "contrast", "config", "show", CAMTRUST_THEME="night", CAMTRUST_SLOW="")

    assert 'theme             = "contrast"          # --theme' in shown.text.splitlines()
    assert "slow              = false               # default" in shown.text.splitlines()


async def test_a_file_that_is_named_in_the_environment_stands_in_the_place_of_the_others(shell: Shell) -> None:
    write(shell, OWN)
    other = shell.home / "other.toml"
    other.write_text('gateway = "other"\n')

    shown = await shell.run("config", "show", CAMTRUST_CONFIG="other.toml")

    assert 'gateway           = "other"             # ~/other.toml line 1' in shown.text.splitlines()
    assert "contrast" not in shown.text


async def test_a_mistake_is_told_with_its_line_and_what_was_meant(shell: Shell) -> None:
    path = write(shell, "[access]\n\nviewer = 'x'\n")
    refused = await shell.run("config", "show")
    assert refused.code == 2
    assert refused.err == f'camtrust: {path} line 3: unknown key "viewer"\n  did you mean "viewers"?\n'


@pytest.mark.parametrize("line", ['rescann = "f5"', 'rescan = "f55"'])
def test_a_mistake_among_the_keys_is_told_with_its_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(f'[keys]\nadd = "f2"\n{line}\n')
    with pytest.raises(UsageError) as caught:
        preferences(Options(config=path))
    assert caught.value.title.startswith(f"{path} line 3: ")
    assert "rescan" in caught.value.hint or "f5" in caught.value.hint


def test_keys_that_are_right_are_those_of_the_screens(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[keys]\nrescan = "F5"\n')
    assert preferences(Options(config=path)).keys == {"rescan": "f5"}
    assert effective(Options(config=path))["keys", "rescan"].value == "F5"


def test_every_setting_of_the_screens_is_an_option(tmp_path: Path) -> None:
    names = [field.name for field in fields(ScreenOptions) if field.name != "environment"]
    assert names == list(ScreenSettings.__struct_fields__)
    (tmp_path / "config.toml").touch()
    typed = ScreenOptions("night", ascii=True, mouse=True, slow=True, read_only=True)
    options = Options(config=tmp_path / "config.toml", interfaces=("127.0.0.1",), screen=typed)
    config = preferences(options)
    assert config.screen == ScreenSettings("night", ascii=True, mouse=True, slow=True, read_only=True)
    assert config.interfaces == ("127.0.0.1",)
    assert str(effective(options)["screen", "read_only"].source) == "--read-only"
    off = Options(config=options.config, screen=ScreenOptions(mouse=False))
    assert str(effective(off)["screen", "mouse"].source) == "--no-mouse"


def test_an_accounts_settings_count_more_than_the_machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    system = tmp_path / "system.toml"
    system.write_text("[screen]\ntheme = 'night'\nslow = true\n")
    (tmp_path / "camtrust").mkdir()
    (tmp_path / "camtrust" / "config.toml").write_text("screen.slow = false\n")
    assert preferences(Options(), system).screen == ScreenSettings("night")


async def test_paths_are_told_and_nothing_is_made(shell: Shell) -> None:
    own = write(shell, "")
    told = await shell.run("config", "path", "--json", CAMTRUST_STATE_DIR="site")
    listed = await shell.run("config", "path", CAMTRUST_STATE_DIR="site")

    state = shell.home / "site"
    assert told.json["settings"][-1] == {"path": str(own), "exists": True}
    assert (told.json["state_dir"], told.json["socket"]) == (str(state), str(state / "engine.sock"))
    assert told.json["log"] == str(state / "log" / "camtrust.jsonl")
    assert told.json["crash_logs"] == str(shell.home / ".local" / "state" / "camtrust" / "log")
    assert all(value in listed.text for value in told.json.values() if isinstance(value, str))
    assert not state.exists()


async def test_a_command_starts_the_engine_that_the_environment_names(shell: Shell) -> None:
    (shell.home / "site.toml").write_text(CONFIG.format(port=0))
    environment = {"CAMTRUST_STATE_DIR": "site", "CAMTRUST_CONFIG": "site.toml"}
    try:
        told = await shell.run("authority", "show", "--json", stdin=b"", **environment)
        assert "gw-test" in told.json["subject"]
        assert (shell.home / "site" / "engine.sock").exists()
    finally:
        ended = await shell.run("engine", "stop", CAMTRUST_STATE_DIR="site")
    assert ended.code == 0


def test_an_engine_sees_nothing_of_the_environment_but_what_it_was_started_with() -> None:
    assert clean_environment({"CAMTRUST_STATE_DIR": "/x", "CAMTRUST_CONFIG": "/y", "HOME": "/root"}) == {
        "HOME": "/root"
    }


def test_every_setting_has_a_meaning_in_a_line() -> None:
    assert {*MEANINGS} == {*default_settings()}
    assert all(len(meaning) <= 77 and meaning.endswith(".") for meaning in MEANINGS.values())


def test_the_example_holds_every_setting_with_its_default(tmp_path: Path) -> None:
    text = example(Path("/etc/camtrust/config.toml"), known_ids())
    assert tomllib.loads(text) == {"access": {}, "screen": {}, "keys": {}, "authority": {}, "discovery": {}}
    path = tmp_path / "config.toml"
    path.write_text("\n".join(line.removeprefix("#") if line[1:2].islower() else line for line in text.splitlines()))

    config = preferences(Options(config=path))

    assert config.keys == {"rescan": "f5"}
    defaults = Config()
    assert config == msgspec.structs.replace(
        defaults,
        keys=config.keys,
        authority=msgspec.structs.replace(defaults.authority, passphrase_file=config.authority.passphrase_file),
    )
    assert max(map(len, text.splitlines())) <= 80


def test_a_long_value_has_its_source_below(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(f'gateway = "{"x" * 64}"\n')
    text = settings_text(effective(Options(config=path)), tmp_path)
    first, second, *_ = text.splitlines()
    assert first == f'gateway           = "{"x" * 64}"'
    assert second.strip() == "# ~/config.toml line 1"


async def test_plain_commands_read_no_settings(scene: Scene) -> None:
    (scene.shell.home / ".config").mkdir()
    (scene.shell.home / ".config" / "camtrust").write_text("in the way, and no TOML = = =")
    assert (await scene.shell.run("list")).code == 0


@pytest.mark.parametrize("command", [["check"], ["remove", "Lobby", "--yes"], ["rollout", "--all"], ["engine", "stop"]])
async def test_what_could_change_something_is_refused_where_only_looking_was_asked_for(
    scene: Scene, command: list[str]
) -> None:
    refused = await scene.shell.run(*command, CAMTRUST_READ_ONLY="1")

    assert (refused.code, refused.out) == (2, b"")
    assert refused.one_clear_line()
    assert "--read-only" in refused.err
    assert not [asked for asked in scene.engine.asked if asked.needs is Role.OPERATOR]


async def test_looking_is_possible_where_only_that_was_asked_for(scene: Scene) -> None:
    assert "Lobby" in (await scene.shell.run("list", CAMTRUST_READ_ONLY="1")).text
    assert (await scene.shell.run("show", "Lobby", CAMTRUST_READ_ONLY="yes")).code == 0
