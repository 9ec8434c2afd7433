"""What the dialogs that put devices under way share: where they are, what they show now, and with which login."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.events import DescendantBlur
from textual.widget import Widget

from core.model.errors import CamtrustError, UsageError
from core.model.preflight import Preflight
from core.model.records import Login
from tui.keys import bind, key_of
from tui.looks import is_http, split_addresses
from tui.paragraphs import Line
from tui.screens.dialog import Result
from tui.screens.login import LoginDialog, row
from tui.screens.looking import Looking
from tui.session import Session
from tui.widgets.inputs import Field, Tick
from tui.widgets.lines import Lines

_ENABLE = "Switch HTTPS on where it is off: this logs in over plain HTTP once"

ShowPreflight = Callable[[Preflight], None]


class OnboardingDialog(LoginDialog[Result]):
    """Looks at each address, which sends nothing but a handshake, and gives the engine its command at Enter.

    Enter in the addresses, while one has not been looked at, looks first. `show_preflight` opens a screen above.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("fingerprints", "fingerprints", "Fingerprints", priority=True),
        bind("fingerprints-too", "fingerprints", "Fingerprints"),
        bind("preflight-here", "preflight", "Preflight", priority=True),
        bind("read-up", "page(-1)", "Page up"),
        bind("read-down", "page(1)", "Page down"),
    ]

    def __init__(
        self,
        session: Session,
        addresses: Sequence[str],
        show_preflight: ShowPreflight,
        login: Login | None = None,
    ) -> None:
        super().__init__(session, login)
        self.looking = Looking(session, self.show)
        self._show_preflight = show_preflight
        self._in_full = False
        self._addresses = Field(" ".join(addresses), name="addresses", limit=8192)
        self._enable = Tick(_ENABLE, name="enable-https")

    @property
    def addresses(self) -> tuple[str, ...]:
        """What is in the first line."""
        return split_addresses(self._addresses.value)

    @property
    def subjects(self) -> tuple[str, ...]:
        """The devices to ask beforehand, by id or address."""
        return self.addresses

    def given_addresses(self) -> tuple[str, ...]:
        """Return what is in the first line. Raises `UsageError` where that is nothing."""
        if not self.addresses:
            raise UsageError("There is no address", "Type one, such as 192.168.20.1 or 192.168.20.1:4443.")
        return self.addresses

    def names(self) -> Mapping[str, str]:
        """Return the names of devices by address, as far as they help to tell the addresses apart."""
        return {}

    def where(self) -> Iterable[Widget]:
        """Return the addresses, and what was seen there."""
        yield row("Address", self._addresses)
        yield Lines(lambda width: self.problem_lines(("", "addresses"), width))
        yield self.looks()

    def looks(self) -> Widget:
        """Return what was seen at the addresses."""
        return VerticalScroll(Lines(self._look_lines), id="looks", can_focus=False)

    def more(self) -> Iterable[Widget]:
        """Return further fields."""
        yield self._enable

    def keys(self) -> Iterable[tuple[str, str]]:
        """Return what can be done."""
        looks = self.query_one("#looks")
        second = (key_of("read-down"), "More") if looks.virtual_size.height > looks.size.height else ("Tab", "Next")
        return (
            ("Enter", self.VERB),
            second,
            (key_of("fingerprints"), "SHA-256"),
            (key_of("preflight-here"), "Preflight"),
            ("Esc", "Cancel"),
        )

    def on_mount(self) -> None:
        """Look at what is given."""
        self._tick.display = self._enable.display = False
        self._look()

    @on(DescendantBlur)
    def _field_left(self, event: DescendantBlur) -> None:
        if event.widget is self._addresses:
            self._look()

    def action_submit(self) -> None:
        """Do it; but what is still unseen is looked at first."""
        if self._addresses.has_focus and self.looking.unseen(self.addresses):
            self.focus_next()
        else:
            super().action_submit()

    def action_fingerprints(self) -> None:
        """Show fingerprints in full, or short again."""
        self._in_full = not self._in_full
        self.show()

    def action_preflight(self) -> None:
        """Show how it would go, with the login that is typed."""
        try:
            user, password = self.login()
            self.given_addresses()
        except CamtrustError as error:
            self.blame(error)
            return
        command = Preflight(devices=self.subjects, user=user, password=password, allow_http_login=self.may_use_http)
        self._show_preflight(command)

    def action_page(self, pages: int) -> None:
        """Go through what was seen, where it is more than fits."""
        looks = self.query_one("#looks")
        looks.scroll_relative(y=pages * looks.size.height, animate=False)

    @property
    def may_enable_https(self) -> bool:
        """Whether it was agreed to switch HTTPS on."""
        return bool(self._enable.display) and self._enable.is_ticked

    def fields(self) -> tuple[tuple[Field, tuple[str, ...]], ...]:
        """Return the fields, each with the words by which an error is about it."""
        return ((self._addresses, ("address", *self.addresses)), *super().fields())

    def first_field(self) -> Field:
        """Return where to begin: the first field that is empty."""
        return super().first_field() if self._addresses.value else self._addresses

    def show(self) -> None:
        """Draw anew, with the fields that are needed for what was seen."""
        self._tick.display = self._enable.display = self.may_be_plain()
        super().show()

    def may_be_plain(self) -> bool:
        """Tell whether a device may speak plain HTTP only."""
        return any(is_http(self.looking.at(address)) for address in self.addresses)

    def _look(self) -> None:
        if unseen := self.looking.begin(self.addresses):
            self.run_worker(self.looking.look_at(unseen), group="look")
            self.show()

    def _look_lines(self, width: int) -> list[Line]:
        return self.looking.lines(self.addresses, self.names(), width, in_full=self._in_full)
