"""Prometheus with its blackbox_exporter, from Debian's packages, beside the health checker.

They run on loopback, on free ports, and are ended by their process ids. Where they are not
installed, their packages are unpacked below `.data/`.
"""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psutil

from tests.support.loopback_services import address
from tests.support.processes import free_port

PACKAGES = ("prometheus", "prometheus-blackbox-exporter")
CACHE = Path(__file__).parent.parent / ".data" / "peers-monitoring"
MODULES = """
modules:
  wes:
    prober: http
    timeout: 9s
    http:
      preferred_ip_protocol: ip4
      fail_if_body_not_matches_regexp: ["workflow_type_versions"]
"""
CONFIG = """
global: {{scrape_interval: {interval}s, scrape_timeout: {interval}s}}
scrape_configs:
  - job_name: wes
    metrics_path: /probe
    params: {{module: [wes]}}
    static_configs: [{{targets: [{targets}]}}]
    relabel_configs:
      - {{source_labels: [__address__], target_label: __param_target}}
      - {{source_labels: [__param_target], target_label: instance}}
      - {{target_label: __address__, replacement: "127.0.0.1:{port}"}}
"""


@dataclass(frozen=True)
class Peer:
    """What prometheus and blackbox_exporter took for some time."""

    probes: int
    failed: int
    prometheus: float
    blackbox: float
    peak_mb: float

    @property
    def per_thousand(self) -> float:
        """CPU-seconds of both for a thousand probes."""
        return (self.prometheus + self.blackbox) * 1000 / self.probes


def binaries() -> list[str]:
    """The two programs, unpacked first where they are not installed."""
    if all(map(shutil.which, PACKAGES)):
        return [str(shutil.which(name)) for name in PACKAGES]
    there = [CACHE / "usr" / "bin" / name for name in PACKAGES]
    if not all(path.exists() for path in there):
        CACHE.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", *PACKAGES], cwd=CACHE, check=True)
        for package in CACHE.glob("*.deb"):
            subprocess.run(["dpkg", "-x", package, CACHE], check=True)
    return [str(path) for path in there]


def measure(count: int, port: int, *, interval: int, warm: float, seconds: float) -> Peer:
    """Let them probe the services every `interval` seconds, and measure for `seconds`."""
    with (
        TemporaryDirectory(prefix="fgip-prometheus-") as folder,
        _running(Path(folder), count, port, interval) as (prometheus, blackbox, url),
    ):
        time.sleep(warm)
        before = [_seconds(prometheus), _seconds(blackbox)]
        time.sleep(seconds)
        after = [_seconds(prometheus), _seconds(blackbox)]
        window = f"[{int(seconds)}s]"
        probes = _asked(url, f"sum(count_over_time(probe_success{window}))")
        passed = _asked(url, f"sum(sum_over_time(probe_success{window}))")
        peak = _peak_mb(prometheus) + _peak_mb(blackbox)
    return Peer(
        probes=probes,
        failed=probes - passed,
        prometheus=after[0] - before[0],
        blackbox=after[1] - before[1],
        peak_mb=peak,
    )


@contextmanager
def _running(
    folder: Path, count: int, port: int, interval: int
) -> Iterator[tuple[psutil.Process, psutil.Process, str]]:
    prometheus, blackbox = binaries()
    exporter, server = free_port(), free_port()
    targets = ", ".join(f'"http://{address(n)}:{port}/service-info"' for n in range(count))
    (folder / "blackbox.yml").write_text(MODULES)
    (folder / "prometheus.yml").write_text(
        CONFIG.format(interval=interval, targets=targets, port=exporter)
    )
    commands = (
        [
            prometheus,
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{server}",
            "--log.level=error",
        ],
        [
            blackbox,
            f"--config.file={folder}/blackbox.yml",
            f"--web.listen-address=127.0.0.1:{exporter}",
            "--log.level=error",
        ],
    )
    started = [subprocess.Popen(command) for command in commands]
    try:
        first, second = (psutil.Process(process.pid) for process in started)
        yield first, second, f"http://127.0.0.1:{server}"
    finally:
        for process in started:
            process.terminate()
            process.wait(20)


def _asked(url: str, query: str) -> int:
    answer = httpx.get(f"{url}/api/v1/query", params={"query": query}, timeout=30)
    return int(float(answer.json()["data"]["result"][0]["value"][1]))


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _peak_mb(process: psutil.Process) -> float:
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise LookupError("VmHWM")
