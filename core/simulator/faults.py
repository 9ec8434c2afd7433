"""SOAP faults as ONVIF devices raise them (ONVIF Core, 5.8.2)."""


class OnvifFault(Exception):  # noqa: N818 - the specification's own word
    """A request that is not carried out. `side` is who is to blame: `Sender` or `Receiver`.

    `subcodes` are nested, outermost first, as local names in the ONVIF error namespace.
    """

    def __init__(self, side: str, subcodes: tuple[str, ...], reason: str) -> None:
        super().__init__(reason)
        self.side = side
        self.subcodes = subcodes
        self.reason = reason

    @property
    def code(self) -> str:
        """The fault in one line, such as `Sender/ter:InvalidArgVal/ter:KeyID`."""
        return "/".join((self.side, *(f"ter:{subcode}" for subcode in self.subcodes)))


def invalid(what: str, reason: str) -> OnvifFault:
    """Return the fault for an argument that cannot be used."""
    return OnvifFault("Sender", ("InvalidArgVal", what), reason)


def failed(what: str, reason: str) -> OnvifFault:
    """Return the fault for what the camera cannot do."""
    return OnvifFault("Receiver", ("Action", what), reason)


def not_authorized(reason: str = "The sender is not authorized") -> OnvifFault:
    """Return the fault for a missing, wrong or insufficient login."""
    return OnvifFault("Sender", ("NotAuthorized",), reason)


def unsupported(reason: str, *subcodes: str) -> OnvifFault:
    """Return the fault for an operation that the camera does not have."""
    return OnvifFault("Receiver", ("ActionNotSupported", *subcodes), reason)


def malformed(reason: str) -> OnvifFault:
    """Return the fault for what is no SOAP message."""
    return OnvifFault("Sender", ("WellFormed",), reason)


def wrong_arguments(reason: str) -> OnvifFault:
    """Return the fault for a request that the service description does not allow."""
    return OnvifFault("Sender", ("InvalidArgs",), reason)


def from_code(code: str) -> OnvifFault:
    """Return the fault of a code as `OnvifFault.code` writes it. Raises `ValueError` for anything else."""
    side, *subcodes = code.split("/")
    if side not in ("Sender", "Receiver") or not all(part.startswith("ter:") for part in subcodes):
        raise ValueError(f"{code!r} is not a fault such as Receiver/ter:Action/ter:KeyDeletionFailed")
    names = tuple(part.removeprefix("ter:") for part in subcodes)
    return OnvifFault(side, names, "A fault that the camera was told to have")
