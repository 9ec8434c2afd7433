"""The lines above and below every screen: who, where, how many, what is going on. Pure."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from core.model.device import Connection, DeviceView
from core.model.messages import Role, Scanned, ScanView
from core.model.review import UNEXPLAINED
from core.model.sighting import SourceStatus
from tui.keys import key_of
from tui.link import LinkState
from tui.paragraphs import EMPTY, Line, Span, fit, length, longest, plain
from tui.review import NO_REASON
from tui.site import Counts, Site
from tui.words import SILENT, Tone, listed, needs_review, plural

_COARSE = 10
_LONGEST_NAME = 16


def title(site: Site) -> Line:
    """Return the program, its gateway, and how far a rollout is."""
    gateway = site.status.gateway if site.status else ""
    head: Line = ((" camtrust", Tone.STRONG), (f"  {gateway}", Tone.PLAIN))
    view = site.rollout
    return (
        (*head, (f"  > rollout {view.done}/{view.total} ({key_of('rollout')})", Tone.WORK))
        if view and site.is_rollout_running
        else head
    )


def who_and_how_many(link: LinkState, counts: Counts, lost_at: datetime | None, room: int, others: int = 0) -> Line:
    """Return the technician and the counts, worst first, as many as fit; without an engine, how old all of it is.

    `others` is how many more screens are attached, which is the first to go.
    """
    if not link.is_up:
        return plain(f" OLD, as of {lost_at:%H:%M:%S} ", Tone.ALARM) if lost_at else EMPTY
    user = link.welcome.user if link.welcome else ""
    viewer = " (viewer)" if link.welcome and link.welcome.role is Role.VIEWER else ""
    head = [(f"{user}{viewer}", Tone.PLAIN), (plural(counts.devices, "device"), Tone.PLAIN)]
    told = [*head, *((f"{count} {word}", tone) for count, word, tone in _counted(counts) if count)]
    with_others = _side_by_side([(f"{user}{viewer} +{others}", Tone.PLAIN), *told[1:]])
    if others and length(with_others) <= room:
        return with_others
    while len(told) > 1 and length(_side_by_side(told)) > room:
        # What needs a person is told as long as anything is.
        told.pop(0 if told[0] in head else -1)
    return _side_by_side(told)


def _counted(counts: Counts) -> Iterable[tuple[int, str, Tone]]:
    yield counts.blocked, "BLOCKED", Tone.ALARM
    yield counts.review, "review", Tone.ASK
    yield counts.offline, "offline", Tone.PLAIN
    yield counts.expired, "expired", Tone.WARN
    yield counts.expiring, "expiring", Tone.WARN


def _side_by_side(spans: Sequence[Span]) -> Line:
    """Return spans as `listed` does it with texts, and a space at the end."""
    between = (part for span in spans for part in ((" · ", Tone.PLAIN), span))
    return (*tuple(between)[1:], (" ", Tone.PLAIN))


def link_problem(link: LinkState) -> Line:
    """Return why there is no engine, and what is done about it; nothing where there is one."""
    if link.is_up:
        return EMPTY
    if not link.title:
        return plain(" Connecting to the engine…")
    gone = "The engine is gone" if link.welcome else "There is no engine yet"
    said = sentences(f"{gone}: {link.title}", "Reconnecting…", link.hint)
    return plain(f" {said}", Tone.STRONG)


def sentences(*texts: str) -> str:
    """Return texts as sentences, each ended once."""
    return " ".join(text if text.endswith((".", "!", "?", "…")) else f"{text}." for text in texts if text)


def in_sentences(text: str, width: int) -> str:
    """Return of a text the sentences, from the first on, that fit in so many cells; the first one at least."""
    told = re.split(r"(?<=[.!?…]) ", text)
    return longest((" ".join(told[:count]) for count in range(len(told), 0, -1)), width)


def attention(device: DeviceView | None, room: int, otherwise: str = "") -> Line:
    """Return what a person has to do about the device at the cursor; of a changed certificate, why it probably is.

    Where not even the first of it fits in so many cells, `otherwise` says where it is told.
    """
    if device is None or device.attention is None:
        return EMPTY
    silent = f"{SILENT[0].upper()}{SILENT[1:]}" if device.silent else ""
    first, more = (NO_REASON, "") if device.change else (device.attention, device.attention_hint)
    full = sentences(silent, probable(device.change) if device.change else first, more)
    told = longest((full, sentences(silent, first), sentences(first), otherwise), room - 1)
    return plain(f" {told}") if told else EMPTY


def probable(change: str) -> str:
    """Return why a certificate changed, as probable as it is."""
    return change if change in UNEXPLAINED else f"Probably: {change}"


def unnoticed(blocked: Sequence[DeviceView], room: int) -> Line:
    """Return that devices are blocked which were not on the screen yet, with a name where that fits."""
    if not blocked:
        return EMPTY
    name, more = blocked[0].name, len(blocked) - 1
    who = fit(name, _LONGEST_NAME) if len(name) > _LONGEST_NAME else name
    all_of_them = f"{key_of('review')} shows all. "
    named = f" !! BLOCKED, out of view: {who}{f' and {more} more' if more else ''}. {all_of_them}"
    return plain(longest((named, f" !! BLOCKED, out of view: {len(blocked)}. {all_of_them}"), room), Tone.ALARM)


def sources(site: Site, now: datetime, room: int) -> Line:
    """Return of how many devices each discovery source tells, problems first, as much as fits."""
    status = site.status
    if status is None:
        return EMPTY
    troubles = [f"{source.source}: {source.problem}" for source in status.sources if source.problem]
    heard = [_heard(source) for source in status.sources if not source.problem]
    scan = [scanning(status.scan)] if status.scan else []
    hidden = [f"{others} no camera ({key_of('others')})"] if (others := site.counts(now).others) else []
    told = [*status.warnings, *troubles, *scan, *hidden, *heard]
    while len(told) > 1 and length(plain(f" {listed(told)}")) > room:
        told.pop()
    return plain(f" {listed(told)}", Tone.WARN if troubles or status.warnings else Tone.QUIET)


def _heard(source: SourceStatus) -> str:
    unreadable = f" ({source.dropped} unreadable)" if source.dropped else ""
    return f"{source.source} {source.devices}{unreadable}"


def scanning(scan: ScanView) -> str:
    """Return how far a scan is."""
    return f"Scan {scan.tried} of {scan.total}, {scan.found} found"


def scanned(done: Scanned) -> str:
    """Return how a scan ended."""
    found = plural(len(done.devices), "device")
    if done.tried < done.total:
        return f"The scan was ended after {done.tried} of {done.total} addresses: {found}."
    return f"{done.total} addresses tried: {found}."


def rescan(seconds: float | None) -> str:
    """Return when the network is asked again, in steps of ten seconds: a line that changes rarely."""
    if seconds is None:
        return ""
    tens = round(seconds / _COARSE) * _COARSE
    return f"rescan in {tens} s" if tens else "rescan now"


def checked(devices: Sequence[DeviceView]) -> str:
    """Return what a look at every added device showed."""
    if not devices:
        return "No device is added yet."
    told = (
        (sum(device.connection is Connection.BLOCKED for device in devices), "blocked"),
        (sum(device.connection is Connection.OFFLINE for device in devices), "offline"),
        (sum(map(needs_review, devices)), "to review"),
    )
    problems = ", ".join(f"{count} {word}" for count, word in told if count)
    return f"{plural(len(devices), 'device')} looked at: {problems or 'all well'}."
