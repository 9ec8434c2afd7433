import re

import pytest

from core.authority.names import authority_name, device_name, zone

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
GATEWAYS = {
    "gw-042": "gw-042.cam.internal",
    "GW_042": "gw-042.cam.internal",
    "gw.site.example": "gw-site-example.cam.internal",
    "-gw--1-": "gw-1.cam.internal",
    "xn--fake": "xn-fake.cam.internal",
    "Kühlhaus": "k-hlhaus.cam.internal",
    "": "gateway.cam.internal",
    "___": "gateway.cam.internal",
    "倉庫": "gateway.cam.internal",
    "*": "gateway.cam.internal",
    "a\n.evil.com": "a-evil-com.cam.internal",
}
ODD = [*GATEWAYS, "x" * 24, "x" * 25, "x" * 300, "long-name-" * 20, "\udcff", "1"]


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_a_gateway_name_becomes_a_dns_zone(gateway: str) -> None:
    assert zone(gateway) == GATEWAYS[gateway]


@pytest.mark.parametrize("gateway", ODD)
@pytest.mark.parametrize("device", ["cam-14", "3f2c9d1e-8a77-4b60-9d0c-5e1f2a3b4c5d", *ODD])
def test_every_device_name_fits_into_dns_and_a_common_name(gateway: str, device: str) -> None:
    own = device_name(device, zone(gateway))
    assert len(own) <= 64
    assert all(LABEL.fullmatch(label) for label in own.split("."))
    assert own.endswith("." + zone(gateway))
    assert own == device_name(device, zone(gateway))


def test_a_name_cut_at_a_hyphen_gets_no_second_one() -> None:
    assert zone("a" * 14 + "-" + "b" * 30).startswith("a" * 14 + "-")
    assert "--" not in zone("a" * 14 + "-" + "b" * 30)


def test_names_that_were_cut_stay_apart() -> None:
    assert zone("x" * 60 + "a") != zone("x" * 60 + "b")
    assert device_name("x" * 60 + "a", "gw.cam.internal") != device_name("x" * 60 + "b", "gw.cam.internal")
    assert device_name("x" * 60 + "a", "gw.cam.internal").startswith("x" * 30)


def test_the_authority_is_called_after_organization_and_gateway() -> None:
    assert authority_name("Arcules", "gw-042.cam.internal") == "Arcules Gateway CA gw-042"


def test_a_long_organization_leaves_room_for_the_gateway() -> None:
    own = authority_name("O" * 64, zone("g" * 60))
    assert len(own) <= 64
    assert own.endswith(zone("g" * 60).removesuffix(".cam.internal"))
