"""How far an install is, as the clients see it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from core.decide.steps import NUMBERS, POINT_OF_NO_RETURN, STEPS, Step, StepRule, cancellable
from core.model.device import InstallView, StepState, StepView
from core.model.errors import DeviceError


@dataclass
class Line:
    """One step. `detail` is what to show beside it; `usual` how long it usually takes, in seconds."""

    rule: StepRule
    state: StepState = StepState.WAITING
    detail: str = ""
    usual: float | None = None
    started: float | None = None
    ended: float | None = None

    def view(self, now: float) -> StepView:
        """Return the line as it is at `now`."""
        seconds = None if self.started is None else (self.ended or now) - self.started
        return StepView(self.rule.number, self.rule.title, self.state, self.detail, seconds, self.usual)


class Progress:
    """The ten lines of one install. `publish` gets a view at each change; `clock` counts seconds.

    `doing` is what it is called, `by` who asked for it. `is_final` is whether it is only brought to an end, which
    cannot be cancelled.
    """

    def __init__(
        self,
        device: str,
        doing: str,
        publish: Callable[[InstallView], None],
        clock: Callable[[], float],
        by: str = "",
    ) -> None:
        self._device = device
        self._doing = doing
        self._by = by
        self._publish = publish
        self._clock = clock
        self._started = clock()
        self._lines = {rule.step: Line(rule, usual=rule.usual) for rule in STEPS}
        self._outcome = self._hint = ""
        self._ended: float | None = None
        self._is_shown = False
        self.current = Step.FIND
        self.is_final = False

    @contextmanager
    def step(self, step: Step) -> Iterator[Line]:
        """Show `step` as under way until the block ends, then as done, or as failed where it raises."""
        line = self._lines[step]
        self.current = step
        line.state, line.started = StepState.DOING, line.started or self._clock()
        self.show()
        try:
            yield line
        except DeviceError as error:
            self._settle(line, StepState.FAILED, error.title)
            raise
        self._settle(line, StepState.DONE, line.detail)

    def expect(self, usual: Mapping[Step, float]) -> None:
        """Show how many seconds steps usually take, where more than that is known of this kind of device."""
        for step, seconds in usual.items():
            self._lines[step].usual = seconds

    def tell(self, line: Line, detail: str) -> None:
        """Show what a step is at, where that is news."""
        if line.detail != detail:
            line.detail = detail
            self.show()

    def show(self) -> None:
        """Publish how far it is now."""
        self._is_shown = True
        self._publish(self._view())

    def refresh(self) -> None:
        """Publish the seconds anew, of what is shown at all."""
        if self._is_shown:
            self.show()

    def finish(self, outcome: str, hint: str) -> None:
        """Publish the end; steps that were not reached are skipped."""
        self._outcome, self._hint, self._ended = outcome, hint, self._clock()
        for line in self._lines.values():
            if line.state in (StepState.WAITING, StepState.DOING):
                line.state, line.ended = StepState.SKIPPED, self._ended
        self.show()

    def _settle(self, line: Line, state: StepState, detail: str) -> None:
        line.state, line.detail, line.ended = state, detail, self._clock()
        self.show()

    def _view(self) -> InstallView:
        now = self._ended or self._clock()
        can_cancel = self._ended is None and not self.is_final and cancellable(self.current)
        return InstallView(
            device=self._device,
            step=NUMBERS[self.current],
            steps=tuple(line.view(now) for line in self._lines.values()),
            seconds=now - self._started,
            finished=self._ended is not None,
            outcome=self._outcome,
            hint=self._hint,
            cancellable=can_cancel,
            doing=self._doing,
            by=self._by,
            binding_from=NUMBERS[POINT_OF_NO_RETURN] if can_cancel else None,
        )
