"""The lines above and below every screen: who, where, how many, what is going on. Pure."""

from collections.abc import Sequence
from datetime import datetime

from core.model.device import Connection, DeviceView
from core.model.messages import Role, Scanned, ScanView
from core.model.sighting import SourceStatus
from tui.link import LinkState
from tui.paragraphs import EMPTY, Line, plain
from tui.site import Counts, Site
from tui.words import Tone, listed, needs_review, plural

_COARSE = 10


def title(site: Site) -> Line:
    """Return the program and its gateway."""
    gateway = site.status.gateway if site.status else ""
    return ((" camtrust", Tone.STRONG), (f"  {gateway}", Tone.PLAIN))


def who_and_how_many(link: LinkState, counts: Counts, lost_at: datetime | None) -> Line:
    """Return the technician and the counts; or, without an engine, how old all of it is."""
    if not link.is_up:
        return plain(f" OLD, as of {lost_at:%H:%M:%S} ", Tone.ALARM) if lost_at else EMPTY
    user = link.welcome.user if link.welcome else ""
    viewer = " (viewer)" if link.welcome and link.welcome.role is Role.VIEWER else ""
    spans = [(f"{user}{viewer} · {plural(counts.devices, 'device')}", Tone.PLAIN)]
    if counts.blocked:
        spans += [(" · ", Tone.PLAIN), (f"{counts.blocked} BLOCKED", Tone.ALARM)]
    if counts.review:
        spans += [(" · ", Tone.PLAIN), (f"{counts.review} review", Tone.ASK)]
    if counts.expiring:
        spans += [(" · ", Tone.PLAIN), (f"{counts.expiring} expiring", Tone.WARN)]
    return (*spans, (" ", Tone.PLAIN))


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


def attention(device: DeviceView | None) -> Line:
    """Return what a person has to do about the device at the cursor."""
    if device is None or device.attention is None:
        return EMPTY
    return plain(f" {sentences(device.attention, device.change or device.attention_hint)}")


def sources(site: Site) -> Line:
    """Return of how many devices each discovery source tells, problems first."""
    status = site.status
    if status is None:
        return EMPTY
    troubles = [f"{source.source}: {source.problem}" for source in status.sources if source.problem]
    heard = [_heard(source) for source in status.sources if not source.problem]
    scan = [scanning(status.scan)] if status.scan else []
    hidden = [f"{others} no camera (o)"] if (others := site.counts().others) else []
    tone = Tone.WARN if troubles or status.warnings else Tone.QUIET
    return plain(f" {listed([*status.warnings, *troubles, *scan, *heard, *hidden])}", tone)


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
