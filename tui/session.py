"""What all screens share: the site as told by the engine, the way to ask the engine, and the time."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TypeVar

from core.model.device import DeviceView
from core.model.errors import RefusedError
from core.model.messages import AnyCommand, AnyResult, Role, Update
from core.model.records import Login
from core.model.rollout import RolloutView
from tui.link import Engine, Link, LinkState
from tui.site import Change, Site

Answer = TypeVar("Answer", bound=AnyResult)


def local_time() -> datetime:
    """Return the time in the zone of this machine."""
    return datetime.now().astimezone()


class Session:
    """`publish` is told what changed. `login` fills in the add dialog, `state_hint` tells in words where the state is.

    `heard_at` is when the engine said anything last. `lost_at` is the same once it is gone, and so how old all of
    `site` is; None while it is there.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Engine]],
        publish: Callable[[Change], None],
        *,
        login: Login | None = None,
        state_hint: str = "",
        clock: Callable[[], datetime] = local_time,
    ) -> None:
        self.site = Site()
        self.link = Link(connect, self)
        self.login = login
        self.state_hint = state_hint
        self.clock = clock
        self.heard_at: datetime | None = None
        self.lost_at: datetime | None = None
        self._publish = publish

    @property
    def is_up(self) -> bool:
        """Whether the engine is there, so that what is shown is the present."""
        return self.link.state.is_up

    @property
    def is_viewer(self) -> bool:
        """Whether the engine lets this technician look only."""
        welcome = self.link.state.welcome
        return welcome is not None and welcome.role is Role.VIEWER

    def now(self) -> datetime:
        """Return the time that what is shown is of: the present, or when the engine went."""
        return self.lost_at or self.clock()

    async def ask(self, command: AnyCommand, kind: type[Answer]) -> Answer:
        """Have the engine do a command and return its answer, which is of this kind. Raises `CamtrustError`."""
        answer = await self.link.ask(command)
        if not isinstance(answer, kind):
            raise RefusedError("The engine gave an answer that does not fit", "Use the camtrust that it belongs to.")
        return answer

    def link_changed(self, state: LinkState) -> None:
        """The engine came or went."""
        if state.is_up and state.welcome is not None:
            self.lost_at = None
            self.site.apply(Update(status=state.welcome.status), self.clock())
        elif state.welcome is not None:
            self.lost_at = self.lost_at or self.heard_at or self.clock()
        self._publish(Change(link=True))

    def heard(self) -> None:
        """The engine said something. Nothing is drawn for that alone."""
        self.heard_at = self.clock()

    def devices_listed(self, devices: Sequence[DeviceView]) -> None:
        """Begin anew with what this engine has."""
        self._publish(self.site.restart(devices))

    def rollout_begun(self, view: RolloutView) -> None:
        """Take in a rollout that was begun here, unless an update told newer of it already."""
        known = self.site.rollout
        if known is None or known.id != view.id:
            self.updated(Update(rollout=view))

    def updated(self, update: Update) -> None:
        """Take in what changed."""
        self._publish(self.site.apply(update, self.clock()))
