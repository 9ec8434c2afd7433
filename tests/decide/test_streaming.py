"""Addresses of streams as devices write them, and what follows from what was tried."""

import itertools

import msgspec
import pytest

from core.decide.streaming import Probed, Stream, judge_probes, may_be_asked, read_uri, shown, tunnel_ports
from core.decide.trust import Place, moved, presenting, trusting
from core.model.device import Attention, AttentionKind, Connection, Origin
from core.model.records import DeviceRecord, Pin
from core.model.video import Video

NO, YES, UNCLEAR, OTHER_LEAF = Probed.NO, Probed.YES, Probed.UNCLEAR, Probed.OTHER_LEAF
AT = "2026-01-01T00:00:00Z"
PIN = Pin("a" * 64, Origin.ISSUED, AT, "tech1")
DEVICE = DeviceRecord(
    id="d1", name="Gate", host="10.0.0.9", port=443, scheme="https", pin=PIN, added_at=AT, added_by="tech1"
)


@pytest.mark.parametrize(
    ("uri", "stream"),
    [
        ("rtsp://10.0.0.9/s1", Stream("rtsp", 554, "/s1")),
        ("rtsp://10.0.0.9:8554/s1?channel=1&sub=0", Stream("rtsp", 8554, "/s1?channel=1&sub=0")),
        ("RTSPS://cam-1.local/s1", Stream("rtsps", 322, "/s1")),
        ("https://10.0.0.9/s1", Stream("https", 443, "/s1")),
        ("http://10.0.0.9", Stream("http", 80, "/")),
        ("  rtsp://10.0.0.9/s1#t=5\n", Stream("rtsp", 554, "/s1")),
        ("rtsp://[2001:db8::9]:8554/s1", Stream("rtsp", 8554, "/s1")),
        # Quirks of real devices: mapped addresses, ports twice, credentials, no brackets, no number after the colon.
        ("rtsp://::ffff:10.0.0.9/s1", Stream("rtsp", 554, "/s1")),
        ("rtsp://::ffff:10.0.0.9:8554/s1", Stream("rtsp", 8554, "/s1")),
        ("rtsp://[::ffff:10.0.0.9]:8554/s1", Stream("rtsp", 8554, "/s1")),
        ("rtsp://10.0.0.9:8554:8554/s1", Stream("rtsp", 8554, "/s1")),
        ("http://10.0.0.9:80:8080/s1", Stream("http", 8080, "/s1")),
        ("rtsp://admin:secret@10.0.0.9:8554/s1", Stream("rtsp", 8554, "/s1")),
        ("rtsp://2001:db8::9/s1", Stream("rtsp", 554, "/s1")),
        ("rtsp://10.0.0.9:/s1", Stream("rtsp", 554, "/s1")),
        # What is never sent.
        ("rtsp://10.0.0.9/user=admin_password=tlJwpbo6_channel=1", Stream("rtsp", 554, "")),
        ("rtsp://10.0.0.9/s1?usr=a&pwd=b", Stream("rtsp", 554, "")),
        ("rtsp://10.0.0.9/s1 RTSP/1.0\r\nX: y", None),
        ("rtsp://10.0.0.9/s1 x", Stream("rtsp", 554, "")),
        ("rtsp://10.0.0.9/ströme", Stream("rtsp", 554, "")),
        ("rtsp://10.0.0.9/" + "a" * 400, Stream("rtsp", 554, "/" + "a" * 400)),
        ("rtsp://10.0.0.9/" + "a" * 600, None),
        # What is no address of a stream.
        ("rtsp://10.0.0.9:0/s1", None),
        ("rtsp://10.0.0.9:65536/s1", None),
        ("rtsp://10.0.0.9:" + "5" * 400 + "/s1", None),
        ("gopher://10.0.0.9/s1", None),
        ("/s1", None),
        ("", None),
    ],
)
def test_of_the_address_of_a_stream_port_and_path_are_read_however_it_is_written(
    uri: str, stream: Stream | None
) -> None:
    assert read_uri(uri) == stream


def test_whatever_the_host_is_nothing_of_it_is_kept() -> None:
    hosts = ["evil.example", "127.0.0.1", "[::1]", "::ffff:1.2.3.4", "", "a@b", "fe80::1%eth0", "ü", "10.0.0.9:1"]
    for host, scheme in itertools.product(hosts, ("rtsp", "rtsps", "http", "https")):
        stream = read_uri(f"{scheme}://{host}/s1")
        assert stream is None or (stream.scheme, stream.target) in ((scheme, "/s1"), (scheme, ""))


def test_a_tunnel_is_looked_for_at_the_port_of_the_web_service_and_never_where_http_is_plain() -> None:
    assert tunnel_ports(Stream("https", 443, "/s1"), 8443) == (8443, 443)
    assert tunnel_ports(Stream("https", 8443, "/s1"), 8443) == (8443,)
    assert tunnel_ports(Stream("http", 80, "/s1"), 8443) == (8443,)
    assert tunnel_ports(Stream("rtsp", 554, "/s1"), 8443) == (8443,)


@pytest.mark.parametrize(
    ("tunnel", "rtsps", "clear", "video"),
    [
        (YES, NO, NO, Video.TUNNEL),
        (YES, YES, YES, Video.TUNNEL),
        (NO, YES, NO, Video.RTSPS),
        (UNCLEAR, YES, YES, Video.RTSPS),
        (NO, NO, YES, Video.CLEAR),
        (NO, NO, NO, Video.UNKNOWN),
        (NO, NO, UNCLEAR, Video.UNKNOWN),
        (UNCLEAR, NO, YES, Video.UNKNOWN),
        (NO, UNCLEAR, YES, Video.UNKNOWN),
        (OTHER_LEAF, NO, YES, Video.UNKNOWN),
        (NO, OTHER_LEAF, YES, Video.OTHER_CERTIFICATE),
        (NO, OTHER_LEAF, NO, Video.OTHER_CERTIFICATE),
        (UNCLEAR, OTHER_LEAF, YES, Video.UNKNOWN),
    ],
)
def test_a_verdict_follows_from_what_was_tried(tunnel: Probed, rtsps: Probed, clear: Probed, video: Video) -> None:
    assert judge_probes(tunnel, rtsps, clear) is video


def test_in_clear_is_only_said_where_nothing_else_can_be() -> None:
    told = {probes: judge_probes(*probes) for probes in itertools.product(Probed, repeat=3)}
    assert [probes for probes, video in told.items() if video is Video.CLEAR] == [(NO, NO, YES)]
    assert all((YES in probes[:2]) == (video in (Video.TUNNEL, Video.RTSPS)) for probes, video in told.items())


def test_only_a_device_that_shows_its_pin_and_takes_its_login_is_asked() -> None:
    assert may_be_asked(DEVICE, Connection.ONLINE)
    assert not may_be_asked(DEVICE, Connection.OFFLINE)
    refused = Attention(AttentionKind.LOGIN_REFUSED, "The device refused the login")
    for change in (
        {"pin": None},
        {"scheme": "http", "pin": None},
        {"presented": "b" * 64},
        {"video": Video.LOGIN_REFUSED},
        {"attention": (refused,)},
    ):
        assert not may_be_asked(msgspec.structs.replace(DEVICE, **change), Connection.ONLINE)


def test_a_new_certificate_takes_away_what_was_known_and_nothing_else_does() -> None:
    known = msgspec.structs.replace(DEVICE, video=Video.TUNNEL)
    again = msgspec.structs.replace(PIN, origin=Origin.ACCEPTED)
    assert trusting(known, again).video is Video.TUNNEL
    assert presenting(known, "b" * 64).video is Video.TUNNEL
    assert moved(known, Place("10.0.0.10", 443)).video is Video.TUNNEL
    assert trusting(known, msgspec.structs.replace(PIN, fingerprint="b" * 64)).video is Video.UNKNOWN


def test_video_is_shown_of_devices_with_a_stored_certificate() -> None:
    known = msgspec.structs.replace(DEVICE, video=Video.RTSPS)
    assert shown(known) is Video.RTSPS
    assert shown(msgspec.structs.replace(known, pin=None)) is None
    assert shown(msgspec.structs.replace(known, scheme="http", pin=None)) is None
