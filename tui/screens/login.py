"""What the dialogs that need a login share: user, password, and whether it may go over plain HTTP."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input

from core.model.errors import CamtrustError, UsageError
from core.model.records import Login
from core.model.secret import Secret
from tui.keys import bind
from tui.paragraphs import Line, paragraph, plain
from tui.screens.dialog import Dialog, Result
from tui.session import Session
from tui.widgets.inputs import Field, Tick
from tui.widgets.lines import Lines
from tui.words import Tone

LABEL = 10
"""Cells that the label of a field takes, with its bracket."""
_HTTP_LOGIN = "Log in over plain HTTP too: others can read the password there"


class LoginDialog(Dialog[Result]):
    """Carries something out at Enter, and shows why not beside the field that this is about."""

    BINDINGS: ClassVar[list[BindingType]] = [bind("submit", "submit", "Do")]
    VERB: ClassVar[str] = "Do"

    def __init__(self, session: Session, login: Login | None = None) -> None:
        super().__init__()
        self.session = session
        self._is_asking = False
        self._problem: tuple[str, str, str] = ("", "", "")
        self._user = Field(login.user if login else "", name="user", limit=256)
        self._password = Field(login.password.reveal() if login else "", name="password", hidden=True)
        self._tick = Tick(_HTTP_LOGIN, name="http-login")

    async def carry_out(self) -> Result:
        """Do it, and return what the dialog ends with. Raises `CamtrustError`."""
        raise UsageError("There is nothing to do")

    def above(self, width: int) -> list[Line]:
        """Return what stands over the fields."""
        return []

    def where(self) -> Iterable[Widget]:
        """Return what tells with which devices it is done."""
        yield Lines(lambda width: self.problem_lines(("",), width))

    def below_login(self, width: int) -> list[Line]:
        """Return what stands below the login."""
        return []

    def below(self, width: int) -> list[Line]:
        """Return what must be known before it is done."""
        return []

    def more(self) -> Iterable[Widget]:
        """Return further fields."""
        return ()

    def inside(self) -> Iterable[Widget]:
        """Return the fields, each with what is wrong with it below."""
        yield Lines(lambda width: [*self.above(width), ()])
        yield from self.where()
        yield row("User", self._user, "  Password", self._password)
        yield Lines(lambda width: [*self.below_login(width), *self.problem_lines(("user",), width)])
        yield self._tick
        yield from self.more()
        yield Lines(lambda width: [(), *self.below(width)])

    def keys(self) -> Iterable[tuple[str, str]]:
        """Return what can be done."""
        return (("Enter", self.VERB), ("Tab", "Next field"), ("Esc", "Cancel"))

    def on_mount(self) -> None:
        """Begin where something is missing."""
        self.show()
        self.first_field().focus()

    @on(Input.Changed)
    def _typed(self) -> None:
        self._problem = ("", "", "")
        self.show()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_submit()

    def action_submit(self) -> None:
        """Do it."""
        if not self._is_asking:
            self._is_asking = True
            self.run_worker(self._ask(), group="add")

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

    def fields(self) -> tuple[tuple[Field, tuple[str, ...]], ...]:
        """Return the fields, each with the words by which an error is about it."""
        return ((self._user, ("user", "password", "login")),)

    def first_field(self) -> Field:
        """Return where to begin: the first field that is empty."""
        return self._password if self._user.value else self._user

    async def _ask(self) -> None:
        try:
            self.dismiss(await self.carry_out())
        except CamtrustError as error:
            self.blame(error)
        finally:
            self._is_asking = False

    def blame(self, error: CamtrustError) -> None:
        """Show an error at the field that it is about."""
        title = error.title.casefold()
        told = (field for field, words in self.fields() if any(word.casefold() in title for word in words))
        guilty = next(told, None)
        self._problem = (guilty.id or "" if guilty else "", error.title, error.hint)
        if guilty is not None:
            guilty.focus()
        self.show()

    def show(self) -> None:
        """Draw anew, with the fields that are needed."""
        self.set_class(bool(self._problem[1]), "-wrong")
        self.redraw()

    def problem_lines(self, fields: Sequence[str], width: int) -> list[Line]:
        """Return what is wrong, where it is about one of these fields."""
        guilty, title, hint = self._problem
        if not title or guilty not in fields:
            return []
        return [*paragraph(f"! {title}", width, Tone.STRONG), *paragraph(hint, width, indent=2)]


def row(*parts: str | Field) -> Horizontal:
    """Return labels and fields side by side; brackets show where a field begins and ends, on every terminal."""
    widgets: list[Widget] = []
    for part in parts:
        if isinstance(part, str):
            widgets.append(_text(f"{part} [", "text") if widgets else _text(f"{part:<{LABEL - 1}}[", "label"))
        else:
            widgets += [part, _text("]", "text")]
    return Horizontal(*widgets, classes="row")


def _text(text: str, kind: str) -> Lines:
    return Lines(lambda _: [plain(text)], classes=kind)
