"""What to tell about the end of a certificate. One that equals the pin stays trusted when it has expired."""

from datetime import datetime, timedelta

from core.model.device import Attention, AttentionKind

_DAY = timedelta(days=1)
_RENEW = (
    "Re-issue it. If it is one that was put on the device by hand, put a new one there instead, then compare and "
    "accept that."
)


def expiry(not_after: str, now: datetime, notice_days: int) -> Attention | None:
    """Return what to tell about a certificate that is valid up to and including `not_after` (RFC 5280, 4.1.2.5).

    That is nothing until `notice_days` days before, nor where `not_after` is empty because it could not be read.
    """
    if not not_after:
        return None
    left = datetime.fromisoformat(not_after) - now
    if left < timedelta(0):
        hint = f"The device stays online while it shows this certificate. {_RENEW}"
        return Attention(AttentionKind.EXPIRED, f"Certificate expired {_days(-left)} ago", hint)
    if left / _DAY <= notice_days:
        return Attention(AttentionKind.EXPIRING, f"Certificate expires in {_days(left)}", _RENEW)
    return None


def _days(time: timedelta) -> str:
    days = time // _DAY
    if days == 0:
        return "less than a day"
    return "1 day" if days == 1 else f"{days} days"
