"""Who may open the engine's socket, and as what: by Unix groups, as `[access]` names them."""

import grp
import os
import stat
from pathlib import Path
from typing import NamedTuple

from core.model.config import AccessSettings
from core.model.errors import UsageError
from core.model.messages import Role
from core.model.text import clean
from core.service.paths import SYSTEM_SOCKET
from core.service.peer import Peer


class Group(NamedTuple):
    """A Unix group: its name for people, its number for the kernel."""

    name: str
    gid: int


class Access(NamedTuple):
    """The groups that may do more than nothing; None is nobody but the engine's own account and root."""

    operators: Group | None = None
    viewers: Group | None = None

    @property
    def openers(self) -> Group | None:
        """The group that the socket is for. A file has only one, so operators outside of it cannot open the socket."""
        return self.viewers or self.operators

    def role_of(self, peer: Peer, asked: Role) -> Role:
        """Return what a client may do: all as an operator that asked for it, else look."""
        is_operator = is_own(peer.uid) or (self.operators is not None and self.operators.gid in peer.groups)
        return asked if is_operator else Role.VIEWER


def is_own(uid: int) -> bool:
    """Tell whether it is the engine's own account or root, from whom nothing can be kept."""
    return uid in (0, os.geteuid())


def resolve(settings: AccessSettings) -> Access:
    """Return the groups with their numbers, which count until the engine ends. Raises `UsageError`."""
    return Access(_group("operators", settings.operators), _group("viewers", settings.viewers))


def check_folder(folder: Path, group: Group, *, system: Path = SYSTEM_SOCKET.parent) -> None:
    """Raise `UsageError` unless a group can enter the folder of a socket, where nobody can put another one.

    `system` is the folder that the engine of the whole machine has for it.
    """
    real = Path(os.path.realpath(folder))
    hint = _how_to_let_in(real, group, system)
    for place in (real, *real.parents):
        if not _lets_enter(place.stat(), group):
            raise UsageError(f"The group {group.name} cannot enter {place}, and the socket would be in there", hint)
    if _is_open_to_changes(real.stat()):
        raise UsageError(f"Others could put a socket of their own into {real}", hint)


def _how_to_let_in(folder: Path, group: Group, system: Path) -> str:
    if folder == Path(os.path.realpath(system)):
        owner = _name(folder.stat().st_gid)
        return f'Set [access] viewers = "{owner}", whose folder that is, and put operators into both groups.'
    making = f"install -d -m 0750 -o {os.geteuid()} -g {group.name} {SYSTEM_SOCKET.parent}"
    return (
        f"Give --socket {SYSTEM_SOCKET}, or another folder that is only theirs to enter: {making}. For an engine of "
        "this account alone, name with --config a file without [access]."
    )


def missing_group(path: Path) -> str | None:
    """Return the group that this account would have to be in to open a socket, None where none would do."""
    for place in (path, *path.parents):
        try:
            found = place.stat()
        except OSError:
            # A folder on the way is closed.
            continue
        wanted = stat.S_IWGRP if place == path else stat.S_IXGRP
        return _name(found.st_gid) if found.st_mode & wanted else None
    return None


def _group(role: str, name: str) -> Group | None:
    if not name:
        return None
    try:
        return Group(name, grp.getgrnam(name).gr_gid)
    except KeyError:
        raise UsageError(
            f"[access] {role}: there is no group {name} on this machine",
            f"Make it with groupadd {name}, or correct the name in config.toml.",
        ) from None


def _name(gid: int) -> str:
    try:
        return clean(grp.getgrgid(gid).gr_name)
    except KeyError:
        return str(gid)


def _lets_enter(found: os.stat_result, group: Group) -> bool:
    return bool(found.st_mode & (stat.S_IXGRP if found.st_gid == group.gid else stat.S_IXOTH))


def _is_open_to_changes(found: os.stat_result) -> bool:
    return found.st_uid not in (0, os.geteuid()) or bool(found.st_mode & (stat.S_IWGRP | stat.S_IWOTH))
