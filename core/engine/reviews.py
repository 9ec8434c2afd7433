"""What a technician compares and decides: the stored certificate, the presented one, and accepting just that."""

from collections.abc import Awaitable, Callable

import msgspec

from core.decide.acts import by_whom
from core.decide.certificates import describe, key_fingerprint
from core.decide.change import Known, differences, explain
from core.decide.trust import Place, after_install, home_of, moved, place_under_review, trusting
from core.engine.clock import now, stamp
from core.engine.services import Services
from core.engine.work import Work
from core.model.device import AttentionKind, Connection, Origin
from core.model.errors import DeviceError, NotReachedError, RefusedError
from core.model.records import DeviceRecord, Pin
from core.model.review import Explanation, Review
from core.model.text import clean
from core.network.look import Seen, look

_LOOK_DEADLINE = 10.0
_LONGEST_REASON = 200
_HISTORY = 200
# What accepting a certificate has answered.
_SETTLED = frozenset(
    (
        AttentionKind.REVIEW_LEAF,
        AttentionKind.REVIEW_CHANGE,
        AttentionKind.UNEXPECTED_LEAF,
        AttentionKind.INSTALL_FAILED,
        AttentionKind.TLS_FAILED,
        AttentionKind.UNREACHABLE,
    )
)


class Reviews:
    """Compares certificates, and pins one that was accepted. `note` stores what another look showed at a place."""

    def __init__(
        self, services: Services, work: Work, note: Callable[[DeviceRecord, Seen, Place], Awaitable[None]]
    ) -> None:
        self._services = services
        self._store = services.store
        self._work = work
        self._note = note

    async def review(self, device: DeviceRecord) -> Review:
        """Return both certificates side by side, and why they differ."""
        stored, presented = await self._stored(device), await self._presented(device)
        pin = device.pin
        return Review(
            device=self._services.board.devices[device.id],
            stored=describe(stored) if stored else None,
            presented=describe(presented) if presented else None,
            explanations=await self.explain(device),
            differences=differences(stored, presented) if presented else (),
            stored_by=pin.by if pin else "",
            stored_at=pin.at if pin else "",
            reason=pin.reason if pin else "",
            since=await self._presented_since(device),
        )

    async def explain(self, device: DeviceRecord) -> tuple[Explanation, ...]:
        """Return why the device probably shows another certificate than the stored one, worst first."""
        presented = await self._presented(device)
        if presented is None:
            return ()
        return explain(await self._stored(device), presented, await self._known(device))

    async def accept(self, device: DeviceRecord, fingerprint: str, reason: str, who: str) -> None:
        """Pin the certificate with this fingerprint if the device shows just that one now (rule R15).

        A device that seems to have moved is looked at where its certificate was reviewed, and is there from then on.
        Raises `RefusedError` where it shows another one, `NotReachedError` where it does not answer.
        """
        if device.port is None or device.scheme == "http":
            why = "It is on plain HTTP." if device.scheme == "http" else "It has never answered. It is tried again."
            raise RefusedError(f"{device.name} shows no certificate that could be accepted", why)
        # What is held stays as it is: looks that had begun before are not taken in any more.
        with self._work.holding(device, who=who, doing="accepting a certificate of"):
            place = place_under_review(device)
            seen = await self._look(place, legacy=device.weak_tls)
            if refusal := _why_not(device, fingerprint, seen.fingerprint):
                await self._note(device, seen, place)
                raise refusal
            await self._pin(device, seen, clean(reason, _LONGEST_REASON), who)

    async def _look(self, place: Place, *, legacy: bool) -> Seen:
        try:
            return await look(*place, legacy=legacy, deadline=_LOOK_DEADLINE)
        except DeviceError as error:
            raise NotReachedError(
                f"Nothing was accepted: {error.title}", "The device is looked at before. Try again when it is back."
            ) from error

    async def _pin(self, device: DeviceRecord, seen: Seen, reason: str, who: str) -> None:
        await self._store.put_certificate(seen.der)
        self._services.registry.learn(seen.der)
        home, place = home_of(device), place_under_review(device)
        pin = Pin(seen.fingerprint, Origin.ACCEPTED, stamp(), who, reason)
        accepted = msgspec.structs.replace(
            trusting(device if place == home else moved(device, place), pin),
            scheme="https",
            tls=seen.tls,
            weak_tls=seen.weak,
            attention=tuple(note for note in device.attention if note.kind not in _SETTLED),
        )
        told = f"certificate accepted ({seen.fingerprint[:16]}…)"
        told += f" at its new address {place}, formerly {home}" if place != home else ""
        told += f', reason: "{reason}"' if reason else ""
        event = await self._store.pin(accepted, None, self._services.event("accepted", told, accepted, who))
        self._services.registry.put(accepted)
        self._services.registry.set_health(accepted.id, after_install(accepted))
        self._services.board.add_event(event)

    async def _stored(self, device: DeviceRecord) -> bytes | None:
        return await self._store.certificate(device.pin.fingerprint) if device.pin else None

    async def _presented(self, device: DeviceRecord) -> bytes | None:
        """A device that is not blocked presents what is stored."""
        shown = device.presented or (device.pin.fingerprint if device.pin else None)
        return await self._store.certificate(shown) if shown else None

    async def _presented_since(self, device: DeviceRecord) -> str:
        """Each other leaf than the one before it is told as a block of its own."""
        events = await self._store.events(_HISTORY, device.id) if device.presented else ()
        return next((event.at for event in reversed(events) if event.kind == Connection.BLOCKED), "")

    async def _known(self, device: DeviceRecord) -> Known:
        devices = [other for other in self._services.registry.devices.values() if other.id != device.id]
        others = {other.pin.fingerprint: f"{other.name} ({other.host})" for other in devices if other.pin is not None}
        keys = {}
        for leaf, name in others.items():
            der = await self._store.certificate(leaf)
            keys[key_fingerprint(der or b"")] = name
        installs = await self._store.installs(device.id)
        issued = frozenset(install.candidate for install in installs if install.candidate)
        pinned = {pin.fingerprint for pin in await self._store.pins(device.id)}
        # An install that came to nothing may have met anybody.
        before = frozenset(install.old for install in installs if install.old and install.candidate in pinned) - issued
        return Known(
            others=others,
            other_keys={key: name for key, name in keys.items() if key},
            seen_before=before,
            before=tuple([der for leaf in sorted(before) if (der := await self._store.certificate(leaf))]),
            issued=issued,
            authority=self._services.authority.der,
            now=now(),
            in_its_place=frozenset(
                other.pin.fingerprint for other in devices if other.pin and home_of(other) == home_of(device)
            ),
            claimed_at=str(place_under_review(device)) if device.presented_host else "",
        )


def _why_not(device: DeviceRecord, reviewed: str, shown: str) -> RefusedError | None:
    """Return why the certificate that was reviewed cannot be accepted: what the device shows, or who came first."""
    pin = device.pin
    if pin is not None and shown == pin.fingerprint and pin.origin is not Origin.DEVICE:
        done = "accepted" if pin.origin is Origin.ACCEPTED else "installed"
        told = by_whom(pin.by, pin.at, now())
        if shown == reviewed:
            return RefusedError(f"This certificate of {device.name} was {done} {told}", "There is nothing to do.")
        return RefusedError(
            f"{device.name} shows the certificate that was {done} {told}, not the one that was reviewed",
            "Nothing was accepted. There is nothing to do.",
        )
    if shown == reviewed:
        return None
    return RefusedError(
        f"{device.name} shows another certificate now than the one that was reviewed",
        f"Nothing was accepted. Compare the one that it shows now: SHA-256 {shown}",
    )
