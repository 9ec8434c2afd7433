"""SOAP envelopes: how they are sent, and how those of strangers are read (SOAP 1.2; rule R21)."""

import copy

from lxml import etree

from core.model.errors import GarbledError

ENVELOPE = "http://www.w3.org/2003/05/soap-envelope"

MOST_MARKS = 50_000
"""How many tags and attributes a message may have: in memory each is much larger than what was sent."""

_NOT_ONVIF_HINT = "Check the port: it may belong to another service. ONVIF may also be switched off on the device."


def envelope(body: etree._Element, header: etree._Element | None = None) -> bytes:
    """Return a SOAP 1.2 message with copies of `body` and, where given, of the one `header` block."""
    root = etree.Element(f"{{{ENVELOPE}}}Envelope", nsmap={"s": ENVELOPE})
    if header is not None:
        etree.SubElement(root, f"{{{ENVELOPE}}}Header").append(copy.deepcopy(header))
    etree.SubElement(root, f"{{{ENVELOPE}}}Body").append(copy.deepcopy(body))
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def read_body(content: bytes) -> etree._Element:
    """Return the Body element of a SOAP message of any version. Raises `GarbledError` for whatever else it is.

    Always read as UTF-8, as broken text in one field must not make the whole answer unreadable. Document type
    declarations are refused before a parser sees them.
    """
    if content.count(b"<") + content.count(b"=") > MOST_MARKS:
        raise GarbledError("The device sent an answer with too many fields", "Clean up on the device's own page.")
    text = content.decode("utf-8-sig", "replace").strip("\0 \t\r\n")
    if not text:
        raise GarbledError("The device sent an empty answer", _NOT_ONVIF_HINT)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise _no_soap(text, "with a document type declaration")
    try:
        root = etree.fromstring(text.encode(), _parser())
    except etree.XMLSyntaxError:
        raise _no_soap(text, "that is no valid XML") from None
    body = root.find("{*}Body")
    if etree.QName(root).localname != "Envelope" or body is None:
        raise _no_soap(text, "that is no SOAP message")
    return body


def _parser() -> etree.XMLParser:
    # The limits of libxml2 on depth and text length hold because huge_tree is off.
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
    )


def _no_soap(text: str, what: str) -> GarbledError:
    if "<html" in text[:2048].lower():
        return GarbledError("The device answered with a web page instead of ONVIF", _NOT_ONVIF_HINT)
    return GarbledError(f"The device sent an answer {what}", _NOT_ONVIF_HINT)
