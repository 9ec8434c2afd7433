"""From plain HTTP to HTTPS: to a port that only those learn who log in, and to HTTPS that has to be switched on first.

Only for devices without a stored certificate. HTTP is left as it is: whoever relies on it must not be locked out.
"""

import asyncio
import dataclasses
import logging
from dataclasses import dataclass

from core.decide.ports import DEVICE, USUAL_PORTS, https_ports, is_https_off, with_https_on
from core.decide.recovery import BEGIN, DONE, FAILED
from core.decide.steps import Action, Step
from core.engine import endings
from core.engine.case import Case
from core.engine.endings import Ending
from core.engine.finder import Place, look_at
from core.engine.progress import Progress
from core.model.device import Attention, AttentionKind
from core.model.errors import (
    AnswerLostError,
    DeviceError,
    GarbledError,
    LoginNeededError,
    LoginRefusedError,
    TlsFailedError,
)
from core.model.keystore import NetworkProtocol
from core.model.records import DeviceRecord
from core.network.look import Seen
from core.onvif.device import OnvifDevice

SWITCHED_ON = "switched on"
_FIRST_PAUSE, _LONGEST_PAUSE = 0.3, 5.0
_BETWEEN_LOOKS = 0.2
# A web server that starts may show a makeshift certificate for a moment.
_STEADY = 3
# How long a device may list the former settings before it counts as one that does not keep to what it said.
_SETTLES = 10.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a contact over plain HTTP.

    `place` is where HTTPS answers after all; without it the device stays on HTTP, `note` is what a person has to know,
    and `is_off` tells that HTTPS is switched off on the device.
    """

    place: Place | None = None
    note: DeviceError | None = None
    is_off: bool = False


def over_http(device: DeviceRecord, outcome: Outcome) -> Ending:
    """Return the end on plain HTTP. HTTPS that is off is told in place of a login that is missing for lack of it."""
    is_told = outcome.is_off and isinstance(outcome.note, LoginNeededError)
    ending = endings.over_http(device, None if is_told else outcome.note)
    if not outcome.is_off:
        return ending
    off = Attention(
        AttentionKind.HTTPS_OFF,
        "HTTPS is switched off on the device",
        f"camtrust replace {device.id} --enable-https switches it on; for that it logs in over plain HTTP once.",
    )
    return dataclasses.replace(endings.with_note(ending, off), hint=ending.hint or off.hint)


class Enabling:
    """Looks for HTTPS that a device tells of only after the login, and switches it on where that was asked for."""

    def __init__(self, case: Case, progress: Progress) -> None:
        self._case = case
        self._progress = progress
        self._is_asked_for = case.install.request.enable_https
        self._patience = case.services.config.restart_patience
        self._loop = asyncio.get_running_loop()
        self._tls_failure: TlsFailedError | None = None

    async def go_on(self, onvif: OnvifDevice) -> Outcome:
        """Find out what the device says of HTTPS over plain HTTP, where it may be logged in to, and go on from there.

        Raises `TlsFailedError` where HTTPS is there and fails, another `DeviceError` where it should be there and is
        not, or cannot be switched on; each tells why.
        """
        try:
            listed = await onvif.network_protocols()
        except DeviceError as error:
            if self._is_asked_for:
                raise _not_switched_on(error) from error
            _log.info("%s: no ports told: %s", self._case.device.id, error.title)
            return Outcome()
        if https_ports(listed):
            return Outcome(await self._find_listed(onvif, https_ports(listed)))
        if not self._is_asked_for:
            return Outcome(is_off=is_https_off(listed))
        if not is_https_off(listed):
            raise DeviceError("The device names no HTTPS that could be switched on", "A firmware update may bring it.")
        return Outcome(await self._switch_on(onvif, with_https_on(listed)))

    async def _find_listed(self, onvif: OnvifDevice, ports: tuple[int, ...]) -> Place:
        with self._progress.step(Step.FIND) as line:
            # Where it was to be switched on, that may have been done just before the gateway was interrupted.
            place = await (self._await_https(onvif, ports, DEVICE) if self._is_asked_for else self._look(ports, DEVICE))
            if place is None:
                raise self._tls_failure or _nothing_there(ports)
            line.detail = place.line
        return place

    async def _switch_on(self, onvif: OnvifDevice, protocols: tuple[NetworkProtocol, ...]) -> Place:
        with self._progress.step(Step.FIND) as line:
            line.detail = "HTTPS is being switched on"
            self._progress.show()
            await self._hand_over(onvif, protocols)
            place = await self._await_https(onvif, https_ports(protocols), SWITCHED_ON)
            await self._case.note(Action.ENABLE_HTTPS, DONE, {"https_port": str(place.port)})
            line.detail = place.line
        return place

    async def _hand_over(self, onvif: OnvifDevice, protocols: tuple[NetworkProtocol, ...]) -> None:
        request = self._case.install.request
        told = "HTTPS is to be switched on, by a login over plain HTTP"
        await self._case.services.tell("https on", told, self._case.device, request.by)
        await self._case.note(Action.ENABLE_HTTPS, BEGIN, {})
        try:
            await onvif.set_network_protocols(protocols)
        except (AnswerLostError, GarbledError) as error:
            # Some restart their web server before they have answered: what became of it is read back.
            _log.info("%s: %s", self._case.device.id, error.title)
        except DeviceError as error:
            await self._case.note(Action.ENABLE_HTTPS, FAILED, {})
            raise _not_switched_on(error) from error

    async def _await_https(self, onvif: OnvifDevice, ports: tuple[int, ...], how: str) -> Place:
        """Read back and look, until HTTPS answers or there is no hope that it will."""
        start, pause = self._loop.time(), _FIRST_PAUSE
        settles = min(_SETTLES, self._patience / 2)
        while True:
            listed = await self._read_back(onvif)
            ports = tuple(dict.fromkeys((*https_ports(listed or ()), *ports)))
            place = await self._look(ports, how)
            if place is not None:
                return place
            waited = self._loop.time() - start
            if listed is not None and is_https_off(listed) and waited >= settles:
                raise _still_off()
            if waited >= self._patience:
                raise self._tls_failure or _nothing_there(ports)
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    async def _read_back(self, onvif: OnvifDevice) -> tuple[NetworkProtocol, ...] | None:
        """Return what the device lists now, None where it does not answer well. A refused login ends it (rule R18)."""
        try:
            return await onvif.network_protocols()
        except LoginRefusedError:
            raise
        except DeviceError as error:
            _log.info("%s: not read back: %s", self._case.device.id, error.title)
            return None

    async def _look(self, ports: tuple[int, ...], how: str) -> Place | None:
        """Look at the ports that are named, and at the usual ones, as some name another than they listen on."""
        outcomes = await self._look_at(tuple(dict.fromkeys((*ports, *USUAL_PORTS))))
        failures = (outcomes[port] for port in ports)
        self._tls_failure = next((error for error in failures if isinstance(error, TlsFailedError)), None)
        for port, outcome in outcomes.items():
            if isinstance(outcome, Seen) and await self._is_steady(port, outcome):
                return Place("https", port, how, outcome)
        return None

    async def _look_at(self, ports: tuple[int, ...]) -> dict[int, Seen | DeviceError]:
        return await look_at(self._case.device.host, ports, legacy=self._case.may_fall_back)

    async def _is_steady(self, port: int, seen: Seen) -> bool:
        for _ in range(_STEADY - 1):
            await asyncio.sleep(_BETWEEN_LOOKS)
            again = (await self._look_at((port,)))[port]
            if not isinstance(again, Seen) or again.fingerprint != seen.fingerprint:
                return False
        return True


def _not_switched_on(error: DeviceError) -> DeviceError:
    if isinstance(error, LoginRefusedError):
        return error
    return DeviceError(f"HTTPS could not be switched on: {error.title}", error.hint)


def _still_off() -> DeviceError:
    return DeviceError(
        "HTTPS was to be switched on, and the device still has it off",
        "Switch it on on the camera's own page, or restart the camera and try again.",
    )


def _nothing_there(ports: tuple[int, ...]) -> DeviceError:
    listed = ", ".join(map(str, ports))
    return DeviceError(
        f"HTTPS is switched on, but nothing answers on port {listed}",
        "The camera may need a restart, or a firewall stands between. Then replace it to try again.",
    )
