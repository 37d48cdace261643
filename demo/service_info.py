"""What the simulation says of itself in `GET /service-info` (WES 1.1.0)."""

from collections.abc import Mapping
from typing import Any

from demo import submission
from demo.panel import CHROMOSOME, REGIONS

REGION = REGIONS[CHROMOSOME]
NAME = "Demo imputation service (simulation)"
DESCRIPTION = (
    "A simulation for demonstrations. It imputes with a small Li and Stephens model from a panel "
    f"of simulated people ({CHROMOSOME}:{REGION.first}-{REGION.last}). Its results say nothing "
    "about real people: send it the demo dataset, and nothing of anybody's."
)
STATES = (
    "UNKNOWN",
    "QUEUED",
    "INITIALIZING",
    "RUNNING",
    "PAUSED",
    "COMPLETE",
    "EXECUTOR_ERROR",
    "SYSTEM_ERROR",
    "CANCELED",
    "CANCELING",
    "PREEMPTED",
)


def service_info(url: str, counts: Mapping[str, int]) -> dict[str, Any]:
    """Return service-info; `url` is where the service's own page is, `counts` runs by state."""
    return {
        "id": "org.example.demo-imputation",
        "name": NAME,
        "type": {"group": "org.ga4gh", "artifact": "wes", "version": "1.1.0"},
        "description": DESCRIPTION,
        "organization": {"name": "Demonstration", "url": url},
        "contactUrl": url,
        "documentationUrl": url,
        "environment": "demo",
        "version": "1.0.0",
        "workflow_type_versions": {
            submission.WORKFLOW_TYPE: {
                "workflow_type_version": [submission.WORKFLOW_TYPE_VERSION],
            }
        },
        "supported_wes_versions": ["1.1.0"],
        "supported_filesystem_protocols": [],
        "workflow_engine_versions": {
            submission.ENGINE: {"workflow_engine_version": [submission.ENGINE_VERSION]}
        },
        "default_workflow_engine_parameters": [],
        "system_state_counts": {state: counts.get(state, 0) for state in STATES},
        "auth_instructions_url": url,
        "tags": {"simulation": "true"},
    }
