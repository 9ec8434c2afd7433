"""Whoever claims to be a device that is away is looked at, and is for a technician to decide about."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest

from core.decide.certificates import key_fingerprint
from core.decide.following import MOST_LOOKS
from core.decide.trust import BLOCKED_TEXT
from core.model.device import Connection, Origin
from core.model.errors import RefusedError
from core.model.messages import (
    AcceptCertificate,
    Certificate,
    ReadCertificate,
    ReissueCertificate,
    ReplaceDevice,
)
from core.model.review import ChangeKind
from core.simulator.settings import CameraSettings, Quirks
from core.simulator.site import Site
from tests.engine.conftest import CALLER, CONFIG, until
from tests.engine.counting import CountingDevice, Odd, copy_of, twin_of
from tests.engine.moving import Network, at, at_work, heard_nothing
from tests.network.leaves import new_leaf

ONE, TWO, OTHER, STRANGE = (new_leaf(name) for name in ("one", "two", "other", "strange"))


@pytest.fixture
async def network(folder: Path) -> AsyncIterator[Network]:
    async with at_work(folder) as network:
        yield network


async def test_a_camera_that_moved_and_made_a_new_certificate_waits_for_a_technician(
    network: Network, tmp_path: Path
) -> None:
    quirks = Quirks(new_certificate_at_boot=True)
    here = CameraSettings(host="127.0.93.21", serial="1", quirks=quirks, state_file=str(tmp_path / "flash"))
    async with Site((here,), network.port) as site:
        await until(lambda: network.gateway.engine.board.devices)
        device = await network.gateway.add(here.host)
        here = msgspec.structs.replace(here, https_port=site.cameras[0].https_port)
    there = msgspec.structs.replace(here, host="127.0.93.22")
    async with Site((there,), network.port) as site:
        [camera] = site.cameras
        view = await network.becomes(device, Connection.BLOCKED)
        assert (view.host, view.presented_at) == (here.host, f"127.0.93.22:{here.https_port}")
        review = await network.review(device)
        assert review.presented is not None
        assert review.explanations[0].kind is ChangeKind.MOVED
        assert camera.log.received("https") == 0
        await network.gateway.engine.handle(
            AcceptCertificate(device=device.id, fingerprint=review.presented.fingerprint, reason="seen on site"), CALLER
        )
        view = network.view(device)
        assert (view.host, view.presented_at, view.connection) == (there.host, None, Connection.ONLINE)
        assert (view.fingerprint, view.origin) == (review.presented.fingerprint, Origin.ACCEPTED)
        [told] = await network.events(device, "accepted")
        assert f"at its new address 127.0.93.22:{here.https_port}, formerly 127.0.93.21:{here.https_port}" in told
        assert "seen on site" in told
        await network.gateway.engine.handle(ReissueCertificate(device=device.id), CALLER)
        await network.gateway.ended(device.id)
        assert network.view(device).origin is Origin.ISSUED


async def test_a_key_in_another_certificate_is_for_a_technician_to_decide(network: Network) -> None:
    async with CountingDevice("127.0.94.61", ONE) as here:
        device = await network.gateway.add(here.address)
    async with at("127.0.94.62", here.port, twin_of(ONE)) as there:
        network.hear(there.host, key=key_fingerprint(ONE.der))
        await network.becomes(device, Connection.BLOCKED)
        kinds = {explanation.kind for explanation in (await network.review(device)).explanations}
        assert {ChangeKind.MOVED, ChangeKind.SAME_KEY} <= kinds
        assert heard_nothing(there)


async def test_what_is_only_a_guess_is_nobodys_claim(network: Network) -> None:
    async with CountingDevice("127.0.94.69", ONE) as first, at("127.0.94.70", first.port, TWO) as second:
        one, two = [await network.gateway.add(device.address) for device in (first, second)]
        with network.holding(one):
            await first.off()
            second.show(ONE)
            await network.becomes(two, Connection.BLOCKED)
        with network.holding(two):
            second.show(STRANGE)
            await network.becomes(one, Connection.OFFLINE)
            await until(lambda: STRANGE.fingerprint in second.presented)
            await network.checked()
            assert (network.view(one).connection, network.view(one).presented) == (Connection.OFFLINE, None)


async def test_of_several_who_claim_to_be_a_device_the_first_is_what_there_is_to_review(network: Network) -> None:
    async with AsyncExitStack() as stack:
        here = await stack.enter_async_context(CountingDevice("127.0.94.71", ONE))
        device = await network.add(here)
        claims = [at(f"127.0.94.{72 + n}", here.port, leaf) for n, leaf in enumerate((OTHER, STRANGE))]
        for claim in claims:
            await stack.enter_async_context(claim)
            network.claim(claim.host)
        await here.off()
        view = await network.becomes(device, Connection.BLOCKED)
        for _ in range(3):
            await network.checked()
            assert network.view(device).presented == view.presented
        assert all(claim.presented for claim in claims)
        # Once the first has gone, or shows nothing else, it is the other one's turn.
        [shown] = [claim for claim in claims if claim.address == view.presented_at]
        [other] = [claim for claim in claims if claim is not shown]
        await shown.off()
        await until(lambda: network.view(device).presented_at == other.address)


async def test_a_stranger_who_announces_a_device_that_is_online_is_not_even_looked_at(network: Network) -> None:
    async with CountingDevice("127.0.94.41", ONE) as victim, at("127.0.94.42", victim.port, STRANGE) as stranger:
        device = await network.add(victim)
        network.claim(stranger.host, https=stranger.port)
        looks = len(victim.presented)
        await until(lambda: len(victim.presented) > looks + 5)
        await network.checked()
        assert network.view(device).connection is Connection.ONLINE
        assert not stranger.presented


async def test_a_stranger_who_announces_a_device_that_is_away_blocks_it_until_it_is_back(network: Network) -> None:
    async with CountingDevice("127.0.94.43", ONE) as victim, at("127.0.94.44", victim.port, STRANGE) as stranger:
        device = await network.add(victim)
        await victim.off()
        network.claim(stranger.host)
        view = await network.becomes(device, Connection.BLOCKED)
        assert (view.host, view.attention, view.presented) == (victim.host, BLOCKED_TEXT, STRANGE.fingerprint)
        await until(lambda: network.view(device).change)
        claimed = f"A device that claims to be this one is at {stranger.address} now, with another certificate"
        assert network.view(device).change == claimed
        shown = await network.gateway.engine.handle(ReadCertificate(device=device.id, which="presented"), CALLER)
        assert isinstance(shown, Certificate)
        assert shown.der == STRANGE.der
        await victim.on()
        view = await network.becomes(device, Connection.ONLINE)
        assert (view.presented, view.presented_at, view.change) == (None, None, None)
        assert stranger.presented
        assert heard_nothing(stranger, victim)
        await until(lambda: network.told("online"))
        assert await network.events(device, "blocked") == [
            f"blocked: what claims to be it at {stranger.address} shows another certificate than the stored one"
        ]
        assert await network.events(device, "online") == ["online, again at its own address"]


async def test_who_copied_its_certificate_but_has_not_its_key_is_neither_followed_nor_anything_to_review(
    network: Network,
) -> None:
    async with CountingDevice("127.0.94.91", ONE) as victim, at("127.0.94.92", victim.port, copy_of(ONE)) as thief:
        device = await network.add(victim)
        await victim.off()
        network.claim(thief.host)
        await network.becomes(device, Connection.OFFLINE)
        await until(lambda: thief.connections > 1)
        view = network.view(device)
        assert (view.host, view.connection, view.presented) == (victim.host, Connection.OFFLINE, None)
        assert not thief.presented
        async with at("127.0.94.93", victim.port, ONE) as there:
            network.claim(there.host)
            await network.followed(device, there)
        assert heard_nothing(thief, there)


async def test_the_device_itself_is_followed_past_a_stranger_who_came_first(network: Network) -> None:
    async with CountingDevice("127.0.94.45", ONE) as here, at("127.0.94.46", here.port, STRANGE) as stranger:
        device = await network.add(here)
        await here.off()
        network.claim(stranger.host)
        await network.becomes(device, Connection.BLOCKED)
        async with at("127.0.94.47", here.port, ONE) as there:
            network.claim(there.host)
            view = await network.followed(device, there)
            assert (view.presented, view.presented_at) == (None, None)
            assert heard_nothing(stranger, there)


async def test_another_certificate_in_its_own_place_counts_more_than_any_claim(network: Network) -> None:
    async with CountingDevice("127.0.94.48", ONE) as here, at("127.0.94.49", here.port, STRANGE) as stranger:
        device = await network.add(here)
        await here.off()
        network.claim(stranger.host)
        await network.becomes(device, Connection.BLOCKED)
        here.show(OTHER)
        await here.on()
        await until(lambda: network.view(device).presented == OTHER.fingerprint)
        await network.checked()
        assert (network.view(device).presented, network.view(device).presented_at) == (OTHER.fingerprint, None)
        assert (await network.accept(device, OTHER)).host == here.host
        assert heard_nothing(here, stranger)


async def test_only_what_was_reviewed_at_the_other_address_is_accepted(network: Network) -> None:
    async with CountingDevice("127.0.94.51", ONE) as here, at("127.0.94.52", here.port, OTHER) as there:
        device = await network.add(here)
        await here.off()
        network.claim(there.host)
        await network.becomes(device, Connection.BLOCKED)
        there.show(STRANGE)
        with pytest.raises(RefusedError, match="another certificate now"):
            await network.accept(device, OTHER)
        await until(lambda: network.view(device).presented == STRANGE.fingerprint)
        view = network.view(device)
        assert (view.host, view.fingerprint, view.presented_at) == (here.host, ONE.fingerprint, there.address)
        view = await network.accept(device, STRANGE)
        assert (view.host, view.fingerprint, view.connection) == (there.host, STRANGE.fingerprint, Connection.ONLINE)
        await network.checked()
        assert network.view(device).connection is Connection.ONLINE
        assert heard_nothing(there)


async def test_who_claims_with_ever_new_certificates_fills_neither_disk_nor_history(network: Network) -> None:
    leaves = [new_leaf(f"new {n}") for n in range(12)]
    async with CountingDevice("127.0.94.81", ONE) as here, at("127.0.94.82", here.port, *leaves) as there:
        device = await network.add(here)
        await here.off()
        network.claim(there.host)
        await until(lambda: len(there.presented) > len(leaves) + 2)
        told = await network.events(device, "blocked")
        assert 1 < len(told) <= 8
        assert network.view(device).presented == leaves[7].fingerprint


async def test_a_device_that_shows_its_own_certificate_when_another_is_accepted_is_followed(network: Network) -> None:
    async with CountingDevice("127.0.94.63", ONE) as here, at("127.0.94.64", here.port, OTHER) as there:
        device = await network.add(here)
        await here.off()
        network.claim(there.host)
        await network.becomes(device, Connection.BLOCKED)
        there.show(ONE)
        with pytest.raises(RefusedError):
            await network.accept(device, OTHER)
        await network.followed(device, there)
        await until(lambda: network.told("followed"))
        assert network.view(device).fingerprint == ONE.fingerprint


async def test_a_device_that_is_back_home_is_not_accepted_elsewhere(network: Network) -> None:
    async with CountingDevice("127.0.94.53", ONE) as here, at("127.0.94.54", here.port, OTHER) as there:
        device = await network.add(here)
        await here.off()
        network.claim(there.host)
        await network.becomes(device, Connection.BLOCKED)
        await here.on()
        await network.becomes(device, Connection.ONLINE)
        with pytest.raises(RefusedError):
            await network.accept(device, OTHER)
        assert (network.view(device).host, network.view(device).fingerprint) == (here.host, ONE.fingerprint)


async def test_replacing_by_the_new_address_ends_the_claim(network: Network) -> None:
    async with CountingDevice("127.0.94.55", ONE) as here, at("127.0.94.56", here.port, OTHER) as there:
        device = await network.add(here)
        await here.off()
        network.claim(there.host)
        await network.becomes(device, Connection.BLOCKED)
        replace = ReplaceDevice(device=device.id, address=there.address, expect=OTHER.fingerprint, patience=0.0)
        await network.gateway.engine.handle(replace, CALLER)
        await network.gateway.ended(device.id)
        await network.checked()
        view = network.view(device)
        assert (view.host, view.fingerprint, view.origin) == (there.host, OTHER.fingerprint, Origin.DEVICE)
        assert (view.connection, view.presented, view.presented_at) == (Connection.ONLINE, None, None)


async def test_a_claim_and_a_move_outlast_the_engine(folder: Path) -> None:
    async with CountingDevice("127.0.94.57", ONE) as here, at("127.0.94.58", here.port, STRANGE) as there:
        async with at_work(folder) as network:
            device = await network.add(here)
            await here.off()
            network.claim(there.host)
            await network.becomes(device, Connection.BLOCKED)
            await until(lambda: network.told("blocked"))
        await there.off()
        async with at_work(folder) as network:
            await network.checked()
            view = network.view(device)
            assert (view.connection, view.presented_at) == (Connection.BLOCKED, there.address)
            assert view.change
            there.show(ONE)
            await there.on()
            # Nobody has to tell again where it is.
            await network.followed(device, there)
        async with at_work(folder) as network:
            await network.becomes(device, Connection.ONLINE)
            assert network.view(device).host == there.host


async def test_however_many_places_are_claimed_few_are_looked_at_each_time(network: Network) -> None:
    async with AsyncExitStack() as stack:
        here = await stack.enter_async_context(CountingDevice("127.0.95.1", ONE))
        device = await network.add(here)
        claims = [at(f"127.0.95.{n}", here.port, Odd.BROKEN) for n in range(2, 5)]
        claims += [CountingDevice(claim.host, Odd.BROKEN) for claim in claims for _ in range(2)]
        for claim in claims:
            await stack.enter_async_context(claim)
        await here.off()
        await network.becomes(device, Connection.OFFLINE)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for claim in claims:
            network.claim(claim.host, https=claim.port)
        await until(lambda: loop.time() > begun + 6 * CONFIG.check_period)
        periods = (loop.time() - begun) / (0.8 * CONFIG.check_period) + 1
        assert 0 < sum(claim.connections for claim in claims) <= MOST_LOOKS * periods
        assert network.view(device).connection is Connection.OFFLINE
