"""Real GA4GH WES servers on loopback, each in its own virtual environment.

Fixtures (session scope): `sapporo` (Sapporo 2.4.0 with cwltool) and `toil` (Toil 9.6.0), both a
`Peer`. `scripts/peers` makes their environments in $FGIP_PEERS_DIR or `.data/peers`. A conftest
imports the fixtures by name to use them.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
IMPUTATION_PROGRAMS = ("minimac4", "bcftools", "tabix", "bgzip")


@dataclass(frozen=True)
class Peer:
    """A running server: `base_url` without a trailing slash, `folder` with its runs and log."""

    name: str
    base_url: str
    folder: Path


def unavailable(reason: str) -> None:
    """Skip the test, or fail where CI promises that everything is there."""
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def need_programs(*names: str) -> None:
    """Skip (fail in CI) with one line that names the Debian packages to install."""
    missing = [name for name in names if not shutil.which(name)]
    if missing:
        packages = sorted({"tabix" if name == "bgzip" else name for name in missing})
        unavailable(f"needs {', '.join(missing)} (Debian: apt-get install {' '.join(packages)})")


def free_port() -> int:
    """Return a loopback port that nothing listens on at the moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _venv(name: str) -> Path:
    """Return the peer's virtual environment, made first where it is missing."""
    command = [ROOT / "scripts/peers", name]
    made = subprocess.run(command, check=False, capture_output=True, text=True)
    if made.returncode:
        cause = (made.stderr or made.stdout).strip().splitlines()
        unavailable(f"scripts/peers {name} failed: {cause[-1] if cause else made.returncode}")
    return ROOT / os.environ.get("FGIP_PEERS_DIR", ".data/peers") / name


def _processes_marked(mark: str) -> list[int]:
    """Return the ids of all processes whose environment holds `mark`.

    A run is forked into process groups and sessions of its own, and outlives its server; but
    whatever it starts inherits the environment.
    """
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark.encode() in environment.read_bytes():
                found.append(int(environment.parent.name))
        except OSError:  # gone meanwhile, or another user's
            continue
    return found


def _kill_marked(mark: str) -> None:
    for wanted in (signal.SIGTERM, signal.SIGKILL):
        for process_id in _processes_marked(mark):
            try:
                os.kill(process_id, wanted)
            except ProcessLookupError:
                continue
        deadline = time.monotonic() + 5
        while _processes_marked(mark) and time.monotonic() < deadline:
            time.sleep(0.1)


@contextmanager
def _server(
    name: str, command: list[str], *, venv: Path, folder: Path, base_url: str
) -> Iterator[Peer]:
    """Run a server until the block ends, with everything that its runs have started."""
    mark = f"FGIP_TEST_PEER={uuid.uuid4()}"
    environment = {key: os.environ[key] for key in ("LANG", "TMPDIR") if key in os.environ}
    environment |= {"PATH": f"{venv.absolute()}/bin:{os.environ['PATH']}", "HOME": str(folder)}
    environment |= dict([mark.split("=")])
    log = folder / "server.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_until_it_answers(f"{base_url}/service-info", process, log)
        yield Peer(name, base_url, folder)
    finally:
        _kill_marked(mark)
        process.wait(10)


def _wait_until_it_answers(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url, timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    pytest.fail(f"{url} never answered. Its log ends:\n{log.read_text()[-2000:]}", pytrace=False)


SAPPORO_RUN_CWLTOOL = """
run_cwltool() {
    local -a command=(cwltool --tmpdir-prefix "${tmp_dir}/" --outdir "${outputs_dir}")
    _append_engine_params command
    cd "${exe_dir}"
    command+=("${wf_url}" "${wf_params}")
    _write_and_run command
}
cancel_docker_engine() { :; }
"""


def _write_sapporo_run_script(venv: Path, script: Path) -> None:
    """Write Sapporo's own run.sh with cwltool started here instead of in docker.

    The functions meant for local changes end at the first line of "=": ours follow them, and in
    bash the last definition counts.
    """
    (original,) = venv.glob("lib/python3*/site-packages/sapporo/run.sh")
    above, line, below = original.read_text().partition("\n# =====")
    assert line, f"{original} has no place for local functions any more"
    script.write_text(above + SAPPORO_RUN_CWLTOOL + line + below)


@pytest.fixture(scope="session")
def sapporo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """Sapporo 2.4.0 with a local cwltool: WES 1.1.0, outputs over HTTP, served at the root."""
    need_programs("bash", "jq", *IMPUTATION_PROGRAMS)
    venv = _venv("sapporo")
    folder = tmp_path_factory.mktemp("sapporo")
    (folder / "runs").mkdir()
    _write_sapporo_run_script(venv, folder / "run.sh")
    port = free_port()
    command = [str(venv.absolute() / "bin/sapporo"), "--host", "127.0.0.1", "--port", str(port)]
    command += ["--run-dir", str(folder / "runs"), "--run-sh", str(folder / "run.sh")]
    command += ["--snapshot-interval", "2"]
    url = f"http://127.0.0.1:{port}"
    with _server("sapporo", command, venv=venv, folder=folder, base_url=url) as peer:
        yield peer


@pytest.fixture(scope="session")
def toil(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """Toil 9.6.0: WES 1.0.0, outputs stay below `Peer.folder` as file:// paths."""
    need_programs(*IMPUTATION_PROGRAMS)
    venv = _venv("toil")
    folder = tmp_path_factory.mktemp("toil")
    port = free_port()
    # One worker: without Celery each worker knows only its own runs, and cancels get lost.
    command = [str(venv.absolute() / "bin/toil"), "server", "--bypass_celery", "--workers", "1"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--work_dir", str(folder / "runs")]
    url = f"http://127.0.0.1:{port}/ga4gh/wes/v1"
    with _server("toil", command, venv=venv, folder=folder, base_url=url) as peer:
        yield peer
