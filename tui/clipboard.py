"""The clipboard of the terminal, which is where the technician sits, from within GNU screen."""

import base64
from collections.abc import Mapping


def is_in_screen(environ: Mapping[str, str]) -> bool:
    """Tell whether GNU screen is between this program and the terminal."""
    return "STY" in environ and environ.get("TERM", "").startswith("screen")


def copy_sequence(text: str) -> str:
    """Return OSC 52 (xterm control sequences), which copies, wrapped so that GNU screen passes it on. tmux does anyway.

    Whether the terminal obeys cannot be known.
    """
    return f"\x1bP\x1b]52;c;{base64.b64encode(text.encode()).decode('ascii')}\x07\x1b\\"
