"""What the steps of an earlier install took, by its journal."""

from core.decide.durations import usual_times
from core.decide.recovery import BEGIN, DONE, FAILED
from core.decide.steps import Action, Step
from core.model.records import JournalEntry


def journal(*lines: tuple[str, str, int]) -> list[JournalEntry]:
    return [JournalEntry("i", step, phase, f"2026-11-24T10:{at // 60:02}:{at % 60:02}Z") for step, phase, at in lines]


ALL = (
    (Step.LOOK, DONE, 0),
    (Action.MAKE_KEY, BEGIN, 2),
    (Action.MAKE_KEY, DONE, 3),
    (Action.SIGN, BEGIN, 47),
    (Action.SIGN, DONE, 47),
    (Action.ASSIGN, BEGIN, 49),
    (Action.ASSIGN, DONE, 50),
    (Step.CLEAN, BEGIN, 83),
)


def test_a_key_takes_until_it_is_signed_for_and_the_web_server_until_the_new_certificate_is_pinned() -> None:
    assert usual_times(journal(*ALL)) == {Step.KEY: 45.0, Step.VERIFY: 34.0}


def test_a_key_that_was_refused_first_counts_from_the_one_that_was_made() -> None:
    refused = ((Action.MAKE_KEY, BEGIN, 0), (Action.MAKE_KEY, FAILED, 1))
    assert usual_times(journal(*refused, *ALL))[Step.KEY] == 45.0


def test_what_ended_early_took_less_than_a_second_or_was_timed_by_a_clock_that_was_set_back_is_not_told() -> None:
    assert usual_times(journal(*ALL[:3])) == {}
    assert usual_times(journal((Action.ASSIGN, BEGIN, 9), (Step.CLEAN, BEGIN, 9))) == {}
    assert usual_times(journal((Action.ASSIGN, BEGIN, 9), (Step.CLEAN, BEGIN, 5))) == {}
    assert usual_times([]) == {}
