"""GA4GH WES 1.0.0, 1.0.1 and 1.1.0 as servers really speak it.

https://github.com/ga4gh/workflow-execution-service-schemas. The standard has no batch status, no
output download and no idempotency key; the ways round that are here. What servers do instead of the
standard is told in the `wes_…` modules beside this one.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import httpx

from app.connectors.answers import json_of
from app.connectors.base import (
    CancelOutcome,
    Capability,
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
from app.connectors.conformance import Feature, Observation, Tell
from app.connectors.errors import (
    ConnectorError,
    InvalidAnswer,
    NotAuthorised,
    Rejected,
    ServiceFault,
    UnknownRun,
    Unreachable,
    Unsupported,
)
from app.connectors.multipart import multipart
from app.connectors.offers import PanelOffer
from app.connectors.run_request import RunRequest
from app.connectors.run_stages import RunStage
from app.connectors.transfer import open_path, open_url
from app.connectors.wes_conformance import ask
from app.connectors.wes_details import read_details
from app.connectors.wes_find import find_by_tag
from app.connectors.wes_http import NotYet, WesHttp
from app.connectors.wes_known import capabilities, known_of
from app.connectors.wes_listed import listed_states
from app.connectors.wes_outputs import shared_folders
from app.connectors.wes_parse import (
    looks_like_service_info,
    run_id_of,
    run_status,
    service_facts,
)
from app.connectors.wes_submit import form_fields, refusal_of
from app.connectors.wes_tasks import listed_tasks
from app.connectors.wes_trial import try_out

# From this many runs on, one list is cheaper than asking for each.
LIST_FROM = 4
AT_ONCE = 8
LEAST = 64 * 1024
GOES_ON = (RunState.QUEUED, RunState.RUNNING)


class WesConnector:
    """Speaks WES to one service.

    `api_config` may hold `workflow_engine` and `workflow_engine_version` (sent where the recipe
    names none) and `shared_folder` (see `wes_outputs.shared_folders`).
    """

    api_type: ClassVar[str] = "wes"

    def __init__(self, client: httpx.AsyncClient, endpoint: Endpoint) -> None:
        self._http = WesHttp(client, endpoint)
        self._config = endpoint.api_config
        self._folders = shared_folders(endpoint.api_config)
        self._endpoint = endpoint
        self._known = endpoint.known

    async def probe(self) -> ServiceFacts:
        """`GET /service-info`."""
        body = await self._http.service_info()
        if not looks_like_service_info(body):
            raise InvalidAnswer(
                "The address answers with JSON that is no WES service-info: check the base URL, "
                "and that this is a WES."
            )
        facts = service_facts(body)
        able = capabilities(facts.capabilities, known_of(self._endpoint, facts))
        if self._folders:
            able |= {Capability.DOWNLOAD}
        return replace(facts, capabilities=able)

    async def check_authorised(self) -> None:
        """`GET /runs`: service-info stays open where the rest wants a credential.

        Raises `Unsupported` if the service has no list, so that it cannot be told.
        """
        request = await self._http.request("GET", self._http.url("runs"), params={"page_size": "1"})
        # Toil sends all its runs whatever page size is asked for; the beginning is enough here.
        answer = await self._http.ask(request, limit=LEAST, missing=Unsupported)
        if not answer.is_cut or answer.is_html:
            json_of(answer)

    async def token_facts(self) -> TokenFacts:
        """What `check_authorised` tells: WES knows no accounts and no ends of tokens."""
        try:
            await self.check_authorised()
        except NotAuthorised as error:
            return TokenFacts(False, str(error))
        except Unsupported as error:
            return TokenFacts(None, str(error))
        return TokenFacts(True)

    async def panels(self) -> Sequence[PanelOffer]:
        """WES knows workflows, not panels."""
        raise Unsupported("WES has no reference panels: an administrator describes them here.")

    async def submit(self, request: RunRequest) -> str:
        """`POST /runs`, with our id among the tags."""
        try:
            facts = await self.probe()
        except ConnectorError as error:
            error.may_have_arrived = False  # nothing was submitted yet
            raise
        fields = form_fields(request, facts, self._config)
        files = [("workflow_attachment", attachment) for attachment in request.attachments]
        with multipart(self._http.client, self._http.url("runs"), fields, files) as form:
            form.headers.update(self._http.credential())
            answer = await fetch(self._http.client, form)
        if refusal := refusal_of(answer, secret=self._http.token):
            raise refusal
        if remote_id := run_id_of(json_of(answer)):
            return remote_id
        raise InvalidAnswer("The service took the submission but named no run.")

    async def find(self, job_ref: str) -> str | None:
        """Look for the run whose tag carries our id (see `wes_find`)."""
        facts = await self.probe()
        return await find_by_tag(self._http, facts, known_of(self._endpoint, facts), job_ref)

    async def status(self, remote_ids: Sequence[str]) -> Mapping[str, RunStatus]:
        """`GET /runs` for many, `GET /runs/{id}/status` for few and for those not listed.

        A run that the service cannot tell about for the moment is UNKNOWN, with its words as the
        message. Just after its submission a run may be unknown to the service and so left out.
        Raises if no run at all could be asked about.
        """
        known: dict[str, RunStatus] = {}
        is_whole = False
        if len(remote_ids) >= LIST_FROM and self._known.get(Feature.LISTS_RUNNING) is not False:
            known, is_whole = await listed_states(self._http, set(remote_ids))
        rest = [remote_id for remote_id in dict.fromkeys(remote_ids) if remote_id not in known]
        verify = is_whole or self._known.get(Feature.HONEST_STATUS) is False
        answers = await self._asked(rest, verify=verify)
        errors = [one for one in answers.values() if isinstance(one, ConnectorError)]
        if errors and len(errors) == len(rest) and not known:
            raise errors[0]
        for remote_id, found in answers.items():
            if isinstance(found, ConnectorError):
                known[remote_id] = RunStatus(remote_id, RunState.UNKNOWN, "", str(found))
            elif found:
                known[remote_id] = found
        return known

    async def _asked(
        self, remote_ids: Sequence[str], *, verify: bool
    ) -> dict[str, RunStatus | ConnectorError | None]:
        """Each run asked about by itself; when contact is lost, the rest is not tried."""
        gate = asyncio.Semaphore(AT_ONCE)
        lost: list[Unreachable] = []

        async def ask(remote_id: str) -> RunStatus | ConnectorError | None:
            async with gate:
                if lost:
                    return lost[0]
                found = await self._status_or_error(remote_id, verify=verify)
                if isinstance(found, Unreachable):
                    lost.append(found)
                return found

        return dict(zip(remote_ids, await asyncio.gather(*map(ask, remote_ids)), strict=True))

    async def _status_or_error(
        self, remote_id: str, *, verify: bool
    ) -> RunStatus | ConnectorError | None:
        """One run's state, None if it is unknown, or what kept the service from telling.

        wes-service says 200 and RUNNING to any id, even a made-up one. To `verify` a run that its
        list lacks, the whole run log is asked for, which it cannot give for a run it does not have.
        """
        try:
            body = await self._http.run_body(remote_id, *([] if verify else ["status"]))
        except UnknownRun:
            return None
        except NotYet as error:
            return RunStatus(remote_id, RunState.UNKNOWN, "", str(error))
        except ServiceFault as error:
            # wes-service's answer about a run that it does not have.
            return None if self._known.get(Feature.HONEST_STATUS) is False else error
        except ConnectorError as error:
            return error
        return run_status(remote_id, body.get("state"))

    async def details(self, remote_id: str) -> RunDetails:
        """`GET /runs/{id}`, and what it points to (see `wes_details`)."""
        lists = self._known.get(Feature.TASKS) is True
        return await read_details(self._http, remote_id, self._folders, lists_tasks=lists)

    async def stages(self, remote_id: str) -> Sequence[RunStage]:
        """`GET /runs/{id}/tasks`, of services that are known to list tasks."""
        if self._known.get(Feature.TASKS) is not True:
            raise Unsupported("The service is not known to list tasks.")
        return await listed_tasks(self._http, remote_id)

    @asynccontextmanager
    async def open(self, file: RemoteFile, *, offset: int = 0) -> AsyncIterator[Download]:
        """Read an output over HTTP, or from a folder that is shared with the service."""
        if file.location.startswith(("http://", "https://")):
            request = await self._http.request("GET", file.location)
            async with open_url(
                self._http.client,
                request,
                file,
                offset=offset,
                secret=self._http.token,
            ) as download:
                yield download
            return
        for folder in self._folders:
            if folder.relative(file.location) is not None:
                path = await asyncio.to_thread(folder.path_here, file.location)
                async with open_path(path, offset=offset) as download:
                    yield download
                return
        raise Unsupported(
            f"The output {file.name} stays on the service's disk. An administrator can declare a "
            "folder that the service and the platform share."
        )

    async def cancel(self, remote_id: str) -> CancelOutcome:
        """`POST /runs/{id}/cancel`, then a look at the run.

        "Accepted" is no more than that: some services say 200 and go on (wes-service, Starter Kit).
        """
        refusal: ConnectorError | None = None
        try:
            await self._http.ask_run(remote_id, "cancel", method="POST")
        except (Rejected, NotAuthorised) as error:
            refusal = error  # Toil says 403, others 400 or 409, for a run that has ended
        verify = self._known.get(Feature.HONEST_STATUS) is False
        found = await self._status_or_error(remote_id, verify=verify)
        if isinstance(found, RunStatus) and found.state in (RunState.COMPLETE, RunState.FAILED):
            return CancelOutcome.ALREADY_FINISHED
        if refusal is None:
            goes_on = isinstance(found, RunStatus) and found.state in GOES_ON
            is_ignored = goes_on and self._known.get(Feature.CANCEL) is False
            return CancelOutcome.IGNORED if is_ignored else CancelOutcome.ACCEPTED
        if isinstance(found, NotAuthorised):
            raise refusal
        if isinstance(found, RunStatus) and found.state is RunState.CANCELLED:
            return CancelOutcome.ALREADY_FINISHED
        return CancelOutcome.REFUSED

    async def restart(self, remote_id: str) -> None:
        """WES has no way to start a run again."""
        raise Unsupported("WES cannot start a run again: submit it anew.")

    async def conformance(self) -> Sequence[Observation]:
        """What can be asked without changing anything (see `wes_conformance`)."""
        return await ask(self._http, await self.probe())

    async def trial(self, workflow: Path, tell: Tell) -> Sequence[Observation]:
        """Two tiny runs of a CWL workflow, one of them cancelled (see `wes_trial`)."""
        return await try_out(self._http, await self.probe(), self._config, workflow, tell)
