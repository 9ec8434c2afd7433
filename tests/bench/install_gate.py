"""What has to be true of every install before its time means anything."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from core.model.device import CertificateField, Connection, DeviceView
from core.simulator.settings import CameraSettings, DeviceCertificatesSettings, Timing
from tests.bench.cameras import Account
from tests.bench.straight import SCRIPTS_ARE_FREE, Taken

_FIRST = {"GetSystemDateAndTime": 1, "GetServices": 1, "GetServiceCapabilities": 1, "GetDeviceInformation": 1}
CALLS: Mapping[str, Mapping[str, int]] = {
    # The inventory is taken before and after; the path that is new has to be read only then.
    "security service": _FIRST
    | {"GetServices": 2, "GetAllKeys": 2, "GetAllCertificates": 2, "GetAllCertificationPaths": 2}
    | {"GetAssignedServerCertificates": 2, "GetCertificationPath": 3, "CreateECCKeyPair": 1, "GetKeyStatus": 1}
    | {"CreatePKCS10CSR": 1, "UploadCertificate": 1, "CreateCertificationPath": 1}
    | {"ReplaceServerCertificateAssignment": 1},
    "device service": _FIRST
    | {"GetCertificates": 2, "GetCertificatesStatus": 2, "CreateCertificate": 1, "GetPkcs10Request": 1}
    | {"LoadCertificates": 1, "SetCertificatesStatus": 1},
}
"""The calls of an install that a camera lets in, by the service that takes the certificate."""

_STREAMS = {"GetServices": 1}
"""What is asked once more after an install, to find out whether there are streams."""

LOOKS = 7
"""One to find it, one to be sure of it, and five running at the end, none of them with a byte of application data."""

WAYS = {
    "security service": CameraSettings(),
    "device service": CameraSettings(keystore=None, certificates=DeviceCertificatesSettings()),
}
NO_DELAYS = Timing(switch=0.0, restart=0.0, boot=0.0)


def ours(way: str, views: Sequence[DeviceView], accounts: Sequence[Account]) -> Iterator[str]:
    """Tell what is not as it should be where camtrust has installed."""
    for view, account in zip(views, accounts, strict=True):
        place = f"camtrust, {way}, {view.address}"
        if (view.certificate_field, view.connection) != (CertificateField.ARCULES, Connection.ONLINE):
            yield f"{place}: ended as {view.certificate_field}, {view.connection}: {view.attention}"
        if view.fingerprint != account.leaf:
            yield f"{place}: serves another leaf than its pin"
        if account.looks < LOOKS:
            yield f"{place}: {account.looks} looks, not {LOOKS} or more"
        yield from _other_calls(place, Counter(CALLS[way]) + Counter(_STREAMS), account)


def script(name: str, way: str, taken: Taken, accounts: Sequence[Account]) -> Iterator[str]:
    """Tell what is not as it should be where a straight script has installed."""
    for leaf, account in zip(taken.leaves, accounts, strict=True):
        if leaf != account.leaf:
            yield f"{name}, {way}: serves another leaf than was installed"
        if name not in SCRIPTS_ARE_FREE:
            yield from _other_calls(f"{name}, {way}", CALLS[way], account)


def _other_calls(place: str, expected: Mapping[str, int], account: Account) -> Iterator[str]:
    names = sorted(account.calls.keys() | expected.keys())
    counts = [(name, account.calls.get(name, 0), expected.get(name, 0)) for name in names]
    if told := [f"{count} {name}, not {wanted}" for name, count, wanted in counts if count != wanted]:
        yield f"{place}: {', '.join(told)}"
