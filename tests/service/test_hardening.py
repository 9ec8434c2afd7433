import json
import subprocess
import sys

from core.service.hardening import clean_environment

KEPT = {
    "PATH": "/usr/bin",
    "HOME": "/home/tech1",
    "LANG": "de_DE.UTF-8",
    "LC_ALL": "C",
    "XDG_DATA_HOME": "/data",
    "TMPDIR": "/tmp",
    "TZ": "Europe/Berlin",
}
DROPPED = {
    "SSLKEYLOGFILE": "/tmp/keys",
    "HTTPS_PROXY": "http://10.0.0.66",
    "https_proxy": "http://10.0.0.66",
    "ALL_PROXY": "socks5://10.0.0.66",
    "PYTHONPATH": "/tmp/evil",
    "PYTHONINSPECT": "1",
    "TEXTUAL_LOG": "/tmp/log",
    "LD_PRELOAD": "/tmp/evil.so",
    "OPENSSL_CONF": "/tmp/openssl.cnf",
    "SSL_CERT_FILE": "/tmp/ca",
}

SCRIPT = """
import json, os, resource
from core.service.hardening import harden
harden()
file = os.open(os.environ["TMPDIR"] + "/new", os.O_CREAT | os.O_WRONLY, 0o666)
print(json.dumps({
    "environment": sorted(os.environ),
    "mode": os.fstat(file).st_mode & 0o777,
    "core": resource.getrlimit(resource.RLIMIT_CORE),
    "dumpable": __import__("ctypes").CDLL(None).prctl(3, 0, 0, 0, 0),
}))
"""


def test_an_engine_sees_only_harmless_variables() -> None:
    assert clean_environment(KEPT | DROPPED) == KEPT


def test_a_hardened_process_shows_nothing_of_itself(tmp_path: object) -> None:
    # What would stop Python itself from starting as it should is left out here.
    environment = KEPT | {"TMPDIR": str(tmp_path), "SSLKEYLOGFILE": "/tmp/keys", "HTTPS_PROXY": "x", "TEXTUAL_LOG": "x"}
    done = subprocess.run(
        [sys.executable, "-I", "-c", SCRIPT], env=environment, capture_output=True, text=True, timeout=20, check=True
    )
    found = json.loads(done.stdout)
    assert found == {"environment": sorted(KEPT), "mode": 0o600, "core": [0, 0], "dumpable": 0}
