"""Requests that are valid by the service descriptions which the onvif-zeep distribution installs.

Of that distribution only the files are used, and of zeep only what turns values into a message: neither opens a
connection. Answers are read elsewhere, and not by the schema, because devices do not keep to it.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from lxml import etree
from zeep import Settings
from zeep.wsdl import Document

DEVICE_URI = "http://www.onvif.org/ver10/device/wsdl"
SECURITY_URI = "http://www.onvif.org/ver10/advancedsecurity/wsdl"


class Service(Enum):
    """The bindings that are called: description file and qualified name."""

    DEVICE = ("devicemgmt.wsdl", f"{{{DEVICE_URI}}}DeviceBinding")
    SECURITY = ("advancedsecurity.wsdl", f"{{{SECURITY_URI}}}AdvancedSecurityServiceBinding")
    KEYSTORE = ("advancedsecurity.wsdl", f"{{{SECURITY_URI}}}KeystoreBinding")
    TLS_SERVER = ("advancedsecurity.wsdl", f"{{{SECURITY_URI}}}TLSServerBinding")


@dataclass(frozen=True)
class Call:
    """One operation with its arguments. `body` is what goes into the SOAP body; it is not changed by sending it."""

    operation: str
    action: str
    body: etree._Element

    @property
    def repeatable(self) -> bool:
        """Whether it changes nothing on the device, so that it does no harm twice."""
        return self.operation.startswith("Get") or self.operation == "CreatePKCS10CSR"


class Wsdls:
    """The parsed descriptions, shared by all devices; made by `load`."""

    def __init__(self, bindings: Mapping[Service, Any]) -> None:
        self._bindings = bindings

    @classmethod
    async def load(cls) -> "Wsdls":
        """Parse the installed files in a thread, as that takes a tenth of a second."""
        return cls(await asyncio.to_thread(_parse))

    def call(self, service: Service, operation: str, **values: Any) -> Call:
        """Return the call with its arguments, named and nested as in the description."""
        described = self._bindings[service].get(operation)
        [body] = described.create(**values).content.find("{*}Body")
        return Call(operation, described.soapaction, body)


class _LocalFiles:
    """What zeep loads descriptions with: files of the distribution, and nothing from a network."""

    def load(self, url: str) -> bytes:
        return Path(url).read_bytes()


def _parse() -> dict[Service, Any]:
    folder = _folder()
    settings = Settings(forbid_dtd=True, forbid_entities=True, forbid_external=True)
    files = {service.value[0] for service in Service}
    # zeep's annotation asks for the transport's class where it uses an instance.
    loader: Any = _LocalFiles()
    documents = {file: Document(str(folder / file), loader, settings=settings) for file in files}
    return {service: documents[file].bindings[name] for service in Service for file, name in [service.value]}


def _folder() -> Path:
    """Ask the installed distribution: its `onvif` module sets up root logging when it is imported."""
    files = distribution("onvif-zeep").files or []
    found = next(file for file in files if file.name == Service.DEVICE.value[0])
    return Path(str(found.locate())).parent
