"""What clients are told of an install."""

from core.decide.steps import Step
from core.engine.progress import Progress
from core.model.device import InstallView


def test_it_is_told_from_which_step_on_it_is_carried_to_its_end() -> None:
    views: list[InstallView] = []
    progress = Progress("cam-1", "adding", views.append, lambda: 1.0)
    for step in (Step.KEY, Step.INSTALL):
        with progress.step(step):
            pass
    progress.finish("It is done.", "")
    assert [(view.step, view.cancellable, view.binding_from) for view in views] == [
        (6, True, 8),
        (6, True, 8),
        (8, False, None),
        (8, False, None),
        (8, False, None),
    ]


def test_what_is_only_brought_to_its_end_is_not_said_to_be_cancellable() -> None:
    views: list[InstallView] = []
    progress = Progress("cam-1", "adding", views.append, lambda: 1.0)
    progress.is_final = True
    progress.show()
    assert (views[0].cancellable, views[0].binding_from) == (False, None)
