"""The screens look as they did. After a change that is meant, `python -m tests.snapshots` writes the frames anew."""

import asyncio
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from difflib import unified_diff
from multiprocessing import get_context

import pytest

from tests.snapshots.pictures import FOLDER, LOOKS, file_of, pictures
from tests.snapshots.scenes import SCENES
from tests.snapshots.stage import Scene

_DEADLINE = 120.0
Pictures = Mapping[str, str | BaseException]


def play(look: str) -> Pictures:
    return asyncio.run(pictures(SCENES, look))


@pytest.fixture(scope="module")
def taken() -> Iterator[Mapping[str, Future[Pictures]]]:
    """Play all in each look, in processes side by side: how things are drawn is decided for a whole process."""
    with ProcessPoolExecutor(len(LOOKS), mp_context=get_context("spawn")) as pool:
        yield {look: pool.submit(play, look) for look in LOOKS}


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_a_scene_looks_as_it_did(scene: Scene, look: str, taken: Mapping[str, Future[Pictures]]) -> None:
    now = taken[look].result(_DEADLINE)[scene.name]
    if isinstance(now, BaseException):
        raise now
    kept = file_of(scene, look)
    before = kept.read_text(encoding="utf-8")
    assert before == now, "\n".join(
        ["it looks different now:", *unified_diff(before.splitlines(), now.splitlines(), kept.name, "now", lineterm="")]
    )


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_a_scene_in_ascii_is_ascii(scene: Scene) -> None:
    assert file_of(scene, "ascii").read_text(encoding="utf-8").isascii()


def test_no_frame_is_left_over() -> None:
    assert set(FOLDER.iterdir()) == {file_of(scene, look) for scene in SCENES for look in LOOKS}
