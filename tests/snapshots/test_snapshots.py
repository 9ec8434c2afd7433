"""The screens look as they did. After a change that is meant, `python -m tests.snapshots` writes the frames anew."""

import asyncio
from collections.abc import Mapping
from difflib import unified_diff
from functools import cache

import pytest

from tests.snapshots.pictures import FOLDER, LOOKS, file_of, pictures
from tests.snapshots.scenes import SCENES
from tests.snapshots.stage import Scene


@cache
def taken(look: str) -> Mapping[str, str | BaseException]:
    return asyncio.run(pictures(SCENES, look))


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_a_scene_looks_as_it_did(scene: Scene, look: str) -> None:
    now = taken(look)[scene.name]
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
