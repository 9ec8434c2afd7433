"""The add dialog: which addresses, what each shows now, which login, and that nobody vouches for it yet."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.events import DescendantBlur
from textual.widget import Widget
from textual.widgets import Input

from core.model.errors import CamtrustError, UsageError
from core.model.messages import AddDevices, Added, Look, LookAt, Looks
from core.model.secret import Secret
from tui.details import warning_lines
from tui.looks import heading, is_http, look_lines, split_addresses
from tui.paragraphs import Line, paragraph, plain
from tui.screens.dialog import Dialog
from tui.session import Session
from tui.widgets.inputs import Field, Tick
from tui.widgets.lines import Lines
from tui.words import Tone

_AT_ONCE = 8
_HTTP_LOGIN = "Log in over plain HTTP too: others can read the password there"


class AddDialog(Dialog[Added]):
    """Looks at each address, which sends nothing but a handshake, and adds them all when Enter is pressed.

    Enter in the addresses, while one has not been looked at, looks first.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+f", "fingerprints", "Fingerprints", id="fingerprints", priority=True),
        Binding("f", "fingerprints", "Fingerprints", id="fingerprints-too"),
        Binding("enter", "submit", "Add", id="submit"),
        Binding("pageup", "page(-1)", "Page up", id="looks-up"),
        Binding("pagedown", "page(1)", "Page down", id="looks-down"),
    ]

    def __init__(self, session: Session, addresses: Sequence[str]) -> None:
        super().__init__()
        login = session.login
        self._session = session
        self._looks: dict[str, Look | None] = {}
        self._in_full = False
        self._is_adding = False
        self._problem: tuple[str, str, str] = ("", "", "")
        self._addresses = Field(" ".join(addresses), name="addresses", limit=8192)
        self._user = Field(login.user if login else "", name="user", limit=256)
        self._password = Field(login.password.reveal() if login else "", name="password", hidden=True)
        self._tick = Tick(_HTTP_LOGIN, name="http-login")

    @property
    def addresses(self) -> tuple[str, ...]:
        """What is in the first line."""
        return split_addresses(self._addresses.value)

    def inside(self) -> Iterable[Widget]:
        """Return the fields, each with what is wrong with it below."""
        yield Lines(lambda _: [heading(len(self.addresses)), ()])
        yield _row("Address", self._addresses)
        yield Lines(lambda width: self._problem_lines(("", "addresses"), width))
        yield VerticalScroll(Lines(self._look_lines), id="looks", can_focus=False)
        yield _row("User", self._user, "  Password", self._password)
        yield Lines(lambda width: [*self._for_all(), *self._problem_lines(("user",), width)])
        yield self._tick
        yield Lines(lambda width: [(), *warning_lines(width)])

    def keys(self) -> Iterable[tuple[str, str]]:
        """Return what can be done."""
        looks = self.query_one("#looks")
        more = [("PgDn", "More")] if looks.virtual_size.height > looks.size.height else []
        return (("Enter", "Add"), ("Tab", "Next field"), *more, ("Ctrl+F", "Fingerprints"), ("Esc", "Cancel"))

    def on_mount(self) -> None:
        """Begin where something is missing, and look at what is given."""
        self._tick.display = False
        fields = (self._addresses, self._user, self._password)
        next((field for field in fields if not field.value), self._password).focus()
        self._look()

    @on(DescendantBlur)
    def _field_left(self, event: DescendantBlur) -> None:
        if event.widget is self._addresses:
            self._look()

    @on(Input.Changed)
    def _typed(self) -> None:
        self._problem = ("", "", "")
        self._show()

    @on(Input.Submitted)
    def action_submit(self) -> None:
        """Add; but what is still unseen is looked at first."""
        unseen = [address for address in self.addresses if address not in self._looks]
        if self._addresses.has_focus and unseen:
            self.focus_next()
        elif not self._is_adding:
            self._is_adding = True
            self.run_worker(self._add(), group="add")

    def action_fingerprints(self) -> None:
        """Show fingerprints in full, or short again."""
        self._in_full = not self._in_full
        self._show()

    def action_page(self, pages: int) -> None:
        """Go through what was seen, where it is more than fits."""
        looks = self.query_one("#looks")
        looks.scroll_relative(y=pages * looks.size.height, animate=False)

    def _look(self) -> None:
        unseen = [address for address in self.addresses if address not in self._looks]
        if unseen:
            self._looks |= dict.fromkeys(unseen)
            self.run_worker(self._look_at(unseen), group="look")
            self._show()

    async def _look_at(self, addresses: Sequence[str]) -> None:
        slots = asyncio.Semaphore(_AT_ONCE)
        await asyncio.gather(*(self._look_at_one(address, slots) for address in addresses))

    async def _look_at_one(self, address: str, slots: asyncio.Semaphore) -> None:
        async with slots:
            try:
                answer = await self._session.ask(LookAt(addresses=(address,)), Looks)
                look = answer.looks[0] if answer.looks else Look(address, problem="The engine told nothing.")
            except CamtrustError as error:
                look = Look(address, problem=error.title, notes=(error.hint,) if error.hint else ())
        self._looks[address] = look
        self._show()

    async def _add(self) -> None:
        try:
            if not self.addresses:
                raise UsageError("There is no address", "Type one, such as 192.168.20.1 or 192.168.20.1:4443.")
            self.dismiss(await self._session.ask(self._command(), Added))
        except CamtrustError as error:
            self._blame(error)
        finally:
            self._is_adding = False

    def _command(self) -> AddDevices:
        user = self._user.value.strip()
        if self._password.value and not user:
            raise UsageError("There is a password and no user", "Type the user name, or clear the password.")
        return AddDevices(
            addresses=self.addresses,
            user=user,
            password=Secret(self._password.value) if user else None,
            allow_http_login=self._tick.display and self._tick.is_ticked,
        )

    def _blame(self, error: CamtrustError) -> None:
        """Show an error at the field that it is about."""
        title = error.title.casefold()
        fields = (self._addresses, ("address", *self.addresses)), (self._user, ("user", "password", "login"))
        guilty = next((field for field, words in fields if any(word.casefold() in title for word in words)), None)
        self._problem = (guilty.id or "" if guilty else "", error.title, error.hint)
        if guilty is not None:
            guilty.focus()
        self._show()

    def _show(self) -> None:
        self.set_class(bool(self._problem[1]), "-wrong")
        self._tick.display = any(is_http(self._looks.get(address)) for address in self.addresses)
        self.redraw()

    def _look_lines(self, width: int) -> list[Line]:
        looks = ((address, self._looks.get(address), address in self._looks) for address in self.addresses)
        told = (look_lines(a, look, is_looking=asked, in_full=self._in_full, width=width) for a, look, asked in looks)
        return [line for lines in told for line in lines]

    def _for_all(self) -> list[Line]:
        count = len(self.addresses)
        return [plain(f"          used for all {count}", Tone.QUIET)] if count > 1 else []

    def _problem_lines(self, fields: Sequence[str], width: int) -> list[Line]:
        guilty, title, hint = self._problem
        if not title or guilty not in fields:
            return []
        return [*paragraph(f"! {title}", width, Tone.STRONG), *paragraph(hint, width, indent=2)]


def _row(*parts: str | Field) -> Horizontal:
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
