"""What all commands have in common."""

from enum import StrEnum
from typing import ClassVar

import msgspec


class Role(StrEnum):
    """What a client may do. The engine decides; a client can only ask for less."""

    OPERATOR = "operator"
    VIEWER = "viewer"


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """Base of what a client can ask for.

    It needs an operator unless its class says otherwise, so that a new one cannot be forgotten.
    """

    needs: ClassVar[Role] = Role.OPERATOR
