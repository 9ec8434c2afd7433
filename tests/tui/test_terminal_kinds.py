"""What each kind of terminal gets: no sequence that it would print, no colour that it does not have."""

import re
from pathlib import Path

import pytest

from core.model.config import ScreenSettings
from tests.snapshots.on_terminal import on_a_terminal
from tests.snapshots.scenes import SCENES
from tests.terminal import Terminal
from tui.look import output_encoding
from tui.terminal import colours, family, is_for, prepare_environment

DEVICES = next(scene for scene in SCENES if scene.name == "devices")
OLD = ("linux", "vt100", "vt220", "ansi", "pcansi")
NEW = ("xterm", "xterm-256color", "tmux-256color", "screen", "screen-256color", "vte-256color", "alacritty", "foot")
PRINTED_BY_OLD = ("\x1b[>25u", "\x1b[<u", "\x1b[?2026$p", "\x1b[?2048$p", "\x1b]52;c;YWJj\x07", "\x1b]22;text\x07")
FOR_ALL = ("\x1b[?1049h", "\x1b[?25l", "\x1b[?2004h", "\x1b[?7l", "\x1b[?2026hX", "\x1b[2J\x1b[1;1Hx", "\x1b[0m")


@pytest.mark.parametrize("term", OLD)
def test_an_old_terminal_gets_nothing_that_it_would_print(term: str) -> None:
    kind = family({"TERM": term})
    assert not [written for written in PRINTED_BY_OLD if is_for(kind, written)]
    assert [written for written in FOR_ALL if is_for(kind, written)] == list(FOR_ALL)


@pytest.mark.parametrize("term", NEW)
def test_another_one_is_asked_what_it_can_do(term: str) -> None:
    kind = family({"TERM": term})
    assert all(is_for(kind, written) for written in (*PRINTED_BY_OLD, *FOR_ALL))
    assert not is_for(kind, "\x1b[?1004h")


@pytest.mark.parametrize(
    ("environ", "number"),
    [
        ({"TERM": "xterm"}, "standard"),
        ({"TERM": "xterm-256color"}, "256"),
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, "truecolor"),
        ({"TERM": "xterm", "COLORTERM": "24bit"}, "truecolor"),
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor", "NO_COLOR": "1"}, ""),
        ({"TERM": "tmux-256color"}, "256"),
        ({"TERM": "screen", "COLORTERM": "truecolor"}, "standard"),
        ({"TERM": "screen-256color", "COLORTERM": "truecolor"}, "256"),
        ({"TERM": "screen.xterm-256color"}, "256"),
        ({"TERM": "linux", "COLORTERM": "truecolor"}, "standard"),
        ({"TERM": "ansi"}, "standard"),
        ({"TERM": "vt100", "COLORTERM": "truecolor"}, ""),
        ({"TERM": "vte-256color"}, "256"),
        ({"TERM": "linux", "TEXTUAL_COLOR_SYSTEM": "256"}, "256"),
    ],
)
def test_there_are_as_many_colours_as_the_terminal_has(environ: dict[str, str], number: str) -> None:
    assert colours(environ) == number
    prepare_environment(environ)
    assert environ.get("TEXTUAL_COLOR_SYSTEM" if number else "NO_COLOR") == (number or "1")
    assert colours(environ) == number


@pytest.mark.parametrize(
    ("locale", "encoding"),
    [
        ("en_US.ISO-8859-1", "iso8859-1"),
        ("de_DE.ISO8859-15@euro", "iso8859-15"),
        ("en_US.utf8", "utf-8"),
        ("de_DE@euro", "ascii"),
        ("en_US.no-such-thing", "ascii"),
        ("en_US.UTF-16", "ascii"),
    ],
)
def test_the_encoding_is_the_one_that_the_locale_names(locale: str, encoding: str) -> None:
    assert output_encoding({"LC_ALL": locale}) == encoding


def sequences(terminal: Terminal) -> set[str]:
    """Return the kinds of control sequences that were written: how each begins and ends, modes and OSC by number."""
    found = re.findall(r"\x1b(\[\?[^@-~]*[@-~]|\][0-9]*|\[[^@-~]*[@-~]|.)", terminal.written.decode())
    return {
        sequence if sequence[:2] == "[?" or sequence[0] == "]" else _without_numbers(sequence) for sequence in found
    }


def _without_numbers(sequence: str) -> str:
    return re.sub("[0-9;]+", "", sequence)


PLAIN = {"[H", "[J", "[K", "[m", "[?1049h", "[?25l", "[?7l", "[?2004h"}
ASKED = {"[>u", "[?2026$p", "[?2048$p"}
EXTRAS = ASKED | {"[<u", "[t", "]2", "]22"}
"""Keyboard, questions, the window's title and the pointer's shape."""
LEFT = {"[?1049l", "[?25h", "[?7h", "[?2004l"}


@pytest.mark.parametrize("term", ["xterm", "tmux-256color", "screen", "linux", "vt100", "ansi"])
async def test_a_terminal_of_a_kind_gets_these_sequences_and_no_others(term: str, tmp_path: Path) -> None:
    async with on_a_terminal(DEVICES, tmp_path, ScreenSettings(), (80, 24), TERM=term) as terminal:
        extras = EXTRAS if term in NEW else set()
        assert sequences(terminal) <= PLAIN | extras
        assert sequences(terminal) >= ASKED or term in OLD
        terminal.press("\x11")
        assert await terminal.ended() == 0
        assert LEFT <= sequences(terminal) <= PLAIN | LEFT | extras
        assert ("[<u" in sequences(terminal)) is (term in NEW)


def graphics(terminal: Terminal) -> set[str]:
    """Return the parameters of all graphic renditions, those of 256 and of all colours as one."""
    found = re.findall(r"\x1b\[([0-9;]*)m", terminal.written.decode())
    return set(
        ";".join(re.sub(r"[34]8;(5;\d+|2;\d+;\d+;\d+)", lambda m: f"x{m[0][3]}", part) for part in found).split(";")
    )


@pytest.mark.parametrize(
    ("theme", "environment", "has", "lacks"),
    [
        ("ansi", {}, {"31", "34"}, {"x5", "x2"}),
        ("ansi", {"COLORTERM": "truecolor"}, {"31", "34"}, {"x5", "x2"}),
        ("ansi", {"NO_COLOR": "1"}, {"1", "7"}, {"31", "34", "x5", "x2"}),
        ("ansi", {"TERM": "vt100"}, {"1", "7"}, {"31", "34", "x5", "x2"}),
        ("night", {}, {"x5"}, {"31", "x2", "2"}),
        ("night", {"COLORTERM": "truecolor"}, {"x2"}, {"31", "x5", "2"}),
        ("night", {"TERM": "xterm"}, {"31", "34"}, {"x5", "x2"}),
        ("night", {"NO_COLOR": "1"}, {"1", "7"}, {"31", "34", "x5", "x2"}),
        ("contrast", {"TERM": "linux"}, {"97", "40", "1", "4", "7"}, {"31", "34", "2", "x5", "x2"}),
        ("contrast", {"NO_COLOR": "1"}, {"1", "4", "7"}, {"31", "34", "2", "97", "40", "x5", "x2"}),
    ],
    ids=str,
)
async def test_a_theme_is_drawn_with_the_colours_that_there_are(
    theme: str, environment: dict[str, str], has: set[str], lacks: set[str], tmp_path: Path
) -> None:
    screen = ScreenSettings(theme=theme)  # type: ignore[arg-type]
    async with on_a_terminal(DEVICES, tmp_path, screen, (80, 24), **environment) as terminal:
        assert has <= graphics(terminal)
        assert not lacks & graphics(terminal)
        cursor = next(y for y, line in enumerate(terminal.screen.display) if "Loading dock" in line)
        assert all(terminal.screen.buffer[cursor][x].reverse for x in range(80))
        assert "!! BLOCKED" in terminal.screen.display[cursor]
