"""The ten steps of onboarding, as a table: what is shown, what may fail how, and until when it can be cancelled."""

from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """The steps, in order."""

    FIND = "find"
    LOOK = "look"
    ASK = "ask"
    LOGIN = "login"
    PREFLIGHT = "preflight"
    KEY = "key"
    SIGN = "sign"
    INSTALL = "install"
    VERIFY = "verify"
    CLEAN = "clean"


class IfItFails(StrEnum):
    """What becomes of the device when a step cannot be done; it is added in any case."""

    ADD_BARE = "added without a certificate"
    KEEP_OWN = "added with its own certificate"
    UNDO = "what was made on it is removed, and it keeps its own certificate"
    PUT_BACK = "its former certificate is put back"
    LATER = "told, and tried again later"


class Action(StrEnum):
    """What changes a device, or what the gateway expects of it. Each is in the journal before it is done."""

    ENABLE_HTTPS = "enable https"
    MAKE_KEY = "make key"
    SIGN = "sign"
    UPLOAD = "upload"
    MAKE_PATH = "make path"
    ASSIGN = "assign"


@dataclass(frozen=True, slots=True)
class StepRule:
    """One row. `usual` is what the step usually takes, in seconds, where that is worth saying."""

    step: Step
    title: str
    if_it_fails: IfItFails
    actions: tuple[Action, ...] = ()
    usual: float | None = None

    @property
    def number(self) -> int:
        """The step's number, from 1."""
        return NUMBERS[self.step]


STEPS = (
    StepRule(Step.FIND, "Find HTTPS", IfItFails.ADD_BARE, (Action.ENABLE_HTTPS,)),
    StepRule(Step.LOOK, "Look at the certificate", IfItFails.ADD_BARE),
    StepRule(Step.ASK, "Ask what the camera can do", IfItFails.KEEP_OWN),
    StepRule(Step.LOGIN, "Log in", IfItFails.KEEP_OWN),
    StepRule(Step.PREFLIGHT, "Check for room", IfItFails.KEEP_OWN),
    StepRule(Step.KEY, "The camera makes its key", IfItFails.UNDO, (Action.MAKE_KEY,)),
    StepRule(Step.SIGN, "Sign the certificate", IfItFails.UNDO, (Action.SIGN,)),
    StepRule(Step.INSTALL, "Install the certificate", IfItFails.UNDO, (Action.UPLOAD, Action.MAKE_PATH, Action.ASSIGN)),
    StepRule(Step.VERIFY, "The camera restarts its web server", IfItFails.PUT_BACK, usual=30.0),
    StepRule(Step.CLEAN, "Clean up", IfItFails.LATER),
)

RULES = {rule.step: rule for rule in STEPS}
NUMBERS = {rule.step: number for number, rule in enumerate(STEPS, 1)}

NO_LOGIN_ASKED = "the camera asked for none"
"""What the step that logs in tells where a device lets everybody in."""

POINT_OF_NO_RETURN = Step.INSTALL
"""From this step on an install is carried to its end; before, it can be cancelled and leaves nothing behind."""


def cancellable(step: Step) -> bool:
    """Tell whether an install that is at `step` can still be cancelled."""
    return NUMBERS[step] < NUMBERS[POINT_OF_NO_RETURN]
