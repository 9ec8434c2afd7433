"""Tests about what an account may not do run as root too, which may do everything."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

_NOBODY = 65534


@contextmanager
def no_root() -> Iterator[None]:
    """Have the rights of an ordinary account."""
    before = os.geteuid()
    os.seteuid(before or _NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)
