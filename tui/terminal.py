"""The terminal before anything is drawn on it: whether it can be used, and what Textual is told about it."""

import os
import re
import sys
from collections.abc import MutableMapping

_SETTINGS = {
    "TEXTUAL_ANIMATIONS": ("none", "none|basic|full"),
    "TEXTUAL_FPS": ("120", "[1-9][0-9]{0,2}"),
    "TEXTUAL_SMOOTH_SCROLL": ("0", "[01]"),
    "TEXTUAL_COLOR_SYSTEM": ("", "auto|standard|256|truecolor"),
    "TEXTUAL_DISABLE_KITTY_KEY": ("", "[01]"),
}


def prepare_environment(environ: MutableMapping[str, str] = os.environ) -> None:
    """Set what Textual reads when it is imported: call this before that.

    A person's own choice of colours, speed or keyboard stays. Every other variable of Textual's goes: some load code,
    press keys or write files (rule R42).
    """
    for name in [name for name in environ if name.upper() == "TEXTUAL" or name.upper().startswith("TEXTUAL_")]:
        _, allowed = _SETTINGS.get(name, ("", "(?!)"))
        if not re.fullmatch(allowed, environ[name]):
            del environ[name]
    for name, (value, _) in _SETTINGS.items():
        if value:
            environ.setdefault(name, value)
    if environ.get("TERM") == "linux":
        # The console prints the request for the kitty keyboard as text.
        environ["TEXTUAL_DISABLE_KITTY_KEY"] = "1"


def unusable() -> str | None:
    """Return why no screen can be shown here, None where one can. The plain commands work everywhere."""
    term = os.environ.get("TERM", "")
    if term in ("", "dumb"):
        return f"The terminal cannot move its cursor (TERM is {term or 'not set'})."
    for stream, name in ((sys.__stdin__, "Input"), (sys.__stderr__, "The error output, which screens are drawn on,")):
        if stream is None or not stream.isatty():
            return f"{name} is not a terminal."
    return None
