"""When a login may go over plain HTTP, where whoever stands in between can read it (rules R11 and R13)."""

from collections.abc import Container
from dataclasses import dataclass
from typing import Literal

from core.decide.ports import USUAL_PORTS
from core.model.errors import LoginNeededError

Policy = Literal["ask", "never", "always"]
"""What the gateway's settings say of it."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A port that speaks HTTP, and how it was come by.

    `asked_for` is whether plain HTTP was what the technician typed, `given` whether the port was; `announced` are the
    ports that are announced for HTTPS.
    """

    port: int
    asked_for: bool = False
    given: bool = False
    announced: Container[int] = ()

    @property
    def is_on_purpose(self) -> bool:
        """Whether HTTP is meant, and nothing else.

        Whoever can answer at a port for HTTPS must not get the login by answering without it.
        """
        is_https_port = self.port in USUAL_PORTS or self.port in self.announced
        return self.asked_for or (self.given and not is_https_port)


def may_log_in(policy: Policy, *, allowed: bool) -> bool:
    """Tell whether a login may be sent; `allowed` is whether the technician said so, in whatever way."""
    return policy == "always" or (policy == "ask" and allowed)


def kept_back(policy: Policy) -> LoginNeededError:
    """Return what to tell where a login was there and was not sent."""
    title = "The login was not sent, as it would have gone over plain HTTP"
    if policy == "never":
        return LoginNeededError(title, "The gateway's settings forbid it. Enable HTTPS on the camera's own page.")
    return LoginNeededError(
        title,
        "Enable HTTPS on the camera, or replace it: with its HTTPS address where that has an unusual port, with "
        "--enable-https to switch HTTPS on by one login over HTTP, or with --allow-http-login.",
    )
