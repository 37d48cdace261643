"""The services as a GA4GH service registry lists them, each with its health as an extension.

https://github.com/ga4gh-discovery/ga4gh-service-registry (1.0.0), `ExternalService`. Its `url` is
left out: visitors learn how a service is, and not where.
"""

from collections.abc import Mapping
from typing import Any

from app.domain.public_status import PublicService, PublicStatus

# https://github.com/ga4gh-discovery/ga4gh-service-info: group, artifact and version of the API.
TYPES: Mapping[str, Mapping[str, str]] = {
    "wes": {"group": "org.ga4gh", "artifact": "wes", "version": "1.1.0"},
    "cloudgene": {"group": "genepi", "artifact": "cloudgene", "version": "2"},
}


def status_list(seen: PublicStatus) -> list[dict[str, Any]]:
    """The list."""
    return [_entry(service, seen) for service in seen.services]


def _entry(service: PublicService, seen: PublicStatus) -> dict[str, Any]:
    unknown = {"group": "", "artifact": service.api_type, "version": ""}
    return {
        "id": service.ref,
        "name": service.name,
        "type": dict(TYPES.get(service.api_type, unknown)),
        "organization": {"name": service.place},
        "environment": "test" if service.is_simulation else "prod",
        "createdAt": service.created_at.isoformat(),
        "version": "",
        "health": {
            "status": service.health,
            "available": service.is_available,
            "since": service.since.isoformat() if service.since else None,
            "updatedAt": seen.at.isoformat(),
            "uptime90Days": service.uptime,
            "coverage90Days": service.coverage,
            "medianResponseMs24Hours": service.p50_ms,
            "p95ResponseMs24Hours": service.p95_ms,
            "queued": service.queued,
            "queueTrend": service.queue_trend or None,
        },
    }
