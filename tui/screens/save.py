"""Saving something as a file in the technician's folder, never over something that is there."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from textual import on
from textual.widget import Widget
from textual.widgets import Input

from core.model.device import DeviceView
from core.model.errors import CamtrustError
from core.model.messages import Certificate, ReadCertificate
from tui.export import file_name, write_new
from tui.paragraphs import paragraph
from tui.screens.dialog import Dialog
from tui.screens.frame import Frame
from tui.screens.login import row
from tui.widgets.inputs import Field
from tui.widgets.lines import Lines
from tui.words import Tone


async def save_certificates(screen: Frame, device: DeviceView, kinds: Sequence[str]) -> None:
    """Write the `stored` and the `presented` certificate of a device, or one of them, and say where they are.

    Asks for another name while one is taken. Raises `CamtrustError` where the engine has none.
    """
    paths = [path for kind in kinds if (path := await _saved_certificate(screen, device, kind))]
    if paths:
        screen.say(f"Saved {' and '.join([paths[0], *(Path(path).name for path in paths[1:])])}")


async def _saved_certificate(screen: Frame, device: DeviceView, kind: str) -> str:
    answer = await screen.session.ask(ReadCertificate(device=device.id, which=kind), Certificate)
    return await saved(screen, file_name(device.id, answer.fingerprint), lambda _: answer.der)


async def saved(screen: Frame, name: str | None, data: Callable[[str], bytes]) -> str:
    """Write a file, with the `data` for a file of its name; return its path, or nothing where the technician gave up.

    Asks for another name while one is taken.
    """
    while name:
        path, problem = await asyncio.to_thread(_written, name, data(name))
        if not problem:
            return path
        name = await screen.app.push_screen_wait(NameDialog(name, problem))
    return ""


def _written(name: str, data: bytes) -> tuple[str, str]:
    """Write the file; return its full path, and why it could not be written, or nothing."""
    try:
        path = Path(name).expanduser().absolute()
        write_new(path, data)
    except FileExistsError:
        return name, f"{path} is there already. It is not replaced."
    except CamtrustError as error:
        return name, error.title
    except (OSError, RuntimeError, ValueError):
        return name, f"'{name}' is no name of a file that can be written here."
    return str(path), ""


class NameDialog(Dialog[str]):
    """Asks for a file name, or another one."""

    AUTO_FOCUS = "#file-name"

    def __init__(self, name: str, told: str) -> None:
        super().__init__()
        self._file_name = name
        self._told = told

    def inside(self) -> Iterable[Widget]:
        """Return what is told, and a field."""
        yield Lines(lambda width: [*paragraph(self._told, width, Tone.STRONG), ()])
        yield row("Save as", Field(self._file_name, name="file-name"))

    def keys(self) -> Iterable[tuple[str, str]]:
        """Return how to go on."""
        return (("Enter", "Save"), ("Esc", "Cancel"))

    @on(Input.Submitted)
    def _named(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip() or None)
