"""What a technician was shown of one device's certificates, and what changed meanwhile. Knows nothing of terminals."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from core.model.device import DeviceView, InstallView
from core.model.errors import CamtrustError
from core.model.messages import Event
from core.model.review import Review
from tui.paragraphs import Line, fit, length, longest
from tui.review import Case, case_of, since
from tui.summary import sentences
from tui.words import BLOCKED_TEXT, Tone, history, moment, state

OTHER_LEAF = "The device shows another certificate than a moment ago. What was typed is cleared: compare anew."
BEGAN = "The device began to show another certificate just now."
DECIDED = "There is nothing to decide here any more:"
GONE = "This device was removed:"
_DEEDS = {
    "accepted": "accepted the presented certificate",
    "installed": "had a certificate of ours installed",
    "removed": "removed this device",
    "added": "added this device anew",
}
_TITLES = {
    Case.CHANGED: (BLOCKED_TEXT, Tone.ALARM),
    Case.FIRST: ("its own certificate, not accepted", Tone.ASK),
    Case.SETTLED: ("certificate settings", Tone.PLAIN),
}
_LONGEST_NAME = 30


class Reading:
    """One device's `review`, once it was told. `device` is the newest view of it, `news` what the technician must know.

    `is_gone` tells that the device was removed.
    """

    def __init__(self, device: DeviceView) -> None:
        self.device = device
        self.review: Review | None = None
        self.is_gone = False
        self._news: tuple[str, ...] = ()
        self._is_decided = False
        self._is_ours = False
        self._undecided = ""
        self._seen = 0

    @property
    def case(self) -> Case:
        """What there is to decide."""
        return case_of(self.review) if self.review is not None else Case.SETTLED

    @property
    def shown(self) -> str:
        """The fingerprint of the certificate that is decided about."""
        presented = self.review.presented if self.review is not None else None
        return presented.fingerprint if presented is not None else ""

    def take(self, review: Review, last_event: int) -> bool:
        """Take in what the engine told after the event with this number.

        True where something else is to be decided than before: then what was typed was about something else.
        """
        is_first = self.review is None
        before = (self.case, self.shown)
        self.review, self.device = review, review.device
        if before == (self.case, self.shown) and not is_first:
            return False
        if not is_first:
            self._note(before[0])
        if self.case is not Case.SETTLED:
            self._seen, self._is_decided, self._undecided = last_event, False, self.shown
        return True

    def _note(self, before: Case) -> None:
        if self.case is Case.SETTLED:
            # What comes of somebody else's work on it is part of the same news.
            is_news = before is not Case.SETTLED and not self._is_ours
            self._is_decided, self._is_ours = self._is_decided or is_news, False
            return
        if before is Case.SETTLED and self.shown == self._undecided:
            # It was worked on meanwhile, and shows what it showed before.
            return
        told = BEGAN if before is Case.SETTLED else OTHER_LEAF
        self._news = (*(text for text in self._news if text != told), told)

    def refused(self, error: CamtrustError) -> None:
        """What the technician decided was not done."""
        self._news = (sentences(error.title, error.hint),)

    def done(self, *told: str) -> None:
        """What the technician decided was done: what changes by that is no news."""
        self._is_ours, self._is_decided = self.case is not Case.SETTLED, False
        self._news = told

    def remove(self) -> None:
        """The device was removed."""
        self.review, self.is_gone, self._news = None, True, ()

    def read(self) -> None:
        """The technician goes on: what was told was read."""
        self._news = ()

    def news(self, events: Iterable[Event], now: datetime, install: InstallView | None = None) -> list[str]:
        """Return what to tell before everything else, as paragraphs: who decided it meanwhile is among the events.

        `install` is how far the newest install of the device is at `now`.
        """
        told = list(self._news)
        if not (self.is_gone or self._is_decided):
            return told
        happened = since(events, self.device.id, self._seen)
        told += [*_work_of(install, now), *(deed for event in happened for deed in _deed(event, now))][:1]
        told.append(GONE if self.is_gone else DECIDED)
        return told + [history(event, now) for event in happened]


def _work_of(install: InstallView | None, now: datetime) -> Iterator[str]:
    if install is not None and install.by and not install.finished:
        begun = now - timedelta(seconds=install.seconds)
        yield f"{install.by} is {install.doing} it since {begun:%H:%M}."


def _deed(event: Event, now: datetime) -> Iterator[str]:
    if event.kind in _DEEDS and event.who != "camtrust":
        yield f"{event.who} {_DEEDS[event.kind]} at {moment(event.at, now)}."


def title(device: DeviceView, reading: Reading, now: datetime, width: int) -> Line:
    """Return whose certificate it is, where that is, and what is the matter with it: in one word where that fits only.

    The address is never cut off.
    """
    name = device.name if len(device.name) <= _LONGEST_NAME else fit(device.name, _LONGEST_NAME)
    whose = ((f" {name}", Tone.STRONG), (f"  {device.address}  ", Tone.PLAIN))
    if reading.is_gone:
        return (*whose, ("removed", Tone.STRONG))
    where = state(device, now)
    told, tone = _TITLES[reading.case]
    room = width - length(whose) - len(where.mark) - 1
    return (*whose, (f"{where.mark} ", where.tone), (longest((told, where.word), room), tone))
