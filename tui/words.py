"""What the screens say of devices, times and fingerprints. Pure: `now` is an argument, in the zone to show times in."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from core.model.device import AttentionKind, CertificateField, Connection, DeviceView, Origin, StepState
from core.model.messages import Event
from core.model.sighting import Kind
from core.model.video import Video
from tui.keys import key_of

EXPIRING = timedelta(days=30)
"""From this long before its end, or earlier where the engine says so, an expiry is told in days, and marked."""

BLOCKED_TEXT = "Error with device certificate"
SILENT = "it does not answer now"

ADDING = "adding"

TAKEN_OUT_OF_USE = (
    "Its stored certificate was not issued by this gateway: somebody reviewed and accepted it. It is taken out of use."
)
IF_IT_CAN = "A camera that cannot take a certificate of ours keeps the one that it has."


class Tone(Enum):
    """How something is meant; what that looks like is decided elsewhere. The words carry the meaning without it."""

    PLAIN = auto()
    QUIET = auto()
    STRONG = auto()
    ALARM = auto()
    ASK = auto()
    WORK = auto()
    WARN = auto()


@dataclass(frozen=True, slots=True)
class State:
    """Where a device stands: an ASCII mark, the word beside it, and its rank, lowest for what needs a person most."""

    mark: str
    word: str
    tone: Tone
    rank: int


_OF_ATTENTION = {
    AttentionKind.UNEXPECTED_LEAF: State("!!", "UNEXPECTED", Tone.ALARM, 1),
    AttentionKind.TLS_FAILED: State("x", "TLS failed", Tone.STRONG, 2),
    AttentionKind.INSTALL_FAILED: State("x", "install failed", Tone.STRONG, 2),
    AttentionKind.LOGIN_REFUSED: State("x", "login refused", Tone.STRONG, 2),
    AttentionKind.LOGIN_NEEDED: State("?", "login needed", Tone.ASK, 2),
    AttentionKind.SAME_CERTIFICATE: State("?", "shared cert.", Tone.ASK, 4),
    AttentionKind.REVIEW_LEAF: State("?", "review", Tone.ASK, 4),
    AttentionKind.HTTPS_OFF: State("-", "HTTPS is off", Tone.ASK, 4),
    AttentionKind.EXPIRED: State("~", "online", Tone.WARN, 6),
    AttentionKind.EXPIRING: State("~", "online", Tone.WARN, 6),
    AttentionKind.WEAK_TLS: State("~", "weak TLS", Tone.WARN, 6),
    AttentionKind.CLEAN_UP: State("~", "clean up", Tone.WARN, 6),
}
_NOT_BY_ITSELF = frozenset(
    {
        AttentionKind.EXPIRED,
        AttentionKind.EXPIRING,
        AttentionKind.WEAK_TLS,
        AttentionKind.CLEAN_UP,
        AttentionKind.UNREACHABLE,
    }
)
_ANSWERS = frozenset({AttentionKind.TLS_FAILED, AttentionKind.UNEXPECTED_LEAF})


def legend() -> tuple[tuple[str, str, str], ...]:
    """Return mark, word and meaning of each state, for the help screen."""
    return (
        ("!!", "BLOCKED", "another certificate than the stored one; nothing is sent to it"),
        ("x", "failed", "an install, a login or TLS failed; Enter says what to do"),
        (">", "adding", f"on its way to HTTPS, as in replacing and re-issuing; {key_of('install')} shows the steps"),
        ("?", "review", f"encrypted, but nobody vouches for its certificate yet; {key_of('certificate')} shows it"),
        ("?", "shared cert.", "another device shows the same certificate: either can pass for the other"),
        (".", "offline", "does not answer, and for how long"),
        ("~", "online", "and worth a look: its certificate ends soon, or has ended"),
        ("~", "weak TLS", "connected with old TLS, as the camera knows none better"),
        ("=", "online", "shows the certificate that is stored for it"),
        ("-", "online", "over plain HTTP: not encrypted"),
        ("-", "HTTPS is off", "plain HTTP, and the camera could do better; Enter says how"),
        ("+", "found", "seen on the network, not added"),
    )


def first_contact(count: int) -> str:
    """Return what a first contact with so many cameras means."""
    shows = "this camera shows" if count == 1 else "these cameras show"
    return (
        f"First contact: so far nobody vouches for what {shows}. Somebody who stands between the gateway and "
        f"{'it' if count == 1 else 'a camera'} now would be trusted from here on. If you can, compare the SHA-256 with "
        "the one on the camera's own page."
    )


def state(device: DeviceView, now: datetime, doing: str = ADDING) -> State:
    """Return where a device stands, worst first: blocked, adding, offline, what a person has to do, online.

    `doing` is what its install is called.
    """
    match device.connection:
        case Connection.BLOCKED:
            return State("!!", "BLOCKED", Tone.ALARM, 0)
        case Connection.ADDING:
            steps = f" {device.step}/{device.steps}" if device.step and device.steps else ""
            return State(">", f"{doing}{steps}", Tone.WORK, 3)
        case Connection.DISCOVERED:
            return State("+", "found", Tone.PLAIN, 9)
        case Connection.OFFLINE:
            return _offline(device, now)
        case _:
            return _online(device, now)


def _offline(device: DeviceView, now: datetime) -> State:
    if device.attention_kind in _ANSWERS:
        return _OF_ATTENTION[device.attention_kind]
    for_how_long = age(device.since, now)
    return State(".", f"offline {for_how_long}".rstrip(), Tone.QUIET, 5)


def _online(device: DeviceView, now: datetime) -> State:
    if device.attention_kind in _OF_ATTENTION:
        return _OF_ATTENTION[device.attention_kind]
    if device.certificate_field is CertificateField.HTTP:
        return State("-", "online", Tone.PLAIN, 8)
    if has_expired(device, now) or ends_soon(device, now):
        return State("~", "online", Tone.WARN, 6)
    return State("=", "online", Tone.PLAIN, 7)


def is_other(device: DeviceView) -> bool:
    """Tell whether a row is of something found that says it is no camera."""
    return device.connection is Connection.DISCOVERED and device.kind is Kind.OTHER


def needs_review(device: DeviceView) -> bool:
    """Tell whether a person has something to decide or to do about a device that is not blocked."""
    if device.connection in (Connection.BLOCKED, Connection.ADDING, Connection.DISCOVERED):
        return False
    return device.attention_kind is not None and device.attention_kind not in _NOT_BY_ITSELF


def is_offline(device: DeviceView) -> bool:
    """Tell whether nothing answers at a device; one that fails in TLS is counted by that."""
    return device.connection is Connection.OFFLINE and device.attention_kind not in _ANSWERS


def certificate(device: DeviceView) -> str:
    """Return the certificate field in the user's words, or what stands there instead of one."""
    if device.certificate_field is not None:
        return device.certificate_field.value
    return "not added" if device.connection is Connection.DISCOVERED else ""


def expires(device: DeviceView, now: datetime) -> str:
    """Return when the stored certificate ends: `2036-11`, `19 days`, `expired`; or that there is none."""
    if device.connection is Connection.DISCOVERED:
        return ""
    if device.fingerprint is None:
        return "" if device.connection is Connection.ADDING else "no certificate"
    end = parse_time(device.not_after)
    if end is None:
        return "unknown"
    left = end - now
    if left <= timedelta(0):
        return "expired"
    return days(left) if ends_soon(device, now) else end.astimezone(now.tzinfo).strftime("%Y-%m")


def days(left: timedelta) -> str:
    """Return `1 day`, `19 days`."""
    return "1 day" if left.days == 1 else f"{left.days} days"


def has_expired(device: DeviceView, now: datetime) -> bool:
    """Tell whether the stored certificate has ended, whatever else there is to do about the device."""
    left = _left(device, now)
    return device.attention_kind is AttentionKind.EXPIRED or (left is not None and left <= timedelta(0))


def ends_soon(device: DeviceView, now: datetime) -> bool:
    """Tell whether the stored certificate ends soon and has not yet."""
    left = _left(device, now)
    is_near = device.attention_kind is AttentionKind.EXPIRING or (left is not None and left <= EXPIRING)
    return is_near and not has_expired(device, now)


def _left(device: DeviceView, now: datetime) -> timedelta | None:
    end = parse_time(device.not_after) if device.fingerprint else None
    return None if end is None else end - now


def standing(device: DeviceView, now: datetime, doing: str = ADDING) -> str:
    """Return in one line how a device is connected, for a place that has room for it."""
    match device.connection:
        case Connection.BLOCKED:
            return f"{BLOCKED_TEXT}; {SILENT}" if device.silent else BLOCKED_TEXT
        case Connection.ADDING:
            return f"{doing}, step {device.step} of {device.steps}" if device.step else doing
        case Connection.DISCOVERED:
            return "found on the network, not added"
        case _:
            since = moment(device.since, now)
            return f"{device.connection.value} since {since}" if since else device.connection.value


def full_standing(device: DeviceView, now: datetime, doing: str = ADDING) -> str:
    """Return how a device is connected, after what a person has to do about it, where that is something else."""
    word, connected = state(device, now).word, standing(device, now, doing)
    is_added = device.connection in (Connection.ONLINE, Connection.OFFLINE)
    return f"{word}, {connected}" if is_added and not word.startswith(device.connection.value) else connected


ORIGINS = {
    Origin.ISSUED: "issued by this gateway",
    Origin.ACCEPTED: "reviewed and accepted",
    Origin.DEVICE: "not accepted yet",
}


VIDEO = {
    Video.TUNNEL: "over HTTPS (tunnel)",
    Video.RTSPS: "over RTSPS",
    Video.CLEAR: "in clear (the rest of the communication stays encrypted)",
    Video.OTHER_CERTIFICATE: "not asked for: its RTSPS port shows another certificate",
    Video.LOGIN_REFUSED: "not known: the login was refused",
    Video.DUE: "not asked about yet",
    Video.UNKNOWN: "not known",
}


VIDEO_COLUMN = {
    Video.TUNNEL: "HTTPS",
    Video.RTSPS: "RTSPS",
    Video.CLEAR: "clear",
}
"""The same in a few cells, as far as it is known."""


def parse_time(text: str | None) -> datetime | None:
    """Return an ISO 8601 time, None where there is none or none that a calendar knows."""
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


def age(since: str | None, now: datetime) -> str:
    """Return how long ago something was, coarsely, so that a screen need not change often: `now`, `5m`, `3h`, `2d`."""
    start = parse_time(since)
    if start is None:
        return ""
    minutes = int((now - start).total_seconds()) // 60
    if minutes < 1:
        return "now"
    if minutes < 60:
        return f"{minutes}m"
    return f"{minutes // 60}h" if minutes < 24 * 60 else f"{minutes // (24 * 60)}d"


def moment(text: str | None, now: datetime) -> str:
    """Return a time as short as it is clear: `14:02` today, `11-22 14:02` this year, else the date."""
    at = parse_time(text)
    if at is None:
        return ""
    local = at.astimezone(now.tzinfo)
    if local.date() == now.date():
        return local.strftime("%H:%M")
    return local.strftime("%m-%d %H:%M") if local.year == now.year else local.strftime("%Y-%m-%d")


def day(text: str | None, now: datetime) -> str:
    """Return the date of a time."""
    at = parse_time(text)
    return at.astimezone(now.tzinfo).strftime("%Y-%m-%d") if at else ""


def elapsed(seconds: float) -> str:
    """Return `m:ss`, or `h:mm:ss` from an hour on."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def took(seconds: float | None) -> str:
    """Return how long a step took: tenths where they can be told apart, minutes where seconds no longer say much."""
    if seconds is None:
        return ""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    return f"{round(seconds)} s" if seconds < 99.5 else elapsed(seconds)


def pace(seconds: float, usual: float) -> str:
    """Return how far something is against what it usually takes, both in seconds."""
    if seconds <= usual:
        return f"{int(seconds)} s of about {round(usual)} s"
    return f"{took(float(int(seconds)))}, usually about {round(usual)} s"


def bar(fraction: float, width: int) -> str:
    """Return a progress bar of ASCII characters. A fraction beyond 1 is a full bar."""
    full = round(min(max(fraction, 0.0), 1.0) * width)
    return "#" * full + "." * (width - full)


STEP_MARKS = {
    StepState.WAITING: " ",
    StepState.DOING: ">",
    StepState.DONE: "=",
    StepState.FAILED: "x",
    StepState.SKIPPED: "-",
}


def grouped(fingerprint: str) -> tuple[str, str]:
    """Return a fingerprint as two lines of groups of four, for eyes to compare."""
    groups = [fingerprint[start : start + 4] for start in range(0, len(fingerprint), 4)]
    half = (len(groups) + 1) // 2
    return " ".join(groups[:half]), " ".join(groups[half:])


def copied(which: str, fingerprint: str, in_full: str = "see above") -> str:
    """Return that the fingerprint of the stored or the presented certificate was copied, as far as one can know.

    `in_full` tells where all of it is to be read, for where the terminal cannot.
    """
    return f"Copied, if the terminal can: {which} SHA-256 {short(fingerprint)}, {in_full}."


def short(fingerprint: str) -> str:
    """Return the two ends of a fingerprint: enough to tell one from another at a glance, never to decide by."""
    return f"{fingerprint[:4]} {fingerprint[4:8]} … {fingerprint[-4:]}"


def plural(count: int, noun: str) -> str:
    """Return `1 device`, `2 devices`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def listed(texts: Iterable[str]) -> str:
    """Return texts side by side."""
    return " · ".join(texts)


def history(event: Event, now: datetime) -> str:
    """Return an event of one device in a line; who did it is told where it was a person."""
    by = "" if event.who == "camtrust" else f" by {event.who}"
    return f"{moment(event.at, now)} {event.text}{by}"
