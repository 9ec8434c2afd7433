"""An install with the published onvif-zeep client over requests, as its users write it.

Connections are bound to a leaf by urllib3's own comparison. A camera takes an RSA key here by the security service, as
the description that comes with the package knows no other.
"""

import asyncio
import time
from pathlib import Path
from typing import Any

import requests
from onvif import ONVIFCamera, ONVIFService
from requests.adapters import HTTPAdapter
from zeep import Transport

from core.network.look import look
from tests.bench.straight import Issuer, Target, other_leaf

_SECURITY = "http://www.onvif.org/ver10/advancedsecurity/wsdl"
_SHA256_RSA = "1.2.840.113549.1.1.11"
_NAME = "zeep"


class _Bound(HTTPAdapter):
    def __init__(self, leaf: str) -> None:
        self._leaf = leaf
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, assert_fingerprint=self._leaf, **options)


def install(target: Target, issuer: Issuer) -> str:
    """Install on one camera by its way; return the fingerprint of what it serves then."""
    old = asyncio.run(look(target.host, target.port)).fingerprint
    with requests.Session() as session:
        session.verify, session.trust_env = False, False
        session.mount("https://", _Bound(old))
        place = f"https://{target.host}"
        transport: Any = _transport(session)
        camera = ONVIFCamera(place, target.port, target.user, target.password, no_cache=True, transport=transport)
        camera.devicemgmt.GetSystemDateAndTime()
        listed = camera.devicemgmt.GetServices(False)
        camera.devicemgmt.GetDeviceInformation()
        if target.way == "security service":
            service: Any = _Keystore(camera, {one.Namespace: one.XAddr for one in listed}[_SECURITY])
        else:
            service = _Device(camera.devicemgmt)
        service.install(issuer)
        leaf = asyncio.run(other_leaf(target, old))
        session.mount("https://", _Bound(leaf))
        service.inventory()
    return leaf


def _transport(session: requests.Session) -> Any:
    # zeep has no annotations here.
    make: Any = Transport
    return make(session=session)


class _Keystore:
    def __init__(self, camera: ONVIFCamera, address: str) -> None:
        description = str(Path(camera.wsdl_dir) / "advancedsecurity.wsdl")
        login = (camera.user, camera.passwd)
        names = [f"{{{_SECURITY}}}{name}" for name in ("AdvancedSecurityServiceBinding", "KeystoreBinding")]
        # Its description is read once, and not for each of its bindings.
        able = ONVIFService(
            address, *login, description, no_cache=True, binding_name=names[0], transport=camera.transport
        )
        self._keys = ONVIFService(address, *login, description, zeep_client=able.zeep_client, binding_name=names[1])
        name = f"{{{_SECURITY}}}TLSServerBinding"
        self._server = ONVIFService(address, *login, description, zeep_client=able.zeep_client, binding_name=name)
        able.GetServiceCapabilities()

    def inventory(self) -> str:
        self._keys.GetAllKeys()
        self._keys.GetAllCertificates()
        paths = self._keys.GetAllCertificationPaths()
        [assigned] = self._server.GetAssignedServerCertificates()
        for path in paths:
            self._keys.GetCertificationPath({"CertificationPathID": path})
        return str(assigned)

    def install(self, issuer: Issuer) -> None:
        old = self.inventory()
        key = self._keys.CreateRSAKeyPair({"KeyLength": 2048, "Alias": _NAME}).KeyID
        while self._keys.GetKeyStatus({"KeyID": key}) != "ok":
            time.sleep(0.01)
        subject, algorithm = {"CommonName": [_NAME]}, {"algorithm": _SHA256_RSA}
        csr = self._keys.CreatePKCS10CSR({"Subject": subject, "KeyID": key, "SignatureAlgorithm": algorithm})
        given = {"Certificate": issuer.sign(csr), "Alias": _NAME, "PrivateKeyRequired": True}
        chain = {"CertificateID": [self._keys.UploadCertificate(given).CertificateID]}
        new = self._keys.CreateCertificationPath({"CertificateIDs": chain, "Alias": _NAME})
        change = {"OldCertificationPathID": old, "NewCertificationPathID": new}
        self._server.ReplaceServerCertificateAssignment(change)


class _Device:
    def __init__(self, service: Any) -> None:
        self._service = service
        service.GetServiceCapabilities()

    def inventory(self) -> str:
        self._service.GetCertificates()
        [on] = [state.CertificateID for state in self._service.GetCertificatesStatus() if state.Status]
        return str(on)

    def install(self, issuer: Issuer) -> None:
        old = self.inventory()
        new = self._service.CreateCertificate({"CertificateID": _NAME, "Subject": f"CN={_NAME}"}).CertificateID
        csr = self._service.GetPkcs10Request({"CertificateID": new, "Subject": f"CN={_NAME}"}).Data
        loaded = {"CertificateID": new, "Certificate": {"Data": issuer.sign(csr)}}
        self._service.LoadCertificates({"NVTCertificate": [loaded]})
        states = [{"CertificateID": old, "Status": False}, {"CertificateID": new, "Status": True}]
        self._service.SetCertificatesStatus({"CertificateStatus": states})
