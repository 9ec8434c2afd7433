"""Where a device is called. Of an address that it names, only the path is believed (rule R20)."""

import re

_LONGEST = 256
# Scheme and host are dropped unread, so `host:port:port` and names that resolve nowhere do no harm.
_XADDR = re.compile(r"\s*(?:https?://[^/?#]*)?(?P<path>/[^?#\s]*)", re.IGNORECASE)
_SANE = re.compile(r"/(?:[A-Za-z0-9_.~%+=,;:@!$&'()*-][A-Za-z0-9/_.~%+=,;:@!$&'()*-]*)?")


def path_of(xaddr: str) -> str:
    """Return the path of a service address, "" where it has none that is fit to be requested."""
    match = _XADDR.match(xaddr[: _LONGEST * 4])
    path = match["path"] if match else ""
    sane = len(path) <= _LONGEST and _SANE.fullmatch(path) and ".." not in path
    return path if sane else ""
