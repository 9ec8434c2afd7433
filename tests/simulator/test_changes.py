"""Certificates that change past the camera's services: by hand, by itself, at another address, and odd ones."""

import asyncio
import hashlib
import ipaddress
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from core.simulator import signing
from core.simulator.camera import Camera
from core.simulator.changes import Impossible
from core.simulator.flawed import flawed
from core.simulator.settings import ByItself, CameraSettings, Change, KeystoreSettings, Quirks, Timing
from core.simulator.site import Site
from tests.simulator.asking import Client, leaf_of, until
from tests.simulator.installing import Installer

ALL: tuple[Change, ...] = ("new_certificate", "renew_certificate", "factory_certificate", "install_own")
UNMANAGED = CameraSettings(keystore=None, factory_key="RSA 2048")
CLOCK = "<tds:GetSystemDateAndTime/>"
INFORMATION = "<tds:GetDeviceInformation/>"


def read(leaf: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(leaf)


async def changed(camera: Camera, change: Change) -> bytes:
    """Change it, and return what a handshake shows right after."""
    await camera.change_certificate(change)
    leaf = await leaf_of(camera)
    assert leaf == camera.leaf
    return leaf


@pytest.mark.parametrize("settings", [CameraSettings(), UNMANAGED], ids=["managed", "unmanaged"])
async def test_a_new_certificate_has_the_same_name_and_another_key(settings: CameraSettings) -> None:
    async with Camera(settings) as camera:
        before, after = await leaf_of(camera), await changed(camera, "new_certificate")
        assert read(after).subject == read(before).subject
        assert read(after).public_key() != read(before).public_key()
        assert signing.signed_by(after, after)


@pytest.mark.parametrize("settings", [CameraSettings(), UNMANAGED], ids=["managed", "unmanaged"])
async def test_a_renewed_certificate_differs_in_nothing_but_number_and_dates(settings: CameraSettings) -> None:
    async with Camera(settings) as camera:
        old, new = read(await leaf_of(camera)), read(await changed(camera, "renew_certificate"))
        assert (new.public_key(), new.subject, new.issuer) == (old.public_key(), old.subject, old.issuer)
        assert list(new.extensions) == list(old.extensions)
        assert new.not_valid_after_utc >= old.not_valid_after_utc
        assert new.serial_number != old.serial_number


async def test_what_a_client_installed_is_renewed_with_its_key_and_the_camera_s_own_name() -> None:
    async with Camera() as camera, Client(camera) as client:
        factory = camera.leaf
        made = await Installer(client).installed()
        renewed = await changed(camera, "renew_certificate")
        assert renewed not in (factory, made.leaf)
        assert read(renewed).public_key() == read(made.leaf).public_key()
        assert read(renewed).subject == read(factory).subject


async def test_a_camera_goes_back_to_the_certificate_that_it_came_with() -> None:
    async with Camera() as camera, Client(camera) as client:
        factory = camera.leaf
        made = await Installer(client).installed()
        assert await changed(camera, "factory_certificate") == factory
        await Installer(client).assign(made.old_path, made.path)
        await until(lambda: camera.leaf == made.leaf)
        await changed(camera, "new_certificate")
        assert await changed(camera, "factory_certificate") == factory


async def test_the_site_s_authority_certifies_a_key_of_each_camera_for_its_address() -> None:
    async with Camera(CameraSettings(host="127.78.3.1")) as managed, Camera(UNMANAGED) as unmanaged:
        leaves = [read(await changed(camera, "install_own")) for camera in (managed, unmanaged)]
        assert leaves[0].public_key() != leaves[1].public_key()
        assert leaves[0].issuer == leaves[1].issuer != leaves[0].subject
        assert leaves[0].issuer.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "Site CA"
        names = leaves[0].extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(x509.IPAddress) == [ipaddress.IPv4Address("127.78.3.1")]


@pytest.mark.parametrize("change", ALL)
async def test_a_change_shows_in_the_services_and_outlives_a_power_cut(change: Change) -> None:
    async with Camera() as camera:
        async with Client(camera) as client:
            made = await Installer(client).installed()
            leaf = await changed(camera, change)
            assigned = await client.ask("<tas:GetAssignedServerCertificates/>")
            assert assigned.texts("CertificationPathID") == camera.keystore.contents.assigned != [made.path]
            # What the client made stays, and can be put to use again.
            assert made.path in (await client.ask("<tas:GetAllCertificationPaths/>")).texts("CertificationPathID")
        await camera.power_cut()
        assert await leaf_of(camera) == leaf


@pytest.mark.parametrize("change", ALL)
async def test_changes_made_many_times_do_not_fill_the_keystore(change: Change) -> None:
    async with Camera() as camera:
        for _ in range(12):
            await camera.change_certificate(change)
        contents = camera.keystore.contents
        assert max(len(kept) for kept in (contents.keys, contents.certificates, contents.paths)) <= 2


@pytest.mark.parametrize(
    ("change", "limit"),
    [
        ("new_certificate", KeystoreSettings(most_keys=1)),
        ("install_own", KeystoreSettings(most_certificates=1)),
        ("renew_certificate", KeystoreSettings(most_paths=1)),
    ],
)
async def test_without_room_for_it_nothing_changes(change: Change, limit: KeystoreSettings) -> None:
    async with Camera(CameraSettings(keystore=limit)) as camera:
        before = camera.device.flash()
        with pytest.raises(Impossible, match="no room"):
            await camera.change_certificate(change)
        assert camera.device.flash() == before
        assert await leaf_of(camera) == camera.leaf


@pytest.mark.parametrize("change", ALL)
async def test_there_is_nothing_to_change_without_power_or_without_https(change: Change) -> None:
    async with Camera() as dark, Camera(CameraSettings(https_port=None)) as plain:
        await dark.power_off()
        for camera in (dark, plain):
            with pytest.raises(Impossible, match="HTTPS is off"):
                await camera.change_certificate(change)


async def test_a_factory_certificate_that_was_deleted_does_not_come_back() -> None:
    async with Camera() as camera, Client(camera) as client:
        [certificate] = camera.keystore.contents.certificates
        installer = Installer(client)
        made = await installer.installed()
        await installer.made("", "DeleteCertificationPath", CertificationPathID=made.old_path)
        await installer.made("", "DeleteCertificate", CertificateID=certificate)
        with pytest.raises(Impossible, match="deleted"):
            await camera.change_certificate("factory_certificate")


async def test_a_camera_whose_clock_is_lost_dates_what_it_makes_like_that() -> None:
    async with Camera(CameraSettings(lost_clock=True)) as camera:
        assert read(await changed(camera, "new_certificate")).not_valid_before_utc.year < 1971


async def test_one_thing_is_done_to_a_camera_at_a_time() -> None:
    async with Camera() as camera:
        work = [camera.power_cut(), camera.change_certificate("new_certificate"), camera.factory_reset()]
        await asyncio.gather(*work, camera.power_cut())
        assert await leaf_of(camera) == camera.leaf
        assert list(camera.keystore.contents.paths) == camera.keystore.contents.assigned


async def page(camera: Camera) -> str:
    """What the camera's own web page says, without the markup and the line breaks."""
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"http://{camera.host}:{camera.http_port}/")
    assert answer.status_code == 200
    return re.sub(r"<[^>]*>|\s", "", answer.text)


async def test_a_camera_s_own_page_shows_the_fingerprint_to_compare_with() -> None:
    async with Camera() as camera:
        before = hashlib.sha256(await leaf_of(camera)).hexdigest()
        assert before in await page(camera)
        after = hashlib.sha256(await changed(camera, "new_certificate")).hexdigest()
        assert after in (now := await page(camera))
        assert before not in now


@pytest.mark.parametrize("settings", [CameraSettings(https_port=None), CameraSettings(https_enabled=False)])
async def test_a_camera_s_own_page_says_that_https_is_off(settings: CameraSettings) -> None:
    async with Camera(settings) as camera:
        assert "HTTPSisoff" in await page(camera)


# Odd certificates


@pytest.mark.parametrize("days", [-47.5, 19.5])
async def test_the_certificate_that_a_camera_came_with_may_end_soon_or_have_ended(days: float) -> None:
    async with Camera(CameraSettings(keystore=None, factory_days=days)) as camera:
        certificate, now = read(await leaf_of(camera)), datetime.now(UTC)
        assert abs(certificate.not_valid_after_utc - now - timedelta(days=days)) < timedelta(minutes=1)
        assert certificate.not_valid_before_utc < min(now, certificate.not_valid_after_utc)
        assert read(await changed(camera, "new_certificate")).not_valid_after_utc > now + timedelta(days=365)


@pytest.mark.parametrize("kind", ["EC secp256r1", "RSA 2048"])
async def test_openssl_hands_over_a_certificate_that_strict_programs_refuse_to_read(kind: str) -> None:
    settings = CameraSettings(factory_key=kind, quirks=Quirks(sloppy_certificates=True))
    async with Camera(settings) as camera:
        for leaf in (await leaf_of(camera), await changed(camera, "new_certificate")):
            with pytest.raises(ValueError, match="pars"):
                x509.load_der_x509_certificate(leaf)


@pytest.mark.parametrize("kind", ["EC secp256r1", "RSA 2048"])
def test_a_sloppy_certificate_differs_in_one_byte_and_is_signed_as_it_is(kind: str) -> None:
    private = signing.make_key(kind)
    sound = signing.factory_certificate(private, "Meridian", "MX-1", "00A1", datetime(2026, 1, 1, tzinfo=UTC))
    sloppy, body = flawed(sound, private, Quirks(sloppy_certificates=True)), read(sound).tbs_certificate_bytes
    start = sound.index(body)
    written, rest = sloppy[start : start + len(body)], sloppy[start + len(body) :]
    assert sum(one != other for one, other in zip(written, body, strict=True)) == 1
    algorithm, signature = rest[: 2 + rest[1]], rest[2 + rest[1] :]
    assert sound[start + len(body) :].startswith(algorithm)
    # A BIT STRING: its length is in one byte or in three, and no bit of it is unused.
    bits = signature[3:] if signature[1] < 0x80 else signature[5:]
    public = signing.public_key(private)
    if isinstance(public, rsa.RSAPublicKey):
        public.verify(bits, written, PKCS1v15(), SHA256())
    else:
        public.verify(bits, written, ec.ECDSA(SHA256()))


# By itself

SOON = 0.15


async def past(seconds: float) -> None:
    """Wait until the clock that the camera counts on has gone on by so much."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    await until(lambda: loop.time() > end)


async def test_left_alone_with_a_certificate_of_a_client_a_camera_changes_it_once() -> None:
    async with Camera(CameraSettings(by_itself=ByItself("new_certificate", SOON))) as camera:
        async with Client(camera) as client:
            made = await Installer(client).installed()
        await until(lambda: camera.leaf == made.leaf)
        async with Client(camera, "https") as client:
            await client.ask(CLOCK)
        await until(lambda: camera.leaf not in (made.leaf, b""))
        other = await leaf_of(camera)
        async with Client(camera, "https") as client:
            await client.ask(CLOCK)
        await past(3 * SOON)
        assert await leaf_of(camera) == other


async def test_a_camera_that_has_only_its_own_certificate_does_nothing_by_itself() -> None:
    async with Camera(CameraSettings(by_itself=ByItself("new_certificate", SOON))) as camera:
        factory = camera.leaf
        async with Client(camera, "https") as client:
            await client.ask(CLOCK)
        await past(3 * SOON)
        assert await leaf_of(camera) == factory


async def test_while_it_is_asked_over_https_a_camera_does_nothing_by_itself() -> None:
    async with Camera(CameraSettings(by_itself=ByItself("install_own", 1.0))) as camera:
        async with Client(camera) as client:
            made = await Installer(client).installed()
        await until(lambda: camera.leaf == made.leaf)
        loop = asyncio.get_running_loop()
        end = loop.time() + 1.2
        async with Client(camera, "https") as client:
            while loop.time() < end:
                await client.ask(CLOCK)
                assert camera.leaf == made.leaf
        await until(lambda: camera.leaf not in (made.leaf, b""))
        assert "Site CA" in read(camera.leaf).issuer.rfc4514_string()


async def test_a_camera_restarts_by_itself_and_makes_a_new_certificate_then() -> None:
    settings = CameraSettings(
        by_itself=ByItself("power_cut", SOON), quirks=Quirks(new_certificate_at_boot=True), timing=Timing(boot=0.05)
    )
    async with Camera(settings) as camera:
        factory = camera.leaf
        async with Client(camera, "https") as client:
            made = await Installer(client).installed()
        await until(lambda: camera.leaf not in (factory, made.leaf, b""))
        assert signing.signed_by(camera.leaf, camera.leaf)


async def test_what_is_not_possible_by_itself_does_not_happen() -> None:
    settings = CameraSettings(
        by_itself=ByItself("new_certificate", SOON), keystore=KeystoreSettings(most_keys=2), timing=Timing(restart=0.02)
    )
    async with Camera(settings) as camera:
        async with Client(camera, "https") as client:
            made = await Installer(client).installed()
        await until(lambda: camera.leaf == made.leaf)
        await past(2 * SOON)
        assert await leaf_of(camera) == made.leaf


# Addresses


TWO = (
    CameraSettings(name="Lobby", host="127.78.4.1", serial="1"),
    CameraSettings(name="Stairs", host="127.78.4.2", serial="2"),
)


async def serial(camera: Camera) -> str:
    async with Client(camera, "https") as client:
        return (await client.ask(INFORMATION)).text("SerialNumber")


async def test_two_cameras_swap_their_addresses_with_all_that_is_on_them_and_back() -> None:
    async with Site(TWO) as site:
        one, other = site.cameras
        async with Client(one) as client:
            made = await Installer(client).installed()
        await until(lambda: one.leaf == made.leaf)
        await site.swap(one, other)
        assert (one.host, other.host) == ("127.78.4.2", "127.78.4.1")
        assert await leaf_of(one) == made.leaf != await leaf_of(other)
        assert [await serial(camera) for camera in (one, other)] == ["1", "2"]
        await site.swap(other, one)
        assert (one.host, other.host) == ("127.78.4.1", "127.78.4.2")
        assert await leaf_of(one) == made.leaf


async def test_what_is_in_a_file_goes_along_to_the_other_address(tmp_path: Path) -> None:
    file = tmp_path / "flash.json"
    lasting = CameraSettings(host="127.78.4.3", state_file=str(file))
    async with Site((lasting, *TWO)) as site:
        leaf = site.cameras[0].leaf
        await site.swap(site.cameras[0], site.cameras[1])
        await site.cameras[0].power_cut()
        assert (site.cameras[0].host, await leaf_of(site.cameras[0])) == ("127.78.4.1", leaf)


async def test_swaps_of_the_same_cameras_at_a_time_come_one_after_the_other() -> None:
    async with Site(TWO) as site:
        one, other = site.cameras
        async with asyncio.timeout(20):
            await asyncio.gather(site.swap(one, other), site.swap(other, one), one.power_cut(), other.power_cut())
        assert (one.host, other.host) == ("127.78.4.1", "127.78.4.2")


async def test_a_swap_takes_two_cameras_that_have_power() -> None:
    async with Site(TWO) as site:
        one, other = site.cameras
        with pytest.raises(Impossible, match="two cameras"):
            await site.swap(one, one)
        await other.power_off()
        with pytest.raises(Impossible, match="no power"):
            await site.swap(one, other)
        assert one.is_on
        assert one.host == "127.78.4.1"
