"""What comes back when it is not what was asked for: HTML, nothing, redirects, bombs."""

import time

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model.errors import DeviceError, GarbledError, UnsupportedError
from core.onvif.answers import read
from core.onvif.wsdls import Wsdls
from tests.onvif.scripted import INFORMATION, S11, Reply, ScriptedCamera, calling, soap

GOOD = INFORMATION.encoded().partition(b"\r\n\r\n")[2]
MAKER = b"<x:Manufacturer>ACME</x:Manufacturer>"
HTML = "<!DOCTYPE html><html><body>Welcome to your camera <br> &nbsp; </body></html>"
LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + "]>"
    + soap("&i;").partition("?>")[2]
)
FILE = '<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + soap("<x>&x;</x>").partition("?>")[2]
TEXT = (("Content-Type", "text/html"),)
HEADERS = httpx.Headers({"Content-Type": "application/soap+xml"})


async def error_of(wsdls: Wsdls, reply: Reply) -> DeviceError:
    async with ScriptedCamera(lambda request: reply) as camera, calling(camera, wsdls) as device:
        with pytest.raises(DeviceError) as raised:
            await device.information()
    assert len(camera.requests) == 1
    assert raised.value.title.isprintable()
    return raised.value


@pytest.mark.parametrize(
    ("reply", "kind", "title"),
    [
        (Reply(HTML, headers=TEXT), GarbledError, "web page"),
        (Reply("<HTML>", headers=TEXT), GarbledError, "web page"),
        (Reply(), GarbledError, "empty"),
        (Reply(b"\0 \r\n"), GarbledError, "empty"),
        (Reply(status=202), GarbledError, "empty"),
        (Reply(status=204), GarbledError, "empty"),
        (Reply("ok"), GarbledError, "no valid XML"),
        (Reply('{"error": 1}'), GarbledError, "no valid XML"),
        (Reply(GOOD[:-20]), GarbledError, "no valid XML"),
        (Reply(GOOD + b"<x/>"), GarbledError, "no valid XML"),
        (Reply("<a>" * 300 + "</a>" * 300), GarbledError, "no valid XML"),
        (Reply(GOOD.decode().encode("utf-16")), GarbledError, "no valid XML"),
        (Reply("<a/>"), GarbledError, "no SOAP"),
        (Reply(f'<e:Envelope xmlns:e="{S11}"/>'), GarbledError, "no SOAP"),
        (Reply(soap("<GetServicesResponse/>")), GarbledError, "not asked"),
        (Reply(LAUGHS), GarbledError, "document type"),
        (Reply(FILE), GarbledError, "document type"),
        (Reply(LAUGHS.encode("utf-16")), GarbledError, "no valid XML"),
        (Reply(GOOD, 500), GarbledError, "HTTP 500"),
        (Reply(HTML, 500), GarbledError, "HTTP 500"),
        (Reply("", 503), GarbledError, "HTTP 503"),
        (Reply("", 400), GarbledError, "HTTP 400"),
        (Reply("", 403), GarbledError, "HTTP 403"),
        (Reply("", 415), GarbledError, "HTTP 415"),
        (Reply(HTML, 404), UnsupportedError, "does not offer GetDeviceInformation"),
        (Reply("", 405), UnsupportedError, "does not offer GetDeviceInformation"),
        (Reply("", 501), UnsupportedError, "does not offer GetDeviceInformation"),
    ],
)
async def test_each_odd_answer_has_a_plain_reason(
    wsdls: Wsdls, reply: Reply, kind: type[DeviceError], title: str
) -> None:
    error = await error_of(wsdls, reply)
    assert type(error) is kind
    assert title in error.title
    assert error.hint


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_told_and_never_followed(wsdls: Wsdls, status: int) -> None:
    async with ScriptedCamera(lambda request: INFORMATION) as other:
        elsewhere = f"http://127.0.0.1:{other.port}/onvif/device_service"
        error = await error_of(wsdls, Reply(HTML, status, (("Location", elsewhere),)))
        assert isinstance(error, GarbledError)
        assert "redirects" in error.title
    assert other.requests == []
    secure = await error_of(wsdls, Reply("", status, (("Location", "HTTPS://10.0.0.9:8443/"),)))
    assert "over HTTPS" in secure.title
    assert "redirects" in (await error_of(wsdls, Reply("", status))).title


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b"\xef\xbb\xbf" + GOOD),
        Reply(b"\r\n\r\n" + GOOD + b"\r\n\0\0"),
        Reply(GOOD, headers=TEXT),
        Reply(GOOD, headers=()),
        Reply(GOOD, headers=(("Content-Type", "application/octet-stream"),)),
        Reply(GOOD.partition(b"?>")[2]),
        Reply(GOOD.replace(b"UTF-8", b"ISO-8859-1")),
        Reply(GOOD.replace(b"UTF-8", b"klingon")),
        Reply(GOOD.replace(b"2003/05/soap-envelope", b"2001/12/soap-envelope")),
        Reply(soap(GOOD.decode().partition("<e:Body>")[2].partition("</e:Body>")[0], S11)),
        Reply(GOOD.replace(b"<e:Body>", b"<e:Header><w:X xmlns:w='urn:w'/></e:Header><e:Body><!-- x --><?x y?>")),
        Reply(GOOD.replace(b"x:Model>", b"Model>")),
        Reply(GOOD.replace(b' xmlns:x="http://www.onvif.org/ver10/device/wsdl"', b' xmlns:x="urn:other"')),
        Reply(
            GOOD.replace(MAKER, b"")
            .replace(b"<x:Model>", b"<x:New><x:Model>no</x:Model></x:New><x:Model>", 1)
            .replace(b"</x:SerialNumber>", b"</x:SerialNumber>" + MAKER)
        ),
        Reply(GOOD.replace(b"<x:HardwareId>h</x:HardwareId>", b"")),
        Reply(GOOD.replace(b"X-100", b"<![CDATA[X-100]]>").replace(b"ACME", b"\n  ACME\t ")),
    ],
)
async def test_what_is_merely_odd_is_read(wsdls: Wsdls, reply: Reply) -> None:
    async with ScriptedCamera(lambda request: reply) as camera, calling(camera, wsdls) as device:
        information = await device.information()
    assert (information.manufacturer, information.model, information.serial) == ("ACME", "X-100", "4711")


async def test_texts_are_cleaned_and_cut_and_broken_bytes_survive(wsdls: Wsdls) -> None:
    body = GOOD.replace(b"ACME", "\u202eevil\u200b".encode()).replace(b"X-100", b"K\xfcche")
    body = body.replace(b"4711", b"9" * 5000)
    async with ScriptedCamera(lambda request: Reply(body)) as camera, calling(camera, wsdls) as device:
        information = await device.information()
    assert information.manufacturer == "⟨202E⟩evil⟨200B⟩"
    assert information.model == "K\ufffdche"
    assert len(information.serial) == 64


async def test_an_answer_that_is_too_large_is_refused(wsdls: Wsdls) -> None:
    await error_of(wsdls, Reply(GOOD + b" " * (2 * 1024 * 1024)))


FLOODS = {
    "billion laughs": LAUGHS,
    "nested": soap("<a>" * 200_000 + "</a>" * 200_000),
    "elements": soap("<GetDeviceInformationResponse>" + "<a/>" * 400_000 + "</GetDeviceInformationResponse>"),
    "attributes": soap("<a" + "".join(f' a{number}=""' for number in range(150_000)) + "/>"),
    "namespaces": soap("<a" + "".join(f' xmlns:a{number}="u"' for number in range(80_000)) + "><a0:b/></a>"),
    "texts": soap("<a/>b" * 400_000),
    "broken bytes": soap("\0" * 2_000_000),
}


@pytest.mark.parametrize("kind", FLOODS)
def test_bombs_and_floods_are_refused_at_little_cost(kind: str) -> None:
    body = FLOODS[kind].encode().replace(b"\0", b"\xff\xf0")
    started = time.thread_time()
    answer = read(200, HEADERS, body)
    assert time.thread_time() - started < 0.5
    assert answer.body is None or kind == "broken bytes"
    assert len(answer.start) < 10_000


def test_as_much_as_a_large_device_has_to_say_is_read() -> None:
    certificate = f"<Certificate><CertificateID>c</CertificateID><CertificateContent>{'A' * 3000}=</CertificateContent>"
    profile = '<Profiles token="p">' + "<VideoSource><Name>n</Name></VideoSource>" * 75 + "</Profiles>"
    for body in (f"{certificate}</Certificate>" * 512, profile * 128):
        answer = read(200, HEADERS, soap(f"<GetAllResponse>{body}</GetAllResponse>").encode())
        assert len(answer.result("GetAll")) in (512, 128)


@given(st.binary(max_size=400), st.integers(100, 599))
def test_any_bytes_are_an_answer(content: bytes, status: int) -> None:
    for body in (content, GOOD[:90] + content + GOOD[90:]):
        answer = read(status, HEADERS, body)
        assert answer.attempts_left is None or 0 <= answer.attempts_left <= 99
        try:
            answer.result("GetDeviceInformation")
        except DeviceError as error:
            assert error.title
