"""A string that does not show itself (rule R40)."""

from typing import Any, NoReturn


class Secret:
    """A password or passphrase. `reveal()` is the only way to its text; repr, str, format and pickle give nothing."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself, for the one place that needs it."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is never pickled")


def encode_secret(value: Any) -> Any:
    """msgspec `enc_hook`: a secret crosses only the engine's own socket."""
    if isinstance(value, Secret):
        return value.reveal()
    raise NotImplementedError(f"no encoding for {type(value).__name__}")


def decode_secret(kind: type, value: Any) -> Any:
    """msgspec `dec_hook`: the counterpart of `encode_secret`."""
    if kind is Secret:
        if not isinstance(value, str):
            raise ValueError("Expected `str`")
        return Secret(value)
    raise NotImplementedError(f"no decoding for {kind.__name__}")
