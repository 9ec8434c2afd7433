"""The least that an install can cost over httpx: the same calls in the same order, and nothing else.

Nothing is written down, checked, waited for or tried again, and the connection is kept where camtrust takes a new one.
"""

import asyncio
import base64
from html import escape

import httpx
from lxml import etree

from core.network.look import look
from core.network.transport import DeviceTransport
from tests.bench.straight import Issuer, Target, other_leaf
from tests.simulator.asking import DEVICE, SECURITY, SOAP, envelope

_ALGORITHM = "1.2.840.10045.4.3.2"
_ALIAS = "floor"
_CN = "floor"


class Camera:
    """Calls to one camera over connections that are bound to `leaf`."""

    def __init__(self, target: Target, leaf: str) -> None:
        self._http = httpx.AsyncClient(
            base_url=f"https://{target.host}:{target.port}",
            transport=DeviceTransport("https", target.host, target.port, leaf),
            trust_env=False,
            headers=SOAP,
        )
        self._login = httpx.DigestAuth(target.user, target.password)

    async def __aenter__(self) -> "Camera":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def ask(self, call: str, inside: str = "", *, anonymous: bool = False) -> etree._Element:
        """Return the answer to a call such as `tds:GetServices`."""
        answer = await self._http.post(
            SECURITY if call.startswith("tas:") else DEVICE,
            content=envelope(f"<{call}>{inside}</{call}>"),
            auth=httpx.Auth() if anonymous else self._login,
        )
        answer.raise_for_status()
        return etree.fromstring(answer.content)

    async def made(self, name: str, call: str, inside: str) -> str:
        """Return what an answer calls by that name."""
        return (await self.ask(call, inside)).findtext(f".//{{*}}{name}") or ""


async def install(target: Target, issuer: Issuer) -> str:
    """Install on one camera by its way; return the fingerprint of what it serves then."""
    old = (await look(target.host, target.port)).fingerprint
    async with Camera(target, old) as camera:
        await camera.ask("tds:GetSystemDateAndTime", anonymous=True)
        await camera.ask("tds:GetServices", "<tds:IncludeCapability>false</tds:IncludeCapability>", anonymous=True)
        await camera.ask(_CAPABILITIES[target.way], anonymous=True)
        await camera.ask("tds:GetDeviceInformation")
        await _INSTALLS[target.way](camera, issuer)
    leaf = await other_leaf(target, old)
    async with Camera(target, leaf) as camera:
        if target.way == "security service":
            await camera.ask("tds:GetServices", "<tds:IncludeCapability>false</tds:IncludeCapability>", anonymous=True)
        await _INVENTORIES[target.way](camera)
    return leaf


async def _by_security_service(camera: Camera, issuer: Issuer) -> None:
    old = await _keystore_inventory(camera)
    inside = f"<tas:EllipticCurve>secp256r1</tas:EllipticCurve><tas:Alias>{_ALIAS}</tas:Alias>"
    key = await camera.made("KeyID", "tas:CreateECCKeyPair", inside)
    named = f"<tas:KeyID>{escape(key)}</tas:KeyID>"
    while await camera.made("KeyStatus", "tas:GetKeyStatus", named) != "ok":
        await asyncio.sleep(0.01)
    wanted = f"<tas:SignatureAlgorithm><tas:algorithm>{_ALGORITHM}</tas:algorithm></tas:SignatureAlgorithm>"
    subject = f"<tas:Subject><tas:CommonName>{_CN}</tas:CommonName></tas:Subject>"
    csr = await camera.made("PKCS10CSR", "tas:CreatePKCS10CSR", subject + named + wanted)
    inside = f"<tas:Certificate>{_signed(issuer, csr)}</tas:Certificate><tas:Alias>{_ALIAS}</tas:Alias>"
    needs_key = "<tas:PrivateKeyRequired>true</tas:PrivateKeyRequired>"
    certificate = await camera.made("CertificateID", "tas:UploadCertificate", inside + needs_key)
    chain = f"<tas:CertificateIDs><tas:CertificateID>{escape(certificate)}</tas:CertificateID></tas:CertificateIDs>"
    alias = f"<tas:Alias>{_ALIAS}</tas:Alias>"
    path = await camera.made("CertificationPathID", "tas:CreateCertificationPath", chain + alias)
    inside = f"<tas:OldCertificationPathID>{escape(old)}</tas:OldCertificationPathID>"
    inside += f"<tas:NewCertificationPathID>{escape(path)}</tas:NewCertificationPathID>"
    await camera.ask("tas:ReplaceServerCertificateAssignment", inside)


async def _keystore_inventory(camera: Camera) -> str:
    await camera.ask("tas:GetAllKeys")
    await camera.ask("tas:GetAllCertificates")
    paths = await camera.ask("tas:GetAllCertificationPaths")
    assigned = await camera.made("CertificationPathID", "tas:GetAssignedServerCertificates", "")
    for path in paths.iterfind(".//{*}CertificationPathID"):
        inside = f"<tas:CertificationPathID>{escape(path.text or '')}</tas:CertificationPathID>"
        await camera.ask("tas:GetCertificationPath", inside)
    return assigned


async def _by_device_service(camera: Camera, issuer: Issuer) -> None:
    old = await _device_inventory(camera)
    inside = f"<tds:CertificateID>{_ALIAS}</tds:CertificateID><tds:Subject>CN={_ALIAS}</tds:Subject>"
    new = await camera.made("CertificateID", "tds:CreateCertificate", inside)
    inside = f"<tds:CertificateID>{escape(new)}</tds:CertificateID><tds:Subject>CN={_CN}</tds:Subject>"
    csr = await camera.made("Data", "tds:GetPkcs10Request", inside)
    certificate = f"<tt:Certificate><tt:Data>{_signed(issuer, csr)}</tt:Data></tt:Certificate>"
    named = f"<tt:CertificateID>{escape(new)}</tt:CertificateID>"
    await camera.ask("tds:LoadCertificates", f"<tds:NVTCertificate>{named}{certificate}</tds:NVTCertificate>")
    await camera.ask("tds:SetCertificatesStatus", _status(old, "false") + _status(new, "true"))


async def _device_inventory(camera: Camera) -> str:
    await camera.ask("tds:GetCertificates")
    states = await camera.ask("tds:GetCertificatesStatus")
    [on] = [state for state in states.iterfind(".//{*}CertificateStatus") if state.findtext("{*}Status") == "true"]
    return on.findtext("{*}CertificateID") or ""


def _status(certificate: str, state: str) -> str:
    inside = f"<tt:CertificateID>{escape(certificate)}</tt:CertificateID><tt:Status>{state}</tt:Status>"
    return f"<tds:CertificateStatus>{inside}</tds:CertificateStatus>"


def _signed(issuer: Issuer, csr: str) -> str:
    return base64.b64encode(issuer.sign(base64.b64decode(csr))).decode()


_CAPABILITIES = {"security service": "tas:GetServiceCapabilities", "device service": "tds:GetServiceCapabilities"}
_INSTALLS = {"security service": _by_security_service, "device service": _by_device_service}
_INVENTORIES = {"security service": _keystore_inventory, "device service": _device_inventory}
