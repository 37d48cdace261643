"""Cloudgene 2 and 3 (`/api/v2`): the Michigan Imputation Server, TOPMed's and their kin.

Read from the sources of genepi/cloudgene3 (`server/controller`) and genepi/cloudgene; where the two
differ is told in the `cloudgene_…` modules beside this one.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

import httpx

from app.connectors.answers import json_of
from app.connectors.base import (
    CancelOutcome,
    Download,
    Endpoint,
    RemoteFile,
    RunDetails,
    RunState,
    RunStatus,
    ServiceFacts,
    TokenFacts,
)
from app.connectors.client import fetch
from app.connectors.cloudgene_apps import MOST_APPLICATIONS, application_ids, panels_of
from app.connectors.cloudgene_http import API, CloudgeneHttp
from app.connectors.cloudgene_parse import (
    is_last_page,
    job_ref_of,
    jobs_of,
    mapping_of,
    moment_of,
    run_status,
    service_facts,
    text_of,
)
from app.connectors.cloudgene_results import open_result, read_logs, remote_files
from app.connectors.cloudgene_stages import failure_of
from app.connectors.cloudgene_submit import check_welcome, form_of, job_id_of
from app.connectors.cloudgene_token import end_of, token_facts_of
from app.connectors.conformance import Observation, Tell
from app.connectors.errors import (
    Busy,
    ConnectorError,
    InvalidAnswer,
    NotAuthorised,
    Rejected,
    UnknownRun,
    Unreachable,
    Unsupported,
)
from app.connectors.multipart import multipart
from app.connectors.offers import PanelOffer
from app.connectors.run_request import RunRequest
from app.connectors.run_stages import RunStage

AT_ONCE = 4
# Fifteen jobs a page: so many pages are looked through for a job.
MOST_PAGES = 100
# What the counters may take longer than the server's description of itself.
COUNTERS_SECONDS = 3.0


class CloudgeneConnector:
    """Speaks to one Cloudgene server.

    `api_config` may hold `applications`, the ids of those whose panels are offered; without it all
    are that the server shows.
    """

    api_type: ClassVar[str] = "cloudgene"

    def __init__(self, client: httpx.AsyncClient, endpoint: Endpoint) -> None:
        self._http = CloudgeneHttp(client, endpoint)
        self._applications = endpoint.api_config.get("applications")

    async def probe(self) -> ServiceFacts:
        """`GET /api/v2/server` and its counters, at the same time and without the credential."""
        counting = asyncio.create_task(self._counters())
        try:
            body = await self._server(with_token=False)
            await asyncio.wait([counting], timeout=COUNTERS_SECONDS)
            return service_facts(body, counting.result() if counting.done() else None)
        finally:
            counting.cancel()
            await asyncio.wait([counting])

    async def _server(self, *, with_token: bool) -> Mapping[str, Any]:
        """What the server says of itself. That it refuses to tell says nothing of who it is."""
        try:
            body = await self._http.get("server", with_token=with_token)
        except NotAuthorised as error:
            if with_token:
                raise
            raise InvalidAnswer(f"{error} A Cloudgene says who it is without.") from error
        except (Rejected, Unsupported) as error:
            raise InvalidAnswer(str(error)) from error
        if not text_of(mapping_of(body).get("name")).strip():
            raise InvalidAnswer(
                "The address answers with JSON that is no Cloudgene's: check the base URL, which "
                "is that of the imputation server's start page."
            )
        return mapping_of(body)

    async def _counters(self) -> Any:
        """The server's counters, or None where it has none."""
        try:
            return await self._http.get("server", "counters", with_token=False)
        except ConnectorError:
            return None

    async def check_authorised(self) -> None:
        """`POST /api/v2/tokens/verify`, or the list of jobs where the server does not know that.

        `Unsupported` without a token: people may all have their own, so that this says nothing bad.
        """
        facts = await self.token_facts()
        if facts.is_accepted is False:
            raise NotAuthorised(
                f"The service does not accept the token ({facts.message.rstrip('.')}). Get a new "
                "one on your profile page there."
            )
        if facts.is_accepted is None:
            raise Unsupported(facts.message)

    async def token_facts(self) -> TokenFacts:
        """`POST /api/v2/tokens/verify`, with the token's own end where the server tells none."""
        token = self._http.token
        if not token:
            return TokenFacts(None, "No token is stored here yet. It can be entered later.")
        self._http.credential()
        url = self._http.url(*API, "tokens", "verify")
        request = await self._http.request("POST", url, with_token=False, data={"token": token})
        try:
            body = json_of(await self._http.ask(request, missing=Unsupported))
            if not isinstance(mapping_of(body).get("valid"), bool):
                raise InvalidAnswer("The service does not say whether the token is valid.")
        except (Unsupported, Rejected):
            return await self._facts_by_use()
        except NotAuthorised as error:
            return TokenFacts(False, str(error), expires_at=end_of(token))
        return token_facts_of(body, token)

    async def _facts_by_use(self) -> TokenFacts:
        """Whether the token is accepted by what needs it."""
        end = end_of(self._http.token)
        try:
            await self._http.get("jobs", params={"page": "1"}, missing=Unsupported)
        except NotAuthorised as error:
            return TokenFacts(False, str(error), expires_at=end)
        except (Unsupported, Rejected) as error:
            return TokenFacts(None, str(error), expires_at=end)
        return TokenFacts(True, expires_at=end)

    async def panels(self) -> Sequence[PanelOffer]:
        """The panels in the forms of all applications, or of those in `api_config`.

        A panel that several applications offer is offered with the first of them.
        """
        chosen = self._applications
        if isinstance(chosen, list | tuple) and chosen:
            ids = [str(one) for one in chosen][:MOST_APPLICATIONS]
        else:
            ids = application_ids(await self._server(with_token=True))
            if not ids and not self._http.token:
                raise NotAuthorised(
                    "The service shows its applications only with a token. Store one for it."
                )
        gate = asyncio.Semaphore(AT_ONCE)

        async def read(application_id: str) -> list[PanelOffer]:
            async with gate:
                try:
                    app = await self._http.get("server", "apps", application_id, missing=UnknownRun)
                except UnknownRun:
                    # Withdrawn since, or a data package, or kept from this account.
                    return []
            if not isinstance(app, dict):
                raise InvalidAnswer(f"The service does not describe “{application_id}”.")
            return panels_of(application_id, app)

        found = await asyncio.gather(*map(read, dict.fromkeys(ids)))
        unique: dict[str, PanelOffer] = {}
        for offer in (offer for offers in found for offer in offers):
            unique.setdefault(offer.panel_id, offer)
        return list(unique.values())

    async def submit(self, request: RunRequest) -> str:
        """`POST /api/v2/jobs/submit/{app}`, with our id as the job's name."""
        fields, files = form_of(request)
        await check_welcome(self._http)
        url = self._http.url(*API, "jobs", "submit", request.workflow_url)
        with multipart(self._http.client, url, fields, files) as form:
            form.headers.update(self._http.credential())
            answer = await fetch(self._http.client, form)
        return job_id_of(self._http, answer)

    async def find(self, job_ref: str) -> str | None:
        """Look through `GET /api/v2/jobs?page=N`; some servers send a bare list."""
        seen: set[str] = set()
        for number in range(1, MOST_PAGES + 1):
            body = await self._http.get("jobs", params={"page": str(number)}, missing=Unsupported)
            jobs = jobs_of(body)
            if jobs is None:
                raise InvalidAnswer("The service answered without a list of jobs.")
            for remote_id, job in jobs.items():
                if job_ref_of(job) == job_ref:
                    return remote_id
            if jobs.keys() <= seen or is_last_page(body, number):
                return None
            seen |= jobs.keys()
        raise Unsupported("The service has more jobs than can be looked through for one.")

    async def status(self, remote_ids: Sequence[str]) -> Mapping[str, RunStatus]:
        """`GET /api/v2/jobs/{id}/status` for each, a few at once.

        A job about which the service fails is UNKNOWN, with its words as the message; when contact
        is lost, or the service asks for patience, the rest is not tried. Raises if no job at all
        could be asked about.
        """
        gate = asyncio.Semaphore(AT_ONCE)
        lost: list[ConnectorError] = []

        async def ask(remote_id: str) -> RunStatus | ConnectorError | None:
            async with gate:
                if lost:
                    return lost[0]
                try:
                    return run_status(remote_id, await self._http.job(remote_id, "status"))
                except UnknownRun:
                    return None
                except ConnectorError as error:
                    if isinstance(error, Unreachable | Busy):
                        lost.append(error)
                    return error

        asked = list(dict.fromkeys(remote_ids))
        answers = dict(zip(asked, await asyncio.gather(*map(ask, asked)), strict=True))
        errors = [one for one in answers.values() if isinstance(one, ConnectorError)]
        if errors and len(errors) == len(asked):
            raise errors[0]
        return {
            remote_id: RunStatus(remote_id, RunState.UNKNOWN, "", str(found))
            if isinstance(found, ConnectorError)
            else found
            for remote_id, found in answers.items()
            if found is not None
        }

    async def stages(self, remote_id: str) -> Sequence[RunStage]:
        """Nothing more: a job's stages come with its state."""
        raise Unsupported("A Cloudgene server tells a job's stages with its state.")

    async def details(self, remote_id: str) -> RunDetails:
        """`GET /api/v2/jobs/{id}` and the job's log."""
        job = await self._http.job(remote_id)
        status = run_status(remote_id, job)
        return RunDetails(
            status=status,
            job_ref=job_ref_of(job),
            logs=await read_logs(self._http, remote_id, job),
            outputs=[] if status.results_gone else remote_files(self._http, job),
            failure=failure_of(job.get("steps")) if status.state is RunState.FAILED else "",
            started_at=moment_of(job.get("startTime")),
            ended_at=moment_of(job.get("endTime")),
        )

    @asynccontextmanager
    async def open(self, file: RemoteFile, *, offset: int = 0) -> AsyncIterator[Download]:
        """`GET /share/results/{hash}/{name}`; each call takes one of the downloads left."""
        if not file.location.startswith(("http://", "https://")):
            raise Unsupported(f"The service names no address from which “{file.name}” can be had.")
        async with open_result(self._http, file, offset=offset) as download:
            yield download

    async def cancel(self, remote_id: str) -> CancelOutcome:
        """`GET /api/v2/jobs/{id}/cancel`, whose answer is the job as it is then."""
        status = run_status(remote_id, await self._http.job(remote_id, "cancel"))
        if status.state in (RunState.COMPLETE, RunState.FAILED):
            return CancelOutcome.ALREADY_FINISHED
        return CancelOutcome.ACCEPTED

    async def restart(self, remote_id: str) -> None:
        """`GET /api/v2/jobs/{id}/restart`; `Rejected` for a job that is not interrupted."""
        body = await self._http.get("jobs", remote_id, "restart", missing=UnknownRun)
        if mapping_of(body).get("success") is False:
            told = text_of(mapping_of(body).get("message"))[:300]
            raise Rejected(f"The service does not start the job again: {told}")

    async def conformance(self) -> Sequence[Observation]:
        """There is no standard that a Cloudgene would have to conform to."""
        return ()

    async def trial(self, workflow: Path, tell: Tell) -> Sequence[Observation]:
        """A Cloudgene imputes real cohorts only: there is nothing small to try it with."""
        raise Unsupported("An imputation server takes no trial runs.")
