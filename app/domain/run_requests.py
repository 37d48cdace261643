"""The request that starts a job's run, made from its panel's recipe and its dataset's files."""

from sqlmodel import Session, select

from app.connectors.base import RunRequest
from app.domain.access import WORKER
from app.domain.errors import Invalid, NotFound
from app.domain.files import InputFile, dataset_inputs
from app.domain.recipes import Input, parse_recipe, render
from models import db
from models.jobs import Job


def run_request(session: Session, *, job_ref: str) -> RunRequest:
    """Make the request of a job, for the worker only.

    Raises `Invalid` or `NotFound`, written for the job's owner, where none can be made.
    """
    job = session.exec(select(Job).where(Job.ref == job_ref)).first()
    if job is None:
        raise NotFound("job")
    with db.session(db.FILES) as files:
        inputs = dataset_inputs(files, actor=WORKER, dataset_ref=job.dataset_ref)
    recipe = parse_recipe(job.panel_snapshot.get("recipe", {}))
    return render(
        recipe,
        inputs=[_input(file) for file in inputs],
        parameters=job.parameters,
        panel_values=recipe.panel,
        job_ref=job.ref,
    )


def _input(file: InputFile) -> Input:
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
    return Input(name=file.name, path=file.path)
