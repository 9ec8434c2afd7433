"""Installs one after the other by a straight script: what they cost with nothing around them.

`python -m tests.bench.straight NAME CPU WARM_UPS` takes targets as a line of JSON and installs on each. It prints what
that cost without its own start and without the first targets, which only warm it up, and the leaves.
"""

import asyncio
import datetime
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from core.model.errors import DeviceError
from core.network.look import look

SCRIPTS_ARE_FREE = frozenset(("onvif-zeep",))
"""Those that make some calls of their own choice; all others make the very calls that camtrust makes."""

_DEADLINE = 120.0
_PAUSE = 0.005


class Target(NamedTuple):
    """One camera, and its login. `way` is by which service it takes certificates."""

    host: str
    port: int
    user: str
    password: str
    way: str


class Taken(NamedTuple):
    """Seconds on the clock and of CPU time that the installs took, and the fingerprints of what is served then."""

    wall: float
    cpu: float
    leaves: list[str]


class Issuer:
    """A CA that checks no more of a request than its signature."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A throw-away CA")])

    def sign(self, request: bytes) -> bytes:
        """Return a certificate for a request, both in DER."""
        csr = x509.load_der_x509_csr(request)
        assert csr.is_signature_valid
        public = csr.public_key()
        assert isinstance(public, ec.EllipticCurvePublicKey | rsa.RSAPublicKey)
        now = datetime.datetime.now(datetime.UTC)
        builder = x509.CertificateBuilder(self._name, csr.subject, public, x509.random_serial_number())
        builder = builder.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.DER)


Install = Callable[[Target, Issuer], str]


async def other_leaf(target: Target, old: str) -> str:
    """Look until a camera, whose web server may restart, serves another leaf than the old one; return that."""
    leaf = old
    while leaf == old:
        with suppress(DeviceError):
            leaf = (await look(target.host, target.port)).fingerprint
        await asyncio.sleep(_PAUSE)
    return leaf


def take(name: str, targets: Sequence[Target], cpu: int, warm_ups: int) -> Taken:
    """Have a process on one CPU install on all targets by the script of that name. Raises `CalledProcessError`."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.bench.straight", name, str(cpu), str(warm_ups)]
    done = subprocess.run(
        command, input=json.dumps(targets), capture_output=True, text=True, check=True, timeout=_DEADLINE
    )
    return Taken(*json.loads(done.stdout))


def scripts() -> Mapping[str, Callable[[], Install]]:
    """Return how to get each script. They are imported only when they are run."""
    return {"floor": _floor, "onvif-zeep": _onvif_zeep}


def _floor() -> Install:
    from tests.bench import floor

    # One for all, which ends with the process.
    loop = asyncio.new_event_loop()
    return lambda target, issuer: loop.run_until_complete(floor.install(target, issuer))


def _onvif_zeep() -> Install:
    from tests.bench import zeep_install

    return zeep_install.install


def main(name: str, targets: Sequence[Target], warm_ups: int) -> Taken:
    install, issuer = scripts()[name](), Issuer()
    leaves = [install(target, issuer) for target in targets[:warm_ups]]
    wall, cpu = time.monotonic(), time.process_time()
    leaves += [install(target, issuer) for target in targets[warm_ups:]]
    return Taken(time.monotonic() - wall, time.process_time() - cpu, leaves)


if __name__ == "__main__":
    os.sched_setaffinity(0, {int(sys.argv[2])})
    print(json.dumps(main(sys.argv[1], [Target(*target) for target in json.load(sys.stdin)], int(sys.argv[3]))))
