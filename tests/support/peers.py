"""Real GA4GH WES servers on loopback, each in its own virtual environment.

Fixtures (session scope): `sapporo` (Sapporo 2.4.0 with cwltool), `toil` (Toil 9.6.0) and
`wes_service` (wes-service 5.0 with cwltool), each a `Peer`. `scripts/peers` makes their
environments in $FGIP_PEERS_DIR or `.data/peers`. A conftest imports the fixtures to use them.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.processes import ROOT, free_port, running

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


def _venv(name: str) -> Path:
    """Return the peer's virtual environment, made first where it is missing."""
    command = [str(ROOT / "scripts/peers"), name]
    made = subprocess.run(command, check=False, capture_output=True, text=True)
    if made.returncode:
        cause = (made.stderr or made.stdout).strip().splitlines()
        unavailable(f"scripts/peers {name} failed: {cause[-1] if cause else made.returncode}")
    return ROOT / os.environ.get("FGIP_PEERS_DIR", ".data/peers") / name


def _environment(venv: Path, folder: Path) -> dict[str, str]:
    """Put the peer's programs first, and what it keeps in a home folder into its own."""
    return {"PATH": f"{venv.absolute()}/bin:{os.environ['PATH']}", "HOME": str(folder)}


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


def _write_sapporo_run_script(venv: Path, script: Path, functions: str) -> None:
    """Write Sapporo's own run.sh with some of its local functions replaced.

    The functions meant for local changes end at the first line of "=": ours follow them, and in
    bash the last definition counts.
    """
    (original,) = venv.glob("lib/python3*/site-packages/sapporo/run.sh")
    above, line, below = original.read_text().partition("\n# =====")
    assert line, f"{original} has no place for local functions any more"
    script.write_text(above + functions + line + below)


@contextmanager
def run_sapporo(folder: Path, *, functions: str = SAPPORO_RUN_CWLTOOL) -> Iterator[Peer]:
    """Sapporo 2.4.0 with a local cwltool: WES 1.1.0, outputs over HTTP, served at the root."""
    need_programs("bash", "jq")
    venv = _venv("sapporo")
    (folder / "runs").mkdir()
    _write_sapporo_run_script(venv, folder / "run.sh", functions)
    port = free_port()
    command = [str(venv.absolute() / "bin/sapporo"), "--host", "127.0.0.1", "--port", str(port)]
    command += ["--run-dir", str(folder / "runs"), "--run-sh", str(folder / "run.sh")]
    url = f"http://127.0.0.1:{port}"
    with running(
        command,
        folder=folder,
        answers_at=f"{url}/service-info",
        environment=_environment(venv, folder),
    ):
        yield Peer("sapporo", url, folder)


@pytest.fixture(scope="session")
def sapporo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """A Sapporo that can impute."""
    need_programs(*IMPUTATION_PROGRAMS)
    with run_sapporo(tmp_path_factory.mktemp("sapporo")) as peer:
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
    with running(
        command,
        folder=folder,
        answers_at=f"{url}/service-info",
        environment=_environment(venv, folder),
    ):
        yield Peer("toil", url, folder)


@pytest.fixture(scope="session")
def wes_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """wes-service 5.0 with a local cwltool: it ignores cancels and invents states."""
    venv = _venv("wes-server")
    folder = tmp_path_factory.mktemp("wes-service")
    port = free_port()
    # It binds 127.0.0.1 by itself, and keeps its runs below the folder that it starts in.
    command = [str(venv.absolute() / "bin/wes-server"), "--port", str(port)]
    command += ["--opt", "runner=cwltool"]
    url = f"http://127.0.0.1:{port}/ga4gh/wes/v1"
    with running(
        command,
        folder=folder,
        answers_at=f"{url}/service-info",
        environment=_environment(venv, folder),
    ):
        yield Peer("wes-service", url, folder)
