"""Writes all frames anew, or those of the scenes that are named: `python -m tests.snapshots [SCENE...]`."""

import asyncio
import sys
from collections.abc import Sequence

from tests.snapshots.pictures import FOLDER, LOOKS, file_of, pictures
from tests.snapshots.scenes import SCENES
from tests.snapshots.stage import Scene


def write(scenes: Sequence[Scene]) -> None:
    for look in LOOKS:
        taken = asyncio.run(pictures(scenes, look))
        for scene in scenes:
            picture = taken[scene.name]
            if isinstance(picture, BaseException):
                raise picture
            file_of(scene, look).write_text(picture, encoding="utf-8")
    for path in set(FOLDER.iterdir()) - {file_of(scene, look) for scene in SCENES for look in LOOKS}:
        path.unlink()


def main() -> int:
    names = sys.argv[1:]
    if unknown := set(names) - {scene.name for scene in SCENES}:
        print(f"no such scene: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    FOLDER.mkdir(exist_ok=True)
    write([scene for scene in SCENES if not names or scene.name in names])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
