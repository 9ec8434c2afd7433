"""Ways to look at many leaves with programs that are not ours.

What they cost is the CPU time of their processes. Ours, for starting them and reading what they print, is not added.
"""

import hashlib
import re
import resource
import shutil
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tests.bench.farm import Target
from tests.bench.ways import Sweep, Way

_SOURCE = Path(__file__).with_name("look.c")
_PATIENCE = 60.0
_CURL_SHOWS_LEAVES = (7, 88)
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_MARK = "leaf of "
_CURL_OPTIONS = ["--disable", "--silent", "--insecure", "--noproxy", "*", "--http1.1", "--parallel"]
_CURL_OPTIONS += ["--write-out", f"{_MARK}%{{url}}\n%{{certs}}\n"]


class MissingError(Exception):
    """A way is not open on this machine. The text says why."""


class CProgram:
    """`look.c`, compiled to `folder`. It times its sweep itself, without its start, as the ways in Python do."""

    name = "C program on libssl"
    most = 100_000
    silent = True

    def __init__(self, folder: Path) -> None:
        self._program = str(folder / "look")
        compiler = [_found("cc"), "-O2", "-o", self._program, str(_SOURCE), "-lssl", "-lcrypto"]
        compiled = subprocess.run(compiler, capture_output=True, text=True, timeout=_PATIENCE)
        if compiled.returncode:
            raise MissingError(f"cc: {compiled.stderr.strip().splitlines()[0]}")
        self.version = _run([self._program]).strip()

    def sweep(self, targets: Sequence[Target], at_once: int) -> Sweep:
        lines = "".join(f"{target.host} {target.port} {target.pin}\n" for target in targets)
        right, wrong, failed, cpu, wall = _run([self._program, str(at_once)], lines).split()
        return Sweep(int(right), int(wrong), int(failed), float(cpu), float(wall))


class Curl:
    """One process for all. It can only be had with a request, which goes out whoever the device turns out to be."""

    name = "curl --parallel"
    most = 100_000
    silent = False

    def __init__(self) -> None:
        self._curl = _found("curl")
        self.version = " ".join(_run([self._curl, "--version"]).split()[:2])
        major, minor = self.version.split()[1].split(".")[:2]
        if (int(major), int(minor)) < _CURL_SHOWS_LEAVES:
            raise MissingError(f"{self.version} shows no leaf: %{{certs}} came with 7.88")

    def sweep(self, targets: Sequence[Target], at_once: int) -> Sweep:
        command = [self._curl, *_CURL_OPTIONS, "--parallel-max", str(at_once), "--config", "-"]
        urls = {f"https://{target.host}:{target.port}/": target.pin for target in targets}
        with _timed_children() as sweep:
            printed = _run(command, "".join(f'url = "{url}"\n' for url in urls), check=False)
        parts = (part.partition("\n") for part in printed.split(_MARK)[1:])
        _compare({url: text for url, _, text in parts}, urls, sweep)
        return sweep


class SClient:
    """One process for each target, with nothing to send and without loading the system's CAs."""

    name = "openssl s_client"
    most = 200
    silent = True

    def __init__(self) -> None:
        openssl = _found("openssl")
        self.version = _run([openssl, "version"]).strip()
        known = subprocess.run([openssl, "s_client", "-help"], capture_output=True, text=True, timeout=_PATIENCE).stderr
        without = [option for option in ("-no-CAfile", "-no-CApath", "-no-CAstore") if option in known]
        self._command = [openssl, "s_client", "-no_ticket", "-alpn", "http/1.1", *without, "-connect"]

    def sweep(self, targets: Sequence[Target], at_once: int) -> Sweep:
        pins = {f"{target.host}:{target.port}": target.pin for target in targets}
        with _timed_children() as sweep, ThreadPoolExecutor(at_once) as pool:
            printed = list(pool.map(lambda place: _run([*self._command, place], check=False), pins))
        _compare(dict(zip(pins, printed, strict=True)), pins, sweep)
        return sweep


def open_ways(candidates: Sequence[Callable[[], Way]]) -> tuple[list[Way], list[str]]:
    """Return the ways that are open on this machine, and why the others are not."""
    ways: list[Way] = []
    missing = []
    for candidate in candidates:
        try:
            ways.append(candidate())
        except MissingError as error:
            missing.append(str(error))
    return ways, missing


def _found(program: str) -> str:
    path = shutil.which(program)
    if not path:
        raise MissingError(f"{program} is not installed")
    return path


def _run(command: list[str], said: str = "", *, check: bool = True) -> str:
    """Return what a program prints. Unchecked, its exit code and its complaints add nothing to that."""
    complaints = None if check else subprocess.DEVNULL
    ended = subprocess.run(
        command, input=said, stdout=subprocess.PIPE, stderr=complaints, check=check, text=True, timeout=_PATIENCE
    )
    return ended.stdout


def _compare(printed: Mapping[str, str], pins: Mapping[str, str], sweep: Sweep) -> None:
    """Compare the first certificate in what was printed of each place: the leaf comes first."""
    for place, pin in pins.items():
        found = _PEM.search(printed.get(place, ""))
        if found:
            sweep.compare(hashlib.sha256(ssl.PEM_cert_to_DER_cert(found[0])).hexdigest(), pin)
        else:
            sweep.failed += 1


@contextmanager
def _timed_children() -> Iterator[Sweep]:
    """Measure what the processes do that start and end meanwhile."""
    sweep = Sweep()
    cpu, wall = _cpu_of_children(), time.monotonic()
    yield sweep
    sweep.cpu, sweep.wall = _cpu_of_children() - cpu, time.monotonic() - wall


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
