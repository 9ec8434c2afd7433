"""Datagrams as devices send them, good and bad."""

from xml.sax.saxutils import escape

D2005 = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
D2009 = "http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01"
A2004 = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
A2005 = "http://www.w3.org/2005/08/addressing"
SCOPES = (
    "onvif://www.onvif.org/type/video_encoder onvif://www.onvif.org/Profile/Streaming "
    "onvif://www.onvif.org/name/Front%20door onvif://www.onvif.org/hardware/X-100 onvif://www.onvif.org/serial/4711"
)


def about(
    endpoint: str = "urn:uuid:00000000-0000-4000-8000-000000000001",
    xaddrs: str = "http://192.168.0.9/onvif/device_service",
    scopes: str = SCOPES,
    types: str = "dn:NetworkVideoTransmitter tds:Device",
    extra: str = "<d:MetadataVersion>1</d:MetadataVersion>",
) -> str:
    """What a match, a Hello or a Bye holds; an empty text leaves the element out."""
    parts = (("d:Types", types), ("d:Scopes", scopes), ("d:XAddrs", xaddrs))
    address = f"<a:EndpointReference><a:Address>{endpoint}</a:Address></a:EndpointReference>" if endpoint else ""
    return address + "".join(f"<{tag}>{escape(text)}</{tag}>" for tag, text in parts if text) + extra


def envelope(body: str, *, header: str = "", discovery: str = D2005, addressing: str = A2004) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
        f'xmlns:a="{addressing}" xmlns:d="{discovery}" xmlns:dn="http://www.onvif.org/ver10/network/wsdl" '
        f'xmlns:tds="http://www.onvif.org/ver10/device/wsdl"><s:Header>{header}</s:Header>'
        f"<s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def probe_matches(*matches: str, header: str = "", discovery: str = D2005, addressing: str = A2004) -> bytes:
    inner = "".join(f"<d:ProbeMatch>{match}</d:ProbeMatch>" for match in matches or (about(),))
    body = f"<d:ProbeMatches>{inner}</d:ProbeMatches>"
    return envelope(body, header=header, discovery=discovery, addressing=addressing)


def hello(inner: str | None = None) -> bytes:
    return envelope(f"<d:Hello>{about() if inner is None else inner}</d:Hello>")


def bye(inner: str | None = None) -> bytes:
    return envelope(f"<d:Bye>{about(xaddrs='', scopes='', types='') if inner is None else inner}</d:Bye>")


FAULT = envelope(
    "<s:Fault><s:Code><s:Value>s:Sender</s:Value></s:Code><s:Reason><s:Text>no</s:Text></s:Reason></s:Fault>"
)
ENTITY_BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a "' + b"x" * 4000 + b'">]>' + b"<s>" + b"&a;" * 2000 + b"</s>"
)
LAUGHS = (
    b'<!DOCTYPE l [<!ENTITY l0 "ha">'
    + b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
    + b"]><l>&l9;</l>"
)

GOOD = probe_matches()

BAD: dict[str, bytes] = {
    "empty": b"",
    "nulls": b"\0" * 64,
    "text": b"hello",
    "http": b"NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n\r\n",
    "html": b"<html><body>404</body></html>",
    "cut short": GOOD[: len(GOOD) // 2],
    "cut in a tag": GOOD[:-3],
    "two roots": GOOD + GOOD.split(b"?>", 1)[1],
    "fault": FAULT,
    "entity bomb": ENTITY_BOMB,
    "billion laughs": LAUGHS,
    "doctype alone": b"<!DOCTYPE s>" + GOOD.split(b"?>", 1)[1],
    "external entity": b'<!DOCTYPE s [<!ENTITY e SYSTEM "file:///etc/passwd">]><s>&e;</s>',
    "parameter entity": b'<!DOCTYPE s SYSTEM "http://127.0.0.1:9/x.dtd"><s/>',
    "undeclared entity": probe_matches("<d:XAddrs>&nope;</d:XAddrs>"),
    "utf-16": GOOD.decode().encode("utf-16"),
    "utf-7": b"+ADw-s+AD4-",
    "unbound prefix": b"<s:Envelope><s:Body/></s:Envelope>",
    "random": bytes(range(256)),
    "too large": GOOD + b" " * 16384,
    "deep": b"<a>" * 3000 + b"</a>" * 3000,
    "deep inside": probe_matches("<d:x>" * 200 + "</d:x>" * 200),
    "many elements": probe_matches("<d:x/>" * 2000),
    "many matches": probe_matches(*["<d:x/>"] * 100),
    "many attributes": b"<s " + b" ".join(b'a%d="1"' % n for n in range(1500)) + b"/>",
    "twice an attribute": b'<s a="1" a="2"/>',
    "null in name": GOOD.replace(b"Front", b"Fr\0nt"),
    "escape in name": GOOD.replace(b"Front", b"\x1b[2J"),
    "wrong namespace": GOOD.replace(D2005.encode(), b"urn:other"),
    "no body": b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"/>',
    "unclosed comment": b"<!-- " + GOOD,
    "unclosed cdata": GOOD.replace(b"Front", b"<![CDATA["),
    "only a prolog": b'<?xml version="1.0" encoding="UTF-8"?>',
}

ODD_BUT_GOOD: dict[str, bytes] = {
    "worded instance id": probe_matches(header='<d:AppSequence InstanceId="urn:uuid:abc" MessageNumber="x"/>'),
    "no headers": GOOD.replace(b"<s:Header></s:Header>", b""),
    "no metadata version": probe_matches(about(extra="")),
    "worded metadata version": probe_matches(about(extra="<d:MetadataVersion>one</d:MetadataVersion>")),
    "1.1": probe_matches(discovery=D2009, addressing=A2005),
    "mixed versions": probe_matches(discovery=D2005, addressing=A2005),
    "trailing nulls": GOOD + b"\0\0",
    "leading white space": b"\r\n" + GOOD,
    "byte order mark": b"\xef\xbb\xbf" + GOOD,
    "unknown encoding": GOOD.replace(b"UTF-8", b"x-nope"),
    "broken utf-8": GOOD.replace(b"type/video_encoder", b"location/\xff\xc3"),
    "another id": probe_matches(header="<a:RelatesTo>urn:uuid:nobody</a:RelatesTo>"),
    "soap 1.1": GOOD.replace(b"http://www.w3.org/2003/05/soap-envelope", b"http://schemas.xmlsoap.org/soap/envelope/"),
    "resolve": GOOD.replace(b"ProbeMatch", b"ResolveMatch"),
    "line breaks": probe_matches(about(scopes="\n  " + SCOPES.replace(" ", "\n\t") + "\n", xaddrs="\n http://h/x \n")),
}
