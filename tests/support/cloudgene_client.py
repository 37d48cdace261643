"""What tests ask of the simulated Cloudgene server, as its clients do."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.cloudgene import Cloudgene

ENDED = {-1, 4, 5, 6, 7, 8, 9, 10}
PASSWORD = "a long enough archive password"


def submit(
    client: httpx.Client,
    files: tuple[Path, ...] = (),
    app: str = "imputationserver2",
    **values: str,
) -> httpx.Response:
    return client.post(
        f"/api/v2/jobs/submit/{app}",
        data=values,
        files=[("files", (path.name, path.read_bytes())) for path in files]
        or {"mode": (None, "x")},
    )


def submitted(client: httpx.Client, files: tuple[Path, ...], **values: str) -> str:
    answer = submit(client, files, **values)
    assert answer.status_code == 200, answer.text
    job_id: str = answer.json()["id"]
    return job_id


def job(client: httpx.Client, job_id: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/api/v2/jobs/{job_id}").raise_for_status().json()
    return found


def until(
    client: httpx.Client, job_id: str, condition: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    for _ in range(1200):
        now = job(client, job_id)
        if condition(now):
            return now
        time.sleep(0.05)
    pytest.fail(f"the job never came there: {now}", pytrace=False)


def ended(client: httpx.Client, job_id: str) -> dict[str, Any]:
    return until(client, job_id, lambda now: now["state"] in ENDED)


def messages(now: dict[str, Any]) -> list[tuple[str, int, str]]:
    return [
        (step["name"], message["type"], message["message"])
        for step in now["steps"]
        for message in step["logMessages"]
    ]


def output(now: dict[str, Any]) -> dict[str, dict[str, Any]]:
    (parameter,) = [one for one in now["outputParams"] if one["name"] == "output"]
    return {file["name"]: file for file in parameter["files"]}


def content(server: Cloudgene, now: dict[str, Any], name: str) -> bytes:
    file = output(now)[name]
    return httpx.get(
        f"{server.url}/share/results/{file['hash']}/{name}", follow_redirects=True
    ).content
