"""The request that starts a job's run, made from its panel's recipe and its dataset's files."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session, select

from app.connectors.run_request import RunRequest
from app.domain.archive_passwords import password_of
from app.domain.errors import Invalid, NotFound
from app.domain.files import InputFile
from app.domain.recipes import Input, parse_recipe, render
from models.jobs import Job

SAFE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Plan:
    """What a job says of its run; the files of its dataset are in another database."""

    job_ref: str
    dataset_ref: str
    recipe: Mapping[str, Any]
    parameters: Mapping[str, Any]
    password: str = field(default="", repr=False)


def plan_of(session: Session, *, job_ref: str) -> Plan:
    """What is to be run for a job, with the password of its archives. For the worker only."""
    job = session.exec(select(Job).where(Job.ref == job_ref)).first()
    if job is None:
        raise NotFound("job")
    return Plan(
        job.ref,
        job.dataset_ref,
        job.panel_snapshot.get("recipe", {}),
        job.parameters,
        password_of(job.archive_password),
    )


def run_request(plan: Plan, inputs: Sequence[InputFile]) -> RunRequest:
    """Make the request of a job from its plan and its dataset's files, which are looked at.

    Raises `Invalid`, written for the job's owner, where none can be made.
    """
    recipe = parse_recipe(plan.recipe)
    return render(
        recipe,
        inputs=[_input(file, number) for number, file in enumerate(inputs, 1)],
        parameters=plan.parameters,
        panel_values=recipe.panel,
        job_ref=plan.job_ref,
        password=plan.password,
    )


def safe_name(name: str, number: int) -> str:
    """The name under which the dataset's file of this number travels.

    Workflow languages take names as parts of URIs and of command lines, where a blank, `#`, `%` or
    a leading dash means something else. The number keeps changed names apart.
    """
    if SAFE_NAME.fullmatch(name):
        return name
    return f"{number}_{UNSAFE.sub('_', name)}"


def _input(file: InputFile, number: int) -> Input:
    if file.state == "unreadable":
        raise Invalid(
            f"“{file.name}” cannot be read as genotypes. Open the dataset to see why, upload a "
            "good copy, and submit again."
        )
    if not file.path.is_file():
        raise Invalid(
            f"The content of “{file.name}” is missing from the platform's store. Upload it again, "
            "and tell an administrator."
        )
    return Input(name=safe_name(file.name, number), path=file.path)
