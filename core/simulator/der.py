"""As much of DER as it takes to make what `cryptography` refuses to make (X.690, 8 and 10)."""

INTEGER = 0x02
BIT_STRING = 0x03
SEQUENCE = 0x30


def sequence(*parts: bytes) -> bytes:
    """Return a sequence of elements."""
    return tagged(SEQUENCE, b"".join(parts))


def bit_string(content: bytes) -> bytes:
    """Return a bit string of whole bytes."""
    return tagged(BIT_STRING, b"\0" + content)


def tagged(tag: int, content: bytes) -> bytes:
    """Return one element."""
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(size))) + size + content


def parts(element: bytes) -> list[bytes]:
    """Return the elements in a sequence that is well-formed."""
    content = element[_header(element) :]
    found = []
    while content:
        size = _header(content) + _length(content)
        found.append(content[:size])
        content = content[size:]
    return found


def _header(element: bytes) -> int:
    return 2 + (element[1] & 0x7F if element[1] & 0x80 else 0)


def _length(element: bytes) -> int:
    return int.from_bytes(element[2 : _header(element)], "big") if element[1] & 0x80 else element[1]
