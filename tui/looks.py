"""The add dialog's knowledge of each address: typed, looked at, what was seen. Pure but for the strings' clean-up."""

import re
from itertools import zip_longest

from core.model.messages import Look
from tui.paragraphs import Line, cut, fit, length, paragraph, plain
from tui.words import Tone, grouped, listed, short

_SEPARATORS = re.compile(r"[\s,;]+")
_ADDRESS = 24
_INDENT = 2


def split_addresses(text: str) -> tuple[str, ...]:
    """Return the addresses of a line, each once, in order."""
    return tuple(dict.fromkeys(part for part in _SEPARATORS.split(text) if part))


def is_http(look: Look | None) -> bool:
    """Tell whether an address would be added over plain HTTP."""
    return look is not None and look.way.startswith("HTTP") and not look.way.startswith("HTTPS")


def look_lines(
    address: str, look: Look | None, name: str = "", *, is_looking: bool, in_full: bool, width: int
) -> list[Line]:
    """Return what is known of one address, with the name of what is there below it.

    `look` is None until it was looked at.
    """
    left = (address, name) if name and name != address else (address,)
    room = width - _INDENT - _ADDRESS
    told = [
        line
        for text, tone in _told(look, room, is_looking=is_looking, in_full=in_full)
        for line in paragraph(text, room, tone)
    ]
    return [
        cut(((" " * _INDENT + fit(where, _ADDRESS - 1) + " ", Tone.PLAIN), *line), width)
        for where, line in zip_longest(left, told, fillvalue="")
    ]


def _told(look: Look | None, room: int, *, is_looking: bool, in_full: bool) -> list[tuple[str, Tone]]:
    if look is None:
        return [("looking…" if is_looking else "not looked at yet: Tab or Enter does", Tone.QUIET)]
    lines = [(look.way, Tone.PLAIN)] if look.way else []
    if look.certificate is not None:
        lines += _certificate(look, room, in_full=in_full)
    if look.problem:
        lines.append((look.problem, Tone.STRONG))
    lines += [(note, Tone.QUIET) for note in look.notes if note]
    return lines or [("nothing is known of it", Tone.QUIET)]


def _certificate(look: Look, room: int, *, in_full: bool) -> list[tuple[str, Tone]]:
    view = look.certificate
    if view is None:
        return []
    issuer = "issued by itself" if view.self_signed else f"issued by {view.issuer}" if view.issuer else ""
    if not in_full:
        told = [part for part in (f"SHA-256 {short(view.fingerprint)}", issuer) if part]
        together = listed(told)
        return [(text, Tone.PLAIN) for text in ([together] if length(plain(together)) <= room else told)]
    subject = listed(filter(None, (view.subject, issuer)))
    return [*((line, Tone.STRONG) for line in grouped(view.fingerprint)), (subject, Tone.QUIET)]


def keeps_its_own(look: Look | None) -> bool:
    """Tell whether an address showed that its camera cannot take a certificate of ours."""
    return look is not None and look.way.endswith("keeps its own certificate")


def heading(count: int) -> Line:
    """Return the title of the dialog."""
    return plain("Add a device" if count < 2 else f"Add {count} devices", Tone.STRONG)
