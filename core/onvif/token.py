"""The WS-UsernameToken with a password digest (WS-Security UsernameToken Profile 1.0, 3.1; ONVIF Core, 5.9.2)."""

import base64
import hashlib
import secrets
from datetime import UTC, datetime

from lxml import etree

from core.model.records import Login

_OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"
_WSSE = f"{_OASIS}-wssecurity-secext-1.0.xsd"
_WSU = f"{_OASIS}-wssecurity-utility-1.0.xsd"
_DIGEST = f"{_OASIS}-username-token-profile-1.0#PasswordDigest"
_BASE64 = f"{_OASIS}-soap-message-security-1.0#Base64Binary"


def security_header(login: Login, device_time: datetime, nonce: bytes | None = None) -> etree._Element:
    """Return the Security header block; `device_time` is what the device's own clock shows, as it compares with that.

    The nonce is a new one unless given. The time ends in `Z`: devices are known to reject an offset.
    """
    nonce = nonce or secrets.token_bytes(16)
    created = device_time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    header = etree.Element(f"{{{_WSSE}}}Security", nsmap={"wsse": _WSSE, "wsu": _WSU})
    token = etree.SubElement(header, f"{{{_WSSE}}}UsernameToken")
    etree.SubElement(token, f"{{{_WSSE}}}Username").text = login.user
    etree.SubElement(token, f"{{{_WSSE}}}Password", Type=_DIGEST).text = _digest(nonce, created, login)
    etree.SubElement(token, f"{{{_WSSE}}}Nonce", EncodingType=_BASE64).text = base64.b64encode(nonce).decode()
    etree.SubElement(token, f"{{{_WSU}}}Created").text = created
    return header


def _digest(nonce: bytes, created: str, login: Login) -> str:
    data = nonce + created.encode() + login.password.reveal().encode()
    return base64.b64encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode()
