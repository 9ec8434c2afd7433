"""Completion as a shell asks for it: bash runs the script itself."""

import asyncio
import os
import shlex
import shutil

import msgspec
import pytest

from tests.cli.conftest import Scene
from tests.cli.scripted import DOCK
from tests.cli.shell import PROGRAM, Shell, ended_by
from tui.completion import joined, quoted

COMPLETE = """
source <(camtrust completion bash)
COMP_WORDS=({words})
COMP_CWORD={last}
_camtrust_completion camtrust
for word in "${{COMPREPLY[@]}}"; do echo "$word"; done
"""


async def in_bash(shell: Shell, *words: str, **environment: str) -> list[str]:
    """Return what bash would offer for the last word; it gets the words as it has broken them itself."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash here")
    script = COMPLETE.format(words=" ".join(map(shlex.quote, words)), last=len(words) - 1)
    process = await asyncio.create_subprocess_exec(
        bash,
        "--norc",
        "-c",
        script,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=shell.environment(PATH=f"{PROGRAM.parent}:{os.environ['PATH']}", **environment),
    )
    async with ended_by(process):
        out, err = await process.communicate()
    assert err == b""
    return out.decode().split("\n")[:-1]


@pytest.fixture
def socket(scene: Scene) -> str:
    return scene.shell.options[scene.shell.options.index("--socket") + 1]


async def test_bash_completes_commands_and_options(scene: Scene) -> None:
    assert await in_bash(scene.shell, "camtrust", "exp") == ["export"]
    assert await in_bash(scene.shell, "camtrust", "export", "--wh") == ["--which"]
    assert await in_bash(scene.shell, "camtrust", "--theme", "n") == ["night"]
    assert await in_bash(scene.shell, "camtrust", "config", "") == ["example", "path", "show"]


async def test_bash_completes_devices_by_name_address_and_id(scene: Scene, socket: str) -> None:
    assert await in_bash(scene.shell, "camtrust", "show", "", CAMTRUST_SOCKET=socket) == [
        "Loading\\ dock",
        "192.168.20.14",
        "3f9a12c0",
        "Lobby",
        "192.168.20.11:4443",
        "77be4c70",
    ]
    assert await in_bash(scene.shell, "camtrust", "--socket", socket, "check", "Lobby", "load") == ["Loading\\ dock"]
    assert await in_bash(scene.shell, "camtrust", "review", "Loading\\ d", CAMTRUST_SOCKET=socket) == ["Loading\\ dock"]


async def test_bash_gets_what_comes_after_the_colon_at_which_it_breaks_words(scene: Scene, socket: str) -> None:
    words = ("camtrust", "show", "192.168.20.11", ":", "44")
    assert await in_bash(scene.shell, *words, CAMTRUST_SOCKET=socket) == ["4443"]
    assert await in_bash(scene.shell, *words[:4], CAMTRUST_SOCKET=socket) == ["4443"]


async def test_a_name_that_a_shell_could_run_is_not_offered(scene: Scene, socket: str) -> None:
    for number, name in enumerate(("$(touch x)", "`touch x`", "a;touch x", "-o", "a\\b", 'x"y', "a|b", "x*")):
        scene.engine.put(msgspec.structs.replace(DOCK, id=f"dev{number}", name=name, address=f"10.0.0.{number}"))

    offered = await in_bash(scene.shell, "camtrust", "remove", "", CAMTRUST_SOCKET=socket)

    assert not [word for word in offered if set(word) & set("$`;|*\"'")]
    assert {"10.0.0.0", "dev0", "Lobby"} <= {*offered}
    assert not (scene.shell.home / "x").exists()


async def test_without_an_engine_nothing_is_offered_said_or_started(tmp_path_factory: pytest.TempPathFactory) -> None:
    shell = Shell(tmp_path_factory.mktemp("home"))

    assert await in_bash(shell, "camtrust", "show", "") == []
    assert list(shell.home.iterdir()) == []


async def test_an_engine_that_does_not_answer_keeps_nobody_waiting(scene: Scene) -> None:
    hung_up = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        hung_up.set()

    silent = scene.shell.home / "silent"
    async with await asyncio.start_unix_server(say_nothing, silent):
        began = asyncio.get_running_loop().time()
        assert await in_bash(scene.shell, "camtrust", "show", "", CAMTRUST_SOCKET=str(silent)) == []
        assert asyncio.get_running_loop().time() - began < 5
        await hung_up.wait()


@pytest.mark.parametrize(("shell_name", "line"), [("zsh", "#compdef camtrust"), ("fish", "complete --no-files")])
async def test_there_are_scripts_for_other_shells(scene: Scene, shell_name: str, line: str) -> None:
    printed = await scene.shell.run("completion", shell_name)

    assert (printed.code, printed.err) == (0, "")
    assert line in printed.text
    assert f"_CAMTRUST_COMPLETE={shell_name}_complete" in printed.text


async def test_zsh_and_fish_ask_in_their_own_way(scene: Scene, socket: str) -> None:
    shell = Shell(scene.shell.home)
    zsh = await shell.run(
        CAMTRUST_SOCKET=socket, COMP_WORDS="camtrust show Lo", COMP_CWORD="2", _CAMTRUST_COMPLETE="zsh_complete"
    )
    assert zsh.text == "plain\nLoading dock\n192.168.20.14\nplain\nLobby\n192.168.20.11:4443\n"
    fish = await shell.run(
        CAMTRUST_SOCKET=socket, COMP_WORDS="camtrust show Lo", COMP_CWORD="Lo", _CAMTRUST_COMPLETE="fish_complete"
    )
    assert fish.text == "plain,Loading dock\t192.168.20.14\nplain,Lobby\t192.168.20.11:4443\n"


async def test_another_shell_is_refused_in_a_line(scene: Scene) -> None:
    refused = await scene.shell.run("completion", "ksh")
    assert refused.code == 2


def test_words_that_bash_broke_at_a_colon_are_put_together_again() -> None:
    assert joined(["show", "192.168.20.11", ":", "44"]) == ["show", "192.168.20.11:44"]
    assert joined(["show", "[fe80", ":", "", ":", "1%eth0]", ":", ""]) == ["show", "[fe80::1%eth0]:"]
    assert joined(["show", "x"]) == ["show", "x"]


def test_a_quoted_word_is_one_word_to_a_shell() -> None:
    for value in ("Loading dock", "[fe80::1%eth0]:443", "a'b", "x$y", "~me"):
        assert shlex.split(quoted(value)) == [value]
