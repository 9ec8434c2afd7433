"""What the palette offers, and which of it fits what was typed. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.model.device import DeviceView
from tui.order import natural
from tui.paragraphs import Line, fit
from tui.site import Site
from tui.words import Tone, standing, state

_KEYS, _VERB = 12, 15
_GO_TO, _NAME, _ADDRESS, _STATE = 6, 26, 22, 18


@dataclass(frozen=True, slots=True)
class Offer:
    """Something to choose: a `verb`, by the id of its binding, or a `device` to go to, by its id.

    `words` is what is looked through, in small letters; `detail` is what the line may have no room for. `is_possible`
    tells whether it can be done now. `narrow` is the line without the column that there may be no room for, if any.
    """

    line: Line
    words: str
    detail: str = ""
    verb: str = ""
    device: str = ""
    is_possible: bool = True
    narrow: Line = ()

    def line_in(self, width: int) -> Line:
        """Return the line for so many cells."""
        return self.narrow if self.narrow and width < _GO_TO + _NAME + _ADDRESS + _STATE else self.line


def verb_offer(verb: str, keys: str, name: str, meaning: str, why_not: str) -> Offer:
    """Return the offer of a verb with its keys; where it is not possible now, `why_not` says so in place of meaning."""
    tone = Tone.QUIET if why_not else Tone.PLAIN
    line = (
        (fit(keys, _KEYS - 1) + " ", Tone.QUIET if why_not else Tone.STRONG),
        (fit(name, _VERB - 1) + " ", tone),
        (why_not or meaning, Tone.QUIET),
    )
    words = f" {name} {meaning} {verb}".casefold()
    return Offer(line, words, why_not or meaning, verb=verb, is_possible=not why_not)


def device_offers(site: Site, now: datetime) -> list[Offer]:
    """Return the offers to go to each device, by name."""
    devices = sorted(site.devices.values(), key=lambda view: natural(view.name))
    return [_device_offer(view, now, site.doing(view.id)) for view in devices]


def _device_offer(device: DeviceView, now: datetime, doing: str) -> Offer:
    where = state(device, now, doing)
    whose: Line = (("go to ", Tone.QUIET), (fit(device.name, _NAME - 1) + " ", Tone.PLAIN))
    stands: Line = ((f"{where.mark:<2} {where.word}", where.tone),)
    line = (*whose, (fit(device.address, _ADDRESS - 1) + " ", Tone.PLAIN), *stands)
    words = f" {device.name} {device.address} {where.word} {device.connection.value} go to"
    detail = f"{device.address}: {standing(device, now, doing)}"
    return Offer(line, words.casefold(), detail, device=device.id, narrow=(*whose, *stands))


def fitting(offers: Iterable[Offer], typed: str) -> list[Offer]:
    """Return the offers in which all typed words occur, those in which most of them begin a word first."""
    words = typed.casefold().split()
    found = [offer for offer in offers if all(word in offer.words for word in words)]
    return sorted(found, key=lambda offer: _distance(offer.words, words)) if words else found


def _distance(text: str, words: Sequence[str]) -> tuple[bool, int]:
    """Return the sort key of a text: nearest is the one that begins with the first word."""
    return (not text.startswith(f" {words[0]}"), sum(f" {word}" not in text for word in words))
