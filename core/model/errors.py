"""Errors that a technician can act on: what happened (`title`) and what to do about it (`hint`).

Every I/O edge maps foreign exceptions to one of these. Texts that came from a device are cleaned before they get here.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a `camtrust` command returns to the shell."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    REVIEW = 3
    UNREACHABLE = 4
    OTHER_ENGINE = 5


class CamtrustError(Exception):
    """Base of all errors that are told to a person. `title` is one line, `hint` says what can be done."""

    exit_code = ExitCode.FAILED

    def __init__(self, title: str, hint: str = "") -> None:
        super().__init__(title)
        self.title = title
        self.hint = hint


class UsageError(CamtrustError):
    """What was typed or configured cannot be meant: nothing was done."""

    exit_code = ExitCode.USAGE


class UnsafeStateError(CamtrustError):
    """The state folder or a file in it could have been read or changed by others (rule R38)."""


class StateBusyError(CamtrustError):
    """Another engine holds the state folder."""

    exit_code = ExitCode.OTHER_ENGINE


class EngineGoneError(CamtrustError):
    """The engine cannot be reached, or the connection to it ended."""

    exit_code = ExitCode.UNREACHABLE


class RefusedError(CamtrustError):
    """The engine understood the command and will not do it: wrong role, unknown device, wrong moment."""


class UnknownDeviceError(RefusedError):
    """No device has the id, name or address that was given."""


class DeviceError(CamtrustError):
    """Base of everything that can go wrong with one device. Never the gateway's fault."""


class NotReachedError(DeviceError):
    """No connection, or none in time. Nothing of a request was sent."""

    exit_code = ExitCode.UNREACHABLE


class TlsFailedError(DeviceError):
    """Something answers TLS on the port, but the handshake fails. Never a reason to fall back to HTTP (rule R13)."""


class NotTlsError(DeviceError):
    """The port is open and does not speak TLS."""


class WrongLeafError(DeviceError):
    """The device presented another certificate than the one expected; nothing was sent (rule R1).

    `presented` is the leaf's raw DER, empty where the device presented none.
    """

    def __init__(self, presented: bytes) -> None:
        super().__init__(
            "Error with device certificate",
            "The device shows another certificate than the stored one. Compare both before you accept it.",
        )
        self.presented = presented


class UnexpectedLeafError(DeviceError):
    """The device showed another certificate than the technician expected, or several in turn; nothing was sent.

    `presented` is the leaf's raw DER, empty where there were several.
    """

    def __init__(self, title: str, hint: str = "", presented: bytes = b"") -> None:
        super().__init__(title, hint)
        self.presented = presented


class LoginRefusedError(DeviceError):
    """The device refused the credentials. `attempts_left` where the device said so."""

    def __init__(self, title: str, hint: str = "", attempts_left: int | None = None) -> None:
        super().__init__(title, hint)
        self.attempts_left = attempts_left


class LoginNeededError(LoginRefusedError):
    """The device asks for a login and none was given."""


class UnsupportedError(DeviceError):
    """The device does not know the operation (ter:ActionNotSupported, 404, 405 or 501)."""


class FaultError(DeviceError):
    """The device answered with a SOAP fault. `codes` are the local names of code and subcodes, outermost first."""

    def __init__(self, title: str, hint: str = "", codes: tuple[str, ...] = ()) -> None:
        super().__init__(title, hint)
        self.codes = codes


class GarbledError(DeviceError):
    """The answer is no valid SOAP, too large, encoded, or a redirect."""


class AnswerLostError(DeviceError):
    """A request was sent, or may have been, and no answer came: what it did is unknown until it is read back."""
