"""The whole way over pinned HTTPS, against cameras that speak the real protocols."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.decide.key_choice import KeySpec
from core.model.errors import (
    AnswerLostError,
    FaultError,
    GarbledError,
    LoginNeededError,
    LoginRefusedError,
    UnsupportedError,
    WrongLeafError,
)
from core.model.keystore import KeyState
from core.model.records import Login
from core.model.secret import Secret
from core.network.look import look
from core.network.transport import DeviceTransport
from core.onvif.device import OnvifDevice
from core.onvif.keystore import Keystore
from core.onvif.wsdls import Wsdls
from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings, KeystoreSettings, Mishap, Quirks, Way

FAST = KeystoreSettings(rsa_lengths=(2048,))
GOOD = Login(CameraSettings().user, Secret(CameraSettings().password))
WRONG = Login(CameraSettings().user, Secret("not it"))
SHA256_WITH_ECDSA = "1.2.840.10045.4.3.2"
ALIAS = "camtrust test 1"
OPEN = {"GetSystemDateAndTime", "GetServices", "GetCapabilities", "GetServiceCapabilities"}


@asynccontextmanager
async def pinned(camera: Camera, wsdls: Wsdls, login: Login | None = GOOD) -> AsyncIterator[OnvifDevice]:
    leaf = hashlib.sha256(camera.leaf).hexdigest()
    transport = DeviceTransport("https", camera.host, camera.https_port, leaf)
    device = OnvifDevice(wsdls, transport, "https", camera.host, camera.https_port, login=login)
    try:
        yield device
    finally:
        await device.close()


def attempts(camera: Camera) -> list[tuple[str, ...]]:
    """The credentials of each request that had any."""
    return [received.credentials for received in camera.log.requests if received.credentials]


def sign(csr: bytes) -> bytes:
    """What an authority makes of a request; only the key is taken from it."""
    request = x509.load_der_x509_csr(csr)
    assert request.is_signature_valid
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, request.subject, request.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=30))
    certificate = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return certificate.public_bytes(serialization.Encoding.DER)


async def finished(keystore: Keystore, key: str) -> KeyState:
    async with asyncio.timeout(30):
        while (state := await keystore.key_state(key)) is KeyState.GENERATING:
            await asyncio.sleep(0.01)
    return state


async def make_certificate(keystore: Keystore) -> tuple[str, str, str, bytes]:
    """Key, certificate and path ids, and the certificate."""
    key = (await keystore.create_key(KeySpec(curve="secp256r1"), ALIAS)).id
    assert await finished(keystore, key) is KeyState.OK
    csr = await keystore.csr(key, "cam-7", SHA256_WITH_ECDSA)
    assert x509.load_der_x509_csr(csr).subject.rfc4514_string() == "CN=cam-7"
    der = sign(csr)
    certificate, key_again = await keystore.upload(der, key, ALIAS)
    assert key_again == key
    return key, certificate, await keystore.create_path(certificate, ALIAS), der


async def served(camera: Camera) -> bytes:
    return (await look(camera.host, camera.https_port)).der


async def test_a_certificate_is_made_installed_served_and_taken_back(wsdls: Wsdls) -> None:
    async with Camera(CameraSettings(keystore=FAST)) as camera:
        factory = camera.leaf
        async with pinned(camera, wsdls) as device:
            keystore = device.keystore
            before = await keystore.inventory()
            [old] = before.assigned
            key, certificate, path, der = await make_certificate(keystore)
            held = await keystore.inventory()
            assert der in {stored.der for stored in held.certificates if stored.id == certificate}
            assert (path, ALIAS, (certificate,)) in {(p.id, p.alias, p.certificates) for p in held.paths}
            assert {(k.id, k.alias, k.private) for k in held.keys} >= {(key, ALIAS, True)}
            await keystore.replace_assignment(old, path)
        await shows(camera, der)
        async with pinned(camera, wsdls) as device:
            keystore = device.keystore
            assert (await keystore.inventory()).assigned == (path,)
            with pytest.raises(FaultError) as refused:
                await keystore.delete_path(path)
            assert "ReferenceExists" in refused.value.codes
            await keystore.replace_assignment(path, old)
        await shows(camera, factory)
        async with pinned(camera, wsdls) as device:
            keystore = device.keystore
            await keystore.delete_path(path)
            await keystore.delete_certificate(certificate)
            await keystore.delete_key(key)
            assert await keystore.inventory() == before
        assert attempts(camera) == [("Digest",)] * len(attempts(camera))


async def shows(camera: Camera, der: bytes) -> None:
    """Wait until the camera serves a certificate."""
    async with asyncio.timeout(20):
        while camera.leaf != der:
            await asyncio.sleep(0.01)
    assert await served(camera) == der


async def test_an_rsa_key_with_its_estimate(wsdls: Wsdls) -> None:
    async with Camera(CameraSettings(keystore=FAST)) as camera, pinned(camera, wsdls) as device:
        key = (await device.keystore.create_key(KeySpec(2048), ALIAS)).id
        assert await finished(device.keystore, key) is KeyState.OK
        with pytest.raises(FaultError) as refused:
            await device.keystore.create_key(KeySpec(1234), ALIAS)
        assert refused.value.codes[-1] == "KeyLength"


@pytest.mark.parametrize("names", ["old", "new"])
async def test_abilities_under_both_names(wsdls: Wsdls, names: str) -> None:
    settings = KeystoreSettings(names="old" if names == "old" else "new", most_keys=5, most_tls_paths=1)
    async with Camera(CameraSettings(keystore=settings)) as camera, pinned(camera, wsdls, None) as device:
        capabilities = await device.certificate_capabilities()
    assert capabilities is not None
    assert capabilities.makes_rsa
    assert capabilities.csr
    assert capabilities.tls_server
    assert (capabilities.rsa_lengths, capabilities.most_keys, capabilities.most_tls_paths) == ((2048, 3072), 5, 1)
    assert capabilities.makes_ec == (names == "new")
    assert attempts(camera) == []


async def test_a_camera_without_a_keystore(wsdls: Wsdls) -> None:
    async with Camera(CameraSettings(keystore=None)) as camera, pinned(camera, wsdls) as device:
        assert await device.certificate_capabilities() is None
        with pytest.raises(UnsupportedError):
            await device.keystore.inventory()
        assert (await device.information()).serial == camera.settings.serial


@pytest.mark.parametrize(
    ("ways", "named"),
    [
        ((Way.DIGEST_MD5,), "Digest"),
        ((Way.DIGEST_SHA256,), "Digest"),
        ((Way.DIGEST_SHA256, Way.DIGEST_MD5, Way.TOKEN), "Digest"),
        ((Way.TOKEN,), "token"),
    ],
)
async def test_each_way_to_log_in(wsdls: Wsdls, ways: tuple[Way, ...], named: str) -> None:
    async with Camera(CameraSettings(login=ways)) as camera, pinned(camera, wsdls) as device:
        await device.clock()
        await device.services()
        await device.certificate_capabilities()
        information = await device.information()
        protocols = await device.network_protocols()
        await device.clock()
        assert device.login_way == named
    assert (information.manufacturer, information.model) == (camera.settings.maker, camera.settings.model)
    assert {protocol.name: protocol.ports for protocol in protocols} == {
        "HTTP": (camera.http_port,),
        "HTTPS": (camera.https_port,),
    }
    assert {received.credentials for received in camera.log.requests if received.operation in OPEN} == {()}
    refusals = [received for received in camera.log.requests if "NotAuthorized" in received.outcome]
    assert [received.credentials for received in refusals] == [()]


@pytest.mark.parametrize("hours", [-200_000, 9])
async def test_a_token_follows_a_camera_clock_that_is_wrong(wsdls: Wsdls, hours: int) -> None:
    settings = CameraSettings(login=(Way.TOKEN,), clock_offset=hours * 3600.0, quirks=Quirks(token_needs_z=True))
    async with Camera(settings) as camera, pinned(camera, wsdls) as device:
        clock = await device.clock()
        await device.information()
    assert clock is not None
    assert abs(clock - datetime.now(UTC) - timedelta(hours=hours)) < timedelta(seconds=60)
    assert device.login_way == "token"


@pytest.mark.parametrize("way", [Way.DIGEST_MD5, Way.DIGEST_SHA256, Way.TOKEN])
async def test_a_wrong_password_is_counted_exactly_once_by_the_camera(wsdls: Wsdls, way: Way) -> None:
    settings = CameraSettings(login=(way,), lockout_after=5, quirks=Quirks(tells_attempts=True))
    async with Camera(settings) as camera:
        async with pinned(camera, wsdls, WRONG) as device:
            await device.clock()
            await device.certificate_capabilities()
            for _ in range(3):
                with pytest.raises(LoginRefusedError) as refused:
                    await device.information()
                assert refused.value.attempts_left == 4
                with pytest.raises(LoginRefusedError):
                    await device.keystore.inventory()
        assert len(attempts(camera)) == 1
        async with pinned(camera, wsdls) as device:
            await device.information()


async def test_without_a_login_nothing_of_one_is_sent(wsdls: Wsdls) -> None:
    async with Camera(CameraSettings()) as camera, pinned(camera, wsdls, None) as device:
        assert await device.clock() is not None
        assert await device.certificate_capabilities() is not None
        with pytest.raises(LoginNeededError):
            await device.information()
        with pytest.raises(LoginNeededError):
            await device.network_protocols(anonymous=True)
        assert device.login_way == ""
    assert attempts(camera) == []


async def test_another_leaf_gets_no_request(wsdls: Wsdls) -> None:
    async with Camera(CameraSettings()) as camera, pinned(camera, wsdls) as device:
        await device.information()
        async with Camera(CameraSettings(serial="2")) as other:
            transport = DeviceTransport("https", other.host, other.https_port, hashlib.sha256(camera.leaf).hexdigest())
            impostor = OnvifDevice(wsdls, transport, "https", other.host, other.https_port, login=GOOD)
            with pytest.raises(WrongLeafError):
                await impostor.information()
            await impostor.close()
            assert other.log.received("https") == 0


async def test_a_full_keystore_and_a_lost_answer_are_told_apart(wsdls: Wsdls) -> None:
    faults = {"DeleteKey": Mishap("lose_reply"), "GetAllKeys": Mishap("http_500_html")}
    settings = CameraSettings(keystore=KeystoreSettings(most_keys=2), faults=faults)
    async with Camera(settings) as camera, pinned(camera, wsdls) as device:
        key = (await device.keystore.create_key(KeySpec(curve="secp256r1"), ALIAS)).id
        with pytest.raises(FaultError) as full:
            await device.keystore.create_key(KeySpec(curve="secp256r1"), ALIAS)
        assert full.value.codes == ("Receiver", "Action", "MaximumNumberOfKeysReached")
        assert full.value.title == "The device has no room for another key"
        with pytest.raises(AnswerLostError):
            await device.keystore.delete_key(key)
        with pytest.raises(FaultError) as gone:
            await device.keystore.delete_key(key)
        assert gone.value.codes[-1] == "KeyID"
        with pytest.raises(GarbledError, match="HTTP 500"):
            await device.keystore.inventory()
        assert await device.keystore.inventory()


async def test_an_account_without_rights_is_told_from_a_wrong_password(wsdls: Wsdls) -> None:
    async with Camera(CameraSettings(level="User")) as camera, pinned(camera, wsdls) as device:
        await device.information()
        with pytest.raises(LoginRefusedError, match="does not allow this login") as refused:
            await device.keystore.inventory()
        assert "administrator" in refused.value.hint
        await device.information()


async def test_a_camera_that_tells_its_time_only_after_a_login_tells_it_by_http(wsdls: Wsdls) -> None:
    settings = CameraSettings(quirks=Quirks(clock_needs_login=True), login=(Way.TOKEN,), clock_offset=7200.0)
    async with Camera(settings) as camera, pinned(camera, wsdls) as device:
        clock = await device.clock()
        assert clock is not None
        assert abs(clock - datetime.now(UTC) - timedelta(hours=2)) < timedelta(seconds=60)
        assert attempts(camera) == []
        await device.information()
