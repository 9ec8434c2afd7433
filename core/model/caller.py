"""Who speaks to the engine."""

import msgspec

from core.model.messages import Role


class Caller(msgspec.Struct, frozen=True):
    """A client as the engine knows it: Unix user by the socket's peer credentials, and the role that it was given."""

    user: str
    uid: int
    role: Role
