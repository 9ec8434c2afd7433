"""What is found out about devices before anything is done to them: how an install would go, and what it would meet."""

from enum import StrEnum

import msgspec

from core.model.command import Command
from core.model.device import CertificateView
from core.model.keystore import Way
from core.model.secret import Secret


class LookAt(Command, tag="look", frozen=True, kw_only=True):
    """Handshake with each address and tell what it presents; stores nothing. Answer: `Looks`."""

    addresses: tuple[str, ...]


class Look(msgspec.Struct, frozen=True):
    """What one address presents, or why not: `problem` in words. `way` says over what it would be added."""

    address: str
    way: str = ""
    certificate: CertificateView | None = None
    problem: str | None = None
    notes: tuple[str, ...] = ()


class Looks(msgspec.Struct, frozen=True, tag="looks"):
    """One `Look` for each address asked about, in the same order."""

    looks: tuple[Look, ...]


class Preflight(Command, tag="preflight", frozen=True, kw_only=True):
    """Tell how an install would go on each device, without changing anything on it. Answer: `PreflightReports`.

    `devices` are ids, names or addresses, of devices that are added or not. Without `user` the stored logins are used.
    A login is sent once to a device, and over plain HTTP only as when it is added. Refused while one of the devices is
    being worked on.
    """

    devices: tuple[str, ...]
    user: str = ""
    password: Secret | None = None
    allow_http_login: bool = False


class Readiness(StrEnum):
    """What a preflight comes to, best first; the value is how people read it."""

    READY = "ready"
    NOTES = "ready with notes"
    UNKNOWN = "not known"
    CANNOT = "cannot take a certificate"


class Topic(StrEnum):
    """What a finding is about, in the order in which findings are told."""

    HTTPS = "https"
    CERTIFICATE = "certificate"
    TLS = "tls"
    WAY = "way"
    KEY = "key"
    CLOCK = "clock"
    LOGIN = "login"
    ROOM = "room"
    TIME = "time"
    INTERRUPTION = "interruption"


class Finding(msgspec.Struct, frozen=True):
    """One line of a report: `label` and `text` to read, `hint` for what it means or what to do about it.

    `weight` is what this alone makes of the whole.
    """

    topic: Topic
    label: str
    text: str
    weight: Readiness = Readiness.READY
    hint: str = ""


class Slots(msgspec.Struct, frozen=True):
    """How much room there is for one `kind` of object. `most` is None where the device does not say.

    `ours` are those in use that an install would clear away, as earlier ones of this gateway left them behind.
    """

    kind: str
    used: int
    most: int | None = None
    ours: int = 0


class PreflightReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was found out about one device. What was not is empty or None; `findings` say why.

    `device` is the id of an added one. `scheme` is empty where nothing usable answered. `fingerprint` is of the leaf
    that it shows, `clock_offset` how many seconds its clock is ahead. `login` is how the login was accepted,
    `attempts_left` what the device said when it refused it. `seconds` is how long an install takes at it usually.
    `reason` and `hint` are the finding that weighs most.
    """

    address: str
    name: str
    readiness: Readiness
    reason: str = ""
    hint: str = ""
    device: str | None = None
    scheme: str = ""
    port: int | None = None
    fingerprint: str | None = None
    tls: str = ""
    way: Way | None = None
    key: str = ""
    clock_offset: float | None = None
    login: str = ""
    attempts_left: int | None = None
    slots: tuple[Slots, ...] = ()
    seconds: float | None = None
    findings: tuple[Finding, ...] = ()


class PreflightReports(msgspec.Struct, frozen=True, tag="preflights"):
    """One report for each device that was asked about, in the same order."""

    reports: tuple[PreflightReport, ...]
