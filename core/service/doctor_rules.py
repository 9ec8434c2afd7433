"""What `camtrust doctor` makes of what it found: judgements of facts, nothing else."""

import shlex
import stat
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from core.model.errors import CamtrustError, EngineGoneError
from core.model.messages import Authority, Role, Status
from core.model.sighting import SourceStatus

OK: Literal["ok"] = "ok"
WRONG: Literal["wrong"] = "wrong"
UNKNOWN: Literal["unknown"] = "unknown"

_LEAST_FREE = 100 * 1024 * 1024
_YEARS = range(2025, 2100)
_MOST_NAMED = 3
_START = (
    "Every command starts one, such as camtrust list, and it ends a while after. To have cameras checked day and "
    "night, let systemd run it (camtrust engine unit)."
)
_START_SERVICE = "Start it with systemctl start camtrust; systemctl status camtrust tells why it ended."
_HIDDEN = "not visible to this account"


class Check(msgspec.Struct, frozen=True):
    """One thing that was looked at. `hint` tells what to do where it is not ok; `unknown` is no fault."""

    name: str
    state: Literal["ok", "wrong", "unknown"]
    text: str
    hint: str = ""


class Versions(NamedTuple):
    """What is installed here."""

    camtrust: str
    python: str
    openssl: str
    textual: str


class Attached(NamedTuple):
    """What an engine told: how it is, what this account may do there, whose it is, and about its authority."""

    status: Status
    role: Role
    user: str
    owner: str
    authority: Authority | None = None


class Entry(NamedTuple):
    """A file or folder, named from the state folder on."""

    name: str
    mode: int
    uid: int
    links: int


class Folder(NamedTuple):
    """The state folder: itself and all in it that this account can see, or `None` where it is not there.

    `free` is the space on its disk in bytes, `read_only` how that is mounted, `hidden` whether its inside is closed.
    """

    path: Path
    found: Entry | None
    inside: tuple[Entry, ...] = ()
    hidden: bool = False
    free: int = 0
    read_only: bool = False


class LogFiles(NamedTuple):
    """The engine's log: how many files there are and how large all are, None where they cannot be seen."""

    path: Path
    sizes: tuple[int, ...] | None
    largest: int


class SettingsFile(NamedTuple):
    """A file of settings: who may change it, None where there is no such file."""

    path: Path
    found: Entry | None


class Clock(NamedTuple):
    """The machine's clock. `kept` is whether the kernel says that something keeps it right, None where it cannot tell.

    `keeper` is a time service that was seen.
    """

    now: datetime
    kept: bool | None
    keeper: str = ""


class Port(NamedTuple):
    """What came of trying to listen for a way of discovery: problems by interface, empty where there is none."""

    source: str
    port: int
    problems: tuple[tuple[str, str], ...]


def judge_versions(here: Versions, engine: Status | None) -> Check:
    """An engine that was started before an update still runs the old version."""
    told = f"camtrust {here.camtrust}, Python {here.python}, {here.openssl}, Textual {here.textual}"
    if engine is None or engine.version == here.camtrust:
        return Check("versions", OK, told)
    return Check(
        "versions",
        WRONG,
        f"{told}; the engine that runs is {engine.version}",
        "End it with camtrust engine stop; the next command starts the one that is installed. An engine that systemd "
        "runs: systemctl restart camtrust.",
    )


def judge_engine(engine: Attached | CamtrustError, socket: Path, *, starts: bool = True) -> Check:
    """One has to run for cameras to be checked. Without `starts` it is the machine's, which no command starts."""
    if isinstance(engine, Attached):
        told = f"gateway {engine.status.gateway}, process {engine.status.pid} of {engine.owner}, on {socket}"
        problems = engine.status.warnings
        return Check("engine", WRONG if problems else OK, "; ".join([told, *problems]), _look(problems))
    if isinstance(engine, EngineGoneError):
        return Check("engine", WRONG, f"{engine.title}: {socket}", _START if starts else _START_SERVICE)
    return Check("engine", WRONG, engine.title, engine.hint)


def _look(problems: Sequence[str]) -> str:
    return "What it warns of is in the log too." if problems else ""


def judge_rights(engine: Attached | CamtrustError, *, uid: int, is_own: bool, group: str | None) -> Check:
    """Tell what this account may do, and why. `is_own`: the engine runs as it; `group` could open the socket."""
    if isinstance(engine, EngineGoneError):
        return Check("rights", UNKNOWN, "no engine that could tell")
    if isinstance(engine, CamtrustError):
        joins = f"Members of the group {group} may." if group else engine.hint
        return Check("rights", WRONG, f"none: {engine.title}", joins)
    if engine.role is Role.OPERATOR:
        why = "root" if uid == 0 else "the engine's own account" if is_own else "in the group of the operators"
        return Check("rights", OK, f"operator: {engine.user} may change things ({why})")
    return Check("rights", OK, f"viewer: {engine.user} may look and change nothing (not in the group of operators)")


def judge_folder(folder: Folder, *, uid: int) -> Check:
    """Nobody but the engine's account may have a hand in it (rule R38), and there has to be room."""
    if folder.found is None:
        return Check("state folder", *_space(folder, f"{folder.path} is made when an engine starts"))
    faults = [
        *_folder_faults(folder.found, ""),
        *(fault for entry in folder.inside for fault in _faults(entry, folder)),
    ]
    if faults:
        told = "; ".join(fault for fault, _ in faults[:_MOST_NAMED])
        more = f" and {len(faults) - _MOST_NAMED} more" if len(faults) > _MOST_NAMED else ""
        commands = [command for _, command in faults[:_MOST_NAMED]]
        hint = f"Others may have read or changed it. Find out why first. Then, in {folder.path}: {'; '.join(commands)}"
        return Check("state folder", WRONG, f"{folder.path}: {told}{more}", hint)
    if folder.hidden or (folder.found.uid != uid and uid):
        return Check("state folder", UNKNOWN, f"{folder.path}: what is in it is {_HIDDEN}")
    return Check("state folder", *_space(folder, f"{folder.path}, only its own account gets in"))


def _space(folder: Folder, told: str) -> tuple[Literal["ok", "wrong"], str, str]:
    if folder.read_only:
        return WRONG, f"{folder.path} is on a disk that is read-only", "Mount it for writing; look at its health first."
    if folder.free < _LEAST_FREE:
        return WRONG, f"{folder.path}: {size(folder.free)} free", "Make room on its disk: 100 MiB and more is well."
    return OK, f"{told}; {size(folder.free)} free", ""


def _folder_faults(found: Entry, name: str) -> Iterator[tuple[str, str]]:
    """Yield what is wrong and a command for it; the one that shows it where it takes a person to decide."""
    quoted = shlex.quote(name or ".")
    if not stat.S_ISDIR(found.mode):
        yield f"{name or 'it'} is no folder", f"ls -ld {quoted}"
    elif found.mode & 0o777 != 0o700:
        yield f"{name or 'it'} has mode {stat.S_IMODE(found.mode):04o}, not 0700", f"chmod 700 {quoted}"


def _faults(entry: Entry, folder: Folder) -> Iterator[tuple[str, str]]:
    show = f"ls -l {shlex.quote(entry.name)}"
    if folder.found and entry.uid != folder.found.uid:
        yield f"{entry.name} is another account's", show
    if stat.S_ISDIR(entry.mode):
        yield from _folder_faults(entry, entry.name)
    elif stat.S_ISSOCK(entry.mode):
        return
    elif not stat.S_ISREG(entry.mode):
        yield f"{entry.name} is no regular file", show
    elif stat.S_IMODE(entry.mode) & ~0o600:
        mode = f"{stat.S_IMODE(entry.mode):04o}"
        yield f"{entry.name} has mode {mode}, not 0600", f"chmod 600 {shlex.quote(entry.name)}"
    elif entry.links != 1:
        yield f"{entry.name} has a second name (hard link)", show


def judge_log(log: LogFiles) -> Check:
    """It rotates, so that it never fills the disk."""
    if log.sizes is None:
        return Check("log", UNKNOWN, f"{log.path} is {_HIDDEN}")
    if not log.sizes:
        return Check("log", OK, f"{log.path} is made when an engine starts")
    told = f"{log.path}, {size(sum(log.sizes))} in {len(log.sizes)} files, at most {size(log.largest)}"
    if sum(log.sizes) > log.largest:
        return Check("log", WRONG, told, "It should have been rotated: does something else write there?")
    return Check("log", OK, told.replace(" 1 files", " 1 file"))


def judge_authority(engine: Attached | CamtrustError, now: datetime, notice: timedelta) -> Check:
    """Cameras' certificates end with that of the authority at the latest."""
    authority = engine.authority if isinstance(engine, Attached) else None
    if authority is None:
        return Check("authority", UNKNOWN, "only an engine can tell")
    view = authority.certificate
    told = f"{view.subject}, until {view.not_after[:10]}; {authority.protection}"
    end = datetime.fromisoformat(view.not_after) if view.not_after else None
    if end is None or end - now > notice:
        return Check("authority", OK, told)
    ended = "has ended" if end <= now else "ends soon"
    return Check("authority", WRONG, f"{told}: it {ended}", "Look at the clock first. It takes a new gateway identity.")


def judge_settings(files: Sequence[SettingsFile], error: CamtrustError | None) -> Check:
    """They have to be right, and nobody but this account and root may change them: they tell who is an operator."""
    if error is not None:
        return Check("settings", WRONG, error.title, error.hint)
    there = [file for file in files if file.found is not None]
    for file in there:
        if file.found and stat.S_IMODE(file.found.mode) & 0o022:
            mode = f"{stat.S_IMODE(file.found.mode):04o}"
            return Check("settings", WRONG, f"others may change {file.path} (mode {mode})", f"chmod go-w {file.path}")
    told = " and ".join(str(file.path) for file in there)
    return Check("settings", OK, f"{told}: no mistake" if told else "no file, the defaults count")


def judge_sources(status: Status) -> list[Check]:
    """What hinders a source is told by the engine; what a firewall drops it cannot know."""
    checks = [_judge_source(source, status) for source in status.sources]
    return checks or [Check("discovery", OK, "every way is off, as configured")]


def _judge_source(source: SourceStatus, status: Status) -> Check:
    on = f"on {', '.join(status.interfaces)}" if status.interfaces else "on all interfaces"
    if source.problem:
        return Check(
            source.source,
            WRONG,
            source.problem,
            "camtrust scan NETWORK finds devices without it. What holds a port: ss -lunp. Interfaces: ip address.",
        )
    if not source.heard:
        return Check(
            source.source,
            UNKNOWN,
            f"listens {on}, nothing heard yet",
            "Where there are cameras, a firewall on the gateway may drop UDP from them, or a switch multicasts.",
        )
    return Check(source.source, OK, f"{source.heard} answers heard {on}, {source.devices} devices now")


def judge_ports(ports: Sequence[Port], interfaces: Sequence[str]) -> list[Check]:
    """Without an engine: whether one could listen."""
    if not interfaces:
        hint = "Name interfaces to have it tried: camtrust --interface ADDRESS doctor."
        return [Check("discovery", UNKNOWN, "not tried, as no engine runs and no interface is named", hint)]
    return [_judge_port(port, interfaces) for port in ports]


def _judge_port(port: Port, interfaces: Sequence[str]) -> Check:
    told = "; ".join(f"{problem} ({interface})" for interface, problem in port.problems)
    if not told:
        return Check(port.source, OK, f"UDP {port.port} can be listened to on {', '.join(interfaces)}")
    return Check(port.source, WRONG, f"UDP {port.port}: {told}", "What holds a port: ss -lunp. Interfaces: ip address.")


def judge_clock(clock: Clock) -> Check:
    """Certificates are judged by it, and signed with its time."""
    at = clock.now.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    if clock.now.year not in _YEARS:
        return Check("clock", WRONG, f"{at} cannot be right", "Set it: timedatectl set-time, or start a time service.")
    if clock.kept:
        return Check("clock", OK, f"{at}, kept right")
    if clock.keeper or clock.kept is None:
        seen = (
            f"{clock.keeper} runs; whether it keeps it right," if clock.keeper else "whether something keeps it right"
        )
        return Check("clock", UNKNOWN, f"{at}; {seen} cannot be told from here")
    return Check(
        "clock",
        WRONG,
        f"{at}, and nothing keeps it right",
        "Start a time service, such as systemd-timesyncd or chrony. On a closed network, one on the gateway's router.",
    )


def size(number: int) -> str:
    """Return a size as people write it."""
    for factor, unit in ((1024**3, "GiB"), (1024**2, "MiB"), (1024, "KiB")):
        if number >= factor:
            value = number / factor
            return f"{value:.0f} {unit}" if value >= 10 else f"{value:.1f} {unit}"
    return f"{number} bytes"
