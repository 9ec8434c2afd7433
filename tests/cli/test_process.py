"""What the process does to itself, what it loads, and how it ends when something goes wrong that nobody foresaw."""

import re
import stat
from pathlib import Path

import pytest

from tests.cli.conftest import Scene
from tests.cli.shell import Shell, python
from tui.cli import cli
from tui.commands import IN_ORDER_OF_USE
from tui.crash import describe, write_crash_log
from tui.hygiene import clear

LIGHT = ("asyncio", "msgspec")
HEAVY = (
    "textual",
    "rich",
    "cryptography",
    "zeep",
    "lxml",
    "httpx",
    "sqlite3",
    "wsdiscovery",
    "core.engine",
    "core.simulator",
)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


LOADED = f"""
import sys
from tui.cli import main
main()
print(sorted(name for name in {LIGHT + HEAVY} if name in sys.modules), file=sys.stderr)
"""


async def test_help_loads_nothing_that_takes_long(shell: Shell) -> None:
    helped = await python(shell, LOADED, "--help")

    assert helped.err.splitlines()[-1] == "[]"


async def test_a_plain_command_loads_no_screen_and_no_engine(scene: Scene) -> None:
    listed = await python(scene.shell, LOADED, *scene.shell.options, "list")

    assert "Lobby" in listed.text
    assert listed.err.splitlines()[-1] == "['asyncio', 'msgspec']"


COMMANDS = """
import sys
from tui.cli import main
main()
print(*sorted(name for name in sys.modules if name.startswith("tui.commands.")), file=sys.stderr)
"""


async def test_a_command_loads_no_other_command(scene: Scene) -> None:
    listed = await python(scene.shell, COMMANDS, *scene.shell.options, "list")

    assert "Lobby" in listed.text
    assert listed.err.splitlines()[-1] == "tui.commands.devices tui.commands.options"


SCREENS = f"""
import sys
import tui.cli, tui.start, tui.app
heavy = {HEAVY[2:]} + ("tui.commands.", "tui.monitor.", "tui.simulation", "tui.screens.certificate", "tui.manual")
print(*sorted(name for name in sys.modules if name.startswith(heavy)))
"""


async def test_the_screens_load_no_command_no_engine_and_no_screen_that_a_key_opens(shell: Shell) -> None:
    assert (await python(shell, SCREENS)).text == "tui.commands.options\n"


@pytest.mark.parametrize("name", IN_ORDER_OF_USE)
def test_a_command_is_called_as_it_calls_itself(name: str) -> None:
    assert cli.commands[name].name == name


async def test_a_command_that_is_not_there_is_told_with_one_like_it(shell: Shell) -> None:
    refused = await shell.run("lst")

    assert (refused.code, refused.out) == (2, b"")
    assert "No such command 'lst'" in refused.err
    assert "list" in refused.err


NOBODY_THERE = """
import gc, sys
from pathlib import Path
from core.model.config import Config
from core.model.errors import EngineGoneError
from tui.attach import Place
from tui.start import open_screens
try:
    open_screens(Place(Path(sys.argv[1]), Path(sys.argv[1], "socket"), starts=False), Config())
except EngineGoneError:
    print(gc.isenabled(), gc.get_freeze_count() > 0)
"""


async def test_a_start_without_an_engine_leaves_the_collector_of_cycles_at_work(shell: Shell) -> None:
    assert (await python(shell, NOBODY_THERE, str(shell.home))).text == "True True\n"


async def test_help_leads_with_examples(shell: Shell) -> None:
    helped = await shell.run("--help")

    assert helped.code == 0
    assert helped.text.index("camtrust add 192.168.20.1 --user admin") < helped.text.index("Options:")


async def test_every_command_has_help(shell: Shell) -> None:
    helped = await shell.run("--help")
    commands = re.findall(r"^  (\w+) ", helped.text.partition("Commands:")[2].partition("\n\n")[0], re.MULTILINE)

    first, then = (
        ["list", "show", "scan", "preflight", "add", "rollout", "check", "review", "accept"],
        ["replace", "reissue", "remove", "export"],
    )
    last = ["events", "monitor", "authority", "engine", "config", "doctor", "completion", "demo"]
    assert commands == [*first, *then, *last]
    for ended in [await shell.run(command, "--help") for command in commands]:
        assert (ended.code, ended.err) == (0, "")


async def test_version_is_told(shell: Shell) -> None:
    told = await shell.run("--version")

    assert re.fullmatch(r"camtrust \d+\.\d+\.\d+\S*\n", told.text)


@pytest.mark.parametrize("term", ["dumb", "xterm"])
async def test_without_a_usable_terminal_the_screens_are_refused_by_name_of_a_command_that_works(
    shell: Shell, term: str
) -> None:
    refused = await shell.run(TERM=term)

    assert (refused.code, refused.out) == (2, b"")
    assert refused.one_clear_line()
    assert "camtrust list" in refused.err


def test_variables_that_steer_are_removed_and_others_kept() -> None:
    environment = {
        "SSLKEYLOGFILE": "/tmp/keys",
        "https_proxy": "http://evil",
        "ALL_PROXY": "http://evil",
        "PYTHONSTARTUP": "/tmp/evil.py",
        "TERM": "xterm",
        "HOME": "/root",
    }

    clear(environment)

    assert environment == {"TERM": "xterm", "HOME": "/root"}


HARDENED = """
import os, resource
from tui.hygiene import harden
harden()
print(os.umask(0), *resource.getrlimit(resource.RLIMIT_CORE), sorted(name for name in os.environ if "EVIL" in name))
"""


async def test_the_process_leaves_no_core_and_no_file_for_others(shell: Shell) -> None:
    hardened = await python(shell, HARDENED, TEXTUAL_DRIVER_EVIL="x", PYTHONEVIL="x", EVIL_PROXY="x")

    assert hardened.text == f"{0o077} 0 0 []\n"


async def test_a_full_disk_is_told_and_no_fault_of_camtrust(shell: Shell) -> None:
    with Path("/dev/full").open("wb") as full:
        process = await shell.start_into(full.fileno(), "--help")
        _, err = await process.communicate()
    assert process.returncode == 1
    assert err == b"camtrust: The output cannot be written: No space left on device.\n  Write it elsewhere.\n"


LOCALE = """
from tui.hygiene import harden
harden()
from tui.look import output_encoding
print(output_encoding())
"""


@pytest.mark.parametrize(
    ("locale", "encoding"), [("C", "ascii"), ("en_US.ISO-8859-1", "iso8859-1"), ("C.UTF-8", "utf-8"), ("", "ascii")]
)
async def test_the_terminal_gets_what_the_locale_names_not_what_python_makes_of_it(
    shell: Shell, locale: str, encoding: str
) -> None:
    assert (await python(shell, LOCALE, LANG=locale, LC_ALL="", LC_CTYPE="")).text == f"{encoding}\n"


CRASHING = """
import sys
import click
from tui.cli import cli, main

@cli.command("crash")
def crash():
    password = "geheim-7"
    raise ValueError(f"nobody expected {password}")

sys.exit(main())
"""


async def test_a_crash_is_one_line_and_a_log_without_what_was_in_it(shell: Shell) -> None:
    crashed = await python(shell, CRASHING, "crash")

    assert (crashed.code, crashed.out) == (1, b"")
    assert crashed.one_clear_line()
    named = re.search(r"/\S+\.log", crashed.err)
    assert named
    log = Path(named[0])
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert re.search(r"builtins\.ValueError\n.*<string>:9 in crash\n", log.read_text(), re.DOTALL)
    assert "geheim-7" not in crashed.err + log.read_text()


async def test_a_crash_that_cannot_be_logged_is_told_all_the_same(shell: Shell) -> None:
    (shell.home / ".local").write_text("in the way")

    crashed = await python(shell, CRASHING, "crash", XDG_STATE_HOME=str(shell.home / ".local"))

    assert crashed.code == 1
    assert crashed.one_clear_line()


def test_the_newest_crash_logs_are_kept(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"crash-20200101-0000{number:02}-1.log").touch()
    (tmp_path / "other.log").touch()

    log = write_crash_log(ValueError(), tmp_path)

    assert log is not None
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert kept == [*(f"crash-20200101-0000{number}-1.log" for number in range(11, 30)), log.name, "other.log"]


def test_a_crash_log_tells_causes_and_groups_and_ends_for_loops() -> None:
    try:
        try:
            Path("/nowhere/geheim-7").stat()
        except OSError as error:
            raise ExceptionGroup("geheim-7", [RuntimeError("geheim-7"), error]) from error
    except ExceptionGroup as group:
        group.exceptions[1].__context__ = group
        told = describe(group)

    assert "builtins.FileNotFoundError" in told
    assert "builtins.RuntimeError" in told
    assert "geheim-7" not in told
