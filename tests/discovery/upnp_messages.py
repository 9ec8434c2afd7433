"""SSDP messages and descriptions as devices send them, good and bad."""

from xml.sax.saxutils import escape

ROOT = "upnp:rootdevice"
AXIS_TYPE = "urn:axis-com:service:BasicService:1"
UDN = "uuid:Upnp-BasicDevice-1_0-ACCC8E012345"
MEDIA_SERVER = "urn:schemas-upnp-org:device:MediaServer:1"


def message(start: str, **headers: str | None) -> bytes:
    lines = (f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items() if value is not None)
    return f"{start}\r\n{''.join(lines)}\r\n".encode()


def answer(
    location: str | None = "http://203.0.113.9:49154/rootdesc1.xml",
    target: str = ROOT,
    udn: str = UDN,
    boot: str | None = None,
) -> bytes:
    extra = {"BOOTID.UPNP.ORG": boot}
    usn = f"{udn}::{target}"
    return message("HTTP/1.1 200 OK", EXT="", LOCATION=location, SERVER="Linux UPnP/1.0", ST=target, USN=usn, **extra)


def notice(kind: str, location: str | None = None, target: str = ROOT, udn: str = UDN) -> bytes:
    usn = f"{udn}::{target}"
    return message("NOTIFY * HTTP/1.1", Host="239.255.255.250:1900", NT=target, NTS=kind, USN=usn, Location=location)


def description(
    *,
    name: str = "Front door",
    maker: str = "AXIS",
    model: str = "M3045-V",
    text: str = "AXIS M3045-V Network Camera",
    serial: str = "ACCC8E012345",
    udn: str = UDN,
    presentation: str | None = "http://203.0.113.9:80/",
    kind: str = "urn:schemas-upnp-org:device:Basic:1",
    inner: str = "",
) -> bytes:
    tags = {
        "deviceType": kind,
        "friendlyName": name,
        "manufacturer": maker,
        "modelDescription": text,
        "modelName": model,
        "serialNumber": serial,
        "UDN": udn,
        "presentationURL": presentation,
    }
    body = "".join(f"<{tag}>{escape(value)}</{tag}>" for tag, value in tags.items() if value is not None)
    return (
        '<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><specVersion><major>1</major></specVersion>'
        f"<device>{body}{inner}</device></root>"
    ).encode()


GOOD = answer()
GOOD_DESCRIPTION = description()

BAD: dict[str, bytes] = {
    "empty": b"",
    "nulls": b"\0" * 64,
    "text": b"hello",
    "xml": GOOD_DESCRIPTION,
    "only a start": b"HTTP/1.1 200 OK\r\n\r\n",
    "an error": GOOD.replace(b"200 OK", b"404 Not Found"),
    "2000": GOOD.replace(b"200 OK", b"2000 OK"),
    "no device": message("HTTP/1.1 200 OK", ST=ROOT, LOCATION="http://h/"),
    "a device without a name": answer(udn="nobody"),
    "a notice of nothing": notice(""),
    "an unknown notice": notice("ssdp:nonsense"),
    "another method": notice("ssdp:alive").replace(b"NOTIFY", b"POST"),
    "too large": GOOD + b" " * 16384,
    "header after the end": message("HTTP/1.1 200 OK", ST=ROOT) + b"USN: uuid:1\r\n",
    "header after too many": message("HTTP/1.1 200 OK", **{f"X{n}": "y" for n in range(100)}, USN="uuid:1"),
}

BAD_DESCRIPTIONS: dict[str, bytes] = {
    "empty": b"",
    "text": b"hello",
    "html": b"<html><body>404</body></html>",
    "cut": GOOD_DESCRIPTION[:-8],
    "doctype": b"<!DOCTYPE root>" + GOOD_DESCRIPTION.split(b"?>", 1)[1],
    "bomb": b'<!DOCTYPE r [<!ENTITY a "' + b"x" * 4000 + b'">]><root>' + b"&a;" * 2000 + b"</root>",
    "external": b'<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/passwd">]><root>&e;</root>',
    "utf-16": GOOD_DESCRIPTION.decode().encode("utf-16"),
    "deep": description(inner="<device>" * 100 + "</device>" * 100),
    "many elements": description(inner="<x/>" * 5000),
    "too large": GOOD_DESCRIPTION + b" " * 65536,
    "a bare type": b"<deviceType>urn:x</deviceType>",
}
