"""When services are probed: which are due, who asked, and for whom a known answer is too old."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from app.domain import conformance
from app.domain.access import Actor, require
from app.domain.check_settings import checks_of, standard_checks
from app.domain.errors import NotFound, Refused
from app.domain.health import Health, Layer
from app.domain.health_states import Standing
from app.domain.probe_intervals import Caller, fresh_seconds
from models import db
from models.base import now

# The longest that a probe whose worker died keeps the others away, beyond the probe's own limit.
LEASE_MARGIN_SECONDS = 15.0
# A probe that waits for a database of ours is tried again after this.
PUT_OFF_SECONDS = 5.0
# A service that was checked this recently is not asked again, however often people press.
ASK_AGAIN_AFTER = timedelta(seconds=10)
# What is due within this need not be asked for.
DUE_SOON = timedelta(seconds=1)
# A schedule or a lease that lies this much further ahead than it was made was made before the clock
# was set back.
CLOCK_SLACK_SECONDS = 30.0


@dataclass(frozen=True)
class DueProbe:
    """A service to probe, leased to the caller. Its token is in another database.

    The probe begins `starts_in` seconds from the claim. `layers_due` are those to look at beyond
    what every probe looks at. `lease_until` names the claim (`Finding.lease_until`). Somebody waits
    for the probe where it was asked for, or where the last one was not good.
    """

    service_id: int
    service_ref: str
    api_type: str
    base_url: str
    api_config: Mapping[str, Any]
    verified: conformance.Known
    starts_in: float
    layers_due: frozenset[Layer]
    timeout_seconds: float
    slow_ms: float
    lease_until: datetime
    is_waited_for: bool = False


# One scan of a narrow table. A schedule that the clock, set back, left in the future counts as due;
# so does the service of a lease that nobody can have made.
_CLAIM = text(
    """
    WITH due AS MATERIALIZED (
        SELECT checks.service_id,
            CASE WHEN checks.next_probe_at <= :until THEN checks.next_probe_at ELSE :at END
                AS starts_at
        FROM service_checks AS checks
        JOIN imputation_services AS service ON service.id = checks.service_id
        WHERE service.is_active AND service.retired_at IS NULL
            AND (
                checks.next_probe_at <= :until
                OR checks.next_probe_at
                    > :at + make_interval(secs => checks.interval_seconds + :slack)
            )
            AND (
                checks.lease_until IS NULL OR checks.lease_until < :at
                OR checks.lease_until > :until + make_interval(
                    secs => coalesce(
                        CAST(service.check_settings ->> 'timeout_seconds' AS float), :timeout
                    ) + :margin + :slack
                )
            )
        ORDER BY checks.next_probe_at
        LIMIT :limit
        FOR UPDATE OF checks SKIP LOCKED
    )
    UPDATE service_checks AS checks SET
        next_probe_at = due.starts_at,
        lease_until = greatest(due.starts_at, :at) + make_interval(
            secs => coalesce(CAST(service.check_settings ->> 'timeout_seconds' AS float), :timeout)
                + :margin
        )
    FROM due JOIN imputation_services AS service ON service.id = due.service_id
    WHERE checks.service_id = due.service_id
    RETURNING service.id, service.ref, service.api_type, service.base_url, service.api_config,
        service.software, service.check_settings, due.starts_at, checks.lease_until, checks.found,
        checks.interval_seconds,
        checks.credentials_due_at <= due.starts_at AS credentials_due,
        checks.panels_due_at <= due.starts_at AS panels_due,
        checks.certificate_due_at <= due.starts_at AS certificate_due
    """
)

_PUT_OFF = text(
    """
    UPDATE service_checks AS checks
    SET lease_until = NULL, next_probe_at = :next, interval_seconds = :seconds
    FROM imputation_services AS service
    WHERE service.id = checks.service_id AND service.ref = ANY(:refs)
        AND checks.lease_until IS NOT NULL
    """
)

_STANDING = text(
    """
    SELECT service.id, service.name, service.is_active AND service.retired_at IS NULL AS is_probed,
        service.check_settings, service.health_status, checks.state_since, checks.pending_state,
        checks.pending_since, checks.streak, checks.checked_at
    FROM imputation_services AS service
    JOIN service_checks AS checks ON checks.service_id = service.id
    WHERE service.ref = ANY(:refs)
    """
)

# Of many who ask at once the first moves the schedule; the others find it moved, or the service
# being probed, or probed meanwhile.
_ASK = text(
    """
    UPDATE service_checks AS checks SET next_probe_at = :at, interval_seconds = 0
    FROM unnest(CAST(:ids AS int[]), CAST(:checked AS timestamptz[])) AS asked (id, checked_at)
    WHERE checks.service_id = asked.id
        AND checks.checked_at IS NOT DISTINCT FROM asked.checked_at
        AND checks.next_probe_at > :soon
        AND (checks.lease_until IS NULL OR checks.lease_until < :at)
    """
)

_HURRY = text(
    """
    UPDATE service_checks SET next_probe_at = least(next_probe_at, :at), interval_seconds = 0
    WHERE service_id = :id AND lease_until IS NULL
    """
)

_FORGET = text(
    """
    INSERT INTO service_checks (
        service_id, next_probe_at, interval_seconds, found, message, pending_state, streak,
        credentials_due_at, certificate_due_at, panels_due_at, canary_due_at, certificate
    )
    VALUES (:id, :at, 0, 'unknown', '', '', 0, :at, :at, :at, :at, '{}')
    ON CONFLICT (service_id) DO UPDATE SET
        next_probe_at = :at, interval_seconds = 0, lease_until = NULL, found = 'unknown',
        message = '', state_since = NULL, pending_state = '', pending_since = NULL, streak = 0,
        credentials_due_at = :at, certificate_due_at = :at, panels_due_at = :at,
        canary_due_at = :at
    """
)
_END_STATE = text(
    """
    UPDATE service_states SET until = greatest(since, :at)
    WHERE service_id = :id AND until IS NULL
    """
)


def claim_due(
    session: Session, *, limit: int, ahead_seconds: float = 0.0, at: datetime | None = None
) -> list[DueProbe]:
    """Lease up to `limit` services whose probe is due, or will be within `ahead_seconds`.

    Nobody else gets them until the lease ends. For the worker; `at` is the time if not now.
    """
    moment, standard = at or now(), standard_checks()
    rows = session.connection().execute(
        _CLAIM,
        {
            "at": moment,
            "until": moment + timedelta(seconds=ahead_seconds),
            "limit": limit,
            "timeout": standard.timeout_seconds,
            "margin": LEASE_MARGIN_SECONDS,
            "slack": CLOCK_SLACK_SECONDS,
        },
    )
    found = rows.all()
    features = conformance.features_of(session, service_ids=[row.id for row in found])
    due = []
    for row in found:
        checks = checks_of(row.check_settings, standard)
        due.append(
            DueProbe(
                service_id=row.id,
                service_ref=row.ref,
                api_type=row.api_type,
                base_url=row.base_url,
                api_config=row.api_config,
                verified=conformance.Known(features.get(row.id, {}), row.software),
                starts_in=max(0.0, (row.starts_at - moment).total_seconds()),
                layers_due=_layers_due(row),
                timeout_seconds=checks.timeout_seconds,
                slow_ms=checks.slow_ms,
                lease_until=row.lease_until,
                is_waited_for=row.interval_seconds == 0 or row.found != Health.UP,
            )
        )
    return sorted(due, key=lambda one: one.starts_in)


def _layers_due(row: Any) -> frozenset[Layer]:
    # Whether a service that was not well is well again shows only where it failed.
    was_unwell = row.found != Health.UP
    layers = set()
    if row.credentials_due or was_unwell:
        layers.add(Layer.CREDENTIALS)
    if row.panels_due or was_unwell:
        layers.add(Layer.PANELS)
    if (row.certificate_due or was_unwell) and row.base_url.startswith("https:"):
        layers.add(Layer.TLS)
    return frozenset(layers)


def hurry(session: Session, *, service_id: int) -> None:
    """Probe a service soon, because the settings by which it was scheduled have changed."""
    session.connection().execute(_HURRY, {"id": service_id, "at": now()})


def put_off(session: Session, *, service_refs: Sequence[str]) -> None:
    """Give due probes back that cannot be made now, for a reason of ours; nothing is learned."""
    next_probe_at = now() + timedelta(seconds=PUT_OFF_SECONDS)
    session.connection().execute(
        _PUT_OFF, {"refs": list(service_refs), "next": next_probe_at, "seconds": PUT_OFF_SECONDS}
    )


def ask(session: Session, *, actor: Actor, service_ref: str) -> None:
    """Ask the worker to probe a service now."""
    require(actor, "service:read")
    row = session.connection().execute(_STANDING, {"refs": [service_ref]}).first()
    if row is None:
        raise NotFound("service")
    if not row.is_probed:
        raise Refused(f"{row.name} is not in use, so it is not checked.")
    moment = now()
    if row.checked_at is not None and abs(moment - row.checked_at) < ASK_AGAIN_AFTER:
        raise Refused(
            f"{row.name} was checked just now. Ask again in a moment.",
            retry_after=ASK_AGAIN_AFTER.total_seconds(),
        )
    _ask(session, {row.id: row.checked_at}, moment)
    db.announce(session, "imputation_services", service_ref)


def refresh(
    session: Session, *, service_refs: Sequence[str], caller: Caller, at: datetime | None = None
) -> int:
    """Have those services probed whose last answer is too old for the caller; return how many.

    Of callers at the same time one asks. It waits for no probe, and costs one query where every
    answer is fresh.
    """
    moment, standard = at or now(), standard_checks()
    stale = {}
    for row in session.connection().execute(_STANDING, {"refs": list(service_refs)}):
        if not row.is_probed:
            continue
        good_for = fresh_seconds(
            standing_of(row),
            caller=caller,
            at=moment,
            checks=checks_of(row.check_settings, standard),
        )
        age = None if row.checked_at is None else abs(moment - row.checked_at).total_seconds()
        if age is None or age >= good_for:
            stale[row.id] = row.checked_at
    return _ask(session, stale, moment)


def _ask(session: Session, checked: Mapping[int, datetime | None], moment: datetime) -> int:
    if not checked:
        return 0
    values = {"ids": list(checked), "checked": list(checked.values())}
    values |= {"at": moment, "soon": moment + DUE_SOON}
    return session.connection().execute(_ASK, values).rowcount


def standing_of(row: Any) -> Standing:
    """The standing that a row of a service and its checks tells."""
    pending = Health(row.pending_state) if row.pending_state else None
    return Standing(
        Health(row.health_status), row.state_since, pending, row.pending_since, row.streak
    )


def forget(session: Session, *, service_id: int) -> None:
    """Probe a service anew at once, because it was added or changed; what is under way is void."""
    values = {"id": service_id, "at": now()}
    session.connection().execute(_FORGET, values)
    session.connection().execute(_END_STATE, values)
