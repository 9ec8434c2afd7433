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
    """Return why no screen can be shown here and what to use instead, None where one can."""
    instead = "Use 'camtrust list', or 'camtrust --help' for the other plain commands."
    if os.environ.get("TERM", "") in ("", "dumb"):
        return f"The terminal cannot move its cursor (TERM={os.environ.get('TERM') or 'not set'}). {instead}"
    for stream, name in ((sys.__stdin__, "input"), (sys.__stderr__, "error output")):
        if stream is None or not stream.isatty():
            return f"The {name} is no terminal, and the screens need one. {instead}"
    return None
