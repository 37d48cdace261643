"""Requests to a Cloudgene server: URLs, the credential, and what an error means.

Errors come as `{success: false, message}` from Cloudgene itself and as `{message, …}` from what it
is built on (Micronaut, Restlet). During maintenance everything about jobs and applications answers
503 (`JobController.blockInMaintenanceMode`).
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx

from app.connectors.answers import Answer, error_of, json_of, message_of, place
from app.connectors.base import Endpoint
from app.connectors.client import JSON_LIMIT, confine, fetch, header_token, translated
from app.connectors.errors import Busy, ConnectorError, InvalidAnswer, UnknownRun

API = ("api", "v2")
# A job with a thousand files and all its messages stays far below this.
JOB_LIMIT = 1024**2
TOKEN_HEADER = "X-Auth-Token"  # noqa: S105 (no password)


def root_of(base_url: str) -> str:
    """The server's own address; that of its interface or of its start page is shortened to it."""
    root = base_url.strip().rstrip("/")
    for ending in ("/index.html", "/api/v2/server", "/api/v2"):
        root = root.removesuffix(ending).rstrip("/")
    return root


class CloudgeneHttp:
    """One server's side of the wire."""

    def __init__(self, client: httpx.AsyncClient, endpoint: Endpoint) -> None:
        self.client = client
        self.token = endpoint.token.strip()
        self.base = root_of(endpoint.base_url)

    def url(self, *parts: str) -> str:
        """The URL of a path below the server's address; each part is quoted whole."""
        return "/".join([self.base, *(quote(part, safe="") for part in parts)])

    async def request(
        self, method: str, url: str, *, with_token: bool = True, **options: Any
    ) -> httpx.Request:
        """A request, with the credential if it goes to the server's own origin.

        A host that only the server's answer named must be on the public internet if the server is.
        """
        with translated(self.base):
            request = self.client.build_request(method, url, **options)
            target, base = request.url, httpx.URL(self.base)
        is_own = (target.scheme, target.host, target.port) == (base.scheme, base.host, base.port)
        if is_own and with_token:
            request.headers.update(self.credential())
        else:
            await confine(base, request)
        return request

    def credential(self) -> dict[str, str]:
        """The header with the token, if there is one."""
        return {TOKEN_HEADER: header_token(self.token)} if self.token else {}

    async def ask(
        self,
        request: httpx.Request,
        *,
        limit: int = JSON_LIMIT,
        missing: type[ConnectorError] = InvalidAnswer,
    ) -> Answer:
        """Send a request and return a successful answer; any other raises."""
        answer = await fetch(self.client, request, limit=limit)
        if error := self.error_in(answer, missing=missing):
            raise error
        return answer

    def error_in(self, answer: Answer, *, missing: type[ConnectorError]) -> ConnectorError | None:
        """The error that an answer stands for, or None for a success."""
        error = error_of(answer, secret=self.token, missing=missing)
        if isinstance(error, Busy) and answer.status == 503:
            said = message_of(answer, secret=self.token)
            if "maintenance" in said.lower():
                told = f"{place(answer.url)} is under maintenance ({said.rstrip('.')})."
                return Busy(told, retry_after=error.retry_after)
        return error

    async def get(
        self,
        *path: str,
        params: Mapping[str, str] | None = None,
        with_token: bool = True,
        missing: type[ConnectorError] = InvalidAnswer,
        limit: int = JSON_LIMIT,
    ) -> Any:
        """The JSON at a path of the interface."""
        url = self.url(*API, *path)
        request = await self.request("GET", url, with_token=with_token, params=params)
        return json_of(await self.ask(request, missing=missing, limit=limit))

    async def job(self, remote_id: str, *path: str) -> Mapping[str, Any]:
        """The JSON object about a job. Raises `UnknownRun`."""
        body = await self.get("jobs", remote_id, *path, missing=UnknownRun, limit=JOB_LIMIT)
        if not isinstance(body, dict) or state_of(body) is None:
            raise InvalidAnswer("The service answered about a job without telling its state.")
        if body.get("id") not in (None, "", remote_id):
            raise InvalidAnswer("The service answered about another job than was asked for.")
        return body


def state_of(job: Mapping[str, Any]) -> int | None:
    """The number of a job's state, or None if there is none."""
    state = job.get("state")
    if isinstance(state, str) and state.removeprefix("-").isdecimal() and len(state) < 10:
        return int(state)
    return state if isinstance(state, int) and not isinstance(state, bool) else None
