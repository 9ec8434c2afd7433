"""The authority's private key, and the two texts it is stored as: PKCS #8 in PEM, or sealed with a passphrase.

A sealed key is one line of JSON. AES-256-GCM encrypts the PKCS #8 DER with a key that Argon2id (RFC 9106) makes of the
passphrase, so nothing in the line can be changed unnoticed. Plain forms of the key are passed on and never named, so
that no frame of a failed call shows them (rule R40).
"""

import os
from typing import Annotated, Literal

import msgspec
from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
    load_pem_private_key,
)

from core.model.errors import CamtrustError
from core.model.secret import Secret

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
_RSA_BITS = 3072


class _Sealed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="format", tag="camtrust sealed key 1"):
    """The line. `memory` is in KiB; the costs are the second choice of RFC 9106, 4, for machines with little memory."""

    salt: Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
    nonce: Annotated[bytes, msgspec.Meta(min_length=12, max_length=12)]
    sealed: bytes = b""
    kdf: Literal["argon2id"] = "argon2id"
    memory: Annotated[int, msgspec.Meta(ge=64, le=1024 * 1024)] = 64 * 1024
    iterations: Annotated[int, msgspec.Meta(ge=1, le=64)] = 3
    lanes: Annotated[int, msgspec.Meta(ge=1, le=8)] = 4

    def cipher(self, passphrase: Secret) -> AESGCM:
        """Return the cipher that the passphrase gives; costs the memory and a fraction of a second."""
        kdf = Argon2id(salt=self.salt, length=32, iterations=self.iterations, lanes=self.lanes, memory_cost=self.memory)
        return AESGCM(kdf.derive(passphrase.reveal().encode("utf-8", "surrogateescape")))


def generate(key_type: Literal["rsa-3072", "ec-p256"]) -> PrivateKey:
    """Make a new key of the kind that the settings name."""
    if key_type == "ec-p256":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(65537, _RSA_BITS)


def pack(key: PrivateKey, passphrase: Secret | None) -> Secret:
    """Return the text to store the key as, sealed where there is a passphrase."""
    if passphrase is None:
        return Secret(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())
    empty = _Sealed(salt=os.urandom(16), nonce=os.urandom(12))
    sealed = empty.cipher(passphrase).encrypt(
        empty.nonce, key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()), None
    )
    return Secret(msgspec.json.encode(msgspec.structs.replace(empty, sealed=sealed)).decode() + "\n")


def is_sealed(text: Secret) -> bool:
    """Tell whether a stored key needs a passphrase."""
    return text.reveal().lstrip().startswith("{")


def unpack(text: Secret, passphrase: Secret | None) -> PrivateKey:
    """Return the key that a text stores. Raises CamtrustError: damaged, no passphrase, or a wrong one."""
    key = _unseal(text, passphrase) if is_sealed(text) else _parse(text)
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise _damaged()
    return key


def _unseal(text: Secret, passphrase: Secret | None) -> object:
    if passphrase is None:
        hint = "Name the passphrase file in the settings: `passphrase_file` in the section [authority]."
        raise CamtrustError("The authority's key is encrypted, and no passphrase file is set", hint)
    try:
        line = msgspec.json.decode(text.reveal(), type=_Sealed)
        return load_der_private_key(line.cipher(passphrase).decrypt(line.nonce, line.sealed, None), password=None)
    except InvalidTag:
        hint = "Check the passphrase file. If it is right, put ca.key back from a backup."
        raise CamtrustError("The passphrase does not open the authority's key", hint) from None
    except (msgspec.MsgspecError, ValueError, TypeError, UnsupportedAlgorithm):
        raise _damaged() from None


def _parse(text: Secret) -> object:
    try:
        return load_pem_private_key(text.reveal().encode("utf-8", "surrogateescape"), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _damaged() from None


def _damaged() -> CamtrustError:
    title = "The authority's key file is damaged, or holds a key of another kind"
    return CamtrustError(title, "Put ca.key back from a backup.")
