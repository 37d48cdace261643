"""Every resource by its name; a new one is described in a module here and added to the list."""

from app.domain.errors import NotFound
from app.resources.audit import AUDIT
from app.resources.base import Resource
from app.resources.datasets import DATASETS
from app.resources.files import FILES
from app.resources.jobs import JOBS
from app.resources.notifications import NOTIFICATIONS
from app.resources.sessions import SESSIONS

RESOURCES: dict[str, Resource] = {
    one.name: one for one in (JOBS, DATASETS, FILES, NOTIFICATIONS, SESSIONS, AUDIT)
}


def resource_named(name: str) -> Resource:
    """The resource of a name; `NotFound` where there is none."""
    if name not in RESOURCES:
        raise NotFound("list")
    return RESOURCES[name]
