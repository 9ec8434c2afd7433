"""The WS-UsernameToken."""

import base64
from datetime import UTC, datetime, timedelta, timezone

from lxml import etree

from core.model.records import Login
from core.model.secret import Secret
from core.onvif.token import security_header

MOMENT = datetime(2010, 9, 16, 7, 50, 45, tzinfo=UTC)
NONCE = base64.b64decode("LKqI6G/AikKCQrN0zqZFlg==")
USER = Login("user", Secret("userpassword"))


def fields(header: etree._Element) -> dict[str, str]:
    return {etree.QName(element).localname: element.text or "" for element in header.iter()}


def test_the_example_of_the_onvif_programmers_guide() -> None:
    told = fields(security_header(USER, MOMENT, NONCE))
    assert told["Password"] == "tuOSpGlFlIXsozq4HFNeeGeFLEI="
    assert (told["Username"], told["Nonce"], told["Created"]) == (
        "user",
        "LKqI6G/AikKCQrN0zqZFlg==",
        "2010-09-16T07:50:45Z",
    )


def test_another_time_zone_becomes_utc_with_a_z() -> None:
    there = MOMENT.astimezone(timezone(timedelta(hours=10)))
    assert fields(security_header(USER, there, NONCE))["Created"] == "2010-09-16T07:50:45Z"


def test_each_token_has_its_own_nonce_and_no_password() -> None:
    headers = [security_header(USER, MOMENT) for _ in range(3)]
    assert len({fields(header)["Nonce"] for header in headers}) == 3
    assert all(b"userpassword" not in etree.tostring(header) for header in headers)
