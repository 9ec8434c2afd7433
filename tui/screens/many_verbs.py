"""What can be put under way on several devices at once: adding, rollouts and preflights."""

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.signal import Signal

from core.model.device import Connection, DeviceView
from core.model.messages import Added
from core.model.rollout import RolloutView
from tui.keys import bind, key_of
from tui.screens.work_verbs import WorkVerbs
from tui.session import Session
from tui.site import Change
from tui.widgets.device_table import DeviceTable
from tui.words import is_other, plural


class ManyVerbs(WorkVerbs):
    """`table` says which devices are meant: the marked ones, or the one at the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("add", "add", "Add"),
        bind("add-address", "add_address", "Add address"),
        bind("add-all", "add_all", "All"),
        bind("rollout", "rollout", "Rollout"),
    ]

    def __init__(self, session: Session, changes: Signal[Change]) -> None:
        super().__init__(session, changes)
        self.table = DeviceTable(session.site, session.clock)

    @property
    def subject(self) -> DeviceView | None:
        """The device at the cursor."""
        return self.table.device

    @property
    def subjects(self) -> tuple[DeviceView, ...]:
        """The marked devices, or the one at the cursor."""
        return self.table.marked or super().subjects

    def why_not(self, verb: str) -> str:
        """Return why a verb is not possible."""
        if verb == "rollout":
            return "" if self.session.site.rollout else _no_rollout()
        return super().why_not(verb)

    def action_add(self) -> None:
        """Add the device at the cursor, or ask for an address; begin a rollout of several marked ones."""
        devices = self.subjects
        if len(devices) > 1:
            self._open_rollout_dialog(devices)
        else:
            self._open_add([view.host or view.address for view in devices if view.connection is Connection.DISCOVERED])

    def action_add_address(self) -> None:
        """Ask for an address, and add that."""
        self._open_add([])

    def action_add_all(self) -> None:
        """Begin a rollout of all cameras."""
        cameras = [view for view in self.session.site.devices.values() if not is_other(view)]
        if cameras:
            self._open_rollout_dialog(cameras, everything=True)
        else:
            self.say("There are no cameras yet.")

    def action_rollout(self) -> None:
        """Show how far the rollout is."""
        if not self.refused("rollout"):
            self.open_rollout()

    def open_rollout(self) -> None:
        """Show how far the rollout is; the technician may come back from it to see a device."""
        from tui.screens.rollout import RolloutScreen

        screen = RolloutScreen(self.session, self.changes)

        def left(_: bool | None) -> None:
            if screen.wanted is not None:
                self.show_details(screen.wanted)

        self.app.push_screen(screen, left)

    def show_details(self, device: DeviceView) -> None:
        """Open the drawer on a device."""
        if self.table.go_to(device.id):
            self.table.action_choose()

    def _open_rollout_dialog(self, devices: Sequence[DeviceView], *, everything: bool = False) -> None:
        if self.refused("add-all"):
            return
        if self.session.site.is_rollout_running:
            self.say(f"A rollout is under way; {key_of('rollout')} shows it.")
        else:
            self.attend(self._begin_rollout, devices, everything, group="add", once=True)

    async def _begin_rollout(self, devices: Sequence[DeviceView], everything: bool) -> None:
        from tui.screens.rollout_dialog import RolloutDialog

        dialog = RolloutDialog(self.session, devices, self.show_preflight, everything=everything)
        view: RolloutView | None = await self.app.push_screen_wait(dialog)
        if view is not None:
            self.session.rollout_begun(view)
            self.table.clear_marks()
            self.open_rollout()

    def _open_add(self, addresses: Sequence[str]) -> None:
        if not self.refused("add"):
            self.attend(self._add, addresses, group="add", once=True)

    async def _add(self, addresses: Sequence[str]) -> None:
        from tui.screens.add import AddDialog

        added: Added | None = await self.app.push_screen_wait(AddDialog(self.session, addresses, self.show_preflight))
        if added is None or not added.devices:
            return
        self.table.clear_marks()
        self.table.go_to(added.devices[0].id)
        if len(added.devices) == 1:
            self.open_install(added.devices[0])
        else:
            self.say(
                f"{plural(len(added.devices), 'device')} are being added; {key_of('install')} shows the steps of one."
            )


def _no_rollout() -> str:
    return f"There was no rollout yet: mark devices for {key_of('add')}, or {key_of('add-all')} for all."
