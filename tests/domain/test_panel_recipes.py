"""The recipe that is made of a service's own form: what is sent, what people may set."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import select

from app.connectors.base import RemoteFile, RunDetails, RunState, RunStatus
from app.connectors.offers import OfferedParameter, PanelOffer
from app.domain import job_collection, job_queue, submissions
from app.domain.job_states import JobStatus
from app.domain.panel_recipes import recipe_of
from app.domain.recipes import Input, check_parameters, parse_recipe, render
from models import db
from models.base import new_ref
from models.jobs import Job
from tests.support.submitting import DATASET, actor, panel

# The form of imputationserver2 2.0 as its description of the application has it.
FORM = (
    OfferedParameter("files", "Input Files (VCF)", "LOCAL_FOLDER", required=True),
    OfferedParameter(
        "build", "Array Build", "list", "hg19", {"hg19": "GRCh37/hg19", "hg38": "GRCh38/hg38"}
    ),
    OfferedParameter("r2Filter", "rsq Filter", "list", "0", {"0": "off", "0.3": "0.3"}),
    OfferedParameter(
        "population", "Allele Frequency Check", "binded_list", required=True, help="Off: no check."
    ),
    OfferedParameter(
        "mode",
        "Mode",
        "list",
        "imputation",
        {"imputation": "Quality Control & Imputation", "qc_only": "Quality Control Only"},
    ),
    OfferedParameter("meta", "Generate Meta-imputation file", "checkbox", "false"),
    OfferedParameter("myseparator", "", "separator"),
    OfferedParameter("check1", "I will not attempt to re-identify anybody.", "terms_checkbox"),
)
OFFER = PanelOffer(
    panel_id="apps@hapmap2@1.0",
    name="HapMap 2",
    application="imputationserver2",
    application_version="2.0.12",
    populations={"eur": "EUR", "afr": "AFR", "off": "Skip"},
    parameters=FORM,
    terms=("I will not attempt to re-identify anybody.",),
)


def test_a_recipe_made_of_a_form_sends_the_panel_the_files_and_what_a_person_chose():
    recipe = parse_recipe(recipe_of(OFFER))
    chosen = check_parameters(recipe, {"population": "eur", "build": "hg38"})
    files = [Input(f"chr{number}.vcf.gz", Path(f"/d/{number}")) for number in (20, 21)]
    request = render(
        recipe, inputs=files, parameters=chosen, panel_values={}, job_ref="j1", password="s3"
    )
    assert request.workflow_url == "imputationserver2"
    assert request.workflow_type_version == "2.0.12"
    assert [attachment.name for attachment in request.attachments] == [
        "chr20.vcf.gz",
        "chr21.vcf.gz",
    ]
    assert dict(request.workflow_params) == {
        "refpanel": "apps@hapmap2@1.0",
        "files": ["chr20.vcf.gz", "chr21.vcf.gz"],
        "build": "hg38",
        "r2Filter": "0",
        "population": "eur",
        "mode": "imputation",
        "meta": False,
        "check1": "true",
        "password": "s3",
    }


def test_choices_keep_the_words_that_the_form_has_for_them():
    parameters = {one.name: one for one in parse_recipe(recipe_of(OFFER)).parameters}
    assert parameters["population"].choices == ["eur", "afr", "off"]
    assert parameters["population"].label_of("eur") == "EUR"
    assert parameters["build"].label_of("hg38") == "GRCh38/hg38"
    assert parameters["r2Filter"].label_of("0.3") == "0.3"
    assert parameters["population"].required and parameters["population"].default is None


@pytest.mark.parametrize("population", ["off", "eur"])
def test_a_population_is_chosen_already_where_there_is_one_alone(population: str) -> None:
    offer = replace(OFFER, populations={population: "EUR", "off": "Skip"})
    chosen = check_parameters(parse_recipe(recipe_of(offer)), {})
    assert chosen["population"] == population


def test_only_a_run_that_imputes_must_leave_an_archive():
    needed = [pattern for pattern in parse_recipe(recipe_of(OFFER)).results if pattern.required]
    assert [(pattern.pattern, pattern.when) for pattern in needed] == [
        ("*.zip", {"mode": "imputation"})
    ]


def test_an_offer_without_a_form_makes_no_recipe():
    assert recipe_of(PanelOffer(panel_id="p", name="P")) == {}


def finished(*outputs: str, mode: str) -> str:
    """End a run of the offered panel that left these outputs; return the job's status."""
    chosen = panel("HapMap 2", recipe=recipe_of(OFFER))
    with db.session(db.JOBS) as session:
        submissions.submit(
            session,
            actor=actor(),
            name="Run",
            dataset=DATASET,
            panels=[chosen],
            parameters={"population": "eur", "mode": mode},
            idempotency_key=new_ref(),
            access={},
        )
    left = [RemoteFile(name, f"/share/results/{name}") for name in outputs]
    details = RunDetails(RunStatus("run-1", RunState.COMPLETE, "SUCCESS (4)"), outputs=left)
    with db.session(db.JOBS) as session:
        (claim,) = job_queue.claim_due(session, worker="w", statuses=list(JobStatus), limit=1)
        session.exec(select(Job)).one().status = "collecting"
    with db.session(db.JOBS) as session:
        if job_collection.list_results(session, claim, details) is None:
            job_collection.record_missing(session, claim, details)
        return session.exec(select(Job)).one().status


@pytest.mark.parametrize(("mode", "status"), [("qc_only", "collecting"), ("imputation", "failed")])
def test_a_run_without_archives_has_failed_unless_it_only_checked_the_quality(
    databases: None, mode: str, status: str
) -> None:
    assert finished("quality-control.html", mode=mode) == status
