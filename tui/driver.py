"""The terminal while the screens are on it: bytes that it understands, and keys whatever bytes it sends."""

import os
import selectors
import sys
from codecs import getincrementaldecoder
from collections.abc import Iterator
from io import TextIOWrapper
from typing import Any

from textual._xterm_parser import XTermParser
from textual.app import App
from textual.message import Message

from tui.display import LineDriver
from tui.look import encoding, output_encoding
from tui.terminal import family, is_for

HUNG_UP = 129
"""What the shell is told when the terminal went away: as if by a SIGHUP."""

_POLL_SECONDS = 0.1
_PIECE = 4096
_CLEAR = "\x1b[0m\x1b[H\x1b[J"


class TerminalDriver(LineDriver):
    """Writes no character that the encoding does not have, and no control sequence that the terminal would print."""

    def __init__(self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: Any = None) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._family = family()
        # Python's own choice is UTF-8 wherever it does not know better.
        if isinstance(sys.__stderr__, TextIOWrapper):
            sys.__stderr__.reconfigure(encoding=encoding(), errors="replace")

    def write(self, data: str) -> None:
        """Have this written, if the terminal has to do with it."""
        if is_for(self._family, data):
            super().write(data)

    def stop_application_mode(self) -> None:
        """Leave the terminal. One that has no second screen is left empty."""
        self.write(_CLEAR)
        super().stop_application_mode()

    def run_input_thread(self) -> None:
        """Pass on keys until the driver is stopped. Bytes that are no character of the encoding are no key."""
        parser = XTermParser(self._debug)
        for text in self._typed():
            events: list[Message] = [*(parser.feed(text) if text else ()), *parser.tick()]
            for event in events:
                self.process_message(event)

    def _typed(self) -> Iterator[str]:
        """Yield what is typed, and nothing now and then while nothing is."""
        decode = getincrementaldecoder(_input_encoding())(errors="ignore").decode
        with selectors.DefaultSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if not selector.select(_POLL_SECONDS):
                    yield ""
                elif piece := self._read():
                    yield decode(piece)
                else:
                    self._app.call_later(self._app.exit, return_code=HUNG_UP)
                    return

    def _read(self) -> bytes:
        try:
            return os.read(self.fileno, _PIECE)
        except OSError:
            # EIO: the terminal hung up.
            return b""

    def _run_input_thread(self) -> None:
        """Have a fault in here end the program as any other does: Textual would print what its variables hold."""
        try:
            self.run_input_thread()
        except Exception as error:  # noqa: BLE001 - a thread has nobody above it
            self._app.call_later(self._app._handle_exception, error)


def _input_encoding() -> str:
    """Return how keys arrive: as the locale says; where it says nothing better than ASCII, UTF-8 is likely."""
    named = output_encoding()
    return "utf-8" if named == "ascii" else named
