"""Old TLS, old keys and odd certificates, as far as another TLS stack can serve and read them."""

import asyncio
import ssl
import warnings

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.utils import CryptographyDeprecationWarning

from core.simulator import flawed, signing
from core.simulator.camera import Camera
from core.simulator.quirks import Quirks
from core.simulator.settings import CameraSettings, Hash, TlsVersion
from tests.simulator.asking import Client, leaf_of, trusting
from tests.simulator.keys import EC, SUBJECT, private

RSA = "RSA 2048"
CBC = "AES128-SHA:AES256-SHA"
VERSIONS: dict[TlsVersion, str] = {"1.0": "TLSv1", "1.1": "TLSv1.1", "1.2": "TLSv1.2", "1.3": "TLSv1.3"}


def lenient() -> ssl.SSLContext:
    """A client that takes whatever this OpenSSL still can."""
    context = trusting()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


async def shaken(camera: Camera, context: ssl.SSLContext) -> tuple[str, str, bytes]:
    """The version, the cipher and the certificate that a handshake led to."""
    _, writer = await asyncio.open_connection(camera.host, camera.https_port, ssl=context)
    try:
        made = writer.get_extra_info("ssl_object")
        return made.version(), made.cipher()[0], made.getpeercert(binary_form=True)
    finally:
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_camera_may_speak_one_version_only_and_says_so(version: TlsVersion) -> None:
    settings = CameraSettings(oldest_tls=version, newest_tls=version)
    async with Camera(settings) as camera, Client(camera) as client:
        assert (await shaken(camera, lenient()))[0] == VERSIONS[version]
        told = (await client.ask("<tds:GetServiceCapabilities/>")).body
        security = told.find(".//{*}Security") if told is not None else None
        assert security is not None
        said = {name: security.get(f"TLS{name}") for name in ("1.0", "1.1", "1.2")}
        assert said == {name: str(name == version).lower() for name in said}
        older = await client.ask("<tds:GetCapabilities/>")
        assert older.text("TLS1.1") == said["1.1"]


@pytest.mark.parametrize("version", ["1.0", "1.1"])
async def test_a_client_of_today_cannot_talk_to_old_versions(version: TlsVersion) -> None:
    async with Camera(CameraSettings(oldest_tls=version, newest_tls=version)) as camera:
        with pytest.raises(ssl.SSLError, match="alert protocol version"):
            await leaf_of(camera)


async def test_keys_may_be_exchanged_with_rsa_only() -> None:
    settings = CameraSettings(oldest_tls="1.0", newest_tls="1.2", ciphers=CBC, factory_key=RSA)
    async with Camera(settings) as camera:
        assert (await shaken(camera, lenient()))[1] in CBC.split(":")
        with pytest.raises(ssl.SSLError, match="alert handshake failure"):
            await leaf_of(camera)


async def test_keys_may_be_exchanged_with_a_short_prime_that_openssl_refuses() -> None:
    settings = CameraSettings(newest_tls="1.2", ciphers="DHE-RSA-AES128-SHA", short_dh=True, factory_key=RSA)
    async with Camera(settings) as camera:
        assert (await shaken(camera, lenient()))[1] == "DHE-RSA-AES128-SHA"
        usual = trusting()
        usual.set_ciphers("DEFAULT:@SECLEVEL=2")
        with pytest.raises(ssl.SSLError, match="dh key too small"):
            await shaken(camera, usual)


@pytest.mark.parametrize(("hashed", "oid"), [("SHA-1", signing.SHA1_RSA), ("MD5", signing.MD5_RSA)])
async def test_certificates_may_be_signed_with_old_hashes_and_short_keys(hashed: Hash, oid: str) -> None:
    settings = CameraSettings(keystore=None, factory_key="RSA 1024", factory_hash=hashed)
    async with Camera(settings) as camera:
        for _ in range(2):
            read = x509.load_der_x509_certificate(await leaf_of(camera))
            public = read.public_key()
            assert isinstance(public, rsa.RSAPublicKey)
            assert (public.key_size, read.signature_algorithm_oid.dotted_string) == (1024, oid)
            await camera.change_certificate("new_certificate")


FLAWS = {
    "negative serial": Quirks(negative_serials=True),
    "zero serial": Quirks(zero_serials=True),
    "version 1": Quirks(version_1_certificates=True),
    "version 1 without serial": Quirks(version_1_certificates=True, zero_serials=True),
}


@pytest.mark.parametrize("quirks", FLAWS.values(), ids=FLAWS)
@pytest.mark.parametrize("kind", [EC, RSA])
async def test_openssl_serves_certificates_with_flaws(kind: str, quirks: Quirks) -> None:
    async with Camera(CameraSettings(keystore=None, factory_key=kind, quirks=quirks)) as camera:
        leaf = await leaf_of(camera)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            read = x509.load_der_x509_certificate(leaf)
            assert (read.version is x509.Version.v1) == quirks.version_1_certificates
            assert (read.serial_number < 0) == quirks.negative_serials
            assert (read.serial_number == 0) == quirks.zero_serials
        read.public_key()
        assert signing.signed_by(leaf, leaf)


def test_a_certificate_without_flaws_is_left_as_it_is() -> None:
    sound = signing.self_signed(private(), SUBJECT)
    assert flawed.flawed(sound, private(), Quirks()) == sound
