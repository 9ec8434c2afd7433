"""What is told while installs are under way, and when they are over, without a process."""

import msgspec

from core.model.device import AttentionKind, Connection, InstallView, StepState, StepView
from core.model.errors import ExitCode
from core.model.messages import Update
from tests.cli.scripted import DOCK, LOBBY
from tui.follow import Following, exit_code, outcome_lines, progress_lines

ADDING = msgspec.structs.replace(DOCK, connection=Connection.ADDING)


def install(*steps: StepView, finished: bool = False) -> InstallView:
    return InstallView(device=DOCK.id, step=1, steps=steps, seconds=1.0, finished=finished)


FIND = StepView(1, "Find HTTPS", StepState.DONE, "HTTPS on 443", 0.2)
KEY = StepView(2, "The camera makes its key", StepState.DOING, usual=30.0)
CLEAN = StepView(3, "Clean up", StepState.WAITING)


def test_each_step_is_told_once() -> None:
    first = install(FIND, KEY, CLEAN)

    assert progress_lines("Dock", None, first) == [
        "Dock: 1/3 Find HTTPS: HTTPS on 443 (0.2 s)",
        "Dock: 2/3 The camera makes its key, usually 30 s ...",
    ]
    assert progress_lines("Dock", first, first) == []


def test_a_failed_step_says_so() -> None:
    failed = msgspec.structs.replace(KEY, state=StepState.FAILED, detail="no room", seconds=4.0)

    assert progress_lines("Dock", install(FIND, KEY), install(FIND, failed)) == [
        "Dock: 2/2 The camera makes its key: failed: no room (4.0 s)"
    ]


def test_steps_that_an_end_left_out_are_not_told() -> None:
    skipped = msgspec.structs.replace(CLEAN, state=StepState.SKIPPED)

    assert progress_lines("Dock", install(FIND, CLEAN), install(FIND, skipped, finished=True)) == []


def test_an_outcome_is_told_once() -> None:
    ended = msgspec.structs.replace(install(FIND, finished=True), outcome="HTTPS (Arcules)")

    assert outcome_lines("Dock", None, install(FIND)) == []
    assert outcome_lines("Dock", install(FIND), ended) == ["Dock: HTTPS (Arcules)"]
    assert outcome_lines("Dock", ended, ended) == []


def test_an_install_is_over_when_device_and_install_say_so() -> None:
    following = Following([ADDING], progress_lines)
    told = (Update(installs=(install(FIND),)), Update(devices=(DOCK,)), Update(installs=(install(finished=True),)))

    finished = [following.finished]
    for update in told:
        following.take(update)
        finished.append(following.finished)

    assert finished == [False, False, False, True]
    assert following.devices == {DOCK.id: DOCK}


def test_other_devices_are_no_concern() -> None:
    following = Following([ADDING], progress_lines)

    assert (
        following.take(Update(devices=(LOBBY,), installs=(msgspec.structs.replace(install(FIND), device="x"),))) == []
    )
    assert following.devices == {DOCK.id: ADDING}


def test_a_device_that_is_removed_meanwhile_is_not_waited_for() -> None:
    following = Following([ADDING], progress_lines)

    following.take(Update(gone=(DOCK.id,)))

    assert following.finished
    assert exit_code(following.devices.values()) is ExitCode.FAILED


def test_not_reached_weighs_more_than_review_and_review_more_than_done() -> None:
    away = msgspec.structs.replace(DOCK, connection=Connection.OFFLINE, attention_kind=AttentionKind.UNREACHABLE)

    assert exit_code([DOCK, DOCK]) is ExitCode.DONE
    assert exit_code([DOCK, LOBBY]) is ExitCode.REVIEW
    assert exit_code([LOBBY, away, DOCK]) is ExitCode.UNREACHABLE
