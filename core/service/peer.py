"""Who is at the other end of the socket, as the kernel vouches for it."""

import ctypes
import errno
import os
import pwd
import socket
import struct
from typing import NamedTuple

from core.model.text import clean

# struct ucred of unix(7): pid, uid, gid.
_UCRED = struct.Struct("iII")
# From <asm-generic/socket.h>; the socket module does not know it.
_SO_PEERGROUPS = 59


class Peer(NamedTuple):
    """A process as it was when it connected: its user id, and the ids of all groups that it was in."""

    uid: int
    groups: frozenset[int]


def peer_of(connection: socket.socket) -> Peer:
    """Return who has connected (SO_PEERCRED, SO_PEERGROUPS). What the machine's directory says does not count."""
    _, uid, gid = _UCRED.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
    return Peer(uid, frozenset((gid, *_supplementary(connection))))


def user_name(uid: int) -> str:
    """Return the account's name, or its number where it has none. May ask a directory server, so it may block."""
    try:
        return clean(pwd.getpwuid(uid).pw_name)
    except KeyError:
        return str(uid)


def _supplementary(connection: socket.socket) -> tuple[int, ...]:
    # With too little room the kernel only tells how much is needed. `socket.getsockopt` stops at 1,024 bytes.
    size = ctypes.c_uint32(0)
    problem = _read_groups(connection, None, size)
    if problem == errno.ENOPROTOOPT:
        # A kernel that cannot tell vouches for none.
        return ()
    groups = (ctypes.c_uint32 * (size.value // ctypes.sizeof(ctypes.c_uint32)))()
    if problem and (problem := _read_groups(connection, groups, size)):
        raise OSError(problem, os.strerror(problem))
    return tuple(groups)


def _read_groups(connection: socket.socket, room: "ctypes.Array[ctypes.c_uint32] | None", size: ctypes.c_uint32) -> int:
    """Return 0, or why not."""
    library = ctypes.CDLL(None, use_errno=True)
    failed = library.getsockopt(connection.fileno(), socket.SOL_SOCKET, _SO_PEERGROUPS, room, ctypes.byref(size))
    return ctypes.get_errno() if failed else 0
