"""The simulated Cloudgene server as a test sees it: started as a person would, on loopback."""

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import httpx

from demo import dataset
from tests.support import processes
from tests.support.processes import ROOT, free_port

PASSWORD = "Simulated-1"  # of everybody who tests register
PANEL, SMALL_PANEL = "apps@demo-panel@1.0.0", "apps@demo-panel-small@1.0.0"


@dataclass
class Cloudgene:
    """A running simulator. `url` is its root, without /api/v2."""

    url: str
    folder: Path
    control_token: str
    admin_password: str
    _open: ExitStack

    def login(self, username: str) -> str:
        """Return an access token of a user, who is registered first if need be."""
        if username == "admin":
            password = self.admin_password
        else:
            password = PASSWORD
            httpx.post(
                f"{self.url}/api/v2/users/register",
                data={
                    "username": username,
                    "full-name": username.title(),
                    "mail": f"{username}@example.org",
                    "new-password": password,
                    "confirm-new-password": password,
                },
            ).raise_for_status()
        answer = httpx.post(f"{self.url}/login", data={"username": username, "password": password})
        token: str = answer.raise_for_status().json()["access_token"]
        return token

    def token_for(self, username: str, *, days: int | None = None) -> str:
        """Return a new API token, which ends the user's earlier one."""
        made = httpx.post(
            f"{self.url}/api/v2/users/{username}/api-token",
            params={} if days is None else {"expiration": days},
            headers={"X-Auth-Token": self.login(username)},
        )
        token: str = made.raise_for_status().json()["token"]
        return token

    def client(self, token: str = "") -> httpx.Client:
        """Return a client that sends `token`; it is closed with the server."""
        headers = {"X-Auth-Token": token} if token else {}
        return self._open.enter_context(
            httpx.Client(base_url=self.url, headers=headers, timeout=30)
        )

    def control(self, path: str, **body: Any) -> dict[str, Any]:
        """Make something go wrong: see demo/cloudgene/simulator_routes.py."""
        answer = httpx.post(
            f"{self.url}/simulator/{path}",
            json=body,
            headers={"X-Control-Token": self.control_token},
        )
        said: dict[str, Any] = answer.raise_for_status().json()
        return said

    def slots(self) -> dict[str, Any]:
        """How often somebody had no slot, and the most jobs that each user had at once."""
        headers = {"X-Control-Token": self.control_token}
        answer = httpx.get(f"{self.url}/simulator", headers=headers)
        said: dict[str, Any] = answer.raise_for_status().json()["slots"]
        return said

    def fault(self, name: str, value: Any = True, *, times: int = 0) -> None:
        """Switch a fault of demo/cloudgene/faults.py on, for its next `times` (0 = for ever)."""
        self.control(f"faults/{name}", value=value, times=times)

    def heal(self, name: str) -> None:
        """Switch a fault off."""
        self.control(f"faults/{name}", value=None)


@contextmanager
def running(folder: Path, *, port: int | None = None, **settings: Any) -> Iterator[Cloudgene]:
    """Run a simulator with its data in `folder`; `settings` are those of its command line.

    The same folder may be used again, for a restart. Jobs hardly wait unless `delay` says so.
    """
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    options = {"port": port, "data": folder / "data", "delay": 0.02} | settings
    command = [sys.executable, "-m", "demo.cloudgene"]
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        command += [flag] if value is True else [] if value is False else [flag, str(value)]
    control_token = secrets.token_hex(8)
    admin = _kept(folder / "admin-password")
    environment = {
        "PYTHONPATH": str(ROOT),
        "HOME": os.environ["HOME"],
        "FGIP_CLOUDGENE_CONTROL": control_token,
        "FGIP_CLOUDGENE_ADMIN": admin,
    }
    answers_at = f"{url}/api/v2/server"
    with (
        processes.running(command, folder=folder, answers_at=answers_at, environment=environment),
        ExitStack() as opened,
    ):
        yield Cloudgene(url, folder, control_token, admin, opened)


def _kept(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_text(secrets.token_urlsafe(12))
    return path.read_text()


@cache
def chromosome_files() -> tuple[Path, Path, Path]:
    """Return chr20.vcf.gz, chr21.vcf.gz and chr22.vcf.gz: 30 people, 300 variants each, phased."""
    first, second, third = dataset.write_chromosomes(Path(mkdtemp(prefix="fgip-chromosomes-")))
    return first, second, third


@cache
def small_files() -> tuple[Path, Path, Path]:
    """Return the same of 20 people with 100 variants each, for many quick jobs."""
    folder = Path(mkdtemp(prefix="fgip-small-chromosomes-"))
    first, second, third = dataset.write_chromosomes(folder, samples=20, every=3)
    return first, second, third


def form(panel: str = SMALL_PANEL, **values: str) -> dict[str, str]:
    """Return the fields of a job that succeeds."""
    population = "all" if panel == SMALL_PANEL else "sim"
    return {"refpanel": panel, "build": "hg38", "population": population} | values
