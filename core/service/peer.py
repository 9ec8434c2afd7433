"""Who is at the other end of the socket, as the kernel vouches for it."""

import os
import pwd
import socket
import struct

from core.model.messages import Role
from core.model.text import clean

# struct ucred of unix(7): pid, uid, gid.
_UCRED = struct.Struct("iII")


def uid_of(peer: socket.socket) -> int:
    """Return the user id that the other process had when it connected (SO_PEERCRED)."""
    _, uid, _ = _UCRED.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
    return int(uid)


def user_name(uid: int) -> str:
    """Return the account's name, or its number where it has none. May ask a directory server, so it may block."""
    try:
        return clean(pwd.getpwuid(uid).pw_name)
    except KeyError:
        return str(uid)


def role_of(uid: int, asked: Role) -> Role:
    """Return what a client may do: all for the engine's own account and root, if it asked for that."""
    return asked if uid in (0, os.geteuid()) else Role.VIEWER
