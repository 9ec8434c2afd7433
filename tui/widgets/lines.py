"""The one way in which text gets on the screen: lines drawn as segments, never parsed as markup (rule R32)."""

from collections.abc import Callable, Sequence
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.events import Resize, Show
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from tui.look import Look, encoding, look, shown
from tui.paragraphs import Line, cut, length
from tui.words import Tone

Draw = Callable[[int], Sequence[Line]]


def strip_of(line: Line, width: int, *, reverse: bool = False) -> Strip:
    """Return a line as a strip of exactly `width` cells."""
    return _strip(tuple((shown(text), tone) for text, tone in line), width, reverse, look(), encoding())


@lru_cache(maxsize=2048)
def _strip(line: Line, width: int, reverse: bool, theme: Look, _: str) -> Strip:
    # The encoding decides what a cut line ends in. Neighbours of one style become one segment: fewer bytes.
    base = theme.cursor if reverse else Style()
    segments = [Segment(text, base + theme.styles[tone]) for text, tone in cut(line, width)]
    used = sum(cell_len(segment.text) for segment in segments)
    segments.append(Segment(" " * (width - used), base + theme.styles[Tone.PLAIN]))
    return Strip(list(Segment.simplify(segment for segment in segments if segment.text)), width)


class Lines(Widget):
    """Shows what `draw` returns for the width at hand. Where that changes, only the lines that differ are sent."""

    DEFAULT_CSS = """
    Lines { width: 1fr; height: auto; }
    """

    def __init__(self, draw: Draw, *, name: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=name, classes=classes)
        self._draw = draw
        self._drawn: Sequence[Line] = ()

    def redraw(self) -> None:
        """Draw anew because something that `draw` looks at changed."""
        if not self.size.width:
            # Not laid out yet, or hidden: drawn when it gets a size.
            return
        before, self._drawn = self._drawn, self._draw(self.size.width)
        if len(before) != len(self._drawn):
            self.refresh(layout=True)
            return
        changed = [y for y, (old, new) in enumerate(zip(before, self._drawn, strict=True)) if old != new]
        if changed:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed))

    def on_resize(self, _: Resize) -> None:
        """Fit to the new width."""
        self.redraw()

    def on_show(self, _: Show) -> None:
        """Catch up with what changed while hidden."""
        self.redraw()

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """Return the width of the longest line, where the style asks for it."""
        return max((length(line) for line in self._draw(container.width)), default=0)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the number of lines at this width."""
        return len(self._draw(width))

    def render_line(self, y: int) -> Strip:
        """Return one line."""
        line = self._drawn[y] if y < len(self._drawn) else ()
        return strip_of(line, self.size.width)
