from pathlib import Path

import msgspec
import pytest

from core.model.config import AccessSettings, AuthoritySettings, Config, DiscoverySettings, ScreenSettings
from core.model.errors import ExitCode, UsageError
from core.service.setting_rules import SECTIONS
from core.service.settings import (
    Setting,
    Settings,
    Source,
    as_config,
    check_interfaces,
    config_files,
    default_config_path,
    load_config,
    load_settings,
    merged,
)
from tests.service.rights import no_root

WHOLE = """
gateway = "gw-042"
interfaces = ["192.168.1.2", "fe80::1%eth0"]
linger = 0
patience = 60
key_patience = 120
restart_patience = 90.5
answer_patience = 15
check_period = 10
retry_period = 20
expiry_notice = 60
parallel_installs = 4
http_login = "never"

[access]
operators = "camtrust-operators"
viewers = "camtrust"

[screen]
theme = "night"
ascii = true
mouse = true
slow = true
read_only = true

[keys]
rescan = "f5"

[authority]
name = "Site CA"
key_type = "ec-p256"
passphrase_file = "/run/credentials/passphrase"

[discovery]
ws_discovery_port = 13702
mdns_port = 15353
ssdp_port = 0
"""


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "config.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refused(folder: Path, text: str | bytes) -> tuple[str, str]:
    """Return title, without the folder, and hint of the error."""
    with pytest.raises(UsageError) as caught:
        load_config(write(folder, text))
    assert caught.value.exit_code == ExitCode.USAGE
    return caught.value.title.removeprefix(f"{folder}/"), caught.value.hint


def test_every_setting_can_be_set(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, WHOLE))
    assert config == Config(
        gateway="gw-042",
        interfaces=("192.168.1.2", "fe80::1%eth0"),
        linger=0.0,
        patience=60.0,
        key_patience=120.0,
        restart_patience=90.5,
        answer_patience=15.0,
        check_period=10.0,
        retry_period=20.0,
        expiry_notice=60,
        parallel_installs=4,
        http_login="never",
        access=AccessSettings("camtrust-operators", "camtrust"),
        screen=ScreenSettings("night", ascii=True, mouse=True, slow=True, read_only=True),
        keys={"rescan": "f5"},
        authority=AuthoritySettings("Site CA", "ec-p256", "/run/credentials/passphrase"),
        discovery=DiscoverySettings(13702, 15353, 0),
    )
    # A new setting has to be added above, so that its rule is tried too.
    by_section = ((config.access, AccessSettings()), (config.screen, ScreenSettings()))
    for settings, defaults in ((config, Config()), (config.authority, AuthoritySettings()), *by_section):
        for field in msgspec.structs.fields(type(defaults)):
            assert getattr(settings, field.name) != getattr(defaults, field.name), field.name


def test_an_empty_file_means_the_defaults(tmp_path: Path) -> None:
    assert load_config(write(tmp_path, "# nothing\n")) == Config()


def test_the_defaults_keep_their_own_rules(tmp_path: Path) -> None:
    assert load_config(write(tmp_path, "\n".join(f"{key} = {value}" for key, value in numbers().items()))) == Config()


def numbers() -> dict[str, float]:
    return {key: value for key, value in msgspec.structs.asdict(Config()).items() if isinstance(value, int | float)}


def test_the_default_place_need_not_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert load_config(None) == Config()
    default_config_path().parent.mkdir()
    default_config_path().write_text('gateway = "here"')
    assert load_config(None).gateway == "here"


def test_a_file_that_was_named_must_exist(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"missing\.toml cannot be read: No such file"):
        load_config(tmp_path / "missing.toml")
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        load_config(tmp_path)


UNKNOWN = {
    'gateway = "x"\n\nintrefaces = []': (
        'config.toml line 3: unknown key "intrefaces"',
        'did you mean "interfaces"?',
    ),
    '[authority]\nname = "x"\nkeytype = "x"': ('config.toml line 3: unknown key "keytype"', 'did you mean "key_type"?'),
    'authority.nam = "x"': ('config.toml line 1: unknown key "nam"', 'did you mean "name"?'),
    'authority = { nam = "x" }': ('config.toml: unknown key "nam"', 'did you mean "name"?'),
    '[authority]\n[athority]\nname = "x"': ('config.toml line 2: unknown key "athority"', 'did you mean "authority"?'),
    "[authority]\n\nlinger = 5": ('config.toml line 3: unknown key "linger"', "it belongs above the first [section]"),
    'passphrase_file = "/x"': ('config.toml line 1: unknown key "passphrase_file"', "it belongs under [authority]"),
    '[authority]\n"\\u001b[2J" = 1': (
        'config.toml: unknown key "⟨001B⟩[2J"',
        "known here: name, key_type, passphrase_file",
    ),
}


@pytest.mark.parametrize("text", UNKNOWN)
def test_an_unknown_key_is_named_with_its_line_and_what_was_meant(tmp_path: Path, text: str) -> None:
    assert refused(tmp_path, text) == UNKNOWN[text]


SECONDS = '"{}" must be a number of seconds greater than 0.'

WRONG = {
    "check_period = 0": SECONDS.format("check_period"),
    "check_period = nan": SECONDS.format("check_period"),
    "check_period = true": SECONDS.format("check_period"),
    "retry_period = -1": SECONDS.format("retry_period"),
    "patience = '60'": SECONDS.format("patience"),
    "restart_patience = inf": SECONDS.format("restart_patience"),
    "answer_patience = 0": SECONDS.format("answer_patience"),
    "linger = -0.5": '"linger" must be a number of seconds, 0 or more.',
    "discovery.ws_discovery_port = -1": '"ws_discovery_port" must be a port from 1 to 65535, or 0 for off.',
    "discovery.mdns_port = 65536": '"mdns_port" must be a port from 1 to 65535, or 0 for off.',
    "discovery.ssdp_port = 1900.5": '"ssdp_port" must be a port from 1 to 65535, or 0 for off.',
    "parallel_installs = 0": '"parallel_installs" must be a whole number from 1 to 100.',
    "expiry_notice = -1": '"expiry_notice" must be a whole number of days from 0 to 3650.',
    "expiry_notice = 1.5": '"expiry_notice" must be a whole number of days from 0 to 3650.',
    "http_login = 'sometimes'": '"http_login" must be one of "ask", "never", "always".',
    "gateway = 'a\\u001bb'".replace("'", '"'): '"gateway" must be a name of at most 64 characters, in quotes.',
    f"gateway = '{'x' * 65}'": '"gateway" must be a name of at most 64 characters, in quotes.',
    "interfaces = '10.0.0.1'": '"interfaces" must be a list of this gateway\'s own addresses, '
    'such as ["192.168.1.2", "fe80::1%eth0"].',
    "authority = 'x'": "Write [authority] on a line of its own.",
    "[authority]\nname = ''": '"name" must be a name of 1 to 64 characters, in quotes.',
    "[authority]\nkey_type = 'rsa-1024'": '"key_type" must be one of "rsa-3072", "ec-p256".',
    "[authority]\npassphrase_file = 'secret.txt'": '"passphrase_file" must be the path of a file, from the root on, '
    "in quotes.",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_value_is_refused_saying_what_is_allowed(tmp_path: Path, text: str) -> None:
    title, hint = refused(tmp_path, "\n\n" + text)
    assert title.startswith(f"config.toml line {len(text.splitlines()) + 2}: ")
    assert hint == WRONG[text]


@pytest.mark.parametrize("address", ["", "10.0.0.256", "10.0.0.0/24", "224.0.0.1", "0.0.0.0", "fe80::1", "eth0"])
def test_an_interface_is_named_by_an_address_of_its_own(tmp_path: Path, address: str) -> None:
    title, _ = refused(tmp_path, f'interfaces = ["127.0.0.1", "{address}"]')
    assert title == 'config.toml line 1: wrong value of "interfaces"'
    with pytest.raises(UsageError, match="is no address of an interface"):
        check_interfaces(["127.0.0.1", address])


BROKEN: dict[str | bytes, str] = {
    "gateway = 'x'\nlinger 5\n": "config.toml line 2, column 8: Expected '=' after a key",
    "gateway = ": "config.toml end of document: Invalid value",
    "linger = 1\nlinger = 2\n": "config.toml line 2, column 11: Cannot overwrite a value",
    b"# caf\xe9\n": "config.toml line 1: not UTF-8",
    b"\nlinger = 1\n#\xff\xfe\n": "config.toml line 3: not UTF-8",
}


@pytest.mark.parametrize("text", BROKEN)
def test_a_file_that_is_no_toml_is_refused_with_line_and_column(tmp_path: Path, text: str | bytes) -> None:
    title, _ = refused(tmp_path, text)
    assert title.startswith(BROKEN[text])


GROUPS = ["camtrust", "dom\\\\Camera Operators", "ops-2", "video_1", "Überwachung"]


@pytest.mark.parametrize("name", GROUPS)
def test_a_group_can_have_any_name_that_a_directory_server_gives(tmp_path: Path, name: str) -> None:
    config = load_config(write(tmp_path, f'[access]\nviewers = "{name}"'))
    assert config.access.viewers == name.replace("\\\\", "\\")


@pytest.mark.parametrize("name", ["1000", "a:b", "a,b", " ops", "ops ", "-ops", "x" * 65, "a\\u0007b"])
def test_what_no_group_is_called_is_refused(tmp_path: Path, name: str) -> None:
    title, hint = refused(tmp_path, f'[access]\noperators = "{name}"')
    assert title == 'config.toml line 2: wrong value of "operators"'
    assert hint == '"operators" must be the name of a group, such as "camtrust", or "" for none.'


def test_keys_of_the_screens_are_texts(tmp_path: Path) -> None:
    title, hint = refused(tmp_path, "[keys]\nrescan = 5")
    assert title == 'config.toml line 2: wrong value of "rescan"'
    assert hint == '"rescan" must be a key in quotes, such as "f5", or several: "f5,ctrl+r".'
    assert refused(tmp_path, "keys = 'f5'") == (
        'config.toml line 1: "keys" is a section',
        "Write [keys] on a line of its own.",
    )


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Return where the system's file and this account's file are looked for; neither is there yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    default_config_path().parent.mkdir(parents=True)
    return tmp_path / "system.toml", default_config_path()


def sources(settings: Settings) -> dict[tuple[str, str], str]:
    return {name: str(setting.source) for name, setting in settings.items() if setting.source.kind != "default"}


def test_this_accounts_file_counts_more_than_the_systems_key_by_key(places: tuple[Path, Path]) -> None:
    system, own = places
    system.write_text('gateway = "lab"\nlinger = 5\n[screen]\ntheme = "night"\nslow = true\n[keys]\nadd = "f2"\n')
    own.write_text('gateway = "mine"\n\n[screen]\nslow = false\n[keys]\nrescan = "f5"\n')

    settings = load_settings(None, system=system)

    assert as_config(settings) == Config(
        gateway="mine", linger=5.0, screen=ScreenSettings("night"), keys={"add": "f2", "rescan": "f5"}
    )
    assert sources(settings) == {
        ("", "gateway"): f"{own} line 1",
        ("", "linger"): f"{system} line 2",
        ("screen", "theme"): f"{system} line 4",
        ("screen", "slow"): f"{own} line 4",
        ("keys", "add"): f"{system} line 7",
        ("keys", "rescan"): f"{own} line 6",
    }


def test_a_file_that_was_named_stands_in_the_place_of_both(places: tuple[Path, Path], tmp_path: Path) -> None:
    for path in places:
        path.write_text('gateway = "no"\n')
    named = write(tmp_path, "linger = 1\n")

    assert load_config(named, system=places[0]) == Config(linger=1.0)
    assert config_files(named, places[0]) == (named,)
    assert config_files(None, places[0]) == places


def test_what_was_typed_counts_more_than_the_environment_and_that_more_than_files(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, '[screen]\ntheme = "night"\nascii = true\nmouse = true\n'))
    variable, option = Source("environment", "CAMTRUST_THEME"), Source("option", "--theme")
    environment = [Setting("screen", "theme", "ansi", variable), Setting("screen", "ascii", False, variable)]

    settings = merged(settings, environment, [Setting("screen", "theme", "contrast", option)])

    assert as_config(settings).screen == ScreenSettings("contrast", ascii=False, mouse=True)
    assert str(settings["screen", "theme"].source) == "--theme"


def test_every_setting_has_a_source(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, ""))
    assert as_config(settings) == Config()
    assert {str(setting.source) for setting in settings.values()} == {"default"}
    assert {section for section, _ in settings} == {*SECTIONS} - {"keys"}


def test_a_mistake_in_the_systems_file_is_told_with_its_own_path(places: tuple[Path, Path]) -> None:
    system, own = places
    own.write_text("linger = 1\n")
    system.write_text("\nlingr = 5\n")
    with pytest.raises(UsageError) as caught:
        load_config(None, system=system)
    assert caught.value.title == f'{system} line 2: unknown key "lingr"'


def test_a_systems_file_that_this_account_may_not_read_is_no_missing_one(places: tuple[Path, Path]) -> None:
    system, _ = places
    system.touch(0o000)
    with no_root(), pytest.raises(UsageError, match=r"system\.toml cannot be read: Permission denied"):
        load_config(None, system=system)


def test_a_folder_in_the_place_of_the_systems_file_is_told(places: tuple[Path, Path]) -> None:
    system, _ = places
    system.mkdir()
    with pytest.raises(UsageError, match=r"system\.toml cannot be read: Is a directory"):
        load_config(None, system=system)
    assert load_config(None, system=system / "missing" / "config.toml") == Config()


def test_a_default_place_below_a_file_is_no_place(places: tuple[Path, Path]) -> None:
    system, own = places
    own.parent.rmdir()
    own.parent.write_text("in the way")
    assert load_config(None, system=system) == Config()
