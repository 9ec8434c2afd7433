"""Moves a camera to a certificate of its own with the published onvif-zeep client, and cleans up again.

A program, as importing `onvif` sets up root logging and takes proxy variables out of the environment:
`python onvif_zeep_client.py HOST PORT USER PASSWORD FOLDER`. Reads one line from standard input while the new
certificate is assigned, and goes on then. Prints one JSON object a stage.
"""

import datetime
import json
import sys
import time
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from onvif import ONVIFCamera, ONVIFService

SECURITY = "http://www.onvif.org/ver10/advancedsecurity/wsdl"
SHA256_RSA = "1.2.840.113549.1.1.11"


def bound(camera: ONVIFCamera, address: str, binding: str) -> ONVIFService:
    """A client for one binding of the security service: the package ships the description and does not use it."""
    description = str(Path(camera.wsdl_dir) / "advancedsecurity.wsdl")
    name = f"{{{SECURITY}}}{binding}"
    login = (camera.user, camera.passwd)
    return ONVIFService(address, *login, description, no_cache=True, dt_diff=camera.dt_diff, binding_name=name)


def sign(request: bytes) -> tuple[bytes, bytes]:
    """A certificate for the request, and that of the CA that was made for it."""
    csr = x509.load_der_x509_csr(request)
    assert csr.is_signature_valid
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A throw-away CA")])
    now = datetime.datetime.now(datetime.UTC)

    def certificate(subject: x509.Name, public: Any, ca: bool) -> bytes:
        builder = x509.CertificateBuilder(issuer, subject, public, x509.random_serial_number())
        builder = builder.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
        builder = builder.add_extension(x509.BasicConstraints(ca, None), True)
        return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)

    return certificate(csr.subject, csr.public_key(), False), certificate(issuer, key.public_key(), True)


def holding(keystore: ONVIFService) -> list[list[str]]:
    """The ids of everything that the keystore holds."""
    keys, certificates = keystore.GetAllKeys(), keystore.GetAllCertificates()
    ids = [[key.KeyID for key in keys], [certificate.CertificateID for certificate in certificates]]
    return [*ids, list(keystore.GetAllCertificationPaths())]


def tell(stage: str, **values: object) -> None:
    print(json.dumps({"stage": stage, **values}), flush=True)


def main(host: str, port: str, user: str, password: str) -> None:
    camera = ONVIFCamera(host, int(port), user, password, no_cache=True, adjust_time=True)
    services = {service.Namespace: service.XAddr for service in camera.devicemgmt.GetServices(False)}
    information = camera.devicemgmt.GetDeviceInformation()
    protocols = [(line.Name, line.Enabled, line.Port) for line in camera.devicemgmt.GetNetworkProtocols()]
    tell("device", model=information.Model, protocols=protocols, scopes=len(camera.devicemgmt.GetScopes()))
    address = services[SECURITY]
    security = bound(camera, address, "AdvancedSecurityServiceBinding")
    keystore = bound(camera, address, "KeystoreBinding")
    server = bound(camera, address, "TLSServerBinding")
    able = security.GetServiceCapabilities()
    tell(
        "capabilities",
        keys=able.KeystoreCapabilities.MaximumNumberOfKeys,
        tls=able.TLSServerCapabilities.TLSServerSupported,
    )

    before = holding(keystore)
    [old] = server.GetAssignedServerCertificates()
    made = keystore.CreateRSAKeyPair({"KeyLength": 2048, "Alias": "ours"})
    deadline = time.monotonic() + 30
    while (status := keystore.GetKeyStatus({"KeyID": made.KeyID})) != "ok":
        assert status == "generating"
        assert time.monotonic() < deadline
        time.sleep(0.05)
    subject = {"Country": ["US"], "CommonName": [host]}
    algorithm = {"algorithm": SHA256_RSA}
    request = keystore.CreatePKCS10CSR({"Subject": subject, "KeyID": made.KeyID, "SignatureAlgorithm": algorithm})
    leaf, authority = sign(request)
    uploaded = keystore.UploadCertificate({"Certificate": leaf, "Alias": "ours", "PrivateKeyRequired": True})
    assert uploaded.KeyID == made.KeyID
    above = keystore.UploadCertificate({"Certificate": authority, "Alias": "our CA"})
    chain = {"CertificateID": [uploaded.CertificateID, above.CertificateID]}
    new = keystore.CreateCertificationPath({"CertificateIDs": chain, "Alias": "ours"})
    assert keystore.GetCertificationPath({"CertificationPathID": new}).CertificateID == chain["CertificateID"]
    assert keystore.GetCertificate({"CertificateID": uploaded.CertificateID}).CertificateContent == leaf
    server.ReplaceServerCertificateAssignment({"OldCertificationPathID": old, "NewCertificationPathID": new})
    assert server.GetAssignedServerCertificates() == [new]
    tell("replaced", leaf=leaf.hex())
    sys.stdin.readline()

    server.ReplaceServerCertificateAssignment({"OldCertificationPathID": new, "NewCertificationPathID": old})
    keystore.DeleteCertificationPath({"CertificationPathID": new})
    for certificate in (uploaded, above):
        keystore.DeleteCertificate({"CertificateID": certificate.CertificateID})
        keystore.DeleteKey({"KeyID": certificate.KeyID})
    tell("cleaned", same=holding(keystore) == before)


if __name__ == "__main__":
    main(*sys.argv[1:])
