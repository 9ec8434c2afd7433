import os
import re
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType, TracebackType

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from core import files
from core.authority import Authority, keyfile
from core.authority.keyfile import pack, unpack
from core.model.config import AuthoritySettings
from core.model.errors import CamtrustError, UnsafeStateError, UsageError
from core.model.secret import Secret
from core.store.folder import StateFolder
from tests.authority.conftest import NOW, SMALL
from tests.authority.killed import copies_killed

PASSPHRASE = "correct horse battery staple"
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")


def opened(folder: Path, settings: AuthoritySettings = SMALL, now: datetime = NOW) -> Authority:
    return Authority.open(folder, settings, "gw-042", now)


@pytest.fixture
def passphrase_file(tmp_path: Path) -> Path:
    path = tmp_path / "passphrase"
    path.write_text(PASSPHRASE + "\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def sealed(passphrase_file: Path) -> AuthoritySettings:
    return AuthoritySettings(key_type="ec-p256", passphrase_file=str(passphrase_file))


@pytest.fixture(scope="module")
def sealed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a sealed key, to be copied: sealing takes a while."""
    folder = tmp_path_factory.mktemp("sealed")
    opened(folder)
    (folder / "ca.key").write_text(pack(plain_key(folder), Secret(PASSPHRASE)).reveal())
    return folder


def plain_key(folder: Path) -> keyfile.PrivateKey:
    return unpack(Secret((folder / "ca.key").read_text()), None)


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_first_start_makes_two_files_that_only_this_account_can_read(folder: Path) -> None:
    opened(folder)
    assert names_in(folder) == {"ca.key", "ca.cer"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_a_later_start_loads_the_same_authority(folder: Path) -> None:
    first = opened(folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    second = Authority.open(folder, AuthoritySettings(name="Other", key_type="rsa-3072"), "renamed", NOW)
    assert (second.der, repr(second)) == (first.der, "<Authority of gw-042.cam.internal>")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize(
    ("key_type", "kind", "size"),
    [("rsa-3072", rsa.RSAPrivateKey, 3072), ("ec-p256", ec.EllipticCurvePrivateKey, 256)],
)
def test_the_key_is_of_the_kind_that_the_settings_name(
    folder: Path, key_type: str, kind: type[keyfile.PrivateKey], size: int
) -> None:
    opened(folder, AuthoritySettings(key_type=key_type))  # type: ignore[arg-type]
    key = load_pem_private_key((folder / "ca.key").read_bytes(), None)
    assert isinstance(key, kind)
    assert key.key_size == size


def test_an_rsa_key_is_the_default() -> None:
    assert AuthoritySettings().key_type == "rsa-3072"


def test_the_protection_is_told_in_words(folder: Path, tmp_path: Path, sealed: AuthoritySettings) -> None:
    assert opened(folder).protection == "key file readable by this account only"
    (other := tmp_path / "other").mkdir(mode=0o700)
    assert opened(other, sealed).protection == "key encrypted with a passphrase (Argon2id)"
    assert opened(other, sealed).protection == "key encrypted with a passphrase (Argon2id)"


def test_a_crash_between_key_and_certificate_is_completed_for_the_same_key(folder: Path) -> None:
    first = opened(folder)
    key = (folder / "ca.key").read_bytes()
    (folder / "ca.cer").unlink()
    again = opened(folder)
    assert (folder / "ca.key").read_bytes() == key
    assert public_key(again) == public_key(first)
    assert opened(folder).der == again.der


def public_key(authority: Authority) -> object:
    return x509.load_der_x509_certificate(authority.der).public_key()


def test_the_first_start_can_be_killed_at_any_moment(folder: Path) -> None:
    copies = copies_killed("start", folder)
    assert len(copies) > 20
    assert {path.name for copy in copies for path in copy.iterdir() if path.stat().st_nlink == 2} > {"ca.key", "ca.cer"}
    for copy in copies:
        key = (copy / "ca.key").read_bytes() if (copy / "ca.key").exists() else None
        certificate = (copy / "ca.cer").read_bytes() if (copy / "ca.cer").exists() else None
        state = StateFolder.open(copy)
        opened(copy)
        state.close()
        assert names_in(copy) == {"ca.key", "ca.cer", "engine.lock"}
        assert key in (None, (copy / "ca.key").read_bytes())
        assert certificate in (None, (copy / "ca.cer").read_bytes())


def test_a_key_that_another_program_makes_in_the_meantime_is_left_alone(folder: Path) -> None:
    def meddle(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code is files.create_private.__code__:
            (folder / "ca.key").write_text("of another program")

    sys.setprofile(meddle)
    try:
        with pytest.raises(CamtrustError, match=r"ca\.key was made by another program") as refusal:
            opened(folder)
    finally:
        sys.setprofile(None)
    assert refusal.value.hint
    assert (folder / "ca.key").read_text() == "of another program"
    assert names_in(folder) == {"ca.key"}


def test_a_plain_key_is_sealed_as_soon_as_there_is_a_passphrase(folder: Path, sealed: AuthoritySettings) -> None:
    first = opened(folder)
    assert opened(folder, sealed).der == first.der
    assert b"PRIVATE KEY" not in (folder / "ca.key").read_bytes()
    with pytest.raises(CamtrustError, match="no passphrase file is set"):
        opened(folder)


def test_a_sealed_key_shows_nothing_of_the_key(folder: Path, sealed: AuthoritySettings) -> None:
    first = opened(folder, sealed)
    stored = (folder / "ca.key").read_text()
    assert re.match(r'\{"format":"camtrust sealed key 1","salt":"\S+","nonce":"\S+","sealed":', stored)
    assert '"kdf":"argon2id","memory":65536,"iterations":3,"lanes":4' in stored
    assert "PRIVATE" not in stored
    assert opened(folder, sealed).der == first.der


def test_two_seals_of_one_key_have_nothing_in_common() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    first, second = (pack(key, Secret(PASSPHRASE)).reveal() for _ in range(2))
    values = [set(re.findall(r'"([A-Za-z0-9+/=]{16,})"', line)) for line in (first, second)]
    assert len(values[0]) == 3
    assert not values[0] & values[1]


def wrong_passphrase(folder: Path, file: Path) -> None:
    file.write_text("wrong\n")


def empty_passphrase(folder: Path, file: Path) -> None:
    file.write_text("\n")


def missing_passphrase(folder: Path, file: Path) -> None:
    file.unlink()


def open_passphrase(folder: Path, file: Path) -> None:
    file.chmod(0o604)


def passphrase_open_to_a_group(folder: Path, file: Path) -> None:
    os.chown(file, os.geteuid(), 12345)
    file.chmod(0o640)


def folder_for_passphrase(folder: Path, file: Path) -> None:
    file.unlink()
    file.mkdir()


def of_another_account(folder: Path, file: Path) -> None:
    os.chown(file, 12345, 12345)


def changed(old: str, new: str) -> Callable[[Path, Path], None]:
    def change(folder: Path, file: Path) -> None:
        text = (folder / "ca.key").read_text()
        assert old in text
        (folder / "ca.key").write_text(text.replace(old, new, 1))

    return change


def cut_off(folder: Path, file: Path) -> None:
    (folder / "ca.key").write_text((folder / "ca.key").read_text()[:100])


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (wrong_passphrase, "passphrase does not open"),
        (empty_passphrase, "is empty"),
        (missing_passphrase, "passphrase is missing"),
        (open_passphrase, "open to other accounts"),
        pytest.param(passphrase_open_to_a_group, "open to other accounts", marks=AS_ROOT),
        (folder_for_passphrase, "not a regular file"),
        pytest.param(of_another_account, "belongs to another account", marks=AS_ROOT),
        (changed('"iterations":3', '"iterations":2'), "passphrase does not open"),
        (changed('"lanes":4', '"lanes":1'), "passphrase does not open"),
        (changed('"memory":65536', '"memory":65535'), "passphrase does not open"),
        (changed('"memory":65536', '"memory":99999999'), "damaged"),
        (changed('"kdf":"argon2id"', '"kdf":"none"'), "damaged"),
        (changed("sealed key 1", "sealed key 2"), "damaged"),
        (changed('"lanes":4', '"lanes":4,"more":1'), "damaged"),
        (changed('"sealed":"', '"sealed":"AAAA'), "passphrase does not open"),
        (cut_off, "damaged"),
    ],
)
def test_a_sealed_key_is_not_opened_and_the_reason_is_told(
    folder: Path,
    sealed_once: Path,
    passphrase_file: Path,
    sealed: AuthoritySettings,
    harm: Callable[[Path, Path], None],
    told: str,
) -> None:
    shutil.copytree(sealed_once, folder, dirs_exist_ok=True)
    harm(folder, passphrase_file)
    before = (folder / "ca.key").read_bytes()
    with pytest.raises(CamtrustError, match=told) as refusal:
        opened(folder, sealed)
    assert refusal.value.hint
    assert (folder / "ca.key").read_bytes() == before
    assert_keeps_secrets(refusal.value)


def test_a_credential_of_systemd_is_taken(folder: Path, passphrase_file: Path, sealed: AuthoritySettings) -> None:
    passphrase_file.chmod(0o440)
    if os.geteuid() == 0:
        opened(folder, sealed)
        passphrase_file.chmod(0o444)
    with pytest.raises(UnsafeStateError, match="open to other accounts"):
        opened(folder, sealed)


def test_a_sealed_key_without_a_passphrase_file_is_told(folder: Path, sealed: AuthoritySettings) -> None:
    opened(folder, sealed)
    with pytest.raises(CamtrustError, match="no passphrase file is set") as refusal:
        opened(folder)
    assert "passphrase_file" in refusal.value.hint


def test_a_passphrase_is_taken_to_the_letter(folder: Path, passphrase_file: Path, sealed: AuthoritySettings) -> None:
    passphrase_file.write_text(" grüße  \r\n", encoding="utf-8")
    opened(folder, sealed)
    passphrase_file.write_text(" grüße  ", encoding="utf-8")
    opened(folder, sealed)
    passphrase_file.write_text("grüße", encoding="utf-8")
    with pytest.raises(CamtrustError, match="does not open"):
        opened(folder, sealed)


def no_key(folder: Path) -> None:
    (folder / "ca.key").unlink()


def key_cut_off(folder: Path) -> None:
    text = (folder / "ca.key").read_text().splitlines()
    (folder / "ca.key").write_text("\n".join([text[0], text[1][:20], *text[2:]]))


def key_of_another_kind(folder: Path) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    (folder / "ca.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def another_key(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    (folder / "ca.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def certificate_cut_off(folder: Path) -> None:
    (folder / "ca.cer").write_text((folder / "ca.cer").read_text()[:200])


def certificate_empty(folder: Path) -> None:
    (folder / "ca.cer").write_text("")


def certificate_of_a_stranger(folder: Path) -> None:
    """One for the same key that is held to nothing."""
    key = load_pem_private_key((folder / "ca.key").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Free CA")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1).not_valid_before(NOW).not_valid_after(NOW)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    certificate = builder.sign(key, hashes.SHA256())
    (folder / "ca.cer").write_bytes(certificate.public_bytes(Encoding.PEM))


def key_open_to_all(folder: Path) -> None:
    (folder / "ca.key").chmod(0o644)


def certificate_open_to_all(folder: Path) -> None:
    (folder / "ca.cer").chmod(0o664)


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (no_key, "key is missing"),
        (key_cut_off, "key file is damaged"),
        (key_of_another_kind, "another kind"),
        (another_key, "do not belong together"),
        (certificate_cut_off, "certificate is damaged"),
        (certificate_empty, "certificate is damaged"),
        (certificate_of_a_stranger, "not one that camtrust made"),
        (key_open_to_all, r"ca\.key has mode 0644"),
        (certificate_open_to_all, r"ca\.cer has mode 0664"),
    ],
)
def test_what_is_wrong_with_the_files_is_told_and_nothing_is_changed(
    folder: Path, harm: Callable[[Path], None], told: str
) -> None:
    opened(folder)
    harm(folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(CamtrustError, match=told) as refusal:
        opened(folder)
    assert refusal.value.hint
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    # Of an elliptic key's three lines the last holds only what the certificate shows too.
    assert_keeps_secrets(refusal.value, *before.get("ca.key", b"").decode().splitlines()[1:3])


def test_a_gateway_that_lost_the_time_makes_no_authority(folder: Path) -> None:
    with pytest.raises(CamtrustError, match="it says 1970-01-01"):
        opened(folder, now=datetime(1970, 1, 1, tzinfo=UTC))
    assert names_in(folder) == set()


def test_an_authority_needs_a_name(folder: Path) -> None:
    with pytest.raises(UsageError, match="has no name"):
        opened(folder, AuthoritySettings(name=" ", key_type="ec-p256"))
    assert names_in(folder) == set()


def variables_of_ours(error: BaseException | None) -> Iterator[tuple[str, object]]:
    """The locals of all frames of the engine that an error passed through, and what else was raised there."""
    while error is not None:
        traceback: TracebackType | None = error.__traceback__
        while traceback is not None:
            frame = traceback.tb_frame
            if frame.f_code.co_filename.startswith(str(Path(files.__file__).parent)):
                yield from frame.f_locals.items()
            traceback = traceback.tb_next
        error = error.__cause__ or error.__context__


def assert_keeps_secrets(error: BaseException, *more: str) -> None:
    """Crash screens print locals (rule R40)."""
    variables = dict(variables_of_ours(error))
    assert len(variables) > 2
    shown = f"{error!r} {error} {variables!r}"
    for secret in (PASSPHRASE, "PRIVATE KEY", *more):
        assert secret not in shown
