"""Actors, panels and submissions for tests, made with the platform's own functions."""

from datetime import UTC, datetime
from typing import Any

from app.domain import submissions
from app.domain.access import ROLES, Actor
from app.domain.panels import PanelDetail, PanelRow
from app.domain.submission_checks import ChosenDataset
from models import db
from models.base import new_ref

RECIPE: dict[str, Any] = {
    "workflow_url": "https://example.org/impute.cwl",
    "workflow_type": "CWL",
    "workflow_type_version": "v1.2",
    "workflow_params": {"target": "${input}", "window": "${parameters.window}"},
    "parameters": [{"name": "window", "kind": "integer", "default": 5, "minimum": 1}],
    "results": [{"pattern": "*.vcf.gz", "role": "imputed", "required": True}],
}

DATASET = ChosenDataset(ref="d1", name="Cohort", file_count=1)


def actor(name: str = "Ada", role: str = "researcher", *, ref: str = "") -> Actor:
    """A person whose ref is her name in lower case, unless another is given."""
    return Actor(
        user_ref=ref or name.lower(),
        name=name,
        email=f"{name.lower()}@example.org",
        permissions=ROLES[role],
    )


def panel(name: str = "HapMap 2", *, recipe: dict[str, Any] | None = None, **row: Any) -> Any:
    """A panel in use on the service `s1`."""
    facts: dict[str, Any] = {
        "ref": f"p-{name}",
        "panel_id": name,
        "name": name,
        "description": "",
        "population": "mixed",
        "build": "GRCh37",
        "sample_count": 60,
        "variant_count": 1000,
        "identity": "",
        "has_recipe": True,
        "is_active": True,
        "updated_at": datetime.now(UTC),
        "retired_at": None,
        "service_ref": "s1",
        "service_name": "ILIFU",
        "service_type": "wes",
        "api_type": "wes",
        "location": "Cape Town",
        "country": "ZA",
        "is_simulation": False,
        "health_status": "up",
        "service_is_active": True,
        "limits": {},
    }
    return PanelDetail(row=PanelRow(**(facts | row)), recipe=recipe or RECIPE)


def submit_one(name: str = "Run", *, owner: Actor | None = None, chosen: Any = None) -> str:
    """Submit one dataset to one panel; return the job's ref."""
    with db.session(db.JOBS) as session:
        owner = owner or actor()
        row = submissions.submit(
            session,
            actor=owner,
            name=name,
            dataset=DATASET,
            panels=[chosen or panel()],
            parameters={},
            idempotency_key=new_ref(),
            access={},
        )
        detail = submissions.submission_detail(session, actor=owner, submission_ref=row.ref)
    return detail.jobs[0].ref
