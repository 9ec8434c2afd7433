"""What the dialogs that put devices under way share: where they are, what they show now, and with which login."""

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.events import DescendantBlur
from textual.widget import Widget
from textual.widgets import Input

from core.model.errors import CamtrustError, UsageError
from core.model.messages import AddDevices, Added, ReplaceDevice
from core.model.records import Login
from core.model.secret import Secret
from tui.looks import is_http, split_addresses
from tui.paragraphs import Line, paragraph, plain
from tui.screens.dialog import Dialog
from tui.screens.looking import Looking
from tui.session import Session
from tui.widgets.inputs import Field, Tick
from tui.widgets.lines import Lines
from tui.words import Tone

_HTTP_LOGIN = "Log in over plain HTTP too: others can read the password there"
_ENABLE = "Switch HTTPS on where it is off: this logs in over plain HTTP once"


class OnboardingDialog(Dialog[Added]):
    """Looks at each address, which sends nothing but a handshake, and gives the engine its command at Enter.

    Enter in the addresses, while one has not been looked at, looks first.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+f", "fingerprints", "Fingerprints", id="fingerprints", priority=True),
        Binding("f", "fingerprints", "Fingerprints", id="fingerprints-too"),
        Binding("enter", "submit", "Do", id="submit"),
        Binding("pageup", "page(-1)", "Page up", id="looks-up"),
        Binding("pagedown", "page(1)", "Page down", id="looks-down"),
    ]
    VERB: ClassVar[str] = "Do"

    def __init__(self, session: Session, addresses: Sequence[str], login: Login | None = None) -> None:
        super().__init__()
        self.session = session
        self.looking = Looking(session, self.show)
        self._in_full = False
        self._is_asking = False
        self._problem: tuple[str, str, str] = ("", "", "")
        self._addresses = Field(" ".join(addresses), name="addresses", limit=8192)
        self._user = Field(login.user if login else "", name="user", limit=256)
        self._password = Field(login.password.reveal() if login else "", name="password", hidden=True)
        self._tick = Tick(_HTTP_LOGIN, name="http-login")
        self._enable = Tick(_ENABLE, name="enable-https")

    @property
    def addresses(self) -> tuple[str, ...]:
        """What is in the first line."""
        return split_addresses(self._addresses.value)

    def command(self) -> AddDevices | ReplaceDevice:
        """Return what is to be done. Raises `UsageError` where something is missing."""
        return AddDevices(addresses=self.addresses)

    def above(self, width: int) -> list[Line]:
        """Return what stands over the fields."""
        return []

    def below_login(self, width: int) -> list[Line]:
        """Return what stands below the login."""
        return []

    def below(self, width: int) -> list[Line]:
        """Return what must be known before it is done."""
        return []

    def names(self) -> Mapping[str, str]:
        """Return the names of devices by address, as far as they help to tell the addresses apart."""
        return {}

    def more(self) -> Iterable[Widget]:
        """Return further fields."""
        return ()

    def inside(self) -> Iterable[Widget]:
        """Return the fields, each with what is wrong with it below."""
        yield Lines(lambda width: [*self.above(width), ()])
        yield row("Address", self._addresses)
        yield Lines(lambda width: self.problem_lines(("", "addresses"), width))
        yield VerticalScroll(Lines(self._look_lines), id="looks", can_focus=False)
        yield row("User", self._user, "  Password", self._password)
        yield Lines(lambda width: [*self.below_login(width), *self.problem_lines(("user",), width)])
        yield self._tick
        yield self._enable
        yield from self.more()
        yield Lines(lambda width: [(), *self.below(width)])

    def keys(self) -> Iterable[tuple[str, str]]:
        """Return what can be done."""
        looks = self.query_one("#looks")
        more = [("PgDn", "More")] if looks.virtual_size.height > looks.size.height else []
        return (("Enter", self.VERB), ("Tab", "Next field"), *more, ("Ctrl+F", "Fingerprints"), ("Esc", "Cancel"))

    def on_mount(self) -> None:
        """Begin where something is missing, and look at what is given."""
        self._tick.display = self._enable.display = False
        self._look()
        self.show()
        self.first_field().focus()

    @on(DescendantBlur)
    def _field_left(self, event: DescendantBlur) -> None:
        if event.widget is self._addresses:
            self._look()

    @on(Input.Changed)
    def _typed(self) -> None:
        self._problem = ("", "", "")
        self.show()

    @on(Input.Submitted)
    def action_submit(self) -> None:
        """Do it; but what is still unseen is looked at first."""
        if self._addresses.has_focus and self.looking.unseen(self.addresses):
            self.focus_next()
        elif not self._is_asking:
            self._is_asking = True
            self.run_worker(self._ask(), group="add")

    def action_fingerprints(self) -> None:
        """Show fingerprints in full, or short again."""
        self._in_full = not self._in_full
        self.show()

    def action_page(self, pages: int) -> None:
        """Go through what was seen, where it is more than fits."""
        looks = self.query_one("#looks")
        looks.scroll_relative(y=pages * looks.size.height, animate=False)

    def login(self) -> tuple[str, Secret | None]:
        """Return user and password. Raises `UsageError` for a password alone."""
        user = self._user.value.strip()
        if self._password.value and not user:
            raise UsageError("There is a password and no user", "Type the user name, or clear the password.")
        return user, Secret(self._password.value) if user else None

    @property
    def may_use_http(self) -> bool:
        """Whether it was agreed to log in over plain HTTP."""
        return bool(self._tick.display) and self._tick.is_ticked

    @property
    def may_enable_https(self) -> bool:
        """Whether it was agreed to switch HTTPS on."""
        return bool(self._enable.display) and self._enable.is_ticked

    def fields(self) -> tuple[tuple[Field, tuple[str, ...]], ...]:
        """Return the fields, each with the words by which an error is about it."""
        words = ("user", "password", "login")
        return (self._addresses, ("address", *self.addresses)), (self._user, words)

    def first_field(self) -> Field:
        """Return where to begin: the first field that is empty."""
        fields = (self._addresses, self._user, self._password)
        return next((field for field in fields if not field.value), self._password)

    def _look(self) -> None:
        if unseen := self.looking.begin(self.addresses):
            self.run_worker(self.looking.look_at(unseen), group="look")
            self.show()

    async def _ask(self) -> None:
        try:
            if not self.addresses:
                raise UsageError("There is no address", "Type one, such as 192.168.20.1 or 192.168.20.1:4443.")
            self.dismiss(await self.session.ask(self.command(), Added))
        except CamtrustError as error:
            self._blame(error)
        finally:
            self._is_asking = False

    def _blame(self, error: CamtrustError) -> None:
        """Show an error at the field that it is about."""
        title = error.title.casefold()
        told = (field for field, words in self.fields() if any(word.casefold() in title for word in words))
        guilty = next(told, None)
        self._problem = (guilty.id or "" if guilty else "", error.title, error.hint)
        if guilty is not None:
            guilty.focus()
        self.show()

    def show(self) -> None:
        """Draw anew, with the fields that are needed for what was seen."""
        self.set_class(bool(self._problem[1]), "-wrong")
        is_plain = any(is_http(self.looking.at(address)) for address in self.addresses)
        self._tick.display = self._enable.display = is_plain
        self.redraw()

    def problem_lines(self, fields: Sequence[str], width: int) -> list[Line]:
        """Return what is wrong, where it is about one of these fields."""
        guilty, title, hint = self._problem
        if not title or guilty not in fields:
            return []
        return [*paragraph(f"! {title}", width, Tone.STRONG), *paragraph(hint, width, indent=2)]

    def _look_lines(self, width: int) -> list[Line]:
        return self.looking.lines(self.addresses, self.names(), width, in_full=self._in_full)


def row(*parts: str | Field) -> Horizontal:
    """Return labels and fields side by side; brackets show where a field begins and ends, on every terminal."""
    widgets: list[Widget] = []
    for part in parts:
        if isinstance(part, str):
            widgets.append(_text(f"{part} [", "text") if widgets else _text(f"{part:<9}[", "label"))
        else:
            widgets += [part, _text("]", "text")]
    return Horizontal(*widgets, classes="row")


def _text(text: str, kind: str) -> Lines:
    return Lines(lambda _: [plain(text)], classes=kind)
