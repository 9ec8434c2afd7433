"""What a simulated camera is like. Every field has a value, so that `CameraSettings()` is an ordinary camera.

All are plain data, which is also what a configuration file holds. Times are in seconds.
"""

import hashlib
import uuid
from enum import StrEnum
from typing import Annotated, Literal

import msgspec

from core.simulator.faults import from_code
from core.simulator.quirks import Quirks as Quirks

Seconds = Annotated[float, msgspec.Meta(ge=0)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]


Change = Literal["new_certificate", "renew_certificate", "factory_certificate", "install_own"]
"""How a camera gets another certificate past its services: on its own web page, or by itself.

`new_certificate` is self-signed for a new key, `renew_certificate` for the key in use with new dates;
`factory_certificate` is the one that the camera came with, `install_own` one of the site's own authority, key and all.
"""


TlsVersion = Literal["1.0", "1.1", "1.2", "1.3"]
Hash = Literal["SHA-256", "SHA-1", "MD5"]


class Way(StrEnum):
    """A way to log in that a camera takes."""

    DIGEST_SHA256 = "digest-sha256"
    DIGEST_MD5 = "digest-md5"
    TOKEN = "token"  # noqa: S105 - no secret, its name


class Mishap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What goes wrong when an operation is called: after `skip` calls that went well, for `times` calls.

    `fault` answers with the ONVIF fault `code`, such as `Receiver/ter:Action/ter:KeyDeletionFailed`, and does nothing.
    `drop_before` ends the connection before anything is done, `lose_reply` after it was done. `http_500_html` is what a
    web server in front of a crashed service says. `hang` never answers and does nothing, `hang_after` never answers
    after it was done. The power cuts end the connection, too; after the network cuts the camera goes on, and nobody can
    reach it for a while.
    """

    kind: Literal[
        "fault",
        "drop_before",
        "lose_reply",
        "http_500_html",
        "hang",
        "hang_after",
        "power_cut_before",
        "power_cut_after",
        "network_cut_before",
        "network_cut_after",
    ]
    code: str = ""
    times: Count = 1
    skip: Count = 0

    def __post_init__(self) -> None:
        if self.kind == "fault":
            from_code(self.code)


class ByItself(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a camera does by itself, once.

    That is when it presents a certificate which it did not come with, and nobody asked it anything over HTTPS for
    `after`. With `move` it goes on at the address `to`.
    """

    what: Literal[Change, "power_cut", "move"]
    after: Seconds
    to: str = ""

    def __post_init__(self) -> None:
        if (self.what == "move") != bool(self.to):
            raise ValueError("Only what moves goes to another address")


class Timing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How slow a camera is.

    `answer` passes before each answer. A key takes `key`, or as long as it really takes. After an assignment the old
    certificate is served for `switch`, then the port is closed for `restart`. A power cut lasts `boot`, a network cut
    `cut`. A camera that serves two certificates in turn does so for `turns`.
    """

    answer: Seconds = 0.0
    key: Seconds = 0.0
    switch: Seconds = 0.05
    restart: Seconds = 0.1
    boot: Seconds = 0.1
    cut: Seconds = 0.3
    turns: Seconds = 0.3


class KeystoreSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the keystore can do and how much it holds (ONVIF Security Service, capabilities).

    `names` are those of the capability attributes: `old` as in version 1.0.2, or `new`. `algorithms` are signature
    algorithm OIDs, for requests and for the certificates that are uploaded; empty means all that are known here.
    `filled` certificates with their keys are there from the start and belong to somebody else. `auto_delete_key`
    deletes a key with its last certificate.
    """

    names: Literal["old", "new"] = "new"
    rsa_lengths: tuple[int, ...] = (2048, 3072)
    curves: tuple[str, ...] = ("secp256r1",)
    algorithms: tuple[str, ...] = ()
    most_keys: Count = 16
    most_certificates: Count = 16
    most_paths: Count = 8
    most_tls_paths: Count = 1
    filled: Count = 0
    refuses_duplicates: bool = True
    auto_delete_key: bool = False


class DeviceCertificatesSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the device service does with certificates (ONVIF Core, up to 16.06), where it does.

    `most` certificates with their keys have room. `key` is the kind of key that it makes, `hash` what it signs with an
    RSA key by, `csr` how it encodes a request. With `ignores_id` what it makes has an id of its own choosing, with
    `ignores_subject` its own subject, with `ignores_dates` its own dates. `load_activates` enables a certificate that
    is loaded, and no other one. Only one can be enabled unless `several_enabled`; of several the first is presented.
    `ignores_status` says yes when one is to be enabled or disabled and changes nothing; with `one_status` it makes the
    first of several changes and refuses the others, and with `odd_status` it tells them in words of its own.
    `deletes_key` deletes a key with its last certificate.

    What it makes when asked for a certificate is a `new` one, one that is `enabled` as well, one that is enabled and
    takes the place of the one before (`over_old`), or `nothing`: then it answers with the one that is enabled.
    """

    most: Count = 4
    key: str = "EC secp256r1"
    hash: Hash = "SHA-256"
    csr: Literal["der", "pem"] = "der"
    ignores_id: bool = False
    ignores_subject: bool = False
    ignores_dates: bool = False
    load_activates: bool = False
    several_enabled: bool = False
    ignores_status: bool = False
    one_status: bool = False
    odd_status: bool = False
    creates: Literal["new", "enabled", "over_old", "nothing"] = "new"
    deletes_key: bool = True


class VideoSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How video could be fetched. There is none: RTSP answers OPTIONS, and with `login` only to those who log in.

    `services` are the media services. With `tunnel` RTSP goes over HTTP and HTTPS, too. RTSPS is on `rtsps_port`: None
    for not at all, 0 for a free one; there it has the certificate of HTTPS, or, unless `rtsps_same_certificate`, one
    that it made itself. `uri_quirk` is what is wrong with the addresses of streams: a host of another network
    (`nat`), IPv4 written as IPv6 without brackets (`mapped`), or the port twice (`doubled_port`).
    """

    services: tuple[Literal["media", "media2"], ...] = ("media", "media2")
    tunnel: bool = True
    rtsps_port: Port | None = None
    rtsps_same_certificate: bool = True
    login: bool = True
    uri_quirk: Literal["", "nat", "mapped", "doubled_port"] = ""


class MdnsService(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One service that is announced over mDNS, such as `_https._tcp`, on the port of a protocol.

    It is announced while the protocol is on. `txt` are key and value; in a value, `{mac}` stands for the MAC address.
    """

    type: str
    protocol: Literal["http", "https", "rtsp"]
    txt: dict[str, str] = {}


class Ssdp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is announced over SSDP (UPnP Device Architecture 1.1), and the description that is fetched over HTTP.

    The description is at `path`, on the HTTP port, or on `port`: 0 for any. `udn` may hold `{mac}`. `device_type` and
    `service_types` are what is searched for. `serial` is what the description calls the serial number.
    `names_host` is the host that all URLs name instead of the camera's own.
    """

    device_type: str = "urn:schemas-upnp-org:device:Basic:1"
    service_types: tuple[str, ...] = ()
    path: str = "/rootdesc1.xml"
    port: Port | None = None
    udn: str = "uuid:Upnp-BasicDevice-1_0-{mac}"
    serial: Literal["mac", "serial"] = "mac"
    names_host: str = ""


Persona = Literal["camera", "printer", "nas", "windows"]
"""What a device is. All but cameras have a web page and no ONVIF services."""


class CameraSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One camera, or with another `persona` a device that is none.

    `host` is its own loopback address, `also_at` are the addresses of its other network interfaces: it is the same at
    each. A port of None means that it does not speak that protocol at all, 0 that a free one is taken. Without `video`
    it has no media services, and nobody listens for RTSP. `ws_discovery` tells whether it takes part in that,
    `announces` are the schemes that it tells of there; `mdns` and `ssdp` are what it announces by those. `mac` is made
    from the serial number where it is empty. `keystore` and `certificates` are the two ways to manage certificates,
    None where it does not have that one.

    It speaks TLS from `oldest_tls` to `newest_tls`, up to 1.2 with `ciphers` as OpenSSL names them; DHE is among them
    only with `short_dh`, and then with a prime of 1024 bits.

    `clock_offset` is how far its clock is ahead; with `lost_clock` it starts at 1970 at each boot. `lockout_after`
    wrong logins in a row close it for `lockout_time`; 0 means never. `factory_key` is the kind of key that it comes
    with; cameras of one `batch` all come with the same key and certificate. `factory_days` is how long the certificate
    that it comes with is valid from its making on, less than 0 for one that had expired by then. `factory_hash` is what
    it signs its own certificates with an RSA key by. `state_file` keeps
    what is in its flash memory, so that it can be killed and started again. `faults` are by operation. `kind` and
    `expect` say what it stands for in a demo, and the certificate field that it can reach.
    """

    name: str = "Camera"
    maker: str = "Meridian"
    model: str = "MX-2240-V"
    firmware: str = "4.12.0"
    serial: str = "00A1B2C30001"
    kind: str = "ordinary"
    expect: str = "HTTPS (Arcules)"
    persona: Persona = "camera"
    mac: str = ""
    host: str = "127.0.0.1"
    also_at: tuple[str, ...] = ()
    http_port: Port | None = 0
    https_port: Port | None = 0
    https_enabled: bool = True
    rtsp_port: Port | None = None
    ws_discovery: bool = True
    announces: tuple[Literal["http", "https"], ...] = ("http", "https")
    mdns: tuple[MdnsService, ...] = ()
    ssdp: Ssdp | None = None
    path: str = "/onvif/device_service"
    user: str = "admin"
    password: str = "demo-Kamera-7"  # noqa: S105 - what the demo shows on its first screen
    level: Literal["Administrator", "Operator", "User"] = "Administrator"
    login: tuple[Way, ...] = (Way.DIGEST_MD5, Way.TOKEN)
    lockout_after: Count = 0
    lockout_time: Seconds = 300.0
    token_window: Seconds = 300.0
    clock_offset: float = 0.0
    lost_clock: bool = False
    oldest_tls: TlsVersion = "1.2"
    newest_tls: TlsVersion = "1.3"
    ciphers: str = "DEFAULT"
    short_dh: bool = False
    factory_key: str = "EC secp256r1"
    batch: str = ""
    factory_days: float = 7300.0
    factory_hash: Hash = "SHA-256"
    keystore: KeystoreSettings | None = KeystoreSettings()
    certificates: DeviceCertificatesSettings | None = None
    video: VideoSettings | None = None
    timing: Timing = Timing()
    quirks: Quirks = Quirks()
    by_itself: ByItself | None = None
    faults: dict[str, Mishap] = {}
    state_file: str = ""

    @property
    def endpoint(self) -> str:
        """The camera's own constant identity in WS-Discovery."""
        return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, f'{self.maker}/{self.serial}')}"

    @property
    def mac_digits(self) -> str:
        """The MAC address in twelve upper-case digits; a serial number that looks like one is one."""
        digits = (self.mac or self.serial).replace(":", "").replace("-", "").upper()
        if len(digits) == 12 and set(digits) <= set("0123456789ABCDEF"):
            return digits
        # Locally administered (IEEE 802, 8.2.2).
        return f"02{hashlib.sha256(self.serial.encode()).hexdigest()[:10]}".upper()

    @property
    def hosts(self) -> tuple[str, ...]:
        """All its addresses."""
        return (self.host, *self.also_at)


class SiteSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All cameras of a site, as a configuration file holds them."""

    cameras: tuple[CameraSettings, ...]
