"""Starting a job at a Cloudgene: the form's fields, its files, and what an answer means.

`JobService.submitJob`, `JobParameterParser`. A field that the application does not know is refused
("Parameter 'x' not found."), and a check box that is sent at all counts as ticked, whatever its
value. What is wrong with the input appears only later, in the job's steps.
"""

import re
from collections.abc import Mapping
from typing import Any

from app.connectors.answers import Answer, json_of, message_of, place
from app.connectors.cloudgene_http import CloudgeneHttp
from app.connectors.errors import (
    Busy,
    ConnectorError,
    InvalidAnswer,
    NotAuthorised,
    Rejected,
    SlotsFull,
    Unreachable,
    Unsupported,
)
from app.connectors.run_request import Attachment, RunRequest

JOB_NAME = "job-name"
# By these a Cloudgene refuses a job as it is.
REFUSALS = (400, 404, 413, 415, 422)

_SLOTS = re.compile(r"\bOnly (\d{1,6}) jobs? per user\b", re.IGNORECASE)


def form_of(request: RunRequest) -> tuple[dict[str, str], list[tuple[str, Attachment]]]:
    """The fields and the files of a submission, each file with the name of its field.

    A value that is an attachment's name, or a list of such names, stands for these files.
    """
    known = {attachment.name: attachment for attachment in request.attachments}
    fields = {JOB_NAME: request.job_ref}
    files: list[tuple[str, Attachment]] = []
    for name, value in request.workflow_params.items():
        named = [value] if isinstance(value, str) else value
        if isinstance(named, list) and named and all(_is_in(item, known) for item in named):
            files += [(name, known[item]) for item in named]
        elif isinstance(value, bool):
            fields |= {name: "true"} if value else {}
        elif isinstance(value, str | int | float):
            fields[name] = str(value)
        elif value is not None:
            raise Rejected(f"The recipe's “{name}” is no value that a form's field can have.")
    unsent = known.keys() - {attachment.name for _, attachment in files}
    if unsent:
        raise Rejected(f"The recipe names no field for the file “{min(unsent)}”.")
    return fields, files


def _is_in(item: Any, known: Mapping[str, Attachment]) -> bool:
    return isinstance(item, str) and item in known


async def check_welcome(http: CloudgeneHttp) -> None:
    """Raise what a submission would be answered with before, or only after, all of it was sent.

    Cloudgene 3 sees a wrong token before it reads the files, and breaks the connection off so that
    its answer is lost; that it is under maintenance it says only after having read them.
    """
    try:
        await http.get("jobs", params={"page": "1"})
    except (NotAuthorised, Busy, Unreachable) as error:
        error.may_have_arrived = False  # nothing was submitted yet
        raise
    except ConnectorError:
        return


def job_id_of(http: CloudgeneHttp, answer: Answer) -> str:
    """The id of the job that was started; raises the error that the answer stands for."""
    if error := _refusal_of(http, answer):
        raise error
    body = json_of(answer)
    if isinstance(body, dict):
        remote_id = body.get("id")
        if isinstance(remote_id, str) and 0 < len(remote_id.strip()) <= 300:
            return remote_id.strip()
    raise InvalidAnswer("The service took the submission but named no job.")


def _refusal_of(http: CloudgeneHttp, answer: Answer) -> ConnectorError | None:
    """The error that the answer to a submission stands for, or None for a success.

    A job fails by a refusal, so that only what a Cloudgene says in its own words counts as one.
    Anything else (a proxy's page, a path that is not there just now) may be another answer in a
    while.
    """
    error = http.error_in(answer, missing=InvalidAnswer)
    said, is_own = message_of(answer, secret=http.token), _is_own_refusal(answer)
    if is_own and (found := _SLOTS.search(said)):
        jobs = "1 job" if found[1] == "1" else f"{found[1]} jobs"
        told = f"{place(answer.url)} takes no more than {jobs} of one user at a time."
        return SlotsFull(told)
    if error is None:
        return Rejected(f"{place(answer.url)} refuses the job: {said}") if is_own else None
    if not isinstance(error, (Rejected, Unsupported, InvalidAnswer)):
        return error
    if answer.status == 413 or (answer.status in REFUSALS and is_own):
        return Rejected(f"{place(answer.url)} refuses the job: {said}" if said else str(error))
    unexpected = InvalidAnswer(str(error))
    unexpected.may_have_arrived = not 400 <= answer.status < 500
    return unexpected


def _is_own_refusal(answer: Answer) -> bool:
    try:
        body = json_of(answer)
    except InvalidAnswer:
        return False
    return isinstance(body, dict) and body.get("success") is False
