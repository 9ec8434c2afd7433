"""The table that decides about logins: every way against every question."""

import itertools

import pytest

from core.onvif.login import Asked, Verdict, Way, judge

TAKE, DIGEST, TOKEN = Verdict.TAKE, Verdict.SEND_DIGEST, Verdict.SEND_TOKEN
CANNOT, REFUSED, FORBIDDEN = Verdict.CANNOT, Verdict.REFUSED, Verdict.FORBIDDEN

# Rows: how the request was sent. Columns: NOTHING, DIGEST, DIGEST_AGAIN, TOKEN, UNNAMED, BASIC, STRANGE, CLOSED.
TABLE = {
    (Way.PLAIN, False): [TAKE, DIGEST, DIGEST, TOKEN, TOKEN, TOKEN, CANNOT, TAKE],
    (Way.PLAIN, True): [TAKE, DIGEST, DIGEST, TOKEN, TOKEN, TOKEN, CANNOT, TAKE],
    (Way.DIGEST, False): [TAKE, REFUSED, DIGEST, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED],
    (Way.DIGEST, True): [TAKE, REFUSED, DIGEST, FORBIDDEN, REFUSED, REFUSED, REFUSED, TAKE],
    (Way.TOKEN, False): [TAKE, REFUSED, REFUSED, REFUSED, REFUSED, CANNOT, REFUSED, REFUSED],
    (Way.TOKEN, True): [TAKE, REFUSED, REFUSED, REFUSED, REFUSED, CANNOT, REFUSED, TAKE],
}


@pytest.mark.parametrize(("way", "proven"), TABLE)
def test_the_whole_table(way: Way, proven: bool) -> None:
    assert [judge(way, wants, proven=proven) for wants in Asked] == TABLE[way, proven]


def test_no_path_through_the_table_sends_one_password_in_two_ways() -> None:
    for wants, proven in itertools.product(Asked, (False, True)):
        assert judge(Way.DIGEST, wants, proven=proven) is not Verdict.SEND_TOKEN
        assert judge(Way.TOKEN, wants, proven=proven) not in (Verdict.SEND_DIGEST, Verdict.SEND_TOKEN)
