"""SOAP 1.2 messages: requests of strangers in, answers and faults out."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from lxml import etree

from core.simulator.faults import OnvifFault, malformed

ENV = "http://www.w3.org/2003/05/soap-envelope"
TER = "http://www.onvif.org/ver10/error"
TT = "http://www.onvif.org/ver10/schema"
TDS = "http://www.onvif.org/ver10/device/wsdl"
TAS = "http://www.onvif.org/ver10/advancedsecurity/wsdl"
TRT = "http://www.onvif.org/ver10/media/wsdl"
TR2 = "http://www.onvif.org/ver20/media/wsdl"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
_ENV_1_1 = "http://schemas.xmlsoap.org/soap/envelope/"
_ADDRESSING = "http://www.w3.org/2005/08/addressing"
_XML = "http://www.w3.org/XML/1998/namespace"

CONTENT_TYPE = "application/soap+xml"
CONTENT_TYPE_1_1 = "text/xml"


class Maker:
    """Makes elements of one namespace: `tds.Name("text", {"attribute": "value"}, child)`, or `tt("TLS1.2", "true")`."""

    def __init__(self, namespace: str, **prefixes: str) -> None:
        self._namespace = namespace
        self._prefixes = prefixes

    def __call__(self, name: str, *content: str | dict[str, str] | etree._Element) -> etree._Element:
        """Return an element with this text, these attributes and children."""
        element = etree.Element(etree.QName(self._namespace or None, name), nsmap=self._prefixes)
        for item in content:
            if isinstance(item, str):
                element.text = item
            elif isinstance(item, dict):
                for key, value in item.items():
                    element.set(key, value)
            else:
                element.append(item)
        return element

    def __getattr__(self, name: str) -> Callable[..., etree._Element]:
        return partial(self, name)


env = Maker(ENV, env=ENV, ter=TER)
tds = Maker(TDS, tds=TDS, tt=TT)
tas = Maker(TAS, tas=TAS)
trt = Maker(TRT, trt=TRT, tt=TT)
tr2 = Maker(TR2, tr2=TR2)
tt = Maker(TT, tt=TT)


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `body` is the only element in the SOAP body; `security` the header of WS-Security, if there is."""

    namespace: str
    operation: str
    body: etree._Element
    security: etree._Element | None

    @property
    def has_token(self) -> bool:
        """Whether a UsernameToken came with it."""
        return self.security is not None and self.security.find(f"{{{WSSE}}}UsernameToken") is not None


def parse(document: bytes) -> etree._Element:
    """Return the root element. Raises `ValueError` for a DTD and whatever else is not plain, bounded XML."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False)
    try:
        root = etree.fromstring(document, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(f"not XML: {error.msg}") from None
    tree = root.getroottree()
    if tree.docinfo.internalDTD is not None or tree.docinfo.externalDTD is not None:
        raise ValueError("a document type declaration")
    return root


def read(document: bytes) -> Request:
    """Return the request in a SOAP 1.2 envelope. Raises `OnvifFault`."""
    try:
        envelope = parse(document)
    except ValueError as error:
        raise malformed(str(error)) from None
    if envelope.tag != f"{{{ENV}}}Envelope":
        raise OnvifFault("VersionMismatch", (), "Only SOAP 1.2 is understood")
    header, body = envelope.find(f"{{{ENV}}}Header"), envelope.find(f"{{{ENV}}}Body")
    children = list(body.iterchildren("*")) if body is not None else []
    if len(children) != 1:
        raise malformed("The body has to hold exactly one element")
    name = etree.QName(children[0])
    return Request(name.namespace or "", name.localname, children[0], _security(header))


def answer(content: etree._Element) -> bytes:
    """Return the envelope around an answer."""
    return _serialized(env.Envelope(env.Body(content)))


def fault(raised: OnvifFault) -> bytes:
    """Return the envelope of a fault."""
    code = env.Code(env.Value(f"env:{raised.side}"))
    inner = code
    for subcode in raised.subcodes:
        nested = env.Subcode(env.Value(f"ter:{subcode}"))
        inner.append(nested)
        inner = nested
    reason = env.Text(raised.reason, {f"{{{_XML}}}lang": "en"})
    return _serialized(env.Envelope(env.Body(env.Fault(code, env.Reason(reason)))))


def fault_1_1(raised: OnvifFault) -> bytes:
    """Return the envelope of a fault as SOAP 1.1 has it, with the innermost code only (SOAP 1.1, 4.4)."""
    side = {"Sender": "Client", "Receiver": "Server"}.get(raised.side, raised.side)
    code = f"ter:{raised.subcodes[-1]}" if raised.subcodes else f"env:{side}"
    old, plain = Maker(_ENV_1_1, env=_ENV_1_1, ter=TER), Maker("")
    return _serialized(old.Envelope(old.Body(old.Fault(plain.faultcode(code), plain.faultstring(raised.reason)))))


def _security(header: etree._Element | None) -> etree._Element | None:
    blocks = list(header.iterchildren("*")) if header is not None else []
    for block in blocks:
        name = etree.QName(block)
        needed = block.get(f"{{{ENV}}}mustUnderstand") in ("1", "true")
        if needed and name.namespace not in (_ADDRESSING, WSSE):
            raise OnvifFault("MustUnderstand", (), f"The header {name.localname} is not understood")
    return next((block for block in blocks if block.tag == f"{{{WSSE}}}Security"), None)


def _serialized(envelope: etree._Element) -> bytes:
    return etree.tostring(envelope, xml_declaration=True, encoding="utf-8")
