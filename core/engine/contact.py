"""Steps 1 to 5 of onboarding: reach the device, see its certificate, ask what it can do, log in, check for room."""

import asyncio
import dataclasses
import logging
from datetime import datetime

import msgspec

from core.decide.addresses import parse_address
from core.decide.key_choice import manages
from core.decide.keystore import Room, find_room, leftovers
from core.decide.old_tls import change_in_words
from core.decide.plain_http import Spot, kept_back, may_log_in
from core.decide.ports import has_https, is_https_off
from core.decide.preflight import CLOCK_TOLERANCE
from core.decide.steps import NO_LOGIN_ASKED, Step
from core.engine.case import Case
from core.engine.clock import now
from core.engine.enabling import Enabling, Outcome
from core.engine.finder import GIVEN_IS_HTTP, Finder, Place
from core.engine.progress import Progress
from core.engine.settlement import carry_out
from core.model.errors import (
    DeviceError,
    FaultError,
    LoginNeededError,
    NotReachedError,
    NotTlsError,
    TlsFailedError,
    UnexpectedLeafError,
    UnsupportedError,
    WrongLeafError,
)
from core.model.keystore import Information, Inventory, KeystoreCapabilities, Way
from core.model.records import Purpose
from core.network.look import Seen, look
from core.onvif.device import OnvifDevice
from core.onvif.management import CertificateManagement

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0

_log = logging.getLogger(__name__)


class Contact:
    """The first steps with one device. Each raises `DeviceError` where it cannot be done."""

    def __init__(self, case: Case, progress: Progress) -> None:
        self._case = case
        self._config = case.services.config
        self._progress = progress
        self._request = case.install.request
        self._replaces = self._request.purpose is Purpose.REPLACE
        self._target = parse_address(self._request.address)
        has_certificate = case.original.pin is not None and not (self._replaces and self._target.scheme == "http")
        # Only who says so moves a device that had a certificate, or should have one, to plain HTTP (rule R13).
        self._wants_https = has_certificate or bool(self._request.expect) or self._target.scheme == "https"
        self._enables = self._request.enable_https and not has_certificate
        if self._wants_https:
            # HTTPS that is off is switched on over plain HTTP.
            self._target = dataclasses.replace(self._target, scheme="" if self._enables else "https")
        self._loop = asyncio.get_running_loop()

    async def find(self) -> Place:
        """Step 1. Waits up to `patience` for a device that is mid-set-up."""
        patience = self._request.patience
        end = self._loop.time() + (self._config.patience if patience is None else patience)
        pause = _FIRST_PAUSE
        with self._progress.step(Step.FIND) as line:
            while True:
                try:
                    async with self._case.services.searches:
                        place = await self._find_once()
                except (NotReachedError, NotTlsError, TlsFailedError) as error:
                    if self._loop.time() + pause > end:
                        raise
                    line.detail = f"{error.title}; waiting for it"
                    self._progress.show()
                else:
                    line.detail = place.line
                    return place
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)

    async def _find_once(self) -> Place:
        found, original = self._case.services.registry.found(self._target.host), self._case.original
        place = await self._look_where_it_was()
        if place is None:
            was_there = original.scheme == "http" and original.host == self._target.host
            known_http = original.port if was_there else None
            legacy = self._case.may_fall_back
            place = await Finder(self._case.services.wsdls, self._target, found, known_http, legacy=legacy).find()
        self._case.show(
            host=self._target.host,
            path=found.path if found else self._case.device.path,
            endpoint=found.endpoint if found else self._case.device.endpoint,
        )
        self._show(place)
        return place

    def _show(self, place: Place) -> None:
        tls, weak = (place.seen.tls, place.seen.weak) if place.seen else ("", False)
        self._case.show(scheme=place.scheme, port=place.port, tls=tls, weak_tls=weak)

    async def _look_where_it_was(self) -> Place | None:
        """A device that has a certificate, and is not replaced, is not looked for at other ports."""
        port = self._case.original.port
        if self._case.original.pin is None or self._replaces or port is None:
            return None
        seen = await look(self._target.host, port, legacy=self._case.may_fall_back)
        return Place("https", port, "where it was", seen)

    async def look(self, seen: Seen) -> None:
        """Step 2: what the device shows now is what this whole session is bound to."""
        with self._progress.step(Step.LOOK) as line:
            device = self._case.device
            again = await look(device.host, device.port or 0, legacy=device.weak_tls)
            self._expect(seen, again)
            self._case.note_tls(again)
            if told := change_in_words(self._case.original, self._case.device):
                await self._case.services.tell("tls", told, self._case.device)
            line.detail = " ".join(seen.fingerprint[start : start + 4] for start in range(0, 16, 4)) + " …"
        await self._case.note_place(await self._case.learn_leaf(seen.der))

    def _expect(self, seen: Seen, again: Seen) -> None:
        if again.fingerprint != seen.fingerprint:
            raise UnexpectedLeafError(
                "The device answers with different certificates",
                "Something between gateway and camera may answer in its place. Nothing was sent.",
            )
        expected = self._request.expect
        if expected and expected != seen.fingerprint:
            raise UnexpectedLeafError(
                f"The device does not show the expected certificate but {seen.fingerprint}",
                "Nothing was sent. Compare the fingerprint with the one on the camera's own page.",
                seen.der,
            )
        pin = self._case.original.pin
        # Who replaces a device expects another certificate than the stored one.
        if pin is not None and pin.fingerprint != seen.fingerprint and not self._replaces:
            raise WrongLeafError(seen.der)
        if self._request.purpose is Purpose.ADD:
            self._refuse_twin(seen)

    def _refuse_twin(self, seen: Seen) -> None:
        """A certificate that was made for one device is shown by that one only: it is added already."""
        other = self._case.services.registry.made_for(seen.fingerprint, besides=self._case.device.id)
        if other is not None:
            raise UnexpectedLeafError(
                f"This is {other.name} ({other.host}), which is added already",
                f"It shows the certificate that was made for that one. If that one is here now: camtrust remove "
                f"{self._case.device.id}, then camtrust replace {other.id} {self._target}",
            )

    async def ask(self, onvif: OnvifDevice) -> tuple[KeystoreCapabilities | None, datetime | None]:
        """Step 3, without a login. Return what the keystore can do, None without one, and the device's clock."""
        with self._progress.step(Step.ASK) as line:
            clock = await onvif.clock()
            capabilities = await onvif.certificate_capabilities()
            line.detail = "; ".join(filter(None, (_ability(capabilities), _clock_note(clock))))
        return capabilities, clock

    async def log_in(self, onvif: OnvifDevice) -> None:
        """Step 4."""
        with self._progress.step(Step.LOGIN) as line:
            information = await onvif.information()
            login = self._case.login
            line.detail = f"as {login.user} ({onvif.login_way})" if login else ""
            if onvif.login_way == "none":
                line.detail = NO_LOGIN_ASKED
        self._learn(information)

    def _learn(self, information: Information) -> None:
        device = self._case.device
        model = f"{information.manufacturer} {information.model}".strip()
        # A device that nobody named is called by its model, which says more than its address.
        name = model if model and device.name == device.host else device.name
        self._case.show(name=name, **msgspec.structs.asdict(information))

    async def check_room(self, onvif: OnvifDevice, capabilities: KeystoreCapabilities | None) -> tuple[Inventory, Room]:
        """Step 5. Changes nothing, but clears away what earlier installs of ours left where that takes up the room."""
        with self._progress.step(Step.PREFLIGHT) as line:
            if not manages(capabilities) or capabilities is None:
                raise UnsupportedError("The camera cannot take a certificate of ours", "It keeps its own certificate.")
            management = onvif.management(capabilities.way)
            inventory = await management.inventory()
            leaf = await self._case.services.store.certificate(self._case.install.old or "") or b""
            room = find_room(capabilities, inventory, leaf)
            # By the device service a device does not say how much room there is.
            is_tight = bool(room.problem) or capabilities.way is Way.DEVICE
            if is_tight and await self._make_room(management, inventory, leaf):
                inventory = await management.inventory()
                room = find_room(capabilities, inventory, leaf)
            if room.problem:
                raise FaultError(room.problem, room.hint)
            line.detail = "for one key and one certificate"
        return inventory, room

    async def _make_room(self, management: CertificateManagement, inventory: Inventory, leaf: bytes) -> bool:
        """Clear away what earlier installs of ours left behind; tell whether there was anything."""
        signed = await self._case.signed_before(inventory)
        left = leftovers(inventory, self._case.services.alias_prefix, signed, leaf=leaf)
        try:
            for call in left:
                await carry_out(management, call, self._case.device.id)
        except (FaultError, UnsupportedError) as error:
            _log.info("%s: no room made: %s", self._case.device.id, error.title)
        return bool(left)

    async def over_http(self, place: Place) -> Outcome:
        """Steps 3 and 4 over plain HTTP, with a login only where that was allowed; from there on to HTTPS if there is.

        Raises `DeviceError` where HTTPS is there and fails, or where the device may not end on plain HTTP.
        """
        try:
            outcome = await self._over_http(place)
            if outcome.place is None and self._wants_https:
                raise outcome.note or kept_back(self._config.http_login)
        except BaseException as error:
            # Where HTTPS is wanted not even one who cancels it has said that plain HTTP will do.
            if self._wants_https or isinstance(error, DeviceError):
                self._case.show(scheme=self._case.original.scheme, port=self._case.original.port)
            raise
        if outcome.place is not None:
            self._show(outcome.place)
        return outcome

    async def _over_http(self, place: Place) -> Outcome:
        is_on_purpose = self._is_on_purpose(place)
        is_kept_back = self._case.login is not None and not self._may_log_in(place)
        if is_kept_back:
            self._case.login = None
        note: DeviceError | None = None
        try:
            async with self._case.session(None) as onvif:
                await self.ask(onvif)
                await self.log_in(onvif)
                return Outcome() if is_on_purpose else await Enabling(self._case, self._progress).go_on(onvif)
        except TlsFailedError:
            raise
        except LoginNeededError as error:
            note = kept_back(self._config.http_login) if is_kept_back else error
        except DeviceError as error:
            note = None if isinstance(error, UnsupportedError) else error
        return Outcome(note=note, is_off=not is_on_purpose and is_https_off(place.listed or ()))

    def _may_log_in(self, place: Place) -> bool:
        # Who agreed to a login for switching HTTPS on did not for a device that has none.
        enables = self._enables and (place.listed is None or has_https(place.listed))
        allowed = self._request.allow_http_login or enables or self._is_on_purpose(place)
        return may_log_in(self._config.http_login, allowed=allowed)

    def _is_on_purpose(self, place: Place) -> bool:
        given = place.how == GIVEN_IS_HTTP and not self._enables
        announced = self._case.services.registry.announced(self._target.host)
        return Spot(place.port, self._target.scheme == "http", given, announced).is_on_purpose


def _ability(capabilities: KeystoreCapabilities | None) -> str:
    if capabilities is None or not manages(capabilities):
        return "cannot take a certificate of ours"
    return f"can make a key and take a certificate, by its {capabilities.way}"


def _clock_note(clock: datetime | None) -> str:
    if clock is None or abs((clock - now()).total_seconds()) < CLOCK_TOLERANCE:
        return ""
    return f"its clock is wrong: {clock:%Y-%m-%d %H:%M}"
