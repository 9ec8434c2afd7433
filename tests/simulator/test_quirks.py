"""What firmware does that no specification asks for, each as a client meets it."""

import asyncio
import base64
import ssl
from contextlib import suppress
from typing import get_args

import httpx
import msgspec
import pytest
from cryptography import x509
from lxml import etree

from core.simulator.camera import Camera
from core.simulator.languages import profile
from core.simulator.quirks import Quirks, Unsupported, XAddrs
from core.simulator.responder import History
from core.simulator.settings import CameraSettings, KeystoreSettings, Timing, Way
from core.simulator.soap import TER
from tests.simulator.asking import (
    DEADLINE,
    DEVICE,
    SOAP,
    Client,
    Reply,
    envelope,
    leaf_of,
    token,
    trusting,
    until,
)
from tests.simulator.installing import Installer
from tests.simulator.keys import SHA256_EC, SHA256_RSA

CLOCK = "<tds:GetSystemDateAndTime/>"
INFORMATION = "<tds:GetDeviceInformation/>"
SERVICES = "<tds:GetServices><tds:IncludeCapability>false</tds:IncludeCapability></tds:GetServices>"
CAPABILITIES = "<tds:GetCapabilities/>"
UNKNOWN = "<tds:SetSystemFactoryDefault/>"
FAULT_11 = "{http://schemas.xmlsoap.org/soap/envelope/}Fault"


def odd(**given: object) -> Camera:
    """A camera with quirks that does nothing slowly."""
    timing = Timing(switch=0.01, restart=0.05, boot=0.01)
    return Camera(CameraSettings(quirks=msgspec.convert(given, Quirks), timing=timing))


async def raw(camera: Camera, body: str, scheme: str = "http", header: str = "", **headers: str) -> httpx.Response:
    """The plain answer to one request without a login, unless it is in the header."""
    port = camera.https_port if scheme == "https" else camera.http_port
    async with httpx.AsyncClient(verify=trusting(), trust_env=False, timeout=DEADLINE) as client:
        url = f"{scheme}://{camera.host}:{port}{DEVICE}"
        return await client.post(url, content=envelope(body, header), headers=SOAP | headers)


def challenges(response: httpx.Response) -> list[str]:
    return [value.partition(" ")[0] for value in response.headers.get_list("www-authenticate")]


# Login


async def test_a_refused_login_may_be_told_by_a_web_page() -> None:
    async with odd(html_401=True) as camera, Client(camera) as client:
        refused = await raw(camera, INFORMATION)
        assert (refused.status_code, challenges(refused)) == (401, ["Digest"])
        assert refused.headers["content-type"].startswith("text/html")
        assert b"Envelope" not in refused.content
        assert (await client.ask(INFORMATION)).status == 200


async def test_there_may_be_nothing_in_an_answer_before_a_digest_login() -> None:
    async with odd(empty_until_digest=True) as camera, Client(camera) as client:
        empty = await raw(camera, CLOCK)
        assert (empty.status_code, empty.content, challenges(empty)) == (200, b"", [])
        assert (await raw(camera, INFORMATION)).status_code == 401
        assert (await client.ask(INFORMATION)).status == 200
        assert (await client.ask(CLOCK)).text("Year")


async def test_basic_may_be_offered_over_https_and_is_taken_there_only() -> None:
    async with odd(offers_basic=True) as camera:
        right = base64.b64encode(f"{camera.settings.user}:{camera.settings.password}".encode()).decode()
        wrong = base64.b64encode(f"{camera.settings.user}:x".encode()).decode()
        assert challenges(await raw(camera, INFORMATION, "https")) == ["Basic", "Digest"]
        assert challenges(await raw(camera, INFORMATION, "http")) == ["Digest"]
        assert (await raw(camera, INFORMATION, "https", Authorization=f"Basic {right}")).status_code == 200
        assert camera.log.requests[-1].login == "Basic"
        assert (await raw(camera, INFORMATION, "https", Authorization=f"Basic {wrong}")).status_code == 401
        assert (await raw(camera, INFORMATION, "http", Authorization=f"Basic {right}")).status_code == 401


async def test_a_nonce_may_be_good_for_one_request() -> None:
    async with odd(nonce_once=True) as camera, Client(camera) as client:
        for _ in range(3):
            assert (await client.ask(INFORMATION)).status == 200
        assert [request.outcome for request in camera.log.requests].count("Sender/ter:NotAuthorized") == 3


async def test_who_may_log_in_by_token_only_is_told_by_a_fault() -> None:
    async with Camera(CameraSettings(login=(Way.TOKEN,))) as camera:
        refused = await raw(camera, INFORMATION)
        assert (refused.status_code, challenges(refused)) == (400, [])
        given = token(camera.settings.user, camera.settings.password)
        assert (await raw(camera, INFORMATION, header=given)).status_code == 200
        assert (await raw(camera, INFORMATION, header=given)).status_code == 400


# Faults and messages


async def test_faults_may_come_with_the_status_of_success() -> None:
    async with odd(faults_on_200=True) as camera, Client(camera) as client:
        reply = await client.ask("<tas:CreateRSAKeyPair/>")
        assert (reply.status, reply.fault) == (200, "Sender/ter:InvalidArgs")
        assert (await raw(camera, INFORMATION)).status_code == 401


async def test_faults_may_be_those_of_soap_1_1() -> None:
    async with odd(soap_1_1_faults=True) as camera:
        response = await raw(camera, UNKNOWN)
        assert response.headers["content-type"].startswith("text/xml")
        fault = etree.fromstring(response.content).find(f".//{FAULT_11}")
        assert fault is not None
        assert (response.status_code, fault.nsmap["ter"]) == (500, TER)
        assert fault.findtext("faultcode") == "ter:ActionNotSupported"
        assert fault.findtext("faultstring") == "SetSystemFactoryDefault is not supported here"


async def test_prefixes_may_be_others_and_mean_the_same() -> None:
    async with odd(other_prefixes=True) as camera, Client(camera) as client:
        assert (await client.ask(INFORMATION)).text("Model") == camera.settings.model
        raised = await client.ask(UNKNOWN)
        assert raised.fault == "SOAP-ENV:Receiver/ns1:ActionNotSupported"
        assert raised.body is not None
        assert raised.body.nsmap["ns1"] == TER
        assert b"ter:" not in (await raw(camera, UNKNOWN)).content


async def test_texts_may_not_be_utf_8() -> None:
    async with odd(broken_utf8=True) as camera:
        given = token(camera.settings.user, camera.settings.password)
        for content in (
            (await raw(camera, INFORMATION, header=given)).content,
            (await raw(camera, UNKNOWN)).content,
        ):
            assert b"encoding='utf-8'" in content
            with pytest.raises(UnicodeDecodeError):
                content.decode()
            with pytest.raises(etree.XMLSyntaxError):
                etree.fromstring(content)


@pytest.mark.parametrize("kind", get_args(Unsupported))
async def test_what_is_not_there_is_told_in_many_ways(kind: Unsupported) -> None:
    async with odd(unsupported=kind) as camera, Client(camera) as client:
        reply = await client.ask(UNKNOWN)
        assert (reply.status, reply.fault) == {
            "fault": (500, "Receiver/ter:ActionNotSupported"),
            "sender_fault": (400, "Sender/ter:ActionNotSupported"),
            "html_404": (404, ""),
            "html_500": (500, ""),
        }[kind]
        assert (reply.body is None) == kind.startswith("html")
        # Another fault is one all the same.
        assert (await client.ask("<tds:GetServices/>")).fault == "Sender/ter:InvalidArgs"


async def test_old_cameras_know_get_capabilities_only() -> None:
    async with odd(no_get_services=True) as camera, Client(camera) as client:
        for body in (SERVICES, "<tds:GetServiceCapabilities/>"):
            assert (await client.ask(body)).fault == "Receiver/ter:ActionNotSupported"
        assert (await client.ask(CAPABILITIES)).text("XAddr").endswith(DEVICE)
        assert (await client.ask("<tas:GetServiceCapabilities/>")).status == 200


async def test_connections_may_end_after_each_answer_without_a_word() -> None:
    async with odd(hangs_up=True) as camera:
        reader, writer = await asyncio.open_connection(camera.host, camera.http_port)
        content = envelope(CLOCK)
        head = f"POST {DEVICE} HTTP/1.1\r\nHost: a\r\nContent-Type: application/soap+xml\r\n"
        writer.write(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"connection:" not in answer.lower()
        writer.close()


# Addresses and clocks


async def test_addresses_of_services_may_be_wrong_wherever_they_are_told() -> None:
    for kind in get_args(XAddrs):
        async with odd(xaddrs=kind) as camera, Client(camera, "https") as client:
            http, https = camera.http_port, camera.https_port
            beginning = {
                "own": f"https://127.0.0.1:{https}",
                "other_host": f"https://192.0.2.64:{https}",
                "two_ports": f"https://127.0.0.1:{https}:{https}",
                "http_only": f"http://127.0.0.1:{http}",
                "link_local": f"https://[fe80::2a1:b2ff:fec3:1]:{https}",
            }[kind]
            assert (await client.ask(SERVICES)).texts("XAddr")[0] == beginning + DEVICE
            assert (await client.ask(CAPABILITIES)).text("XAddr") == beginning + DEVICE
            assert beginning + DEVICE in profile(camera.standing(camera.host), History()).xaddrs


async def test_local_time_may_be_told_for_utc_while_logins_go_by_utc() -> None:
    async with odd(local_time_ahead=36000.0) as camera:
        told = etree.fromstring((await raw(camera, CLOCK)).content)
        hour = int(told.findtext(".//{*}Hour") or "")
        assert (hour - camera.device.clock.now().hour) % 24 in (10, 9, 11)
        given = token(camera.settings.user, camera.settings.password)
        assert (await raw(camera, INFORMATION, header=given)).status_code == 200


async def test_everything_over_http_may_be_sent_to_https_while_that_is_on() -> None:
    async with odd(redirects_to_https=True) as camera, Client(camera, "https") as client:
        sent = await raw(camera, CLOCK)
        assert (sent.status_code, sent.headers["location"]) == (302, f"https://127.0.0.1:{camera.https_port}{DEVICE}")
        assert (await client.ask(CLOCK)).status == 200
    off = CameraSettings(https_enabled=False, quirks=Quirks(redirects_to_https=True))
    async with Camera(off) as camera:
        assert (await raw(camera, CLOCK)).status_code == 200


# Keys and requests


async def created(camera: Camera) -> Reply:
    async with Client(camera) as client:
        return await Installer(client).ask("CreateECCKeyPair", EllipticCurve="secp256r1")


@pytest.mark.parametrize("estimate", ["30", "PT", "P10Y"])
async def test_how_long_a_key_takes_may_be_nonsense(estimate: str) -> None:
    async with odd(key_estimate=estimate) as camera:
        assert (await created(camera)).text("EstimatedCreationTime") == estimate


async def test_how_long_a_key_takes_may_be_left_out() -> None:
    async with odd(no_key_estimate=True) as camera:
        reply = await created(camera)
        assert (reply.status, reply.texts("EstimatedCreationTime")) == (200, [])
        assert reply.text("KeyID")


async def test_a_request_may_name_another_subject_than_asked() -> None:
    async with odd(ignores_csr_subject=True) as camera, Client(camera) as client:
        calls = Installer(client)
        key = await calls.key()
        subject = "<tas:Subject><tas:CommonName>192.0.2.7</tas:CommonName></tas:Subject>"
        algorithm = f"<tas:SignatureAlgorithm><tas:algorithm>{SHA256_EC}</tas:algorithm></tas:SignatureAlgorithm>"
        inside = f"{subject}<tas:KeyID>{key}</tas:KeyID>{algorithm}"
        csr = x509.load_der_x509_csr(base64.b64decode(await calls.made("PKCS10CSR", "CreatePKCS10CSR", inside)))
        assert csr.subject.rfc4514_string() == f"CN={camera.settings.model}-{camera.settings.serial}"


async def test_a_keystore_may_know_md5_only() -> None:
    md5 = "1.2.840.113549.1.1.4"
    settings = CameraSettings(keystore=KeystoreSettings(algorithms=(md5,)), factory_key="RSA 1024")
    async with Camera(settings) as camera, Client(camera) as client:
        [key] = camera.keystore.contents.keys

        def request(oid: str) -> str:
            subject = "<tas:Subject><tas:CommonName>192.0.2.7</tas:CommonName></tas:Subject>"
            algorithm = f"<tas:SignatureAlgorithm><tas:algorithm>{oid}</tas:algorithm></tas:SignatureAlgorithm>"
            return f"<tas:CreatePKCS10CSR>{subject}<tas:KeyID>{key}</tas:KeyID>{algorithm}</tas:CreatePKCS10CSR>"

        reply = await client.ask(request(SHA256_RSA))
        assert reply.fault == "Sender/ter:InvalidArgVal/ter:UnsupportedSignatureAlgorithm"
        csr = x509.load_der_x509_csr(base64.b64decode((await client.ask(request(md5))).text("PKCS10CSR")))
        assert csr.signature_algorithm_oid.dotted_string == md5
        assert (await client.ask("<tas:GetServiceCapabilities/>")).texts("algorithm") == [md5]


# What is served


async def test_a_new_certificate_may_need_a_reboot() -> None:
    async with odd(certificate_needs_reboot=True) as camera, Client(camera) as client:
        factory = camera.leaf
        made = await Installer(client).installed()
        assert (camera.leaf, await leaf_of(camera)) == (factory, factory)
        await camera.power_cut()
        assert await leaf_of(camera) == made.leaf


async def test_another_certificate_may_be_served_while_the_web_server_restarts() -> None:
    async with odd(makeshift_certificate=True) as camera, Client(camera) as client:
        factory, seen = camera.leaf, set[bytes]()
        made = await Installer(client).installed()
        async with asyncio.timeout(DEADLINE):
            while made.leaf not in seen:
                with suppress(OSError, ssl.SSLError):
                    seen.add(await leaf_of(camera))
        [makeshift] = seen - {factory, made.leaf}
        assert "O=Meridian" in x509.load_der_x509_certificate(makeshift).subject.rfc4514_string()
        await until(lambda: camera.leaf == made.leaf)


async def test_the_old_certificate_and_the_new_one_may_be_served_by_turns_for_a_while() -> None:
    async with odd(serves_in_turn=True) as camera, Client(camera) as client:
        factory = camera.leaf
        made = await Installer(client).installed()
        await until(lambda: camera.leaf == made.leaf)
        assert [await leaf_of(camera) for _ in range(4)] == [factory, made.leaf] * 2
        async with asyncio.timeout(DEADLINE):
            while (await leaf_of(camera), await leaf_of(camera)) != (made.leaf, made.leaf):
                await asyncio.sleep(0.01)
