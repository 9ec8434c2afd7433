"""The one gate for text that came from a device (rule R32).

Device names, fault texts, certificate subjects and scopes are hostile until they have passed `clean`: terminals obey
control characters, and bidirectional marks or look-alikes of nothing deceive the reader. Every parser calls it at its
edge, so that what travels inside the engine and to the screens is already harmless to print.
"""

import unicodedata

_SHOWN_CATEGORIES = frozenset("LMNPSZ")
_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0\u034f\u00ad")
_MOST_MARKS = 2


def clean(text: str, limit: int = 64) -> str:
    """Return `text` made safe to print, at most `limit` characters long.

    Whatever is not a letter, mark, number, punctuation, symbol or plain space becomes its code point as `⟨XXXX⟩`;
    more than two combining marks on one letter likewise. White space is folded to single spaces.
    """
    pieces: list[str] = []
    length = marks = 0
    # The input may be huge: no more of it is read than can be shown.
    for character in " ".join(text[: limit * 8].split(" ")):
        marks = marks + 1 if unicodedata.category(character)[0] == "M" else 0
        piece = _shown(character, marks)
        length += len(piece)
        if length > limit:
            pieces.append("…")
            break
        pieces.append(piece)
    return _trim("".join(pieces).strip(), limit)


def _trim(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _shown(character: str, marks: int) -> str:
    if character == " ":
        return " "
    if character in "\t\r\n":
        return " "
    category = unicodedata.category(character)
    harmless = (
        category[0] in _SHOWN_CATEGORIES
        and category not in ("Zl", "Zp")
        and character not in _BLANKS
        and not _is_variation_selector(character)
        and marks <= _MOST_MARKS
    )
    if not harmless:
        return f"⟨{ord(character):04X}⟩"
    return " " if category == "Zs" else character


def _is_variation_selector(character: str) -> bool:
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
