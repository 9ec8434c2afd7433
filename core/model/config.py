"""Settings of a gateway, as `config.toml` holds them. Unknown keys are errors; reading files is done elsewhere."""

from typing import Literal

import msgspec


class AuthoritySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[authority]`: used when the authority is made, and to unlock its key. `passphrase_file` is a path."""

    name: str = "Arcules"
    key_type: Literal["rsa-3072", "ec-p256"] = "rsa-3072"
    passphrase_file: str | None = None


class DiscoverySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[discovery]`: the UDP port of each way to find devices; 0 turns it off. Other ports are for test networks."""

    ws_discovery_port: int = 3702
    mdns_port: int = 5353
    ssdp_port: int = 1900


class AccessSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[access]`: names of Unix groups, empty for none. Members of `viewers` may open the engine's socket and look.

    Members of `operators` may also change things; both groups must be ones that the engine's account is in.
    """

    operators: str = ""
    viewers: str = ""


class ScreenSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[screen]`: what a technician's own screens look like. `ascii` draws as for a terminal that has nothing else.

    `slow` sends changes once a second at most; `read_only` attaches as a viewer.
    """

    theme: Literal["ansi", "night", "contrast"] = "ansi"
    ascii: bool = False
    mouse: bool = False
    slow: bool = False
    read_only: bool = False


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file. Times are in seconds.

    `interfaces` are local addresses that discovery is limited to (empty: all). `linger` is how long an engine that a
    client started stays when nobody is attached and nothing is under way. `patience` is how long onboarding waits for
    a device that is mid-set-up, `key_patience` for it to make its key, `restart_patience` for its web server after
    that, and `answer_patience` for each answer, to its last byte. `expiry_notice` is in days: so long before its end a
    certificate is told to expire. `http_login` decides about logging in over plain HTTP where HTTPS was tried first.
    `keys` are keys of the screens by the id of what they do, such as `{"rescan": "f5"}`.
    """

    gateway: str = ""
    interfaces: tuple[str, ...] = ()
    linger: float = 600.0
    patience: float = 300.0
    key_patience: float = 300.0
    restart_patience: float = 300.0
    answer_patience: float = 30.0
    check_period: float = 30.0
    retry_period: float = 60.0
    expiry_notice: int = 30
    parallel_installs: int = 50
    http_login: Literal["ask", "never", "always"] = "ask"
    access: AccessSettings = AccessSettings()
    screen: ScreenSettings = ScreenSettings()
    keys: dict[str, str] = {}
    authority: AuthoritySettings = AuthoritySettings()
    discovery: DiscoverySettings = DiscoverySettings()
