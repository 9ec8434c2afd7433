"""What the slow steps took a model last time, which is the best guess at what they will take the next one."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from core.decide.recovery import BEGIN
from core.decide.steps import Action, Step
from core.model.records import JournalEntry

# From the journal line that begins the first of two actions to the one that begins the second.
_SPANS = {Step.KEY: (Action.MAKE_KEY, Action.SIGN), Step.VERIFY: (Action.ASSIGN, Step.CLEAN)}


def usual_times(entries: Iterable[JournalEntry]) -> Mapping[Step, float]:
    """Return how long, in seconds, an install that came to a good end was at its slow steps, by its journal.

    It is written to the second: less than that is not told, nor is what a clock that was set made of it.
    """
    begun = {entry.step: datetime.fromisoformat(entry.at) for entry in entries if entry.phase == BEGIN}
    times = {
        step: (begun[end] - begun[start]).total_seconds()
        for step, (start, end) in _SPANS.items()
        if start in begun and end in begun
    }
    return {step: seconds for step, seconds in times.items() if seconds >= 1.0}
