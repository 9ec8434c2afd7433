"""The queue: all certificates of the site that somebody has to decide about, by reason. Each is decided on its own."""

from collections.abc import Iterable
from datetime import datetime

from textual import on
from textual.signal import Signal
from textual.widget import Widget

from core.model.device import DeviceView
from tui.keys import key_of
from tui.paragraphs import Line, fit, longest, plain
from tui.review import groups, queue
from tui.screens.frame import Frame
from tui.session import Session
from tui.site import Change
from tui.widgets.choices import Choices, Item
from tui.words import Tone, moment, plural, short, state

_MARK, _SINCE = 3, 18
_NARROW, _WIDE = 80, 100


class QueueScreen(Frame):
    """Lists what to decide; Enter opens one."""

    VERBS = ("compare", "back", "help")

    def __init__(self, session: Session, changes: Signal[Change]) -> None:
        super().__init__(session, changes)
        self._choices = Choices()

    def body(self) -> Widget:
        """Return the list."""
        return self._choices

    def heading(self) -> Line:
        """Return how many they are."""
        count = len(self._queue())
        return plain(f" {plural(count, 'certificate')} to decide about, by reason", Tone.STRONG)

    def heading_end(self) -> Line:
        """Return how old all of it is, where the engine is gone."""
        return () if self.session.is_up else super().heading_end()

    def standing(self) -> tuple[Line, Line]:
        """Return that there is no short cut."""
        goes_on = f"on its own; {key_of('next')} goes on to the next one."
        told = longest((f"Each is compared and decided {goes_on}", f"Each is decided {goes_on}"), self.size.width - 3)
        return plain(f" {told}", Tone.QUIET), ()

    def site_changed(self, change: Change) -> None:
        """Show what is to be decided now."""
        self._show()
        super().site_changed(change)

    def on_resize(self) -> None:
        """Fit the columns to the new width."""
        self._show()

    def _show(self) -> None:
        self._choices.show(list(_items(self._queue(), self.session.now(), self.size.width)))

    def _queue(self) -> tuple[DeviceView, ...]:
        return queue(self.session.site.devices.values())

    @on(Choices.Chosen)
    def _chosen(self, message: Choices.Chosen) -> None:
        from tui.screens.certificate import CertificateScreen

        device = self.session.site.devices.get(message.key)
        if device is None:
            return
        screen = CertificateScreen(self.session, self.changes, device)
        self.app.push_screen(screen, lambda _: self._choices.go_to(screen.reading.device.id))


def _items(devices: tuple[DeviceView, ...], now: datetime, width: int) -> Iterable[Item]:
    if not devices:
        yield Item(plain(" Nothing is left to decide.", Tone.STRONG))
    for why, members in groups(devices):
        yield Item(())
        yield Item(plain(f" {len(members)}  {why}", Tone.STRONG))
        for device in members:
            yield Item(_row(device, now, width), device.id)


def _row(device: DeviceView, now: datetime, width: int) -> Line:
    name, address = (26, 24) if width >= _WIDE else (18, 0) if width < _NARROW else (17, 21)
    where = state(device, now)
    since = moment(device.since, now)
    leaf = device.presented or device.fingerprint
    return (
        (where.mark, where.tone),
        (" " * (_MARK - len(where.mark)), Tone.PLAIN),
        (fit(device.name, name - 1) + " " + (fit(device.address, address - 1) + " " if address else ""), Tone.PLAIN),
        (fit(f"since {since}" if since else "", _SINCE), Tone.PLAIN),
        (short(leaf) if leaf else "", Tone.PLAIN),
    )
