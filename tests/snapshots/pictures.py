"""All frames of a scene in one look, as one text: in four sizes, the design size first."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from core.model.config import ScreenSettings
from tests.snapshots.dump import lines, styles
from tests.snapshots.stage import Scene, on_stage
from tui.look import use_encoding, use_theme

FOLDER = Path(__file__).parent / "frames"
SIZES = ((80, 24), (60, 15), (120, 40), (200, 60))


@dataclass(frozen=True)
class Look:
    """How a terminal draws. `has_styles`: what stands out by more than its characters is kept too."""

    screen: ScreenSettings = field(default_factory=ScreenSettings)
    environment: Mapping[str, str] = field(default_factory=dict)
    has_styles: bool = True


LOOKS = {
    "colour": Look(),
    "no-colour": Look(environment={"NO_COLOR": "1"}),
    "ascii": Look(ScreenSettings(ascii=True), has_styles=False),
}


def file_of(scene: Scene, look: str) -> Path:
    """Return where the frames of a scene in a look are kept."""
    return FOLDER / f"{scene.name}.{look}.txt"


async def pictures(scenes: Sequence[Scene], look: str) -> Mapping[str, str | BaseException]:
    """Play scenes side by side, as most of the time each waits; return the frames, or what went wrong, by name."""
    try:
        taken = await asyncio.gather(*(_picture(scene, LOOKS[look]) for scene in scenes), return_exceptions=True)
    finally:
        use_encoding("utf-8")
        use_theme("ansi", "")
    return {scene.name: picture for scene, picture in zip(scenes, taken, strict=True)}


async def _picture(scene: Scene, look: Look) -> str:
    parts: list[str] = []
    with TemporaryDirectory() as folder:
        async with on_stage(scene, Path(folder), look.screen, look.environment, SIZES[0]) as stage:
            for columns, rows in SIZES:
                frame = await stage.resized(columns, rows)
                parts += [f"=== {columns}x{rows}", *lines(frame)]
                if look.has_styles:
                    parts += ["--- styles", *styles(frame)]
                parts.append("")
    return "\n".join(parts)
