"""Which way to log in, decided from what a device asks for; one attempt each (ONVIF Core, 5.9; rules R11 and R18).

A refusal ends it: the next wrong attempt may lock the account. Basic and clear-text passwords are never sent.
"""

from enum import Enum, StrEnum, auto

import httpx

from core.model.errors import LoginNeededError, LoginRefusedError
from core.model.records import Login
from core.onvif.answers import Answer
from core.onvif.digest import Digest, best


class Way(StrEnum):
    """How a request is sent; the value is the name that is shown."""

    PLAIN = "none"
    DIGEST = "Digest"
    TOKEN = "token"  # noqa: S105 - no secret, its name


class Asked(Enum):
    """What an answer asks for."""

    NOTHING = auto()
    DIGEST = auto()
    DIGEST_AGAIN = auto()
    TOKEN = auto()
    UNNAMED = auto()
    BASIC = auto()
    STRANGE = auto()
    CLOSED = auto()


class Verdict(Enum):
    """What to do about it."""

    TAKE = auto()
    SEND_DIGEST = auto()
    SEND_TOKEN = auto()
    CANNOT = auto()
    REFUSED = auto()
    FORBIDDEN = auto()


_PLAIN = {
    Asked.NOTHING: Verdict.TAKE,
    Asked.CLOSED: Verdict.TAKE,
    Asked.DIGEST: Verdict.SEND_DIGEST,
    Asked.DIGEST_AGAIN: Verdict.SEND_DIGEST,
    Asked.TOKEN: Verdict.SEND_TOKEN,
    Asked.UNNAMED: Verdict.SEND_TOKEN,
    Asked.BASIC: Verdict.SEND_TOKEN,
    Asked.STRANGE: Verdict.CANNOT,
}
_DIGEST = {Asked.NOTHING: Verdict.TAKE, Asked.DIGEST_AGAIN: Verdict.SEND_DIGEST}
_TOKEN = {Asked.NOTHING: Verdict.TAKE, Asked.BASIC: Verdict.CANNOT}
_VERDICTS = {Way.PLAIN: _PLAIN, Way.DIGEST: _DIGEST, Way.TOKEN: _TOKEN}

_ACCOUNT_HINT = (
    "Check user and password. Many cameras have a separate ONVIF user, which has to be made on the camera's own page; "
    "ONVIF may also be switched off there. The login is not tried again, as that might lock the account."
)
_RIGHTS_HINT = "The account may lack administrator rights, or its rights or password were changed."


def asked(answer: Answer, digest: Digest | None = None) -> Asked:
    """Return what the answer asks for; `digest` made the header of the request, unless it may not be made anew.

    DIGEST_AGAIN is a challenge that does not blame the password: it calls the nonce stale, or brings another one where
    ours has been good for a request before.
    """
    if answer.status != httpx.codes.UNAUTHORIZED:
        if answer.fault is not None and answer.fault.asks_for_login:
            return Asked.TOKEN
        return Asked.CLOSED if answer.closed else Asked.NOTHING
    challenges = answer.challenges
    challenge = best(challenges)
    if challenge is not None:
        again = digest is not None and (challenge.stale or digest.is_used_up(challenge))
        return Asked.DIGEST_AGAIN if again else Asked.DIGEST
    schemes = {challenge.scheme for challenge in challenges}
    return Asked.STRANGE if "digest" in schemes else Asked.BASIC if "basic" in schemes else Asked.UNNAMED


def judge(way: Way, wants: Asked, *, proven: bool) -> Verdict:
    """Return what follows from what the device wants of a request that was sent in `way`.

    `proven`: the same credentials were good before. Then a device that has let the digest pass and still says
    NotAuthorized means this operation, not the password.
    """
    if way is Way.DIGEST and wants is Asked.TOKEN and proven:
        return Verdict.FORBIDDEN
    if wants is Asked.CLOSED and proven:
        return Verdict.TAKE
    return _VERDICTS[way].get(wants, Verdict.REFUSED)


def check_sendable(login: Login) -> None:
    """Raise `LoginRefusedError` for what no header and no XML can carry."""
    try:
        login.password.reveal().encode()
    except UnicodeEncodeError:
        printable = False
    else:
        printable = login.user.isprintable()
    if not printable:
        raise LoginRefusedError("User or password hold a character that cannot be sent", "Type them again.")


def needed() -> LoginNeededError:
    """The device asks for a login, and none is given."""
    return LoginNeededError("The device asks for a login", "Give the user and password of its ONVIF account.")


def refused(answer: Answer, *, proven: bool) -> LoginRefusedError:
    """The device did not accept the credentials, or, where they were good before, not any more."""
    left = answer.attempts_left
    count = "" if left is None else f". It says: {left} attempt{'' if left == 1 else 's'} left"
    title = "The device does not accept the login any more" if proven else "The device refused the login"
    hint = f"{_RIGHTS_HINT} The login is not tried again, as that might lock it." if proven else _ACCOUNT_HINT
    return LoginRefusedError(f"{title}{count}", hint, left)


def forbidden(operation: str) -> LoginRefusedError:
    """The login is good, but not for this operation."""
    return LoginRefusedError(f"The device does not allow this login to call {operation}", _RIGHTS_HINT)


def cannot(wants: Asked) -> LoginRefusedError:
    """The device offers only ways to log in that are not used here. The password was not sent."""
    hint = "Switch Digest login on in the device's settings. The password was not sent."
    if wants is Asked.BASIC:
        return LoginRefusedError("The device only offers Basic login, which would send the password itself", hint)
    return LoginRefusedError("The device offers a kind of Digest login that is not known here", hint)
