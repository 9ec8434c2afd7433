"""The title of the terminal, and its clipboard: what is sent, when, and to which terminals."""

import base64
from pathlib import Path

import pytest

from core.model.messages import Role, Status, Update, Welcome
from tests.tui.engine import ScriptedEngine, added, blocked, serving
from tests.tui.test_link import CRASH, run_on_a_terminal
from tests.tui.test_on_a_terminal import screens
from tests.tui.test_terminal import TERMINATED
from tui.clipboard import copy_sequence, is_in_screen
from tui.link import LinkState
from tui.session import Session
from tui.title import TerminalTitle, has_title, title_of

KEEP, BRING_BACK = "\x1b[22;2t", "\x1b[23;2t"


async def nowhere() -> None:
    raise AssertionError("nothing connects here")


def session(role: Role = Role.OPERATOR, user: str = "tech1", gateway: str = "gw-042") -> Session:
    told = Session(nowhere, lambda _: None)  # type: ignore[arg-type]
    told.link.state = LinkState(True, Welcome(1, role, user, Status(gateway, "0.1.0", 1)))
    told.link_changed(told.link.state)
    return told


@pytest.mark.parametrize(
    "term",
    [
        "xterm",
        "xterm-256color",
        "tmux-256color",
        "screen",
        "screen.xterm-256color",
        "rxvt-unicode",
        "foot",
        "alacritty",
    ],
)
def test_terminals_with_a_title(term: str) -> None:
    assert has_title(term)


@pytest.mark.parametrize("term", ["linux", "vt100", "vt220", "dumb", "", "ansi", "stupid", "xtermish", "cons25"])
def test_terminals_without_one(term: str) -> None:
    assert not has_title(term)


def test_it_says_where_as_what_and_as_whom() -> None:
    assert title_of(session()) == "camtrust gw-042 operator tech1"
    assert title_of(session(Role.VIEWER, "wall")) == "camtrust gw-042 viewer wall"


def test_it_begins_with_what_needs_a_person_and_never_names_a_device() -> None:
    told = session()
    told.updated(Update(devices=(blocked(14, "Dock"), blocked(15, "\x1b]2;x\x07"), added(2, "Gate"))))
    assert title_of(told) == "!! 2 camtrust gw-042 operator tech1"
    told.link.state = LinkState(False, told.link.state.welcome, "The engine was ended")
    assert title_of(told) == "OLD camtrust gw-042 operator tech1"


def test_before_the_first_word_of_an_engine_it_is_the_programs_name() -> None:
    assert title_of(Session(nowhere, lambda _: None)) == "camtrust"  # type: ignore[arg-type]


def test_nothing_in_it_drives_the_terminal() -> None:
    title = title_of(session(user="a\x1b]52;c;eA==\x07", gateway="gw\x9b2J\n\u202e" + "x" * 500))
    assert title.isprintable()
    assert len(title) < 200


def test_it_is_sent_only_where_it_changed_and_the_one_before_is_kept_once() -> None:
    sent: list[str] = []
    title = TerminalTitle(sent.append)
    title.bring_back()
    assert sent == []
    for text in ("a", "a", "b", "b", "a"):
        title.show(text)
    title.bring_back()
    title.bring_back()
    assert sent == [KEEP, "\x1b]2;a\x07", "\x1b]2;b\x07", "\x1b]2;a\x07", BRING_BACK]
    title.show("a")
    assert sent[5:] == [KEEP, "\x1b]2;a\x07"]


async def test_the_terminal_has_the_title_while_camtrust_runs(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(blocked(14, "Dock"))
    async with serving(engine, tmp_path) as path, screens(path, 80, 24) as terminal:
        await terminal.sees("Dock")
        await terminal.until(lambda: terminal.screen.title.startswith("!! 1 camtrust gw-042 operator"), "title")
        engine.show(added(14, "Dock"))
        await terminal.until(lambda: terminal.screen.title.startswith("camtrust gw-042 operator"), "title")


async def test_a_console_gets_no_title(engine: ScriptedEngine, tmp_path: Path) -> None:
    async with serving(engine, tmp_path) as path, screens(path, 80, 24, TERM="linux") as terminal:
        await terminal.sees("No devices yet")
        assert terminal.screen.title == ""


@pytest.mark.parametrize("program", [TERMINATED, CRASH], ids=["terminated", "a fault"])
def test_the_title_from_before_is_back_however_camtrust_ends(program: str, tmp_path: Path) -> None:
    _, written = run_on_a_terminal(program, str(tmp_path))
    assert written.count(KEEP) == written.count(BRING_BACK) == 1
    assert written.index(KEEP) < written.index("\x1b]2;camtrust\x07") < written.index(BRING_BACK)


def test_the_clipboard_is_reached_through_gnu_screen_too() -> None:
    assert is_in_screen({"TERM": "screen-256color", "STY": "1.pts-0.gw"})
    assert not is_in_screen({"TERM": "screen-256color", "TMUX": "/tmp/tmux-0/default,1,0"})
    assert not is_in_screen({"TERM": "xterm", "STY": "1.pts-0.gw"})
    wrapped = copy_sequence("3f9a")
    assert wrapped == f"\x1bP\x1b]52;c;{base64.b64encode(b'3f9a').decode()}\x07\x1b\\"
