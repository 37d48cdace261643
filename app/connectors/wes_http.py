"""Requests to a WES: URLs, the credential, the list page by page, and what an error means."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import httpx

from app.connectors.answers import Answer, error_of, json_of, message_of, place
from app.connectors.base import Endpoint
from app.connectors.client import JSON_LIMIT, confine, fetch, header_token, translated
from app.connectors.errors import (
    ConnectorError,
    InvalidAnswer,
    Rejected,
    ServiceFault,
    UnknownRun,
    Unsupported,
)
from app.connectors.wes_parse import listed_runs, mapping_of, run_id_of, text_of, told_runs

# The state of a run is one short line.
STATUS_LIMIT = 64 * 1024
# Whole run logs that are read at the same time.
WHOLE_LOGS = 2
PAGE_SIZE = 100


@lru_cache(maxsize=8192)
def parsed(url: str) -> httpx.URL:
    """A URL in its parts; probes ask for the same ones again and again."""
    return httpx.URL(url)


class NotYet(ServiceFault):
    """The service knows the run but cannot tell about it yet (Starter Kit, just after a start)."""


class WesHttp:
    """One service's side of the wire."""

    def __init__(self, client: httpx.AsyncClient, endpoint: Endpoint) -> None:
        self.client = client
        self._whole_logs = asyncio.Semaphore(WHOLE_LOGS)
        self.token = endpoint.token.strip()
        self.base = endpoint.base_url.strip().rstrip("/").removesuffix("/service-info")

    def url(self, *parts: str) -> str:
        """The URL of a path below the base; each part is quoted whole."""
        return "/".join([self.base, *(quote(part, safe="") for part in parts)])

    def joined(self, url: str, reference: str) -> httpx.URL | None:
        """A reference in an answer as a URL, relative to the answer's own; None if it is none.

        Sapporo's text of a log, for example, is no URL at all.
        """
        try:
            joined = httpx.URL(url).join(reference)
        except (httpx.InvalidURL, ValueError):
            return None
        return joined if joined.scheme in ("http", "https") and joined.host else None

    async def request(self, method: str, url: httpx.URL | str, **options: Any) -> httpx.Request:
        """A request with the credential, which goes to the service's own origin only.

        A host that only the service's answer named must be on the public internet if the service
        is.
        """
        with translated(self.base):
            request = self.client.build_request(method, parsed(str(url)), **options)
            target = request.url
            # A URL below the base needs no parsing of the base, which is half the work.
            base = target if str(url).startswith(f"{self.base}/") else httpx.URL(self.base)
        if _origin(target) == _origin(base):
            request.headers.update(self.credential())
        else:
            await confine(base, request)
        return request

    def credential(self) -> dict[str, str]:
        """The header with the bearer token, if there is one."""
        return {"Authorization": f"Bearer {header_token(self.token)}"} if self.token else {}

    async def ask(
        self,
        request: httpx.Request,
        *,
        limit: int = JSON_LIMIT,
        missing: type[ConnectorError] = InvalidAnswer,
        is_run_log: bool = False,
    ) -> Answer:
        """Send a request and return a successful answer; any other raises."""
        answer = await fetch(self.client, request, limit=limit, is_run_log=is_run_log)
        if error := error_of(answer, secret=self.token, missing=missing):
            raise error
        return answer

    async def get(self, *path: str, params: Mapping[str, str] | None = None) -> Any:
        """The JSON at a path that every WES has."""
        request = await self.request("GET", self.url(*path), params=params)
        answer = await fetch(self.client, request)
        if answer.status == 404:
            raise InvalidAnswer(
                f"{place(answer.url)} has no WES at this address (404 for /{path[0]}): check the "
                "base URL, which often ends in /ga4gh/wes/v1."
            )
        if error := error_of(answer, secret=self.token):
            raise error
        return json_of(answer)

    async def service_info(self) -> Any:
        """What the service says of itself; nothing is asked of it that it could refuse."""
        try:
            return await self.get("service-info")
        except (Rejected, Unsupported) as error:
            raise InvalidAnswer(str(error)) from error

    async def ask_run(self, remote_id: str, *path: str, method: str = "GET") -> Answer:
        """The answer about a run. Raises `UnknownRun`, and `NotYet` where the service lags behind.

        Sapporo refuses an id that is no UUID with 400; the Starter Kit says 400 "Could not load WES
        run log" until its engine has written something.
        """
        request = await self.request(method, self.url("runs", remote_id, *path))
        try:
            if path:
                answer = await self.ask(request, limit=STATUS_LIMIT, missing=UnknownRun)
                # A cancel may be answered by nothing, but not by a web page.
                if answer.is_html or answer.is_cut:
                    json_of(answer)
                return answer
            async with self._whole_logs:
                return await self.ask(request, missing=UnknownRun, is_run_log=True)
        except Rejected as error:
            words = str(error).lower()
            if "could not load wes run log" in words:
                raise NotYet(str(error)) from error
            if "invalid run_id" in words:
                raise UnknownRun(str(error)) from error
            raise

    async def run_body(self, remote_id: str, *path: str) -> Mapping[str, Any]:
        """The JSON object about a run."""
        answer = await self.ask_run(remote_id, *path)
        body = json_of(answer)
        if not isinstance(body, dict) or not text_of(body.get("state")).strip():
            raise InvalidAnswer(
                f"{place(answer.url)} answered about a run without telling its state"
                f"{_said(message_of(answer, secret=self.token))}."
            )
        if run_id_of(body) not in ("", remote_id):
            raise InvalidAnswer("The service answered about another run than was asked for.")
        return body

    async def pages(
        self, most: int, params: Mapping[str, str] | None = None
    ) -> AsyncIterator[tuple[Sequence[Mapping[str, Any]], bool]]:
        """Pages of the list of runs, up to `most`, each with whether the list ends with it.

        Toil and wes-service ignore `page_size` and send all; the end is a token that is "", null or
        missing.
        """
        token = ""
        for _ in range(most):
            asked = {"page_size": str(PAGE_SIZE), **(params or {})}
            if token:
                asked["page_token"] = token
            body = await self.get("runs", params=asked)
            following = text_of(mapping_of(body).get("next_page_token"))
            told = told_runs(body)
            if told is None:
                raise InvalidAnswer(f"{self.base} answered without a list of runs.")
            runs = listed_runs(body)
            # An entry that cannot be read may be any run.
            yield runs, not following and len(runs) == len(told)
            del body, told, runs
            if following in ("", token):
                return
            token = following


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _said(message: str) -> str:
    return f": {message}" if message else ""
