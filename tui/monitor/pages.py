"""What does not fit goes by in pages. Nothing moves from page to page while they go by, unless it is blocked. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Round:
    """One time through the pages: ids of devices in their places, in `lines` lines.

    The `pinned` are on each page, `hidden` more of their kind come first among the `rest`, of which each page shows a
    part. `blocked` are all that were when it began.
    """

    lines: int = 1
    pinned: tuple[str, ...] = ()
    hidden: int = 0
    rest: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()

    @property
    def room(self) -> int:
        """How many of the rest are on a page."""
        return max(1, self.lines - len(self.pinned) - bool(self.hidden))

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-len(self.rest) // self.room))

    def page(self, number: int) -> tuple[str, ...]:
        """Return which of the rest are on the page with this number; the first is 0."""
        return self.rest[number * self.room : (number + 1) * self.room]


def begun(blocked: Sequence[str], others: Sequence[str], lines: int) -> Round:
    """Begin a round with all in order. What is blocked is on each page, as long as that leaves half the lines."""
    lines = max(lines, 1)
    fits = len(blocked) + len(others) <= lines
    pinned = len(blocked) if fits or len(blocked) <= lines // 2 else max(lines // 2 - 1, 0)
    rest = (*blocked[pinned:], *others)
    return Round(lines, tuple(blocked[:pinned]), len(blocked) - pinned, rest, tuple(blocked))


def gone_on(before: Round, blocked: Sequence[str], others: Sequence[str], lines: int) -> Round:
    """Go on with a round: who is in it keeps the place, even one that is well by now, and new ones come last.

    It begins anew where that is no use: with another size, after another one was blocked, where all fits on one page,
    and where most of its places are of devices that are well.
    """
    anew = begun(blocked, others, lines)
    wanted = {*blocked, *others}
    kept = {*before.pinned, *before.rest}
    is_other = before.lines != anew.lines or bool({*blocked} - {*before.blocked})
    if is_other or before.pages == 1 or anew.pages == 1 or 2 * len(wanted & kept) < len(kept):
        return anew
    new = [device for device in (*blocked, *others) if device not in kept]
    return Round(before.lines, before.pinned, before.hidden, (*before.rest, *new), before.blocked)
