import pytest

from core.decide.interfaces import parse_interface
from core.model.errors import UsageError

RIGHT = {
    "10.0.0.2": "10.0.0.2",
    "127.0.0.1": "127.0.0.1",
    "fe80::1%eth0": "fe80::1%eth0",
    "FE80:0::1%eth0.7": "fe80::1%eth0.7",
    "::1": "::1",
}
WRONG = {
    "": "it is no IP address",
    "eth0": "it is no IP address",
    "10.0.0.1/24": "it is no IP address",
    "fe80::1%": "it is no IP address",
    "224.0.0.1": "no single interface has it",
    "0.0.0.0": "no single interface has it",
    "::": "no single interface has it",
    "ff02::c%eth0": "no single interface has it",
    "fe80::1": "the interface is missing, as in fe80::1%eth0",
    "fe80::1%a b": "the interface is missing, as in fe80::1%eth0",
    "fe80::1%a-name-that-is-too-long": "the interface is missing, as in fe80::1%eth0",
    "2001:db8::1": "of IPv6, only link-local addresses such as fe80::1%eth0 are searched from",
    "::1%lo": "of IPv6, only link-local addresses such as fe80::1%eth0 are searched from",
}


@pytest.mark.parametrize("text", RIGHT)
def test_an_interface_is_named_by_an_address_of_its_own(text: str) -> None:
    assert parse_interface(text) == RIGHT[text]


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_such_address_is_refused_saying_why(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_interface(text)
    assert refused.value.title == f"'{text}' is no address of an interface: {WRONG[text]}"
