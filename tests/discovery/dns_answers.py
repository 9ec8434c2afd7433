"""mDNS messages as devices send them, good and bad."""

import struct

from zeroconf import DNSOutgoing, DNSPointer, DNSService, DNSText  # type: ignore[attr-defined]

ANSWER, QUESTION = 0x8400, 0
PTR, TXT, SRV, IN = 12, 16, 33, 1
TTL = 120


def answer(
    *services: tuple[str, int],
    label: str = "Front door",
    texts: dict[str, str] | None = None,
    ttl: int = TTL,
    only: tuple[int, ...] = (PTR, SRV, TXT),
) -> bytes:
    """What one device says of its services, as (type, port); `only` are the records that it puts in."""
    out = DNSOutgoing(ANSWER)
    text = b"".join(bytes((len(item),)) + item for item in (f"{k}={v}".encode() for k, v in (texts or {}).items()))
    for kind, port in services:
        domain, name = f"{kind}.local.", f"{label}.{kind}.local."
        records = {
            PTR: DNSPointer(domain, PTR, IN, ttl, name),
            SRV: DNSService(name, SRV, IN, ttl, 0, 0, port, "203.0.113.9.local."),
            TXT: DNSText(name, TXT, IN, ttl, text or b"\0"),
        }
        for record in only:
            out.add_answer_at_time(records[record], 0)
    [packet] = out.packets()
    return packet


def raw(records: bytes, count: int = 1, flags: int = ANSWER) -> bytes:
    """A message whose records are written by hand."""
    return struct.pack("!6H", 0, flags, 0, count, 0, 0) + records


def name(*labels: bytes) -> bytes:
    return b"".join(bytes((len(label),)) + label for label in labels) + b"\0"


CAMERA = answer(("_axis-video._tcp", 80), ("_vapix-https._tcp", 8443), texts={"macaddress": "ACCC8E012345"})

TO_ITSELF = raw(b"\xc0\x0c" + struct.pack("!HHIH", PTR, IN, TTL, 2) + b"\xc0\x0c")
IN_CIRCLES = raw(b"\xc0\x0e\xc0\x0c" + struct.pack("!HHIH", PTR, IN, TTL, 2) + b"\xc0\x0c")
LONG_CHAIN = raw(b"".join(struct.pack("!H", 0xC000 | (12 + 2 * n + 2)) for n in range(500)) + b"\xc0\x0c")

BAD: dict[str, bytes] = {
    "empty": b"",
    "text": b"hello",
    "http": b"NOTIFY * HTTP/1.1\r\n\r\n",
    "header cut": CAMERA[:11],
    "cut in a name": CAMERA[:20],
    "a name that points to itself": TO_ITSELF,
    "names that point to each other": IN_CIRCLES,
    "a long chain of names": LONG_CHAIN,
    "a name that points out": raw(b"\xff\xff" + struct.pack("!HHIH", PTR, IN, TTL, 0)),
    "an unknown label type": raw(b"\x80\x00" + struct.pack("!HHIH", PTR, IN, TTL, 0)),
    "more records than there are": CAMERA[:6] + b"\xff\xff" + CAMERA[8:],
    "too large": CAMERA + b"\0" * 16384,
}
