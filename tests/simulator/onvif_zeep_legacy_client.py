"""Moves a camera to a certificate of its own by the device service, with the published onvif-zeep client, and back.

A program, as importing `onvif` sets up root logging and takes proxy variables out of the environment:
`python onvif_zeep_legacy_client.py HOST PORT USER PASSWORD`. Reads one line from standard input while the new
certificate is enabled, and goes on then. Prints one JSON object a stage.
"""

import json
import sys

from cryptography import x509
from onvif import ONVIFCamera

from tests.simulator.legacy import for_request


def tell(stage: str, **values: object) -> None:
    print(json.dumps({"stage": stage, **values}), flush=True)


def main(host: str, port: str, user: str, password: str) -> None:
    calls = ONVIFCamera(host, int(port), user, password, no_cache=True).devicemgmt
    tell("capabilities", able=calls.GetServiceCapabilities().Security.OnboardKeyGeneration)

    [old] = [status.CertificateID for status in calls.GetCertificatesStatus() if status.Status]
    made = calls.CreateCertificate({"CertificateID": "ours", "Subject": host})
    request = calls.GetPkcs10Request({"CertificateID": made.CertificateID, "Subject": host})
    leaf = for_request(x509.load_der_x509_csr(request.Data))
    loaded = {"CertificateID": made.CertificateID, "Certificate": {"Data": leaf}}
    calls.LoadCertificates({"NVTCertificate": [loaded]})
    assert {held.CertificateID: held.Certificate.Data for held in calls.GetCertificates()}[made.CertificateID] == leaf
    told = calls.GetCertificateInformation({"CertificateID": made.CertificateID})
    assert told.SerialNum == f"{x509.load_der_x509_certificate(leaf).serial_number:x}"
    calls.SetCertificatesStatus({"CertificateStatus": statuses(off=old, on=made.CertificateID)})
    tell("enabled", leaf=leaf.hex())
    sys.stdin.readline()

    calls.SetCertificatesStatus({"CertificateStatus": statuses(off=made.CertificateID, on=old)})
    calls.DeleteCertificates({"CertificateID": [made.CertificateID]})
    tell("cleaned", left=[held.CertificateID for held in calls.GetCertificates()] == [old])


def statuses(off: str, on: str) -> list[dict[str, object]]:
    return [{"CertificateID": off, "Status": False}, {"CertificateID": on, "Status": True}]


if __name__ == "__main__":
    main(*sys.argv[1:])
