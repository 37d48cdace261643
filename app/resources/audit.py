"""Who did what to what, from where and when: read, filtered and exported, and never changed."""

from sqlalchemy import case
from sqlmodel import col

from app.domain import audit
from app.resources.base import Column, Filter, LookUp, Resource
from models import db
from models.platform import AuditEntry

# Where a thing that an entry tells of is shown.
PLACES = {
    "dataset": "/datasets/",
    "job": "/jobs/",
    "panel": "/admin/panels/",
    "service": "/admin/services/",
    "submission": "/submissions/",
    "user": "/admin/audit?kind=user&target=",
}
TARGET = case(
    *[(col(AuditEntry.target_type) == one, path) for one, path in PLACES.items()], else_=None
) + col(AuditEntry.target_ref)
NAME = case(
    (col(AuditEntry.target_name) == "", AuditEntry.target_ref), else_=AuditEntry.target_name
)

AUDIT = Resource(
    name="audit",
    title="Audit log",
    one="audit entry",
    icon="scroll-text",
    database=db.PLATFORM,
    permission="audit:read",
    source=AuditEntry,
    ref=AuditEntry.event_ref,
    label=AuditEntry.action,
    columns=(
        Column("what", "What", AuditEntry.action, kind="mono"),
        Column(
            "who",
            "Who",
            AuditEntry.actor_name,
            link=AuditEntry.actor_ref,
            href="/admin/audit?actor={link}",
            is_wide=False,
        ),
        Column("kind", "Kind", AuditEntry.target_type),
        Column("object", "Object", NAME, link=TARGET, href="{link}"),
        Column("at", "When", AuditEntry.at, kind="moment", is_wide=False),
        Column("reason", "Why", AuditEntry.reason),
        Column(
            "changes",
            "What changed",
            LookUp(db.PLATFORM, audit.changes_of),
            in_list=False,
            sorts=False,
        ),
        Column("before", "Before", AuditEntry.before, kind="json", in_list=False, sorts=False),
        Column("after", "After", AuditEntry.after, kind="json", in_list=False, sorts=False),
        Column("address", "From", AuditEntry.client_address, kind="mono", in_list=False),
        Column("agent", "Browser", AuditEntry.client_agent, in_list=False),
        Column(
            "act",
            "The whole act",
            AuditEntry.correlation_ref,
            kind="mono",
            in_list=False,
            link=AuditEntry.correlation_ref,
            href="/admin/audit?act={link}",
        ),
    ),
    sort="-at",
    search=(
        AuditEntry.actor_name,
        AuditEntry.action,
        NAME,
        AuditEntry.target_ref,
        AuditEntry.reason,
        AuditEntry.correlation_ref,
    ),
    filters=(
        Filter("who", "Who", AuditEntry.actor_name, kind="text"),
        Filter("what", "What", AuditEntry.action, choices=audit.known(AuditEntry.action)),
        Filter("kind", "Kind", AuditEntry.target_type, choices=audit.known(AuditEntry.target_type)),
        Filter("at", "When", AuditEntry.at, kind="days"),
        Filter("target", "Object", AuditEntry.target_ref, kind="exact"),
        Filter("actor", "Person", AuditEntry.actor_ref, kind="exact"),
        Filter("act", "One act", AuditEntry.correlation_ref, kind="exact"),
    ),
    live=("audit_log",),
    subtitle="Who did what to what. Entries are only ever added.",
)
