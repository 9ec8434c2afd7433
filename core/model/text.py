"""The one gate for text that came from a device (rule R32).

Device names, fault texts, certificate subjects and scopes are hostile until they have passed `clean`: terminals obey
control characters, and bidirectional marks or look-alikes of nothing deceive the reader. Every parser calls it at its
edge, so that what travels inside the engine and to the screens is already harmless to print.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

_WHITE_SPACE = re.compile("[ \t\r\n\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
_SHOWN_CATEGORIES = frozenset("LMNPS")
# Letters, marks and symbols by category that show nothing (Unicode's Default_Ignorable_Code_Point, and blanks).
_BLANKS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U0001d159\U000e0100-\U000e01ef]"
)
_MOST_MARKS = 2
_READ_FOR_EACH_SHOWN = 8


def clean(text: str, limit: int = 64) -> str:
    """Return `text` made safe to print, at most `limit` characters long; the mark of a cut, `…`, counts.

    Whatever is not a letter, mark, number, punctuation, symbol or space becomes its code point as `⟨XXXX⟩`; so do marks
    that have no letter to stand on, and more than two on one. White space is folded to single spaces.
    """
    # The input may be huge: little more of it is read than can be shown.
    window = text[: limit * _READ_FOR_EACH_SHOWN]
    pieces = list(_pieces(_WHITE_SPACE.sub(" ", window).strip(" ")))
    if len(window) == len(text) and sum(map(len, pieces)) <= limit:
        return "".join(pieces)
    return "".join(_fitting(pieces, limit - 1)).rstrip(" ") + "…"


def _pieces(text: str) -> Iterator[str]:
    marks = _MOST_MARKS
    for character in text:
        category = unicodedata.category(character)
        if category[0] == "M":
            marks += 1
        else:
            # Neither the start nor a space can carry a mark: it would land on whatever stands before the text.
            marks = _MOST_MARKS if character == " " else 0
        shown = character == " " or (category[0] in _SHOWN_CATEGORIES and not _BLANKS.match(character))
        yield character if shown and marks <= _MOST_MARKS else f"⟨{ord(character):04X}⟩"


def _fitting(pieces: Iterable[str], limit: int) -> Iterator[str]:
    for piece in pieces:
        limit -= len(piece)
        if limit < 0:
            return
        yield piece
