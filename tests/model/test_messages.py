import typing

import msgspec
import pytest

from core.model import messages
from core.model.device import (
    AttentionKind,
    CertificateField,
    CertificateView,
    Connection,
    DeviceView,
    InstallView,
    Origin,
    StepState,
    StepView,
)
from core.model.keystore import Way
from core.model.messages import (
    AcceptCertificate,
    AddDevices,
    Added,
    AnyCommand,
    AnyResult,
    Authority,
    CancelInstall,
    CancelScan,
    Certificate,
    CheckDevices,
    Command,
    DeviceDetail,
    Devices,
    Done,
    Event,
    Events,
    Failure,
    FromClient,
    FromEngine,
    Goodbye,
    Hello,
    ListDevices,
    Look,
    LookAt,
    Looks,
    Ping,
    ReadAuthority,
    ReadCertificate,
    ReadEvents,
    ReissueCertificate,
    RemoveDevice,
    ReplaceDevice,
    Reply,
    Request,
    Rescan,
    ReviewDevice,
    Role,
    Scanned,
    ScanNetworks,
    ScanView,
    ShowDevice,
    Status,
    StopEngine,
    Update,
    Welcome,
    decode_from_client,
    decode_from_engine,
    encode_line,
    to_builtins,
)
from core.model.preflight import Finding, Preflight, PreflightReport, PreflightReports, Readiness, Slots, Topic
from core.model.records import Purpose
from core.model.review import ChangeKind, Difference, Explanation, Review
from core.model.rollout import (
    CancelRollout,
    MemberState,
    ReadRollout,
    RolloutDevice,
    RolloutView,
    StartRollout,
    Trouble,
)
from core.model.secret import Secret
from core.model.sighting import SourceStatus

READING = {Ping, ListDevices, ShowDevice, ReadEvents, ReadCertificate, ReadAuthority, ReviewDevice, ReadRollout}
CHANGING = {
    LookAt,
    Preflight,
    AddDevices,
    AcceptCertificate,
    ReplaceDevice,
    ReissueCertificate,
    CheckDevices,
    CancelInstall,
    RemoveDevice,
    Rescan,
    ScanNetworks,
    CancelScan,
    StartRollout,
    CancelRollout,
    StopEngine,
}

VIEW = DeviceView(
    id="d1",
    name="Front \u2028 door",
    address="10.0.0.7:443",
    connection=Connection.BLOCKED,
    certificate_field=CertificateField.ARCULES,
    attention="review",
    attention_kind=AttentionKind.REVIEW_CHANGE,
    origin=Origin.ISSUED,
    port=443,
    found_by=("WS-Discovery",),
)
CERTIFICATE = CertificateView("ab" * 32, 738, names=("10.0.0.7",), warnings=("RSA key of 1024 bits is weak",))
INSTALL = InstallView(
    "d1", 2, (StepView(1, "find HTTPS", StepState.DONE, seconds=0.5), StepView(2, "look", StepState.DOING)), 1.5
)
REPORT = PreflightReport(
    address="10.0.0.7",
    name="MX-2240-V",
    readiness=Readiness.NOTES,
    way=Way.KEYSTORE,
    slots=(Slots("keys", 3, None, 1),),
    findings=(Finding(Topic.CLOCK, "Clock", "2 hours slow", Readiness.NOTES, "Set the clock."),),
)
EVENT = Event(7, "2026-11-24T07:00:00Z", "anna", "added", "added\nby hand", device="d1")
SCAN = ScanView(("10.0.0.0/24",), 254, 100, 7)
STATUS = Status(
    "gw", "0.1.0", 42, ("10.0.0.1",), (SourceStatus("WS-Discovery", 3, 1, "no network"),), 12.5, SCAN, ("w",)
)

ROLLOUT = RolloutView(
    id="r1",
    by="anna",
    started_at="2026-11-24T07:00:00Z",
    at_once=4,
    devices=(
        RolloutDevice(device="d1", name="Lobby", address="10.0.0.7", task=Purpose.ADD, canary=True),
        RolloutDevice(
            device="d2", name="Dock", address="10.0.0.8", state=MemberState.FAILED, trouble=Trouble.BLOCKED, seconds=2.5
        ),
        RolloutDevice(device="d3", name="Gate", address="10.0.0.9", state=MemberState.SKIPPED),
    ),
    remaining=60.0,
)

COMMANDS: tuple[AnyCommand, ...] = (
    Ping(),
    ListDevices(),
    ShowDevice(device="d1"),
    ReadEvents(limit=5, device="d1"),
    ReadCertificate(device="d1", which="presented"),
    ReadAuthority(),
    LookAt(addresses=("a", "b")),
    Preflight(devices=("a", "Lobby"), user="u", password=Secret("p"), allow_http_login=True),
    AddDevices(addresses=("a",), user="u", password=Secret("p"), names=("n",), expect="ab", patience=5.0),
    ReviewDevice(device="d1"),
    AcceptCertificate(device="d1", fingerprint="ab" * 32, reason="new firmware"),
    ReplaceDevice(device="d1", address="10.0.0.8", user="u", password=Secret("p"), expect="ab" * 32),
    ReissueCertificate(device="d1"),
    CheckDevices(),
    CancelInstall(device="d1"),
    RemoveDevice(device="d1"),
    Rescan(),
    ScanNetworks(networks=("10.0.0.0/24",)),
    CancelScan(),
    StartRollout(devices=("d1",), user="u", password=Secret("p"), reissue=True, at_once=3),
    CancelRollout(),
    ReadRollout(),
    StopEngine(force=True),
)
RESULTS: tuple[AnyResult, ...] = (
    Done(),
    Devices((VIEW,)),
    DeviceDetail(VIEW, CERTIFICATE, CERTIFICATE, "anna", "2026-11-24T07:00:00Z", INSTALL, (EVENT,)),
    Events((EVENT,)),
    Certificate("d1", "ab" * 32, b"\x30\0\xff\n"),
    Authority(CERTIFICATE, b"\x30\0", "key file readable by this account only"),
    Looks((Look("a", "https", CERTIFICATE), Look("b", problem="refuses connections"))),
    PreflightReports((REPORT,)),
    Added((VIEW,)),
    Review(
        VIEW,
        CERTIFICATE,
        CERTIFICATE,
        (Explanation(ChangeKind.SAME_KEY, "the same key", "Look at the dates."),),
        (Difference("Issuer", "a", "b", same=False),),
    ),
    Scanned(254, 100, (VIEW,)),
    ROLLOUT,
)
FROM_CLIENT: tuple[FromClient, ...] = (
    Hello(role=Role.VIEWER, watch=True, client="tui"),
    *(Request(n, command) for n, command in enumerate(COMMANDS)),
)
FROM_ENGINE: tuple[FromEngine, ...] = (
    Welcome(1, Role.OPERATOR, "anna", STATUS),
    *(Reply(n, result) for n, result in enumerate(RESULTS)),
    Failure(1, "no", "hint", 3),
    Update((VIEW,), ("d2",), (INSTALL,), (EVENT,), 4, STATUS, ROLLOUT),
    Goodbye("stopped by anna"),
)


def members(union: object) -> set[object]:
    return set(typing.get_args(union))


def test_the_examples_leave_no_kind_of_message_out() -> None:
    assert {type(one) for one in COMMANDS} == members(AnyCommand)
    assert {type(one) for one in RESULTS} == members(AnyResult)
    assert {type(one) for one in FROM_CLIENT} == members(FromClient)
    assert {type(one) for one in FROM_ENGINE} == members(FromEngine)


@pytest.mark.parametrize("message", FROM_CLIENT, ids=lambda message: type(message).__name__)
def test_what_a_client_says_arrives_as_one_line_and_as_it_was(message: FromClient) -> None:
    line = encode_line(message)
    assert line.endswith(b"\n") and line.count(b"\n") == 1
    assert decode_from_client(line) == message


@pytest.mark.parametrize("message", FROM_ENGINE, ids=lambda message: type(message).__name__)
def test_what_the_engine_says_arrives_as_one_line_and_as_it_was(message: FromEngine) -> None:
    line = encode_line(message)
    assert line.endswith(b"\n") and line.count(b"\n") == 1
    assert decode_from_engine(line) == message


def test_what_only_reads_needs_a_viewer_and_all_else_an_operator() -> None:
    needs = {kind: kind.needs for kind in members(AnyCommand)}  # type: ignore[attr-defined]
    assert needs == dict.fromkeys(READING, Role.VIEWER) | dict.fromkeys(CHANGING, Role.OPERATOR)
    assert Command.needs is Role.OPERATOR


def test_every_command_that_exists_can_be_sent() -> None:
    defined = {kind for kind in vars(messages).values() if isinstance(kind, type) and issubclass(kind, Command)}
    assert defined - {Command} == members(AnyCommand)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"null",
        b"[]",
        b'{"type":"hello"',
        b'{"type":"welcome"}',
        b'{"type":"request","seq":1}',
        b'{"type":"request","seq":"1","command":{"type":"list"}}',
        b'{"type":"request","seq":1,"command":{"type":"shutdown"}}',
        b'{"type":"request","seq":1,"command":{"type":"show"}}',
        b'{"type":"hello","role":"root"}',
        b'{"type":"hello","protocol":"one"}',
        b'{"type":"hello"} {"type":"hello"}',
        b'\xff{"type":"hello"}',
    ],
)
def test_what_is_no_message_of_a_client_is_refused(line: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_from_client(line)


def test_the_engines_side_is_as_strict() -> None:
    for line in (b'{"type":"hello"}', b'{"type":"reply","seq":1,"result":{"type":"list"}}', b"{}"):
        with pytest.raises(msgspec.DecodeError):
            decode_from_engine(line)


def test_builtins_are_plain_and_hold_the_words_that_people_read() -> None:
    plain = to_builtins(Devices((VIEW,)))
    assert plain["devices"][0]["certificate_field"] == "HTTPS (Arcules)"
    assert plain["devices"][0]["connection"] == "blocked"
    assert type(plain["devices"][0]["connection"]) is str


def test_a_rollout_counts_only_what_there_is_something_to_do_with() -> None:
    assert (ROLLOUT.done, ROLLOUT.total) == (1, 2)
