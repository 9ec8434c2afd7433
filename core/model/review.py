"""What a technician compares before deciding about a certificate."""

from enum import StrEnum

import msgspec

from core.model.device import CertificateView, DeviceView


class ChangeKind(StrEnum):
    """Why a device probably shows another certificate than the stored one, worst first. None of these excuses it.

    `MOVED` comes before the others: it tells where the certificate was seen, if that is not the device's own address.
    """

    MOVED = "moved"
    UNKNOWN = "unknown"
    OTHER_DEVICE = "other_device"
    SHARED = "shared"
    NOT_INSTALLED = "not_installed"
    NEW_KEY = "new_key"
    VENDOR_DEFAULT = "vendor_default"
    CLOCK = "clock"
    SAME_KEY = "same_key"
    ONLY_DATES = "only_dates"


NOTHING_EXPLAINS_IT = "Nothing that is known explains it"
PRETENDED = "It names our authority as its issuer, but that cannot be confirmed"
UNEXPLAINED = frozenset((NOTHING_EXPLAINS_IT, PRETENDED))
"""What is said where there is no reason: nothing of it makes the change probable."""


class Explanation(msgspec.Struct, frozen=True):
    """One reason that fits, in words: what it looks like (`text`) and what that means or what to check (`hint`)."""

    kind: ChangeKind
    text: str
    hint: str


class Difference(msgspec.Struct, frozen=True):
    """One field of both certificates. `stored` is empty where nothing is stored."""

    label: str
    stored: str
    presented: str
    same: bool


class Review(msgspec.Struct, frozen=True, tag="review_result"):
    """Both certificates side by side, and why they differ.

    `presented` is what the device showed last; accepting is bound to its fingerprint. It is None for a device that
    never showed one. `since` is when it was first seen in place of the stored one, empty where the two are the same.
    """

    device: DeviceView
    stored: CertificateView | None
    presented: CertificateView | None
    explanations: tuple[Explanation, ...] = ()
    differences: tuple[Difference, ...] = ()
    stored_by: str = ""
    stored_at: str = ""
    reason: str = ""
    since: str = ""
