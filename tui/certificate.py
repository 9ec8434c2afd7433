"""One certificate as lines: short for the drawer, in full for the screen of its own. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from core.model.device import CertificateView, DeviceView, Origin
from core.model.review import Review
from tui.paragraphs import LABEL, Line, field, fields, fit, paragraph
from tui.summary import sentences
from tui.words import (
    ADDING,
    EXPIRING,
    ORIGINS,
    Tone,
    certificate,
    day,
    days,
    full_standing,
    grouped,
    listed,
    moment,
    parse_time,
    state,
)


def fingerprint_lines(label: str, fingerprint: str, tone: Tone = Tone.PLAIN) -> list[Line]:
    """Return a fingerprint in two lines of groups of four."""
    labels = (label, "")
    return [
        ((fit(label, LABEL), Tone.QUIET), (line, tone))
        for label, line in zip(labels, grouped(fingerprint), strict=True)
    ]


def short_facts(view: CertificateView, now: datetime) -> Iterable[tuple[str, str]]:
    """Return label and text of what the drawer shows of a certificate besides its fingerprint."""
    if not view.readable:
        yield "Certificate", unreadable(view)
        return
    yield "Issuer", issuer(view)
    yield "Valid", validity(view, now)
    yield "Key", listed(filter(None, (view.key, view.signature)))
    for warning in view.warnings:
        yield "Note", warning


def unreadable(view: CertificateView) -> str:
    """Return what is certain of a certificate that cannot be read."""
    return f"{view.size} bytes that cannot be read as a certificate; the fingerprint is certain"


def issuer(view: CertificateView) -> str:
    """Return who issued it."""
    return f"{view.issuer or view.subject} (itself)" if view.self_signed else view.issuer or "not named"


def validity(view: CertificateView, now: datetime) -> str:
    """Return from when to when it is valid."""
    if not (view.not_before and view.not_after):
        return ""
    return f"{day(view.not_before, now) or view.not_before} to {day(view.not_after, now) or view.not_after}"


def settings_lines(review: Review, now: datetime, width: int, doing: str = ADDING) -> list[Line]:
    """Return the certificate settings of a device: its status, who stored it when and why, and all of it.

    `doing` is what the install of the device is called.
    """
    device, view = review.device, review.stored or review.presented
    where = state(device, now)
    told = f"{where.mark} {listed(filter(None, (_held(device), full_standing(device, now, doing))))}"
    lines = field("Status", told, width, where.tone)
    lines += field("To do", sentences(device.attention, device.attention_hint), width) if device.attention else []
    for explanation in review.explanations:
        lines += field("Note", sentences(explanation.text, explanation.hint), width, Tone.STRONG)
    if view is None:
        return [*lines, (), *paragraph("The device has shown no certificate yet.", width)]
    lines += fingerprint_lines("SHA-256", view.fingerprint, Tone.STRONG)
    lines += fields(_storing(review, now), width)
    return [*lines, *_in_full(view, device, now, width)]


def _held(device: DeviceView) -> str:
    origin = ORIGINS[device.origin] if device.origin else ""
    return ", ".join(filter(None, (certificate(device) or "no certificate stored", origin)))


def _storing(review: Review, now: datetime) -> Iterable[tuple[str, str]]:
    if review.stored is None:
        yield "Stored", "nothing yet; this one is what the device shows"
        return
    by = f" by {review.stored_by}" if review.stored_by else ""
    yield "Stored", f"{moment(review.stored_at, now)}{by}".strip()
    yield "Reason", review.reason
    if review.presented is not None and review.presented.fingerprint == review.stored.fingerprint:
        checked = moment(review.device.last_check, now)
        yield "Shown now", f"the same certificate{f', last looked at {checked}' if checked else ''}"


def _in_full(view: CertificateView, device: DeviceView, now: datetime, width: int) -> list[Line]:
    if not view.readable:
        return [*field("Certificate", unreadable(view), width), *_as_openssl(view.fingerprint, width)]
    rows = [
        ("Subject", view.subject),
        ("Issuer", issuer(view)),
        ("Chain", _chain(view, device.origin)),
        ("Names", ", ".join(view.names)),
        ("Valid", _validity_and_rest(view, now)),
        ("Key", view.key),
        ("Signature", view.signature),
        ("Serial", view.serial),
        *(("Extensions" if number == 0 else "", text) for number, text in enumerate(view.extensions)),
        ("Size", f"{view.size} bytes"),
        *(("Note", warning) for warning in view.warnings),
    ]
    lines = fields(rows, width)
    if view.key_fingerprint:
        lines += fingerprint_lines("Key SHA-256", view.key_fingerprint)
    return [*lines, *_as_openssl(view.fingerprint, width)]


def _chain(view: CertificateView, origin: Origin | None) -> str:
    if view.self_signed:
        return "signed by itself; nothing stands above it"
    if origin is Origin.ISSUED:
        return f"signed by {view.issuer}, the authority of this gateway"
    return f"names {view.issuer or 'nobody'} as its issuer; trusted by its SHA-256 alone"


def _validity_and_rest(view: CertificateView, now: datetime) -> str:
    end = parse_time(view.not_after)
    left = end - now if end else None
    if left is None or left > EXPIRING:
        return validity(view, now)
    return f"{validity(view, now)}, {f'{days(left)} left' if left > timedelta(0) else 'expired'}"


def _as_openssl(fingerprint: str, width: int) -> list[Line]:
    pairs = [fingerprint[start : start + 2].upper() for start in range(0, len(fingerprint), 2)]
    half = len(pairs) // 2
    return fields((("As openssl", ":".join(pairs[:half]) + ":"), ("", ":".join(pairs[half:]))), width)
