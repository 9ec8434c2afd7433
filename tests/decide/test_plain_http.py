"""When a login may go over plain HTTP."""

import pytest

from core.decide.plain_http import Policy, Spot, kept_back, may_log_in


@pytest.mark.parametrize(
    ("spot", "is_on_purpose"),
    [
        (Spot(80, asked_for=True), True),
        (Spot(443, asked_for=True), True),
        (Spot(8080, given=True), True),
        (Spot(8080), False),
        (Spot(443, given=True), False),
        (Spot(8443, given=True), False),
        (Spot(5000, given=True, announced={5000}), False),
        (Spot(5000, given=True, announced={5001}), True),
    ],
)
def test_http_is_meant_where_it_was_typed_or_its_port_was_which_is_not_for_https(
    spot: Spot, is_on_purpose: bool
) -> None:
    assert spot.is_on_purpose is is_on_purpose


@pytest.mark.parametrize(
    ("policy", "allowed", "may"),
    [
        ("never", True, False),
        ("never", False, False),
        ("ask", True, True),
        ("ask", False, False),
        ("always", False, True),
        ("always", True, True),
    ],
)
def test_the_settings_go_before_the_technician(policy: Policy, allowed: bool, may: bool) -> None:
    assert may_log_in(policy, allowed=allowed) is may


def test_what_is_forbidden_is_not_offered() -> None:
    assert "--allow-http-login" in kept_back("ask").hint
    assert "--" not in kept_back("never").hint
