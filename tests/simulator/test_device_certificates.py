"""The device service's own certificate management (ONVIF Core, up to 16.06)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from core.simulator import schema
from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings, DeviceCertificatesSettings, Hash, KeystoreSettings, Quirks, Timing
from core.simulator.signing import MD5_RSA, SHA1_RSA
from tests.simulator.asking import Client, Reply, leaf_of, until
from tests.simulator.keys import foreign, issued
from tests.simulator.legacy import Legacy

LEGACY = DeviceCertificatesSettings()
USUAL = CameraSettings(keystore=None, certificates=LEGACY)
INVALID = "Sender/ter:InvalidArgVal/ter:"
FAILED = "Receiver/ter:Action/ter:"


@asynccontextmanager
async def legacy(settings: CameraSettings = USUAL) -> AsyncIterator[tuple[Camera, Legacy]]:
    async with Camera(settings) as camera, Client(camera) as client:
        yield camera, Legacy(client)


async def begun(camera: Camera, calls: Legacy) -> asyncio.Task[Reply]:
    """A CreateCertificate that the camera works on."""
    creating = asyncio.create_task(calls.ask_create(CertificateID="ours"))
    await until(lambda: camera.mishaps.called["CreateCertificate"])
    return creating


def like(**given: object) -> CameraSettings:
    return CameraSettings(keystore=None, certificates=msgspec.structs.replace(LEGACY, **given))


def name(der: bytes) -> str:
    return x509.load_der_x509_certificate(der).subject.rfc4514_string()


async def test_a_camera_serves_what_was_made_signed_loaded_and_enabled_and_goes_back() -> None:
    async with legacy() as (camera, calls):
        [(old, factory)] = (await calls.stored()).items()
        assert await calls.statuses() == {old: True}
        made = await calls.create(CertificateID="ours", Subject="192.0.2.7")
        assert (made.id, await calls.statuses()) == ("ours", {old: True, "ours": False})
        assert camera.leaf == factory
        leaf = await calls.signed(made.id)
        assert (await calls.ask_load((made.id, leaf))).fault == ""
        assert await calls.stored() == {old: factory, "ours": leaf}
        assert (await calls.ask_status(**{old: False, "ours": True})).fault == ""
        await until(lambda: camera.leaf == leaf)
        assert await leaf_of(camera) == leaf
        assert (await calls.ask_status(**{old: True, "ours": False})).fault == ""
        await until(lambda: camera.leaf == factory)
        assert (await calls.ask_delete("ours")).fault == ""
        assert (await calls.stored(), len(camera.keystore.contents.keys)) == ({old: factory}, 1)


async def test_what_is_loaded_and_enabled_survives_a_power_cut_and_another_process(tmp_path: Path) -> None:
    settings = msgspec.structs.replace(USUAL, state_file=str(tmp_path / "state"))
    async with legacy(settings) as (camera, calls):
        [old] = await calls.stored()
        await calls.create(CertificateID="ours")
        leaf = await calls.signed("ours")
        await calls.ask_load(("ours", leaf))
        await calls.ask_status(**{old: False, "ours": True})
        await camera.power_cut()
        assert camera.leaf == leaf
    async with legacy(settings) as (camera, calls):
        assert (camera.leaf, await calls.statuses()) == (leaf, {old: False, "ours": True})


@pytest.mark.parametrize("certificates", [None, LEGACY])
@pytest.mark.parametrize("keystore", [None, KeystoreSettings()])
async def test_a_camera_has_either_way_or_both_or_none_and_says_so(
    keystore: KeystoreSettings | None, certificates: DeviceCertificatesSettings | None
) -> None:
    settings = CameraSettings(keystore=keystore, certificates=certificates)
    async with Camera(settings) as camera, Client(camera) as client:
        able = (await client.ask("<tds:GetServiceCapabilities/>")).body
        security = able.find(".//{*}Security") if able is not None else None
        assert security is not None
        older = await client.ask("<tds:GetCapabilities/>")
        offered = certificates is not None
        told = (security.get("OnboardKeyGeneration"), older.text("OnboardKeyGeneration"))
        assert told == (str(offered).lower(),) * 2
        assert ((await Legacy(client).ask("GetCertificates")).status == 200) == offered
        assert ((await client.ask("<tas:GetAllKeys/>")).status == 200) == (keystore is not None)


async def test_both_ways_lead_to_the_same_certificates() -> None:
    async with legacy(CameraSettings(certificates=LEGACY)) as (camera, calls):
        await calls.create(CertificateID="ours")
        [old, _] = await calls.stored()
        await calls.ask_status(**{old: False, "ours": True})
        contents = camera.keystore.contents
        assert [contents.paths[path].certificates for path in contents.assigned] == [("ours",)]


async def test_a_key_takes_its_time_and_the_answer_waits_for_it() -> None:
    settings = msgspec.structs.replace(USUAL, timing=Timing(key=0.2))
    async with legacy(settings) as (camera, calls):
        creating = await begun(camera, calls)
        assert "ours" not in await calls.stored()
        assert not creating.done()
        assert (await creating).text("CertificateID") == "ours"
        assert "ours" in await calls.stored()


async def test_a_certificate_is_made_although_the_client_has_gone() -> None:
    settings = msgspec.structs.replace(USUAL, timing=Timing(key=0.1, cut=0.01))
    async with legacy(settings) as (camera, calls):
        creating = await begun(camera, calls)
        await camera.network_cut()
        with pytest.raises(httpx.TransportError):
            await creating
        await until(lambda: "ours" in camera.keystore.contents.certificates)
        assert "ours" in await calls.stored()


async def test_no_certificate_is_made_in_a_power_cut() -> None:
    settings = msgspec.structs.replace(USUAL, timing=Timing(key=0.1, boot=0.15))
    async with legacy(settings) as (camera, calls):
        creating = await begun(camera, calls)
        await camera.power_cut()
        with pytest.raises(httpx.TransportError):
            await creating
        assert list(await calls.stored()) == list(camera.keystore.contents.certificates)
        assert len(await calls.stored()) == 1


async def test_subject_and_dates_are_as_asked() -> None:
    async with legacy() as (_, calls):
        dates = {"ValidNotBefore": "2026-01-01T00:00:00Z", "ValidNotAfter": "2027-01-01T00:00:00Z"}
        made = await calls.create(CertificateID="a", Subject="CN=192.0.2.7,O=Acme", **dates)
        read = x509.load_der_x509_certificate(made.der)
        assert read.subject.rfc4514_string() == "CN=192.0.2.7,O=Acme"
        assert (read.not_valid_before_utc, read.not_valid_after_utc) == (
            datetime(2026, 1, 1, tzinfo=UTC),
            datetime(2027, 1, 1, tzinfo=UTC),
        )
        csr = x509.load_der_x509_csr(await calls.request("a", "192.0.2.8"))
        assert csr.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "192.0.2.8"


async def test_id_subject_and_dates_may_all_be_the_camera_s_own() -> None:
    async with legacy(like(ignores_id=True, ignores_subject=True, ignores_dates=True)) as (_, calls):
        dates = {"ValidNotBefore": "2026-01-01T00:00:00Z", "ValidNotAfter": "2027-01-01T00:00:00Z"}
        made = await calls.create(CertificateID="a", Subject="192.0.2.7", **dates)
        assert made.id != "a"
        assert name(made.der) == "CN=MX-2240-V-00A1B2C30001"
        assert x509.load_der_x509_certificate(made.der).not_valid_after_utc > datetime(2040, 1, 1, tzinfo=UTC)
        assert x509.load_der_x509_csr(await calls.request(made.id, "192.0.2.7")).subject.rfc4514_string() == name(
            made.der
        )
        assert made.id != (await calls.create(CertificateID="a")).id


async def test_a_request_may_be_pem() -> None:
    async with legacy(like(csr="pem")) as (_, calls):
        made = await calls.create()
        assert x509.load_pem_x509_csr(await calls.request(made.id)).is_signature_valid


@pytest.mark.parametrize(("hashed", "oid"), [("SHA-1", SHA1_RSA), ("MD5", MD5_RSA)])
async def test_old_cameras_make_short_keys_and_sign_with_old_hashes(hashed: Hash, oid: str) -> None:
    async with legacy(like(key="RSA 1024", hash=hashed)) as (_, calls):
        made = await calls.create()
        for read in (x509.load_der_x509_certificate(made.der), x509.load_der_x509_csr(await calls.request(made.id))):
            public = read.public_key()
            assert isinstance(public, rsa.RSAPublicKey)
            assert (public.key_size, read.signature_algorithm_oid.dotted_string) == (1024, oid)


async def test_a_loaded_certificate_may_be_enabled_at_once() -> None:
    async with legacy(like(load_activates=True)) as (camera, calls):
        [old] = await calls.stored()
        await calls.create(CertificateID="ours")
        leaf = await calls.signed("ours")
        await calls.ask_load(("ours", leaf))
        assert await calls.statuses() == {old: False, "ours": True}
        await until(lambda: camera.leaf == leaf)


async def test_of_several_that_are_enabled_the_first_is_served() -> None:
    async with legacy(like(several_enabled=True)) as (camera, calls):
        [(old, factory)] = (await calls.stored()).items()
        made = await calls.create(CertificateID="ours")
        assert (await calls.ask_status(ours=True)).fault == ""
        assert await calls.statuses() == {old: True, "ours": True}
        assert camera.leaf == factory
        assert (await calls.ask_status(**{old: False})).fault == ""
        await until(lambda: camera.leaf == made.der)


async def test_enabling_may_be_said_yes_to_and_not_done() -> None:
    async with legacy(like(ignores_status=True)) as (camera, calls):
        [(old, factory)] = (await calls.stored()).items()
        await calls.create(CertificateID="ours")
        assert (await calls.ask_status(**{old: False, "ours": True})).fault == ""
        assert await calls.statuses() == {old: True, "ours": False}
        assert camera.leaf == factory


async def test_a_certificate_under_another_id_shares_the_key_which_stays_as_long_as_one_is_left() -> None:
    async with legacy() as (camera, calls):
        await calls.create(CertificateID="ours")
        leaf = await calls.signed("ours")
        assert (await calls.ask_load(("theirs", leaf))).fault == ""
        keys = len(camera.keystore.contents.keys)
        await calls.ask_delete("ours")
        assert len(camera.keystore.contents.keys) == keys
        await calls.ask_delete("theirs")
        assert len(camera.keystore.contents.keys) == keys - 1


async def test_a_key_may_be_kept_and_fits_a_certificate_that_comes_later() -> None:
    async with legacy(like(deletes_key=False)) as (_, calls):
        await calls.create(CertificateID="ours")
        leaf = await calls.signed("ours")
        await calls.ask_delete("ours")
        assert (await calls.ask_load(("ours", leaf))).fault == ""


async def test_every_refusal_has_its_fault_and_changes_nothing() -> None:
    async with legacy(like(most=3)) as (camera, calls):
        [old] = await calls.stored()
        await calls.create(CertificateID="ours")
        leaf = await calls.signed("ours")
        before = camera.device.flash()
        backwards = {"ValidNotBefore": "2027-01-01T00:00:00Z", "ValidNotAfter": "2026-01-01T00:00:00Z"}
        no_key, unreadable = ("new", issued()), ("new", b"\0")
        asked = {
            "id in use": (calls.ask_create(CertificateID="ours"), INVALID + "CertificateIdInUse"),
            "backwards": (calls.ask_create(**backwards), INVALID + "InvalidDateTime"),
            "no subject": (calls.ask_create(Subject="C=Atlantis"), INVALID + "Subject"),
            "no such id": (calls.ask_status(nobody=True), INVALID + "CertificateID"),
            "two enabled": (calls.ask_status(ours=True), INVALID + "CertificateStatus"),
            "none enabled": (calls.ask_status(**{old: False}), INVALID + "CertificateStatus"),
            "partly unknown": (calls.ask_delete("ours", "nobody"), INVALID + "CertificateID"),
            "partly in use": (calls.ask_delete("ours", old), INVALID + "CertificateInUse"),
            "no key": (calls.ask_load(("ours", leaf), no_key), FAILED + "NoMatchingPrivateKey"),
            "another key": (calls.ask_load((old, leaf)), INVALID + "CertificateIdInUse"),
            "unreadable": (calls.ask_load(("ours", leaf), unreadable), FAILED + "CertificateFormat"),
            "foreign": (calls.ask_load(("ours", foreign("ed25519"))), FAILED + "CertificateFormat"),
            "no room": (calls.ask_load(("a", leaf), ("b", leaf)), FAILED + "MaxNumberOfCertificates"),
            "no argument": (calls.ask("GetPkcs10Request"), "Sender/ter:InvalidArgs"),
        }
        for what, (asking, fault) in asked.items():
            assert (what, (await asking).fault) == (what, fault)
        assert camera.device.flash() == before


async def test_there_is_no_room_before_a_key_is_made() -> None:
    settings = msgspec.structs.replace(like(most=1), timing=Timing(key=60.0))
    async with legacy(settings) as (_, calls):
        assert (await calls.ask_create()).fault == FAILED + "MaxNumberOfCertificates"


async def test_a_key_may_fail() -> None:
    settings = msgspec.structs.replace(USUAL, quirks=Quirks(keys_fail=True))
    async with legacy(settings) as (_, calls):
        assert (await calls.ask_create()).fault == FAILED + "KeyGeneration"
        assert len(await calls.stored()) == 1


async def test_what_the_camera_tells_of_a_certificate_is_what_is_in_it() -> None:
    async with legacy() as (_, calls):
        made = await calls.create(CertificateID="ours", Subject="192.0.2.7")
        reply = await calls.ask("GetCertificateInformation", "<tds:CertificateID>ours</tds:CertificateID>")
        read = x509.load_der_x509_certificate(made.der)
        assert isinstance(read.public_key(), ec.EllipticCurvePublicKey)
        assert (reply.text("SubjectDN"), reply.text("KeyLength")) == ("CN=192.0.2.7", "256")
        assert int(reply.text("SerialNum"), 16) == read.serial_number
        assert datetime.fromisoformat(reply.text("Until")) == read.not_valid_after_utc


async def test_the_camera_cannot_read_every_certificate_of_its_own() -> None:
    settings = msgspec.structs.replace(USUAL, quirks=Quirks(sloppy_certificates=True))
    async with legacy(settings) as (_, calls):
        [(old, _factory)] = (await calls.stored()).items()
        inside = f"<tds:CertificateID>{old}</tds:CertificateID>"
        reply = await calls.ask("GetCertificateInformation", inside)
        assert (reply.text("CertificateID"), reply.text("SubjectDN")) == (old, "")


async def test_answers_are_as_the_service_description_says() -> None:
    async with legacy() as (_, calls):
        made = await calls.create(CertificateID="ours")
        inside = f"<tds:CertificateID>{made.id}</tds:CertificateID>"
        for reply in (
            await calls.ask("GetCertificates"),
            await calls.ask("GetCertificatesStatus"),
            await calls.ask("GetPkcs10Request", inside),
            await calls.ask("GetCertificateInformation", inside),
            await calls.ask_status(ours=False),
            await calls.ask_load(("ours", made.der)),
            await calls.ask_delete("ours"),
            await calls.ask_create(),
        ):
            assert reply.body is not None
            schema.check(reply.body)
