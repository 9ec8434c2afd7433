"""Which rows a filter keeps."""

from datetime import UTC, datetime

import pytest

from tests.tui.engine import added, blocked, over_http
from tui.order import matches

NOW = datetime(2026, 11, 24, 7, 5, tzinfo=UTC)
DOCK = blocked(14, "Online shop dock", manufacturer="AXIS", model="P3265-V", serial="B8A4")
GATE = added(2, "Gate")
PARK = over_http(9, "Car park")


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("", "DGP"),
        ("gate", "G"),
        ("GATE 192.168", "G"),
        ("gate roof", ""),
        ("!gate", "DP"),
        ("!gate !park", "D"),
        ("!", "DGP"),
        ("online", "DGP"),
        ("state:online", "GP"),
        ("!state:online", "D"),
        ("state:blocked", "D"),
        ("state:BLOCKED name:dock", "D"),
        ("name:blocked", ""),
        ("address:.9", "P"),
        ("certificate:arcules", "DG"),
        ("certificate:http !certificate:https", "P"),
        ("expires:2036", "DG"),
        ("model:axis model:p32", "D"),
        ("serial:b8", "D"),
        ("state:", "DGP"),
        ("!state:", "DGP"),
        ("colour:red", ""),
        ("!colour:red", "DGP"),
    ],
)
def test_a_word_is_looked_for_everywhere_or_in_one_column(words: str, kept: str) -> None:
    devices = {"D": DOCK, "G": GATE, "P": PARK}
    assert "".join(letter for letter, device in devices.items() if matches(device, words, NOW)) == kept


def test_an_address_with_colons_is_one_word() -> None:
    camera = added(1, "v6", host="fe80::1")
    assert matches(camera, "192.168.20.1", NOW)
    ported = over_http(1, "port")
    assert not matches(ported, "192.168.20.1:4443", NOW)
    assert matches(type(ported)(ported.id, "x", "[fe80::1]:4443", ported.connection), "fe80::1]:4443", NOW)
