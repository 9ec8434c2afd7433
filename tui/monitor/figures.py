"""Text in letters that can be read from across a room: the figures, and the letters of OLD. Pure."""

from dataclasses import dataclass

from tui.look import is_plain

_ACROSS, _DOWN = 3, 5
_LETTERS = {
    "0": ("###", "# #", "# #", "# #", "###"),
    "1": (" # ", "## ", " # ", " # ", "###"),
    "2": ("###", "  #", "###", "#  ", "###"),
    "3": ("###", "  #", "###", "  #", "###"),
    "4": ("# #", "# #", "###", "  #", "  #"),
    "5": ("###", "#  ", "###", "  #", "###"),
    "6": ("###", "#  ", "###", "# #", "###"),
    "7": ("###", "  #", "  #", "  #", "  #"),
    "8": ("###", "# #", "###", "# #", "###"),
    "9": ("###", "# #", "###", "  #", "###"),
    "O": ("###", "# #", "# #", "# #", "###"),
    "L": ("#  ", "#  ", "#  ", "#  ", "###"),
    "D": ("## ", "# #", "# #", "# #", "## "),
}
_STROKES = {
    "0": (" _ ", "| |", "|_|"),
    "1": ("   ", "  |", "  |"),
    "2": (" _ ", " _|", "|_ "),
    "3": (" _ ", " _|", " _|"),
    "4": ("   ", "|_|", "  |"),
    "5": (" _ ", "|_ ", " _|"),
    "6": (" _ ", "|_ ", "|_|"),
    "7": (" _ ", "  |", "  |"),
    "8": (" _ ", "|_|", "|_|"),
    "9": (" _ ", "|_|", " _|"),
    "O": (" _ ", "| |", "|_|"),
    "L": ("   ", "|  ", "|_ "),
    "D": (" _ ", "| \\", "|_/"),
}
"""The smallest letters, where there are no half blocks."""
_HALVES = {("#", "#"): "█", ("#", " "): "▀", (" ", "#"): "▄", (" ", " "): " "}


@dataclass(frozen=True, slots=True)
class Size:
    """Cells and lines that one dot of a letter takes; half a line where `down` is 0.

    In ASCII such letters are drawn with strokes.
    """

    across: int
    down: int

    @property
    def lines(self) -> int:
        """The lines that a letter takes."""
        return self.down * _DOWN or (_DOWN + 1) // 2

    def width(self, text: str) -> int:
        """Return the cells that a text takes."""
        return max(0, len(text) * (_ACROSS * self.across + self._gap) - self._gap)

    @property
    def _gap(self) -> int:
        return max(1, self.across // 2)

    def draw(self, text: str) -> list[str]:
        """Return a text as lines of one width. Raises `KeyError` for a letter that is not drawn."""
        between = " " * self._gap
        if not self.down and is_plain():
            return [between.join(_STROKES[letter][row] for letter in text) for row in range(self.lines)]
        rows = [
            between.join("".join(dot * self.across for dot in _LETTERS[letter][row]) for letter in text)
            for row in range(_DOWN)
        ]
        if not self.down:
            return _in_halves(rows)
        solid = "#" if is_plain() else "█"
        return [row.replace("#", solid) for row in rows for _ in range(self.down)]


def _in_halves(rows: list[str]) -> list[str]:
    """Return rows of dots, two to a line."""
    pairs = zip(rows[::2], [*rows[1::2], " " * len(rows[0])], strict=True)
    return ["".join(_HALVES[dots] for dots in zip(*pair, strict=True)) for pair in pairs]


def sizes(lines: int) -> list[Size]:
    """Return the sizes that fit in so many lines, largest first: as wide as they are high, down to half of that."""
    whole = [Size(across, down) for down in range(lines // _DOWN, 0, -1) for across in range(2 * down, down - 1, -1)]
    # ASCII has no half blocks, and strokes of one size.
    small = [Size(1, 0)] if is_plain() else [Size(2, 0), Size(1, 0)]
    return [*whole, *(small if lines >= small[0].lines else ())]
