"""Steps 6 to 8 of onboarding: the device makes a key, we sign for it, the device takes the certificate.

Each call that changes something is in the journal before it is sent, and after its outcome.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from core.authority.authority import Issued, IssueRequest
from core.decide.certificates import fingerprint, public_key
from core.decide.key_choice import KeySpec, csr_algorithms, key_specs
from core.decide.keystore import Room, key_ids, was_there
from core.decide.recovery import BEGIN, DONE, FAILED
from core.decide.steps import Action, Step
from core.engine.case import Case
from core.engine.clock import now
from core.engine.progress import Line, Progress
from core.model.errors import (
    AnswerLostError,
    CamtrustError,
    DeviceError,
    FaultError,
    GarbledError,
    NotReachedError,
    TlsFailedError,
    UnsupportedError,
)
from core.model.keystore import Inventory, KeyState, KeystoreCapabilities, MadeKey, Way
from core.onvif.management import CertificateManagement

_SHORTEST_POLL, _LONGEST_POLL = 0.1, 3.0
_OTHER_ALGORITHM = frozenset(("UnsupportedSignatureAlgorithm", "KeySignatureAlgorithmMismatch", "CSRCreationFailed"))
_OTHER_KEY = frozenset(("KeyLength", "UnsupportedEllipticCurve"))


class Maker:
    """Makes and installs the certificate of one device, over one session that is bound to its former leaf."""

    def __init__(self, case: Case, progress: Progress, management: CertificateManagement) -> None:
        self._case = case
        self._management = management
        self._services = case.services
        self._alias = case.alias
        self._progress = progress
        self._loop = asyncio.get_running_loop()

    async def make(
        self,
        capabilities: KeystoreCapabilities,
        inventory: Inventory,
        room: Room,
        device_clock: datetime | None,
    ) -> None:
        """Run the three steps. Raises `DeviceError`; the journal then tells how far it came."""
        with self._progress.step(Step.KEY) as line:
            spec, key = await self._make_key(capabilities, inventory, room, line)
        with self._progress.step(Step.SIGN) as line:
            csr = await self._request(key.id, csr_algorithms(spec, capabilities.algorithms))
            der = await self._sign(csr, spec, key, device_clock, line)
        with self._progress.step(Step.INSTALL) as line:
            await self._hand_over(der, key.id, room.old_path, line)

    async def _make_key(
        self, capabilities: KeystoreCapabilities, inventory: Inventory, room: Room, line: Line
    ) -> tuple[KeySpec, MadeKey]:
        ids = "\n".join(key_ids(inventory, capabilities.way))
        known = {"keys_before": ids, "way": capabilities.way, "old_path": room.old_path}
        specs = key_specs(capabilities)
        for spec, is_last in zip(specs, (*[False] * (len(specs) - 1), True), strict=True):
            try:
                return spec, await self._make_one_key(spec, inventory, known, line)
            except (FaultError, UnsupportedError) as error:
                refused = isinstance(error, UnsupportedError) or not _OTHER_KEY.isdisjoint(error.codes)
                if is_last or not refused:
                    raise
        raise UnsupportedError("The device makes no kind of key that can be used", "It keeps its own certificate.")

    async def _make_one_key(self, spec: KeySpec, inventory: Inventory, known: dict[str, str], line: Line) -> MadeKey:
        line.detail = str(spec)
        async with self._journaled(Action.MAKE_KEY, **known) as data:
            key = await self._management.create_key(spec, self._alias)
            if was_there(inventory, key, Way(known["way"])):
                raise FaultError(
                    "The device answered with a key that was there before",
                    "It keeps its own certificate. A newer firmware may help.",
                )
            data["key"], data["makeshift"] = key.id, fingerprint(key.makeshift) if key.makeshift else ""
        # What this model took last time says more than what the device expects.
        line.usual = line.usual or key.seconds or None
        self._progress.show()
        await self._await_key(key)
        line.detail = f"{spec}, weak: the device makes no stronger one" if spec.weak else str(spec)
        return key

    async def _await_key(self, key: MadeKey) -> None:
        end = self._loop.time() + max(self._services.config.key_patience, 3 * key.seconds)
        pause = _SHORTEST_POLL
        while self._loop.time() < end:
            state = await self._key_state(key.id)
            if state is KeyState.OK:
                return
            if state is KeyState.CORRUPT:
                raise FaultError(
                    "The device could not make its key", "Try again; if it fails again, restart the camera."
                )
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_POLL)
        raise FaultError("The device did not finish its key in time", "Try again when the camera is less busy.")

    async def _key_state(self, key: str) -> KeyState | None:
        """Ask once; a device that is too busy to answer, or to shake hands, is asked again by the caller."""
        try:
            return await self._management.key_state(key)
        except (AnswerLostError, NotReachedError, TlsFailedError):
            return None

    async def _request(self, key: str, algorithms: tuple[str, ...]) -> bytes:
        subject = self._services.authority.subject(self._case.device.id)
        for algorithm in algorithms[:-1]:
            try:
                return await self._management.csr(key, subject, algorithm)
            except FaultError as error:
                if _OTHER_ALGORITHM.isdisjoint(error.codes):
                    raise
        return await self._management.csr(key, subject, algorithms[-1])

    async def _sign(self, csr: bytes, spec: KeySpec, key: MadeKey, device_clock: datetime | None, line: Line) -> bytes:
        request = IssueRequest(
            device=self._case.device.id,
            host=self._case.device.host,
            public_key=public_key(key.makeshift),
            now=now(),
            device_clock=device_clock,
            other_keys=await self._services.store.known_keys(self._case.device.id),
            smallest_rsa=spec.smallest_rsa,
        )
        async with self._journaled(Action.SIGN):
            issued = await self._issue(csr, request)
            # In the store before it leaves the process (rule R30).
            await self._case.update_install(candidate=await self._case.learn_leaf(issued.der))
        line.detail = "; ".join(issued.notes)
        return issued.der

    async def _issue(self, csr: bytes, request: IssueRequest) -> Issued:
        """Sign. Where the gateway itself cannot, this install fails as if it were the device, and is not repeated."""
        try:
            return await asyncio.to_thread(self._services.authority.issue, csr, request)
        except DeviceError:
            raise
        except CamtrustError as error:
            raise DeviceError(error.title, error.hint) from error

    async def _hand_over(self, der: bytes, key: str, old_path: str, line: Line) -> None:
        management = self._management
        # Some devices take it into use at once.
        async with self._journaled(Action.UPLOAD) as data:
            certificate, uploaded_for = await management.upload(der, key, self._alias)
            data["certificate"] = certificate
        if uploaded_for and uploaded_for != key:
            raise FaultError(
                "The device put the certificate to another key than the one it made",
                "It keeps its own certificate. A newer firmware may help.",
            )
        async with self._journaled(Action.MAKE_PATH) as data:
            path = data["path"] = await management.create_path(certificate, self._alias)
        line.detail = "in place of the former one" if old_path else ""
        async with self._journaled(Action.ASSIGN):
            if old_path:
                await management.replace_assignment(old_path, path)
            else:
                await management.add_assignment(path)

    @asynccontextmanager
    async def _journaled(self, action: Action, **data: str) -> AsyncIterator[dict[str, str]]:
        """Write the action down before the block and its outcome after it.

        A lost or unreadable answer and a cancelled wait leave only the beginning: what the device did is then unknown.
        """
        await self._case.note(action, BEGIN, data)
        learnt: dict[str, str] = {}
        try:
            yield learnt
        except (AnswerLostError, GarbledError):
            raise
        except DeviceError:
            await self._case.note(action, FAILED, {})
            raise
        await self._case.note(action, DONE, learnt)
