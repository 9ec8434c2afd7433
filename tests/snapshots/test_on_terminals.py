"""The real program on real pseudo-terminals: the frames are those that are kept, whatever the terminal is."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from pyte.screens import Char

from core.model.config import ScreenSettings
from tests.snapshots.on_terminal import on_a_terminal
from tests.snapshots.pictures import LOOKS, SIZES, file_of
from tests.snapshots.scenes import SCENES
from tests.snapshots.stage import Scene
from tests.terminal import Terminal
from tui.driver import HUNG_UP

_BY_NAME = {scene.name: scene for scene in SCENES}
_SMALL = SIZES[1]
PLAIN_LOCALES = {
    "C": {"LC_ALL": "C"},
    "POSIX": {"LC_ALL": "POSIX"},
    "Latin-1": {"LC_ALL": "en_US.ISO-8859-1"},
    "a console": {"TERM": "linux"},
}


def kept(scene: Scene, look: str, size: tuple[int, int]) -> tuple[list[str], list[str]]:
    """Return the lines of a kept frame, and its styles."""
    text = file_of(scene, look).read_text(encoding="utf-8")
    part = text.split(f"=== {size[0]}x{size[1]}\n")[1].split("\n\n=== ")[0]
    frame, _, styles = part.partition("\n--- styles\n")
    return frame.split("\n")[: size[1]], styles.split("\n")


def drawn(terminal: Terminal) -> list[str]:
    return [line.rstrip() for line in terminal.screen.display]


Cells = set[tuple[int, int, str]]
"""Line and cell, from 1, and what the character there has besides; without dim, which the emulator does not know."""


def styled(terminal: Terminal) -> Cells:
    rows = terminal.screen.buffer
    cells = {(y + 1, x + 1, _attributes(rows[y][x])) for y in rows for x in range(terminal.screen.columns)}
    return {(y, x, words) for y, x, words in cells if words and is_seen(terminal, y, x, words)}


def is_seen(terminal: Terminal, y: int, x: int, words: str) -> bool:
    """Tell whether attributes can be seen: of a space not all can."""
    return "reverse" in words or "underline" in words or terminal.screen.buffer[y - 1][x - 1].data != " "


def _attributes(cell: Char) -> str:
    colour = {"brown": "yellow"}.get(cell.fg, cell.fg)
    flags = (("bold", cell.bold), ("underline", cell.underscore), ("reverse", cell.reverse))
    return " ".join([*([colour] if colour != "default" else []), *(word for word, is_set in flags if is_set)])


def expected(terminal: Terminal, told: list[str]) -> Cells:
    """Return what kept styles tell."""
    cells: Cells = set()
    for line, first, last, words in (run for text in told for run in _runs(text)):
        cells |= {(line, x, words) for x in range(first, last + 1) if words and is_seen(terminal, line, x, words)}
    return cells


def _runs(text: str) -> Iterator[tuple[int, int, int, str]]:
    line, _, runs = text.partition(": ")
    for first, last, words in re.findall(r"(\d+)-(\d+) ([^,]+)", runs):
        yield int(line), int(first), int(last), " ".join(word for word in words.split() if word != "dim")


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", ["devices", "add"])
async def test_a_terminal_shows_the_frames_that_are_kept(name: str, look: str, tmp_path: Path) -> None:
    scene, shape = _BY_NAME[name], LOOKS[look]
    lines, told = kept(scene, look, SIZES[0])
    async with on_a_terminal(scene, tmp_path, shape.screen, SIZES[0], **shape.environment) as terminal:
        await terminal.until(lambda: drawn(terminal) == lines, "\n".join(lines))
        if shape.has_styles:
            assert styled(terminal) == expected(terminal, told)


_AT_ONCE = 3
_SOME = [SCENES[first : first + _AT_ONCE] for first in range(0, len(SCENES), _AT_ONCE)]


@pytest.mark.parametrize("scenes", _SOME, ids=lambda scenes: "-".join(scene.name for scene in scenes))
async def test_under_the_c_locale_every_byte_is_ascii(scenes: Sequence[Scene], tmp_path: Path) -> None:
    await asyncio.gather(*(_is_ascii(scene, tmp_path / scene.name) for scene in scenes))


async def _is_ascii(scene: Scene, folder: Path) -> None:
    folder.mkdir()
    async with on_a_terminal(scene, folder, ScreenSettings(), SIZES[0], LC_ALL="C") as terminal:
        await terminal.until(lambda: drawn(terminal) == kept(scene, "ascii", SIZES[0])[0], "the frame in ASCII")
        terminal.resize(*SIZES[1])
        await terminal.until(lambda: drawn(terminal) == kept(scene, "ascii", SIZES[1])[0], "the small frame in ASCII")
        terminal.resize(20, 5)
        await terminal.sees("need 60x15")
        assert terminal.written.isascii()


@pytest.mark.parametrize("environment", [{"LC_ALL": "POSIX"}, {"TERM": "linux"}, {"TERM": "vt220"}], ids=str)
async def test_so_it_is_wherever_more_cannot_be_relied_on(environment: dict[str, str], tmp_path: Path) -> None:
    scene = _BY_NAME["add"]
    async with on_a_terminal(scene, tmp_path, ScreenSettings(), SIZES[0], **environment) as terminal:
        await terminal.until(lambda: drawn(terminal) == kept(scene, "ascii", SIZES[0])[0], "the frame in ASCII")
        terminal.press("tab", *"pass", "é")
        await terminal.sees("[*****")
        assert terminal.written.isascii()


async def test_a_latin_1_terminal_gets_and_sends_latin_1(tmp_path: Path) -> None:
    locale = {"LC_ALL": "en_US.ISO-8859-1"}
    async with on_a_terminal(_BY_NAME["add"], tmp_path, ScreenSettings(), SIZES[0], **locale) as terminal:
        terminal.type(b"\xe9\xfc")
        # The middle dot and what was typed, each one byte.
        await terminal.until(lambda: {*terminal.written} - {*range(128)} == {0xB7, 0xE9, 0xFC}, "what was typed")


async def test_bytes_that_are_no_characters_are_no_keys(tmp_path: Path) -> None:
    async with on_a_terminal(_BY_NAME["add"], tmp_path, ScreenSettings(), SIZES[0]) as terminal:
        terminal.type(b"\xff\xc3(\x80\xf5")
        terminal.press("x")
        await terminal.sees("[secret(x ")


STORM = ((61, 16), (59, 40), (200, 60), (20, 4), (250, 70), (80, 14), (1, 1), (100, 24), (60, 15), (132, 43))


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("devices", (60, 15)),
        ("drawer", (200, 60)),
        ("add", (60, 15)),
        ("install", (120, 40)),
        ("compare", (80, 24)),
    ],
)
async def test_after_a_storm_of_resizes_the_frame_is_that_of_the_last_size(
    name: str, size: tuple[int, int], tmp_path: Path
) -> None:
    scene = _BY_NAME[name]
    async with on_a_terminal(scene, tmp_path, ScreenSettings(), SIZES[0]) as terminal:
        for number in range(60):
            terminal.resize(*STORM[number % len(STORM)])
            await asyncio.sleep(0.005 * (number % 4))
        terminal.resize(*size)
        lines, _ = kept(scene, "colour", size)
        await terminal.until(lambda: drawn(terminal) == lines, "\n".join(lines))


async def test_what_is_typed_during_a_storm_is_not_lost(tmp_path: Path) -> None:
    async with on_a_terminal(_BY_NAME["add"], tmp_path, ScreenSettings(), SIZES[0]) as terminal:
        for number, character in enumerate("abcdefghijklmno"):
            terminal.resize(*STORM[number % len(STORM)])
            terminal.press(character)
            await asyncio.sleep(0.01)
        terminal.resize(120, 40)
        await terminal.sees("[secretabcdefghijklmno ")


async def test_when_the_terminal_goes_away_the_program_ends(tmp_path: Path) -> None:
    async with on_a_terminal(_BY_NAME["devices"], tmp_path, ScreenSettings(), SIZES[0]) as terminal:
        terminal.hang_up()
        assert await terminal.ended() == HUNG_UP
