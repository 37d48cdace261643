"""The layers of a service's health: what was found of each, since when, and what was before.

A stretch of time in which a layer had one verdict is one row, however many probes found it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, col, select

from app.domain.access import Actor, require
from app.domain.errors import NotFound
from app.domain.health import Finding, Layer, LayerFinding, Verdict
from app.domain.layer_schedule import next_look
from app.domain.service_info import storable
from models.base import now
from models.health import ServiceCheck, ServiceLayer
from models.registry import ImputationService

MAX_DETAIL_CHARACTERS = 1000
MOST_STRETCHES = 200
UNENCRYPTED = "The address begins with http: nothing on the way there is encrypted."

# Numbers change from probe to probe (“no answer within 19.8 s”) and mean the same; but in the words
# about a certificate they are its dates. Who says nothing of the details leaves them as they were.
_WRITE = text(
    """
    WITH found AS (
        SELECT service.id AS service_id, found.*
        FROM unnest(
            CAST(:refs AS text[]), CAST(:layers AS text[]), CAST(:verdicts AS text[]),
            CAST(:details AS text[]), CAST(:moments AS timestamptz[])
        ) AS found (ref, layer, verdict, detail, at)
        JOIN imputation_services AS service ON service.ref = found.ref
    ), changed AS MATERIALIZED (
        SELECT found.*
        FROM found
        LEFT JOIN service_layers AS last
            ON last.service_id = found.service_id AND last.layer = found.layer
            AND last.until IS NULL
        WHERE last.id IS NULL OR (
            last.since <= found.at AND (
                last.verdict <> found.verdict
                OR found.detail <> '' AND last.detail <> found.detail AND (
                    found.layer = 'tls'
                    OR regexp_replace(last.detail, '[0-9]+', '#', 'g')
                        <> regexp_replace(found.detail, '[0-9]+', '#', 'g')
                )
            )
        )
    ), ended AS (
        UPDATE service_layers AS last SET until = changed.at
        FROM changed
        WHERE last.service_id = changed.service_id AND last.layer = changed.layer
            AND last.until IS NULL
        RETURNING last.id
    )
    INSERT INTO service_layers (service_id, layer, verdict, detail, since)
    SELECT service_id, layer, verdict, detail, at FROM changed
    -- Ends the stretches before the new ones begin, of which there may be one each.
    WHERE (SELECT count(*) FROM ended) >= 0
    RETURNING service_id
    """
)

_SET_DUE = text(
    """
    UPDATE service_checks AS checks SET
        certificate_due_at = coalesce(due.certificate, certificate_due_at),
        credentials_due_at = coalesce(due.credentials, credentials_due_at),
        panels_due_at = coalesce(due.panels, panels_due_at)
    FROM unnest(
        CAST(:refs AS text[]), CAST(:certificate AS timestamptz[]),
        CAST(:credentials AS timestamptz[]), CAST(:panels AS timestamptz[])
    ) AS due (ref, certificate, credentials, panels)
    JOIN imputation_services AS service ON service.ref = due.ref
    WHERE checks.service_id = service.id
    """
)


@dataclass(frozen=True)
class LayerRow:
    """A layer as it is now.

    `verdict` is empty where it was not looked at yet. `rests_on` is the layer below that fails, so
    that this one's verdict is an old one. `next_look_at` is None where every probe looks at it.
    """

    layer: Layer
    verdict: str
    detail: str
    since: datetime | None
    rests_on: Layer | None
    next_look_at: datetime | None
    expires_at: datetime | None

    @property
    def days_left(self) -> int | None:
        """Whole days until the certificate ends, below 0 where it has; None without one."""
        return None if self.expires_at is None else (self.expires_at - now()) // timedelta(days=1)


@dataclass(frozen=True)
class Stretch:
    """A time in which a layer had one verdict; the current one has no end."""

    layer: Layer
    verdict: Verdict
    detail: str
    since: datetime
    until: datetime | None


def write(session: Session, findings: Sequence[Finding]) -> int:
    """Keep what probes found of the layers they looked at; return how many verdicts are new.

    For the recorder: one statement for all, and a second for those layers that have a schedule of
    their own. A finding older than the current stretch changes nothing.
    """
    # Of two looks at one layer in a batch, the later one counts.
    latest = {
        (finding.service_ref, one.layer): (one, finding.checked_at)
        for finding in sorted(findings, key=lambda finding: finding.checked_at)
        for one in finding.layers
    }
    if not latest:
        return 0
    written = session.connection().execute(
        _WRITE,
        {
            "refs": [ref for ref, _ in latest],
            "layers": [str(layer) for _, layer in latest],
            "verdicts": [str(one.verdict) for one, _ in latest.values()],
            "details": [clean(one.detail) for one, _ in latest.values()],
            "moments": [at for _, at in latest.values()],
        },
    )
    _set_due(session, findings)
    return len(written.all())


def clean(detail: str) -> str:
    """A detail as it can be kept: not too long, and without what PostgreSQL cannot hold."""
    return str(storable(detail[:MAX_DETAIL_CHARACTERS]))


def _set_due(session: Session, findings: Sequence[Finding]) -> None:
    rows: list[tuple[str, dict[Layer, datetime]]] = []
    for finding in findings:
        due = {
            one.layer: finding.checked_at + wait
            for one in finding.layers
            if (wait := next_look(one)) is not None and _was_looked_at(finding, one)
        }
        if due:
            rows.append((finding.service_ref, due))
    if rows:
        session.connection().execute(
            _SET_DUE,
            {
                "refs": [ref for ref, _ in rows],
                "certificate": [due.get(Layer.TLS) for _, due in rows],
                "credentials": [due.get(Layer.CREDENTIALS) for _, due in rows],
                "panels": [due.get(Layer.PANELS) for _, due in rows],
            },
        )


def _was_looked_at(finding: Finding, one: LayerFinding) -> bool:
    """That TLS works is seen by every probe; what the certificate is worth only when it is read."""
    is_read = finding.certificate is not None or one.verdict is Verdict.FAILED
    return one.layer is not Layer.TLS or is_read


def layers_of(session: Session, *, actor: Actor, service_ref: str) -> list[LayerRow]:
    """Every layer of a service as it is now, from the outside in."""
    require(actor, "service:read")
    service, check = _service(session, service_ref)
    rows = session.exec(
        select(ServiceLayer).where(
            ServiceLayer.service_id == service.id, col(ServiceLayer.until).is_(None)
        )
    )
    current = {row.layer: row for row in rows}
    due = _due(service, check)
    shown: list[LayerRow] = []
    broken: Layer | None = None
    for layer in Layer:
        row = current.get(layer)
        without = UNENCRYPTED if _is_plain(service, layer) and row is None else ""
        shown.append(
            LayerRow(
                layer=layer,
                verdict=row.verdict if row else (Verdict.UNTOLD if without else ""),
                detail=row.detail if row else without,
                since=row.since if row else None,
                rests_on=broken,
                next_look_at=due.get(layer),
                expires_at=check.certificate_expires_at if check and layer is Layer.TLS else None,
            )
        )
        if row and row.verdict == Verdict.FAILED and broken is None:
            broken = layer
    return shown


def layer_history(
    session: Session,
    *,
    actor: Actor,
    service_ref: str,
    since: datetime | None = None,
    limit: int = MOST_STRETCHES,
) -> list[Stretch]:
    """The stretches of all layers that reach beyond `since`, newest first, up to `limit`."""
    require(actor, "service:read")
    service, _ = _service(session, service_ref)
    wanted = select(ServiceLayer).where(ServiceLayer.service_id == service.id)
    if since is not None:
        wanted = wanted.where(col(ServiceLayer.until).is_(None) | (col(ServiceLayer.until) > since))
    newest = wanted.order_by(col(ServiceLayer.since).desc(), col(ServiceLayer.id).desc())
    return [
        Stretch(Layer(row.layer), Verdict(row.verdict), row.detail, row.since, row.until)
        for row in session.exec(newest.limit(limit))
    ]


def _is_plain(service: ImputationService, layer: Layer) -> bool:
    return layer is Layer.TLS and not service.base_url.lower().startswith("https:")


def _due(service: ImputationService, check: ServiceCheck | None) -> dict[Any, datetime]:
    if check is None or not service.is_active or service.retired_at is not None:
        return {}
    due = {
        Layer.TLS: check.certificate_due_at,
        Layer.CREDENTIALS: check.credentials_due_at,
        Layer.PANELS: check.panels_due_at,
    }
    # No layer is looked at but in a probe.
    looks = {
        layer: max(moment, check.next_probe_at)
        for layer, moment in due.items()
        if not _is_plain(service, layer)
    }
    if service.check_settings.get("canary"):
        looks[Layer.CANARY] = check.canary_due_at
    return looks


def _service(session: Session, service_ref: str) -> tuple[ImputationService, ServiceCheck | None]:
    found = session.exec(
        select(ImputationService, ServiceCheck)
        .outerjoin(ServiceCheck, col(ServiceCheck.service_id) == ImputationService.id)
        .where(ImputationService.ref == service_ref)
    ).first()
    if found is None:
        raise NotFound("service")
    return found[0], found[1]
