"""Which way a device's video can take, as far as that is known without asking for any."""

from enum import StrEnum


class Video(StrEnum):
    """How video can be fetched from a device that is connected over HTTPS, best first, or why that is not known.

    `DUE` is a device that was onboarded and is still to be asked. `OTHER_CERTIFICATE` is one whose RTSPS port shows
    another certificate than the stored one, so that nothing was sent there. `LOGIN_REFUSED` is not asked again until it
    is onboarded anew.
    """

    TUNNEL = "tunnel"
    RTSPS = "rtsps"
    CLEAR = "clear"
    OTHER_CERTIFICATE = "other_certificate"
    LOGIN_REFUSED = "login_refused"
    DUE = "due"
    UNKNOWN = "unknown"
