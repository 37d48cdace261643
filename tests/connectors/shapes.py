"""Answers of WES servers: recorded ones of Toil, Sapporo and wes-service, and made-up ones in the
shapes of the GA4GH Starter Kit 0.3.2, WESkit and Cromwell.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

from app.connectors.base import Endpoint
from app.connectors.wes import WesConnector

BASE = "http://wes.test/ga4gh/wes/v1"
JSON = "application/json"

STARTER_KIT: dict[str, Any] = {
    "id": "org.example.node.wes",
    "name": "Node WES",
    "contactUrl": "mailto:someone@example.org",
    "documentationUrl": "https://github.com/ga4gh/ga4gh-starter-kit-wes",
    "version": "0.3.2",
    "type": {"group": "org.ga4gh", "artifact": "wes", "version": "1.0.1"},
    "organization": {"name": "A node", "url": "https://example.org"},
    "workflow_type_versions": {"WDL": ["1.0"], "NEXTFLOW": ["21.04.0"]},
    "workflow_engine_versions": {"NATIVE": "1.0.0"},
}
STARTER_KIT_RUN: dict[str, Any] = {
    "run_id": "kit-1",
    "request": {"workflow_type": "NEXTFLOW", "workflow_params": {"input": "drs://example.org/1"}},
    "state": "COMPLETE",
    "run_log": {
        "name": "example/flow",
        "start_time": "2024-01-01T10:00:00Z",
        "end_time": "2024-01-01T10:01:00Z",
        "stdout": "http://wes.test/ga4gh/wes/v1/logs/nextflow/stdout/kit-1?workdirs=ab%2Fcd",
        "stderr": "http://wes.test/ga4gh/wes/v1/logs/nextflow/stderr/kit-1?workdirs=ab%2Fcd",
        "exit_code": 0,
    },
    "task_logs": [{"name": "step", "exit_code": 0, "stdout": "http://wes.test/1"}],
    "outputs": {
        "stats/summary.txt": "file:///opt/wes/runs/kit-1/ab/cd/stats/summary.txt",
        "imputed.vcf.gz": "file:///opt/wes/runs/kit-1/ab/cd/imputed.vcf.gz",
    },
}

WESKIT: dict[str, Any] = {
    "auth_instructions_url": "https://example.org/sign-in",
    "contact_info_url": "mailto:someone@example.org",
    "default_workflow_engine_parameters": [
        {"default_value": "true", "name": "NFL|22.10.0|trace", "type": "bool"}
    ],
    "supported_filesystem_protocols": ["file", "S3"],
    "supported_wes_versions": ["1.0.0"],
    "system_state_counts": {"RUNNING": 0, "COMPLETE": 3},
    "tags": {"site": "here"},
    "workflow_engine_versions": {"NFL": "22.10.0", "SMK": "6.10.0"},
    "workflow_type_versions": {"NFL": {"workflow_type_version": ["22.10.0"]}},
}
WESKIT_RUN: dict[str, Any] = {
    "run_id": "kit-2",
    "request": {"tags": None, "workflow_type": "NFL", "workflow_params": {}},
    "state": "COMPLETE",
    "run_log": {
        "cmd": ["nextflow", "run"],
        "start_time": "2024-03-27T11:31:57.262480",
        "end_time": "2024-03-27T09:32:08.365000",
        "stdout": ".weskit/2024-03-27T11:31:57.262480/stdout",
        "stderr": ".weskit/2024-03-27T11:31:57.262480/stderr",
        "exit_code": 0,
    },
    "task_logs": [],
    "outputs": {"filesystem": ["trace.txt", ".nextflow/history", "work/ab/cd/imputed.vcf.gz"]},
    "user_id": "not-logged-in-user",
}

CROMWELL: dict[str, Any] = {
    "workflow_type_version": {"WDL": ["draft-2", "1.0"]},
    "workflow_engine_versions": {"cromwell": "92"},
    "supported_wes_versions": ["1.0.0"],
    "system_state_counts": {"RUNNING": 1, "COMPLETE": "many"},
    "contact_info_url": "https://example.org",
}
# AWS's adapter leaves the run log out.
CROMWELL_RUN: dict[str, Any] = {
    "run_id": "cromwell-1",
    "state": "COMPLETE",
    "request": {"workflow_type": "WDL", "tags": {}},
    "outputs": {
        "impute.vcf": "/cromwell-executions/impute/cromwell-1/call-x/execution/imputed.vcf.gz",
        "impute.logs": ["gs://bucket/one.log", "s3://bucket/two.log"],
        "impute.count": 3,
        "impute.message": "done",
    },
}


def recorded(server: str, name: str) -> Any:
    """The body of a recorded answer."""
    return _recorded(server, name)["body"]


def _recorded(server: str, name: str) -> Any:
    path = Path(__file__).parent / "recorded" / f"{server}.json"
    return json.loads(path.read_text())[name]


def replay(server: str, name: str) -> httpx.Response:
    """A recorded answer, with its status and content type."""
    answer = _recorded(server, name)
    body = answer["body"]
    content = body if isinstance(body, str) else json.dumps(body)
    return httpx.Response(
        answer["status"], content=content.encode(), headers={"content-type": answer["type"]}
    )


Answers = Mapping[str, Any]


class Service:
    """A connector to a service that answers from a table of "METHOD /path", and what was asked.

    An answer is JSON, a response, or a function of the request; what the table lacks is a 404.
    """

    def __init__(self, answers: Answers, *, token: str = "", **api_config: Any) -> None:
        self.answers = answers
        self.requests: list[httpx.Request] = []
        client = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))
        self.connector = WesConnector(client, Endpoint(BASE, token, api_config))

    @property
    def asked(self) -> list[str]:
        return [self._key(request) for request in self.requests]

    def _key(self, request: httpx.Request) -> str:
        return f"{request.method} {request.url.path.removeprefix('/ga4gh/wes/v1')}"

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.get(self._key(request))
        if answer is None:
            return httpx.Response(404, json={"msg": "The requested run was not found."})
        if isinstance(answer, Callable):  # type: ignore[arg-type]
            answer = answer(request)
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)
