"""What a preflight tells of one device, from what was learnt of it: each finding in words, and what all come to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from core.decide.key_choice import KeySpec, key_specs, manages
from core.decide.keystore import Call, cleared, find_room, room_for
from core.decide.steps import RULES, Step
from core.model.errors import (
    AnswerLostError,
    DeviceError,
    LoginNeededError,
    LoginRefusedError,
    UnexpectedLeafError,
    WrongLeafError,
)
from core.model.keystore import Information, Inventory, KeystoreCapabilities
from core.model.preflight import Finding, PreflightReport, Readiness, Slots, Topic

CLOCK_TOLERANCE = 60.0
"""How far off, in seconds, a device's clock may be and still counts as right."""

# How long a certificate holds from the gateway's time on, and a little less.
_CERTIFICATE_LASTS = 3649 * 86_400.0
_SPANS = ((86_400 * 365.25, "year"), (86_400.0, "day"), (3600.0, "hour"), (60.0, "minute"))
_BY_LEAF = (WrongLeafError, UnexpectedLeafError)


@dataclass(slots=True)
class Learnt:
    """What was learnt of a device, filled in step by step; what was not is as it is here.

    `device` is the id of an added one, `pinned` the leaf that is stored for it. `place` tells where it answers, in a
    line; `leaf` is the fingerprint that it shows there, empty over plain HTTP. `weak` is whether its TLS is. Nothing is
    sent to one that is `blocked`.

    `withheld` is why a login was not sent that was there; `trouble` ended the asking. `left` are the calls that clear
    away what earlier installs left. `times` are how long the slow steps took its model last time, None where there is
    no last time.
    """

    address: str
    name: str
    device: str | None = None
    pinned: str = ""
    scheme: str = ""
    port: int | None = None
    place: str = ""
    is_off: bool = False
    leaf: str = ""
    tls: str = ""
    weak: bool = False
    blocked: bool = False
    clock_asked: bool = False
    clock: datetime | None = None
    clock_offset: float | None = None
    way_asked: bool = False
    capabilities: KeystoreCapabilities | None = None
    user: str = ""
    login: str = ""
    information: Information = field(default_factory=Information)
    inventory: Inventory | None = None
    left: tuple[Call, ...] = ()
    times: Mapping[Step, float] | None = None
    withheld: DeviceError | None = None
    trouble: DeviceError | None = None

    @property
    def model(self) -> str:
        """Maker and model, empty where they are not known."""
        return f"{self.information.manufacturer} {self.information.model}".strip()

    @property
    def refusal(self) -> LoginRefusedError | None:
        """The error by which the device refused a login that it was sent."""
        if self.login or isinstance(self.trouble, LoginNeededError):
            return None
        return self.trouble if isinstance(self.trouble, LoginRefusedError) else None


def report(learnt: Learnt) -> PreflightReport:
    """Return what to tell."""
    findings = _findings(learnt)
    worst = max(findings, key=_weighs)
    counts = worst.weight in (Readiness.UNKNOWN, Readiness.CANNOT)
    spec = _spec(learnt)
    return PreflightReport(
        address=learnt.address,
        name=learnt.name if learnt.name != learnt.address else learnt.model or learnt.name,
        readiness=worst.weight,
        reason=worst.text if counts else "",
        hint=worst.hint if counts else "",
        device=learnt.device,
        scheme=learnt.scheme,
        port=learnt.port,
        fingerprint=learnt.leaf or None,
        tls=learnt.tls,
        way=learnt.capabilities.way if learnt.capabilities and manages(learnt.capabilities) else None,
        key=str(spec) if spec else "",
        clock_offset=learnt.clock_offset,
        login=learnt.login,
        attempts_left=learnt.refusal.attempts_left if learnt.refusal else None,
        slots=_slots(learnt),
        seconds=_seconds(learnt) if Topic.TIME in _topics(learnt) else None,
        findings=tuple(findings),
    )


class _Said(NamedTuple):
    """A finding without its topic."""

    text: str
    weight: Readiness = Readiness.READY
    hint: str = ""


def _findings(learnt: Learnt) -> list[Finding]:
    """Return one finding for each topic that matters; where the asking ended, that goes before what it leaves open."""
    topics = _topics(learnt)
    troubled = _troubled(learnt)
    if troubled is not None and troubled not in topics:
        topics = (*topics, troubled)
    found = [
        _finding(topic, _of_trouble(learnt.trouble) if topic is troubled and learnt.trouble else _said(topic, learnt))
        for topic in Topic
        if topic in topics
    ]
    return [finding for finding in found if finding.text]


def _finding(topic: Topic, said: _Said) -> Finding:
    return Finding(topic, _TELLERS[topic][0], said.text, said.weight, said.hint)


def _said(topic: Topic, learnt: Learnt) -> _Said:
    said = _TELLERS[topic][1](learnt)
    return _Said(f"not known: {_why(learnt)}", Readiness.UNKNOWN) if said is None else said


def _weighs(finding: Finding) -> tuple[int, bool]:
    # Of what is not known, that which has a hint is the cause.
    return tuple(Readiness).index(finding.weight), bool(finding.hint)


def _topics(learnt: Learnt) -> Sequence[Topic]:
    """Return what matters of a device: little, where it is clear already that nothing can be installed."""
    if not learnt.scheme:
        return (Topic.HTTPS,)
    place = (Topic.HTTPS,) if learnt.scheme == "http" else (Topic.HTTPS, Topic.CERTIFICATE, Topic.TLS)
    if learnt.blocked or isinstance(learnt.trouble, _BY_LEAF):
        return place
    asked = (*place, Topic.WAY, Topic.CLOCK, Topic.LOGIN)
    if learnt.way_asked and not manages(learnt.capabilities):
        return asked
    if learnt.scheme == "http":
        return (*asked, Topic.KEY, Topic.ROOM)
    return tuple(Topic)


def _troubled(learnt: Learnt) -> Topic | None:
    """Return what the trouble was about: a login or a leaf, else what was asked next."""
    if learnt.trouble is None:
        return None
    if not learnt.scheme:
        return Topic.HTTPS
    if isinstance(learnt.trouble, _BY_LEAF):
        return Topic.CERTIFICATE
    if isinstance(learnt.trouble, LoginRefusedError):
        return Topic.LOGIN
    if not learnt.clock_asked:
        return Topic.CLOCK
    if not learnt.way_asked:
        return Topic.WAY
    return Topic.ROOM if learnt.login else Topic.LOGIN


def _of_trouble(error: DeviceError) -> _Said:
    if isinstance(error, AnswerLostError):
        return _Said(error.title, Readiness.UNKNOWN, "Nothing was changed on it. Try again when it is less busy.")
    weight = Readiness.UNKNOWN if isinstance(error, LoginNeededError) else Readiness.CANNOT
    return _Said(error.title, weight, error.hint)


def _why(learnt: Learnt) -> str:
    """Return in words why something was not asked."""
    if learnt.withheld is not None:
        return f"it would need a login{' over plain HTTP' if learnt.scheme == 'http' else ''}"
    if isinstance(learnt.trouble, LoginNeededError):
        return "it needs a login"
    if isinstance(learnt.trouble, LoginRefusedError):
        return "the login was refused"
    return "the asking ended before"


def _https(learnt: Learnt) -> _Said:
    if learnt.scheme == "https":
        return _Said(learnt.place)
    if learnt.is_off:
        hint = "--enable-https switches it on when the camera is added or replaced, by one login over plain HTTP."
        return _Said(f"{learnt.place}; HTTPS is switched off", Readiness.CANNOT, hint)
    hint = "Enable HTTPS in the camera's own settings, or give its HTTPS port, such as 192.168.20.1:4443."
    return _Said(learnt.place, Readiness.CANNOT, hint)


def _certificate(learnt: Learnt) -> _Said:
    short = f"{learnt.leaf[:4]} {learnt.leaf[4:8]} … {learnt.leaf[-4:]}"
    if learnt.blocked:
        which = "the stored one, but it is blocked" if learnt.pinned == learnt.leaf else "not the stored one"
        hint = f"Nothing was sent to it. Compare its certificates: camtrust review {learnt.device}"
        return _Said(f"{short}, {which}", Readiness.CANNOT, hint)
    if learnt.pinned == learnt.leaf:
        return _Said(f"{short}, the stored one")
    hint = "First contact: compare the SHA-256 with the one on the camera's own page if you can."
    return _Said(f"{short}; nobody vouches for it yet", hint=hint)


def _tls(learnt: Learnt) -> _Said:
    if learnt.weak:
        hint = "Who stands in between may be able to break it. A firmware update may bring TLS 1.2."
        return _Said(learnt.tls, Readiness.NOTES, hint)
    return _Said(learnt.tls)


def _way(learnt: Learnt) -> _Said | None:
    if not learnt.way_asked:
        return None
    if learnt.capabilities is None or not manages(learnt.capabilities):
        text = "it cannot make a key and take a certificate for it"
        return _Said(text, Readiness.CANNOT, "It keeps its own certificate. A firmware update may bring it.")
    return _Said(f"by its {learnt.capabilities.way}")


def _spec(learnt: Learnt) -> KeySpec | None:
    if learnt.capabilities is None or not manages(learnt.capabilities):
        return None
    return next(iter(key_specs(learnt.capabilities)), None)


def _key(learnt: Learnt) -> _Said | None:
    if not learnt.way_asked:
        return None
    spec = _spec(learnt)
    if spec is None:
        return _Said("it makes no kind of key that is known here", Readiness.CANNOT, "A firmware update may bring one.")
    if spec.weak:
        return _Said(f"{spec}, weak: the camera lists none that is stronger", Readiness.NOTES)
    return _Said(str(spec))


def _clock(learnt: Learnt) -> _Said | None:
    if not learnt.clock_asked:
        return None
    if learnt.clock is None or learnt.clock_offset is None:
        return _Said("it does not tell the time")
    if abs(learnt.clock_offset) < CLOCK_TOLERANCE:
        return _Said("right")
    side = "fast" if learnt.clock_offset > 0 else "slow"
    hint = "The certificate and the login are made to fit. Set the clock on the camera's own page: recordings show it."
    if learnt.clock_offset > _CERTIFICATE_LASTS:
        hint = "By its clock the certificate will have ended already. Set the clock on the camera's own page first."
    return _Said(
        f"{_span(learnt.clock_offset)} {side}: it says {learnt.clock:%Y-%m-%d %H:%M} UTC", Readiness.NOTES, hint
    )


def _span(seconds: float) -> str:
    for length, name in _SPANS:
        count = int(abs(seconds) // length)
        if count:
            return f"{count} {name}{'' if count == 1 else 's'}"
    return f"{abs(seconds):.0f} s"


def _login(learnt: Learnt) -> _Said | None:
    if learnt.login == "none":
        hint = "Anyone can change it. Set a password on its own page."
        return _Said("the camera asks for none", Readiness.NOTES, hint)
    if learnt.withheld is not None:
        return _of_trouble(learnt.withheld)
    return _Said(f"accepted as {learnt.user} ({learnt.login})") if learnt.login else None


def _slots(learnt: Learnt) -> tuple[Slots, ...]:
    if learnt.capabilities is None or learnt.inventory is None:
        return ()
    now = room_for(learnt.capabilities, learnt.inventory)
    then = room_for(learnt.capabilities, cleared(learnt.inventory, learnt.left))
    return tuple(
        Slots(slots.kind, slots.used, slots.most, slots.used - after.used)
        for slots, after in zip(now, then, strict=True)
    )


def _room(learnt: Learnt) -> _Said | None:
    if learnt.capabilities is None or learnt.inventory is None:
        return None
    slots = _slots(learnt)
    text = " · ".join(
        f"{one.used} of {one.most} {one.kind}" if one.most else f"{_counted(one.used, one.kind)} (limit not told)"
        for one in slots
    )
    room = find_room(learnt.capabilities, cleared(learnt.inventory, learnt.left), b"")
    if room.problem:
        return _Said(f"{text}: no room", Readiness.CANNOT, room.hint)
    ours = _listed([_counted(one.ours, one.kind) for one in slots if one.ours])
    return _Said(text, hint=f"Cleared away before: {ours} that earlier installs left." if ours else "")


def _counted(count: int, kind: str) -> str:
    return f"{count} {kind[:-1] if count == 1 else kind}"


def _listed(texts: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(texts[:-1]), *texts[-1:])))


def _seconds(learnt: Learnt) -> float:
    return sum(learnt.times.values()) if learnt.times is not None else RULES[Step.VERIFY].usual or 0.0


def _time(learnt: Learnt) -> _Said:
    seconds = _seconds(learnt)
    if learnt.times is None:
        return _Said(f"usually about {seconds:.0f} s, and longer where it is slow to make its key")
    about = f"about {seconds:.0f} s" if seconds >= 1.0 else "a second or two"
    return _Said(f"{about}, as the last {learnt.model}")


def _interruption(learnt: Learnt) -> _Said:
    text = "its web server restarts: its web page, and video over HTTPS, stop meanwhile"
    return _Said(text, hint="Do not change the camera's settings until the install is finished.")


_TELLERS: Mapping[Topic, tuple[str, Callable[[Learnt], _Said | None]]] = {
    Topic.HTTPS: ("Reached by", _https),
    Topic.CERTIFICATE: ("Shows", _certificate),
    Topic.TLS: ("Security", _tls),
    Topic.WAY: ("Certificate", _way),
    Topic.KEY: ("Key", _key),
    Topic.CLOCK: ("Clock", _clock),
    Topic.LOGIN: ("Login", _login),
    Topic.ROOM: ("Room", _room),
    Topic.TIME: ("Takes", _time),
    Topic.INTERRUPTION: ("Interrupts", _interruption),
}
