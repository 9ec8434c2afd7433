"""The unit with which systemd runs the engine of the whole machine (systemd.service(5), systemd.exec(5))."""

import sys
from collections.abc import Iterable
from pathlib import Path

from core.model.errors import CamtrustError
from core.model.text import clean
from core.service.paths import SYSTEM_SOCKET, SYSTEM_STATE

ACCOUNT = "camtrust"
"""The account that the unit runs the engine as, and its group."""

_HOMES = (Path("/home"), Path("/root"), Path("/run/user"))
_UNIT = """\
[Unit]
Description=Camera certificates: the engine of camtrust
Wants=network-online.target
After=network-online.target
# It tries for ever, and rests between two tries.
StartLimitIntervalSec=0

[Service]
# Started means: it listens on its socket.
Type=notify
User={account}
Group={account}
ExecStart={command}
# Also where somebody ended it who may not start it. systemctl stop ends it for good.
Restart=always
RestartSec=10
# Settings that cannot be meant, or a second engine, need a person.
RestartPreventExitStatus=2 5
# Requests get a moment, and the store writes to its end. An install is taken up at the next start.
TimeoutStopSec=60

RuntimeDirectory=camtrust
RuntimeDirectoryMode=0750
StateDirectory=camtrust
StateDirectoryMode=0700
ConfigurationDirectory=camtrust
UMask=0077

NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome={homes}
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
# Netlink is how the machine's own addresses are asked for.
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service

[Install]
WantedBy=multi-user.target
"""


def unit(python: str = sys.executable, program: Iterable[Path] | None = None) -> str:
    """Return the unit file for an engine that `python` runs; `program` is where the files of both are.

    Raises `CamtrustError` where systemd could not run this interpreter.
    """
    command = [_quoted(python), "-I", "-m", "core.service.run"]
    command += ["--state-dir", str(SYSTEM_STATE), "--socket", str(SYSTEM_SOCKET)]
    is_in_homes = any(place.is_relative_to(home) for place in program or installed_in() for home in _HOMES)
    return _UNIT.format(account=ACCOUNT, command=" ".join(command), homes="read-only" if is_in_homes else "yes")


def installed_in() -> tuple[Path, ...]:
    """Return where this installation's files are: the interpreter, its libraries, and camtrust itself."""
    places = (Path(sys.executable), Path(sys.prefix), Path(sys.base_prefix), Path(__file__).parent)
    return tuple(dict.fromkeys(path for place in places for path in (place, place.resolve())))


def closed_to_others(places: Iterable[Path]) -> Path | None:
    """Return a folder that an account of the unit's own could not enter on its way to one of these, if there is one."""
    folders = {folder for place in places for folder in (*place.parents, *((place,) if place.is_dir() else ()))}
    return next((folder for folder in sorted(folders) if not folder.stat().st_mode & 0o001), None)


def _quoted(path: str) -> str:
    """Return a path as the one word that it is to systemd."""
    if not path.isprintable() or set(path) & set("\"'\\"):
        raise CamtrustError(
            f"systemd runs no program with quotes, backslashes or control characters in its path: {clean(path, 200)}",
            "Install camtrust elsewhere, such as in /opt/camtrust.",
        )
    escaped = path.replace("%", "%%")
    return f'"{escaped}"' if " " in path else escaped
