"""A minimal WES client for tests of workflows and servers, apart from the platform's own."""

import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import httpx

TERMINAL = {"COMPLETE", "EXECUTOR_ERROR", "SYSTEM_ERROR", "CANCELED"}


def client(base_url: str) -> httpx.Client:
    """Return a client without keep-alive: Toil's runs inherit idle connections, which then hang."""
    limits = httpx.Limits(max_keepalive_connections=0)
    return httpx.Client(base_url=base_url, limits=limits, timeout=30)


def submit(wes: httpx.Client, form: dict[str, str], attachments: list[Path]) -> str:
    """Submit a run and return its id."""
    files = [("workflow_attachment", (file.name, file.read_bytes())) for file in attachments]
    answer = wes.post("runs", data=form, files=files)
    assert answer.is_success, answer.text
    run_id: str = answer.json()["run_id"]
    return run_id


def wait(wes: httpx.Client, run_id: str, *, seconds: float = 180) -> dict[str, Any]:
    """Return the run log once the run has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if wes.get(f"runs/{run_id}/status").json()["state"] in TERMINAL:
            log: dict[str, Any] = wes.get(f"runs/{run_id}").json()
            return log
        time.sleep(0.2)
    raise AssertionError(f"run {run_id} has not ended after {seconds} s")


def stderr(wes: httpx.Client, log: dict[str, Any]) -> str:
    """Return the engine's standard error, which a server gives as text or as a URL."""
    value: str = log["run_log"]["stderr"]
    if "\n" in value or not value:
        return value
    return wes.get(urljoin(f"{wes.base_url}runs/{log['run_id']}", value)).text


def outputs(wes: httpx.Client, log: dict[str, Any]) -> dict[str, bytes]:
    """Return the run's output files by name: downloaded, or read where they are file:// paths."""
    return {name: _read(wes, url) for name, url in _output_urls(log["outputs"])}


def _output_urls(value: object) -> list[tuple[str, str]]:
    if isinstance(value, list):
        return [pair for item in value for pair in _output_urls(item)]
    if not isinstance(value, dict):
        return []
    if "file_url" in value:
        return [(value["file_name"], value["file_url"])]
    found = [pair for item in value.values() for pair in _output_urls(item)]
    return [(value["basename"], value["location"]), *found] if "location" in value else found


def _read(wes: httpx.Client, url: str) -> bytes:
    if url.startswith("file:"):
        return Path(unquote(urlsplit(url).path)).read_bytes()
    answer = wes.get(url)
    assert answer.is_success, answer.text
    return answer.content


def impute_form(workflow: Path, target: Path, panel: Path, **parameters: object) -> dict[str, str]:
    """Return the form that imputes an attached target with a panel on the server's disk."""
    params = {
        "target": {"class": "File", "location": target.name},
        "panel": {"class": "File", "location": panel.absolute().as_uri()},
        **parameters,
    }
    return {
        "workflow_url": workflow.name,
        "workflow_type": "CWL",
        "workflow_type_version": "v1.2",
        "workflow_engine": "cwltool",
        "workflow_params": json.dumps(params),
    }
