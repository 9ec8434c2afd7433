"""The main screen: all devices of the site, and the drawer."""

import asyncio
from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.signal import Signal
from textual.widget import Widget

from core.model.device import CertificateField, Connection, DeviceView
from core.model.errors import CamtrustError
from core.model.messages import DeviceDetail, ShowDevice
from tui.keys import bind, key_of
from tui.paragraphs import EMPTY, Line, length, plain
from tui.rollouts import how_it_ended
from tui.screens.device_verbs import DeviceVerbs
from tui.session import Session
from tui.site import Change
from tui.summary import attention, rescan, sentences, sources, title, unnoticed
from tui.widgets.device_table import DeviceTable
from tui.widgets.drawer import Drawer
from tui.widgets.filter_line import FilterLine
from tui.words import Tone, plural

_TICK_SECONDS = 5.0
_DETAIL_PAUSE = 0.1


class DevicesScreen(DeviceVerbs):
    """The table, and the drawer beside it or, on a narrow terminal, in its place."""

    AUTO_FOCUS = "DeviceTable"
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("filter", "filter", "Filter"),
        bind("back", "back", "Back", tooltip="close the drawer, end the filter"),
        bind("leave", "leave", "Quit", tooltip="leave; the engine goes on"),
    ]
    _TABLE_VERBS = ("filter", "help", "mark", "preflight", "add-all", "events", "sort", "check", "rescan")
    _DRAWER_VERBS = (
        "certificate",
        "replace",
        "save",
        "next",
        "back",
        "help",
        "preflight",
        "reissue",
        "previous",
        "remove",
    )
    _FOUND_VERBS = ("add", "next", "previous", "help", "back")
    _HTTP_VERBS = ("replace", "next", "previous", "remove", "back", "help")
    _FILTER_VERBS = ("keep-filter", "clear-filter")

    def __init__(self, session: Session, changes: Signal[Change]) -> None:
        super().__init__(session, changes)
        self.drawer = Drawer(session.clock)

    def body(self) -> Widget:
        """Return table and drawer."""
        return Horizontal(self.table, self.drawer, id="body")

    def on_mount(self) -> None:
        """Let coarse times move on."""
        self.set_interval(_TICK_SECONDS, self._tick)

    def heading(self) -> Line:
        """Return the gateway."""
        return title(self.session.site)

    def standing(self) -> tuple[Line, Line]:
        """Return what is blocked out of view, or the filter, what the device at the cursor needs, what was heard."""
        site = self.session.site
        place = plain(f"{self._place()} ", Tone.QUIET) if self._place() else EMPTY
        room = self.size.width - length(place) - 2
        blocked = unnoticed(self.table.list.unnoticed(), room)
        # What the drawer shows anyway need not be told twice.
        elsewhere = "" if self.drawer.has_focus else f"{key_of('details')} says why, and what to do."
        if told := blocked or self._filter_line() or attention(self.table.device, room, elsewhere):
            return told, place
        end = place or plain(f"{rescan(site.rescan_in(self.session.clock()))} ", Tone.QUIET)
        return sources(site, self.session.now(), self.size.width - length(end) - 2), end

    def _place(self) -> str:
        """Return which part of what has the focus is on the screen, nothing where all of it is."""
        rows = self.table.list
        if self.drawer.has_focus:
            return self.drawer.place()
        return f"{rows.index + 1} of {len(rows.rows)}" if len(rows.rows) > rows.height else ""

    def verbs(self) -> Iterable[str]:
        """Return the keys of what has the focus."""
        if self.drawer.has_focus:
            return self._drawer_verbs(self.drawer.device)
        if not self.table.has_focus:
            return self._FILTER_VERBS
        rollout = ("rollout",) if self.session.site.is_rollout_running else ()
        review = () if self.why_not("review") else ("review",)
        return dict.fromkeys(("details", *self._row_verbs(self.table.device), *rollout, *review, *self._TABLE_VERBS))

    def _drawer_verbs(self, device: DeviceView | None) -> Iterable[str]:
        if device is None or device.connection is Connection.DISCOVERED:
            return self._FOUND_VERBS
        return self._HTTP_VERBS if device.certificate_field is CertificateField.HTTP else self._DRAWER_VERBS

    def _row_verbs(self, device: DeviceView | None) -> tuple[str, ...]:
        """Return what is done most with a device like this."""
        if device is None or device.connection is Connection.DISCOVERED:
            return ("add", "mark")
        return ("install", "add") if device.connection is Connection.ADDING else ("certificate", "replace")

    def on_screen_resume(self) -> None:
        """What was covered is on the screen again."""
        self.table.redraw()
        self.redraw()

    def site_changed(self, change: Change) -> None:
        """Show what changed; rows stay where they are while keys are pressed."""
        self.table.is_old = not self.session.is_up
        self.table.site_changed()
        shown = self.drawer.device
        if self._is_open() and shown is not None and shown.id in change.devices:
            self._show_in_drawer()
            self._tell_if_gone(shown)
        self.redraw()
        rollout = self.session.site.rollout
        if change.rollout_ended and rollout is not None and self.is_current:
            self.say(f"{how_it_ended(rollout)} {key_of('rollout')} shows it.")

    def _tell_if_gone(self, shown: DeviceView) -> None:
        """Say that the drawer is about another device now."""
        site = self.session.site
        if shown.id not in site.devices and site.successor(shown) is None:
            self.say(f"{shown.name} is not there any more.")

    @on(DeviceTable.Moved)
    def _moved(self) -> None:
        device, shown = self.table.device, self.drawer.device
        if self._is_open() and (device is None or shown is None or device.id != shown.id):
            self._show_in_drawer()
        self.redraw()

    @on(DeviceTable.Chosen)
    def _chosen(self) -> None:
        device = self.table.device
        if device is not None and device.connection is Connection.ADDING:
            self.action_install()
        else:
            self._open_drawer()

    def _open_drawer(self) -> None:
        self.add_class("-open")
        self._show_in_drawer()
        self.drawer.focus()

    def _show_in_drawer(self) -> None:
        device = self.table.device
        if device is None:
            self._close_drawer()
            return
        self.drawer.show_device(device, self.session.site.doing(device.id))
        self.attend(self._ask_detail, device, group="detail", exclusive=True)

    async def _ask_detail(self, device: DeviceView) -> None:
        # Somebody who runs through the rows asks only about the one that he stops at.
        await asyncio.sleep(_DETAIL_PAUSE)
        try:
            self.drawer.show_detail(await self.session.ask(ShowDevice(device=device.id), DeviceDetail))
        except CamtrustError as error:
            self.drawer.show_problem(sentences(error.title, error.hint))

    def _is_open(self) -> bool:
        return self.has_class("-open")

    def _close_drawer(self) -> None:
        self.remove_class("-open")
        self.table.focus()

    @on(Drawer.Asked)
    def _drawer_asked(self, message: Drawer.Asked) -> None:
        match message.verb:
            case "close":
                self._close_drawer()
            case "next" | "previous":
                self.table.action_move(1 if message.verb == "next" else -1)
            case "save" if not self.refused("save"):
                self.attend(self.save, group="save", once=True)

    async def action_filter(self) -> None:
        """Type words that rows must have."""
        self.add_class("-filtering")
        line = FilterLine(self.table.list.filter)
        await self.mount(line, before="#status")
        line.focus()

    @on(FilterLine.Typed)
    def _filtered(self, message: FilterLine.Typed) -> None:
        self.table.filter_by(message.words)

    @on(FilterLine.Left)
    async def _filter_left(self, message: FilterLine.Left) -> None:
        await message.line.remove()
        self.remove_class("-filtering")
        self.table.focus()

    def _filter_line(self) -> Line:
        rows = self.table.list
        if not rows.filter:
            return EMPTY
        counts = self.session.site.counts(self.session.now())
        count = counts.devices + (counts.others if rows.shows_others else 0)
        shown = f"{len(rows.rows)} of {plural(count, 'device')}"
        return ((f" Filter {rows.filter}", Tone.STRONG), (f"  {shown}, Esc ends it", Tone.QUIET))

    def action_back(self) -> None:
        """Close the drawer, else end the filter. Never leaves."""
        if self._is_open():
            self._close_drawer()
        elif self.table.list.filter:
            self.table.filter_by("")

    async def action_leave(self) -> None:
        """Close the drawer, else leave."""
        if self._is_open():
            self._close_drawer()
        else:
            await self.run_action("app.quit")

    def _tick(self) -> None:
        self.table.redraw()
        self.redraw()
