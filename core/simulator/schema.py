"""The service descriptions that the onvif-zeep distribution installs, to check requests and answers against.

The descriptions are from 2014. `CreateECCKeyPair` and the second media service, as far as it is there, are newer and
added here.
"""

from functools import cache
from importlib.metadata import distribution
from pathlib import Path

from lxml import etree

from core.simulator.faults import wrong_arguments
from core.simulator.soap import TAS, TDS, TR2, TRT

_XS = "http://www.w3.org/2001/XMLSchema"
_LONGEST = 500
_FILES = {TDS: "devicemgmt.wsdl", TAS: "advancedsecurity.wsdl", TRT: "media.wsdl"}
_NEWER = {
    TAS: f"""<xs:schema xmlns:xs="{_XS}" xmlns:tas="{TAS}">
        <xs:element name="CreateECCKeyPair"><xs:complexType><xs:sequence>
            <xs:element name="EllipticCurve" type="xs:string"/>
            <xs:element name="Alias" type="xs:string" minOccurs="0"/>
        </xs:sequence></xs:complexType></xs:element>
        <xs:element name="CreateECCKeyPairResponse"><xs:complexType><xs:sequence>
            <xs:element name="KeyID" type="tas:KeyID"/>
            <xs:element name="EstimatedCreationTime" type="xs:duration"/>
        </xs:sequence></xs:complexType></xs:element>
    </xs:schema>"""
}
_WHOLE = {
    TR2: f"""<xs:schema xmlns:xs="{_XS}" xmlns:tr2="{TR2}" targetNamespace="{TR2}" elementFormDefault="qualified">
        <xs:element name="GetServiceCapabilities"><xs:complexType/></xs:element>
        <xs:element name="GetProfiles"><xs:complexType><xs:sequence>
            <xs:element name="Token" type="xs:string" minOccurs="0"/>
            <xs:element name="Type" type="xs:string" minOccurs="0" maxOccurs="unbounded"/>
        </xs:sequence></xs:complexType></xs:element>
        <xs:element name="GetStreamUri"><xs:complexType><xs:sequence>
            <xs:element name="Protocol" type="xs:string"/>
            <xs:element name="ProfileToken" type="xs:string"/>
        </xs:sequence></xs:complexType></xs:element>
    </xs:schema>"""
}


def check(element: etree._Element) -> None:
    """Raise `OnvifFault` unless the service description allows the element, with its order and its types."""
    schema = load(etree.QName(element).namespace or "")
    try:
        schema.assertValid(element)
    except etree.DocumentInvalid as error:
        raise wrong_arguments(str(error)[:_LONGEST]) from None


@cache
def load(namespace: str) -> etree.XMLSchema:
    """Return the schema of a service. It takes some 20 ms and is made once, for all cameras."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    if namespace in _WHOLE:
        return etree.XMLSchema(etree.fromstring(_WHOLE[namespace], parser))
    path = _folder() / _FILES[namespace]
    types = etree.parse(str(path), parser).find(f".//{{{_XS}}}schema")
    assert types is not None, "every service description holds its types"
    # Written out and read again: prefixes that were declared further up in the file belong to it then.
    schema = etree.fromstring(etree.tostring(types, with_tail=False), parser, base_url=str(path))
    if namespace in _NEWER:
        schema.extend(etree.fromstring(_NEWER[namespace], parser))
    return etree.XMLSchema(schema)


def _folder() -> Path:
    """Ask the installed distribution: its `onvif` module sets up root logging when it is imported."""
    files = distribution("onvif-zeep").files or []
    found = next(file for file in files if file.name == _FILES[TDS])
    return Path(str(found.locate())).parent
