"""SOAP faults: their codes decide, their words are only shown (SOAP 1.2, part 1, 5.4; rule R22)."""

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from core.model.errors import DeviceError, FaultError, UnsupportedError
from core.onvif.reading import child, text, words

_MOST_CODES = 8
_LONGEST_CODE = 64
_MOST_WORDS = 160
_MODERN = {"Client": "Sender", "Server": "Receiver"}
_LOGIN_CODES = frozenset(
    ("NotAuthorized", "FailedAuthentication", "FailedCheck", "InvalidSecurity", "InvalidSecurityToken")
)

_FREE_ROOM = "Delete what is no longer used on the device's own page, then try again."
_READ_AGAIN = "Somebody else may be changing the device at the same time. Try again."
_IN_USE = "It is still used by the device. Nothing was deleted."
_OTHER_KEY = "Choose another kind of key for this device."
_CLEAN_START = "Try again: a new key is made then."
_REFUSED_CERTIFICATE = "The device may not support this kind of certificate. A firmware update may help."

# Innermost code -> what happened, and what can be done (ONVIF Security Configuration, 5.2 and 5.3).
_MEANINGS = {
    "MaximumNumberOfKeysReached": ("The device has no room for another key", _FREE_ROOM),
    "MaximumNumberOfCertificatesReached": ("The device has no room for another certificate", _FREE_ROOM),
    "MaximumNumberOfCertificationPathsReached": ("The device has no room for another certification path", _FREE_ROOM),
    "MaximumNumberOfTLSCertificationPathsReached": (
        "The device's HTTPS server is assigned as many certificates as it can hold",
        "Remove one of them on the device's own page, then try again.",
    ),
    "KeyLength": ("The device does not make keys of this length", _OTHER_KEY),
    "UnsupportedEllipticCurve": ("The device does not make keys on this curve", _OTHER_KEY),
    "KeyID": ("The device does not know the key", _READ_AGAIN),
    "CertificateID": ("The device does not know the certificate", _READ_AGAIN),
    "CertificationPathID": ("The device does not know the certification path", _READ_AGAIN),
    "OldCertificationPathID": ("The certification path to be replaced is not the assigned one", _READ_AGAIN),
    "NewCertificationPathID": ("The device does not know the new certification path", _READ_AGAIN),
    "InvalidKeyStatus": ("The device's key is not ready for use", _CLEAN_START),
    "CSRCreationFailed": ("The device could not make a certificate request", _CLEAN_START),
    "KeySignatureAlgorithmMismatch": ("The device cannot sign with this key and algorithm", _OTHER_KEY),
    "UnsupportedSignatureAlgorithm": ("The device does not know the signature algorithm", _REFUSED_CERTIFICATE),
    "UnsupportedPublicKeyAlgorithm": ("The device does not know the certificate's kind of key", _REFUSED_CERTIFICATE),
    "InvalidSubject": ("The device does not accept the subject of the certificate request", ""),
    "InvalidAttribute": ("The device does not accept an attribute of the certificate request", ""),
    "BadCertificate": ("The device does not accept the certificate", _REFUSED_CERTIFICATE),
    "NoMatchingPrivateKey": ("The device has no key that matches the certificate", _CLEAN_START),
    "NoPrivateKey": ("The device lacks the private key of the certificate", _CLEAN_START),
    "Duplicate": ("The device holds this certificate already", ""),
    "InvalidCertificationPath": ("The device does not accept the certification path", _REFUSED_CERTIFICATE),
    "InvalidCertificateChain": ("The device does not accept the certification path", _REFUSED_CERTIFICATE),
    "CertificationPathCreationFailed": ("The device could not make the certification path", ""),
    "ReferenceExists": ("The device refuses to delete an object", _IN_USE),
    "KeyDeletionFailed": ("The device could not delete the key", ""),
    "CertificateDeletionFailed": ("The device could not delete the certificate", ""),
    "CertificationPathDeletionFailed": ("The device could not delete the certification path", ""),
    "ServiceNotSupported": ("The device does not serve this protocol", ""),
    "PortAlreadyInUse": (
        "The device uses the port for something else already",
        "Choose another port for HTTPS on the camera's own page.",
    ),
    "EnablingTlsFailed": ("The device could not switch HTTPS on", "It may need a certificate first."),
    "OperationProhibited": ("The device's settings forbid this", "Check the device's own page."),
}


@dataclass(frozen=True)
class Fault:
    """A fault as the device told it. `codes` are local names, outermost first; `words` are cleaned."""

    codes: tuple[str, ...]
    words: str

    @property
    def asks_for_login(self) -> bool:
        """Whether it says that credentials are missing or wrong (ONVIF Core, 5.9; WS-Security, 12)."""
        return not _LOGIN_CODES.isdisjoint(self.codes)


def read_fault(body: etree._Element) -> Fault | None:
    """Return the fault in a SOAP body of either version, None where there is none."""
    fault = child(body, "Fault")
    if fault is None:
        return None
    codes = tuple(_MODERN.get(code, code) for code in _codes(fault) if _plain(code))[:_MOST_CODES]
    reason = words(fault, "Reason", "Text", limit=_MOST_WORDS) or words(fault, "faultstring", limit=_MOST_WORDS)
    return Fault(codes, reason)


def to_error(fault: Fault, operation: str) -> DeviceError:
    """Return the error that tells a person about the fault; `operation` is named only where it is unsupported."""
    if "ActionNotSupported" in fault.codes and fault.codes[-1] not in _MEANINGS:
        return UnsupportedError(f"The device does not support {operation}", _quoted(fault.words))
    for code in reversed(fault.codes):
        if code in _MEANINGS:
            title, hint = _MEANINGS[code]
            return FaultError(title, " ".join(filter(None, (hint, _quoted(fault.words)))), fault.codes)
    title = fault.words or " / ".join(fault.codes) or "it does not say why"
    return FaultError(f"The device refused: {title}", "", fault.codes)


def _codes(fault: etree._Element) -> Iterator[str]:
    level = child(fault, "Code")
    # A fault of SOAP 1.1 has one code, which may be a dotted list, and no levels.
    spelled = [text(fault, "faultcode")] if level is None else [text(level, "Value")]
    while (level := child(level, "Subcode")) is not None:
        spelled.append(text(level, "Value"))
    for code in spelled[:_MOST_CODES]:
        yield from code.rpartition(":")[2].split(".")


def _plain(code: str) -> bool:
    return code.isascii() and code.isidentifier() and len(code) <= _LONGEST_CODE


def _quoted(reason: str) -> str:
    return f"It says: “{reason}”" if reason else ""
