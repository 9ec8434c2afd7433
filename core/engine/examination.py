"""Finds out what an install would meet on one device, by questions only: nothing is changed on it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import msgspec

from core.decide.addresses import Target
from core.decide.durations import usual_times
from core.decide.key_choice import manages
from core.decide.keystore import leftovers
from core.decide.plain_http import Spot, kept_back, may_log_in
from core.decide.ports import DEVICE, https_ports, is_https_off
from core.decide.preflight import Learnt
from core.engine.clock import now
from core.engine.finder import GIVEN_IS_HTTP, Finder, Place, look_at
from core.engine.services import Services
from core.model.errors import (
    AnswerLostError,
    DeviceError,
    LoginNeededError,
    LoginRefusedError,
    UnexpectedLeafError,
    WrongLeafError,
)
from core.model.records import DeviceRecord, Login
from core.network.look import Seen, look
from core.onvif.device import OnvifDevice


@dataclass(frozen=True, slots=True)
class Limits:
    """How long it may take, in seconds: to find a device, to talk to it, and for each of its answers."""

    search: float = 9.0
    talk: float = 11.0
    answer: float = 5.0


LIMITS = Limits()


class Examination:
    """One device: `device` as it is known, or made up for one that is not added, to be found at `target`.

    `learnt` is what is known so far. `login` is forgotten where it must not be sent, which `learnt` then tells.
    """

    def __init__(
        self,
        services: Services,
        device: DeviceRecord,
        target: Target,
        learnt: Learnt,
        *,
        allow_http: bool,
        limits: Limits,
    ) -> None:
        self._services = services
        self._device = device
        self._target = target
        self._allow_http = allow_http
        self._limits = limits
        self._legacy = device.pin is None or device.weak_tls
        self._place: Place | None = None
        self.learnt = learnt
        self.login: Login | None = None

    async def find(self) -> bool:
        """Look where it answers, and what it shows there; tell whether it may be talked to."""
        async with self._services.searches, self._noting(self._limits.search):
            self._take(await self._find())
        return self._place is not None and self.learnt.trouble is None and not self.learnt.blocked

    async def talk(self) -> None:
        """Ask all that an install would ask, over connections that are bound to what it shows."""
        async with self._noting(self._limits.talk):
            place = await self._talk_at(self._place) if self._place is not None else None
            if place is not None:
                self._take(place)
                await self._talk_at(place)
        await self._recall()

    def withhold(self, error: LoginRefusedError) -> None:
        """Do without the login, for this reason."""
        self.learnt.withheld, self.login = error, None

    @asynccontextmanager
    async def _noting(self, longest: float) -> AsyncIterator[None]:
        """End the asking where it fails, or takes longer than that many seconds, and note why."""
        try:
            async with asyncio.timeout(longest):
                yield
        except TimeoutError:
            self.learnt.trouble = AnswerLostError(f"It has not answered everything within {longest:.3g} s")
        except LoginNeededError as error:
            # Where there is a login it is told why it was not sent.
            self.learnt.trouble = error if self.learnt.withheld is None else None
        except WrongLeafError:
            self.learnt.trouble = UnexpectedLeafError(
                "It answers with different certificates",
                "Something between gateway and camera may answer in its place. Nothing was sent there.",
            )
        except DeviceError as error:
            self.learnt.trouble = error

    async def _find(self) -> Place:
        device, host = self._device, self._target.host
        if device.pin is not None and device.port is not None:
            seen = await look(device.host, device.port, legacy=self._legacy, deadline=self._limits.answer)
            return Place("https", device.port, "where it was", seen)
        known_http = device.port if device.scheme == "http" else None
        found = self._services.registry.found(host)
        return await Finder(self._services.wsdls, self._target, found, known_http, legacy=self._legacy).find()

    def _take(self, place: Place) -> None:
        """Go on with what answers there."""
        learnt, pin, seen = self.learnt, self._device.pin, place.seen
        self._place = place
        learnt.scheme, learnt.port, learnt.place = place.scheme, place.port, place.line
        learnt.is_off = is_https_off(place.listed or ())
        learnt.leaf, learnt.tls, learnt.weak = (seen.fingerprint, seen.tls, seen.weak) if seen else ("", "", False)
        is_other = pin is not None and pin.fingerprint != learnt.leaf
        learnt.blocked = is_other or self._device.presented is not None
        self._device = msgspec.structs.replace(
            self._device, scheme=place.scheme, port=place.port, tls=learnt.tls, weak_tls=learnt.weak
        )
        if seen is None and self.login is not None and not self._may_log_in(place):
            self.withhold(kept_back(self._services.config.http_login))
        self._refuse_twin()

    def _refuse_twin(self) -> None:
        """A certificate that was made for another device is shown by that one only."""
        other = self._services.registry.made_for(self.learnt.leaf, besides=self._device.id)
        if other is not None:
            raise UnexpectedLeafError(
                f"It shows the certificate of {other.name} ({other.host}), which is added already",
                f"If that one is here now: camtrust replace {other.id} {self._target}",
            )

    def _may_log_in(self, place: Place) -> bool:
        allowed = self._allow_http or self._is_on_purpose(place)
        return may_log_in(self._services.config.http_login, allowed=allowed)

    def _is_on_purpose(self, place: Place) -> bool:
        announced = self._services.registry.announced(self._target.host)
        is_given = place.how == GIVEN_IS_HTTP
        return Spot(place.port, self._target.scheme == "http", is_given, announced).is_on_purpose

    async def _talk_at(self, place: Place) -> Place | None:
        """Ask there; return where HTTPS answers, if only those are told who log in over plain HTTP."""
        leaf = place.seen.fingerprint if place.seen else None
        async with self._services.session(self._device, leaf, self.login, deadline=self._limits.answer) as onvif:
            await self._ask(onvif)
            if place.seen is None and not self._is_on_purpose(place):
                other = await self._https_told(onvif)
                if other is not None:
                    return other
            await self._ask_room(onvif)
        return None

    async def _ask(self, onvif: OnvifDevice) -> None:
        learnt = self.learnt
        learnt.clock = await onvif.clock()
        learnt.clock_offset = (learnt.clock - now()).total_seconds() if learnt.clock else None
        learnt.clock_asked = True
        learnt.capabilities = await onvif.certificate_capabilities()
        learnt.way_asked = True
        learnt.information = await onvif.information()
        learnt.login = onvif.login_way

    async def _https_told(self, onvif: OnvifDevice) -> Place | None:
        listed = await onvif.network_protocols()
        self.learnt.is_off = is_https_off(listed)
        for port, outcome in (await look_at(self._target.host, https_ports(listed), legacy=self._legacy)).items():
            if isinstance(outcome, Seen):
                return Place("https", port, DEVICE, outcome)
        return None

    async def _ask_room(self, onvif: OnvifDevice) -> None:
        learnt = self.learnt
        if learnt.capabilities is None or not manages(learnt.capabilities):
            return
        inventory = await onvif.management(learnt.capabilities.way).inventory()
        signed = await self._services.signed_among(inventory)
        seen = self._place.seen if self._place else None
        learnt.left = leftovers(inventory, self._services.alias_prefix, signed, leaf=seen.der if seen else b"")
        learnt.inventory = inventory

    async def _recall(self) -> None:
        """Look up how long its model took last time."""
        told = self.learnt.information
        journal = await self._services.store.last_journal_of(told.manufacturer, told.model) if told.model else []
        self.learnt.times = usual_times(journal) if journal else None
