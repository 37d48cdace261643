"""Answers in the shapes of Cloudgene 2 and 3, as their sources build them."""

from collections.abc import Callable, Mapping
from typing import Any

import httpx

from app.connectors.base import Endpoint
from app.connectors.cloudgene import CloudgeneConnector

BASE = "http://cloudgene.test"
# 2026-11-23 12:00:00 UTC
NOON = 1_795_435_200_000

SERVER: dict[str, Any] = {
    "name": "A Server",
    "background": "#343a40",
    "foreground": "navbar-dark",
    "footer": "<p>By its operators</p>",
    "emailRequired": True,
    "oauth": [],
    "apps": [],
    "loggedIn": False,
    "navigation": [],
    "maintenace": False,
}
COUNTERS: dict[str, Any] = {
    "complete": {"runs": 120, "samples": 9000, "genotypes": 10**12},
    "queue": {"size": 7},
    "users": 5,
}
APP: dict[str, Any] = {
    "id": "imputationserver2",
    "name": "Genotype Imputation",
    "version": "2.0.12",
    "description": 'With <a href="https://example.org">Minimac4</a>.',
    "params": [
        {
            "id": "refpanel",
            "description": 'Reference Panel (<a href="x">Details</a>)',
            "type": "app_list",
            "visible": True,
            "required": True,
            "adminOnly": False,
            "values": [
                # Cloudgene 3 sends the switch and never sets it.
                {"key": "apps@hapmap-2@1.0", "value": "HapMap 2 (GRCh37/hg19)", "enabled": False},
                {"key": "apps@h3africa", "value": "H3Africa &amp; friends", "enabled": False},
            ],
        },
        {"id": "files", "description": "Input Files", "type": "local_folder", "required": True},
        {
            "id": "build",
            "description": "Array Build",
            "type": "list",
            "value": "hg19",
            "required": True,
            "details": "The final SNP coordinates always match the reference build.",
            "values": [
                {"key": "hg19", "value": "GRCh37/hg19"},
                {"key": "hg38", "value": "GRCh38/hg38"},
            ],
        },
        {
            "id": "population",
            "description": "Allele Frequency Check",
            "type": "binded_list",
            "bind": "refpanel",
            "required": True,
            "values": [
                {
                    "key": "apps@hapmap-2@1.0",
                    "label": "HapMap 2",
                    "values": [
                        {"key": "eur", "value": "EUR", "enabled": False},
                        {"key": "off", "value": "Skip", "enabled": False},
                    ],
                },
                {
                    "key": "apps@h3africa",
                    "label": "H3Africa",
                    "values": [{"key": "afr", "value": "African"}],
                },
            ],
        },
        {
            "id": "meta",
            "description": "Generate Meta-imputation file",
            "type": "checkbox",
            "value": "false",
            "values": [{"key": "false", "value": "false"}, {"key": "true", "value": "true"}],
        },
        {"id": "myseparator", "type": "separator"},
        {"id": "secret", "type": "text", "visible": False},
        {"id": "queue", "type": "text", "adminOnly": True},
        {
            "id": "check1",
            "type": "terms_checkbox",
            "required": True,
            "description": "I will not attempt to <b>re-identify</b> participants.",
        },
    ],
}


def a_step(name: str, *messages: tuple[int, str]) -> dict[str, Any]:
    """A step with messages of these types and texts."""
    return {
        "id": 1,
        "name": name,
        "empty": not messages,
        "logMessages": [
            {"success": True, "message": text, "type": kind, "time": NOON}
            for kind, text in messages
        ],
    }


def progress(label: str, done: int, total: int) -> str:
    """The bar of a process that works in parts (`templates/progressbar.html`)."""
    return (
        f"<b>{label} ({done}/{total})</b><br>"
        '<div class="progress" style="width: 100%; margin-top: 15px;">\t'
        '<div class="progress-bar bg-success" style="width: 30.0%;"></div></div>'
    )


def a_job(state: int, **changes: Any) -> dict[str, Any]:
    """A job as `JobResponse.java` writes it."""
    job: dict[str, Any] = {
        "application": "Genotype Imputation 2.0.12",
        "applicationId": "imputationserver2",
        "deletedOn": -1,
        "endTime": 0,
        "id": "job-1",
        "name": "our-ref",
        "logs": "",
        "state": state,
        "positionInQueue": -1,
        "userAgent": "us",
        "startTime": 0,
        "submittedOn": NOON,
        "username": "ada",
        "currentTime": NOON,
        "workspaceSize": None,
        "steps": [],
        "outputParams": [],
    }
    return job | changes


def an_error(status: int, message: str) -> httpx.Response:
    """An error of Cloudgene's own (`JsonHttpStatusException.java`)."""
    return httpx.Response(status, json={"success": False, "message": message})


Answers = Mapping[str, Any]


class Server:
    """A connector to a server that answers from a table of "METHOD /path", and what was asked.

    An answer is JSON, a response, or a function of the request; what the table lacks is a 404.
    """

    def __init__(
        self, answers: Answers, *, token: str = "", base: str = BASE, **api_config: Any
    ) -> None:
        self.answers = answers
        self.requests: list[httpx.Request] = []
        self.client = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))
        self.connector = CloudgeneConnector(self.client, Endpoint(base, token, api_config))

    @property
    def asked(self) -> list[str]:
        return [self._key(request) for request in self.requests]

    def _key(self, request: httpx.Request) -> str:
        return f"{request.method} {request.url.path}"

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.get(self._key(request))
        if answer is None:
            return an_error(404, "not found.")
        if isinstance(answer, Callable):  # type: ignore[arg-type]
            answer = answer(request)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)
