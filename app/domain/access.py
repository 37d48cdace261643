"""Who may do what: one actor, one permission, default deny.

A permission is a string `<thing>:<action>`; with `:any` it reaches other people's things too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from app.domain.errors import NotAllowed, NotFound

PERMISSIONS: Mapping[str, str] = MappingProxyType(
    {
        "dataset:read": "see one's own datasets",
        "dataset:write": "upload and delete one's own datasets",
        "dataset:read:any": "see everybody's datasets",
        "job:read": "see one's own jobs and results",
        "job:submit": "submit jobs",
        "job:cancel": "cancel one's own jobs and delete their results",
        "job:read:any": "see everybody's jobs",
        "job:cancel:any": "cancel anybody's jobs and delete their results",
        "job:manage:any": "resubmit, release, prolong and annotate anybody's jobs",
        "file:manage:any": "delete anybody's files, and keep them for longer",
        "notification:read:any": "see what everybody was told",
        "service:read": "see services, panels and their health",
        "service:write": "add and change services and panels",
        "user:read": "see people and their roles",
        "user:write": "add people, change their roles, end their sessions and tokens",
        "role:write": "change what a role may do",
        "setting:write": "change the platform's settings, such as who may see the status page",
        "audit:read": "read the audit log",
        "component:read": "see the health of the platform's own parts",
        "component:write": "drain workers, and pause and resume queues",
    }
)

# Not a role's: whoever changes all services has it, and whoever was given one to manage.
SERVICE_MANAGE = "service:manage"

_EVERYBODY = frozenset({"service:read"})
_RESEARCH = _EVERYBODY | {
    "dataset:read",
    "dataset:write",
    "job:read",
    "job:submit",
    "job:cancel",
}

ROLES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "administrator": frozenset(PERMISSIONS),
        "service_manager": _RESEARCH | {"service:write", "component:read"},
        "researcher": _RESEARCH,
        "viewer": _EVERYBODY | {"dataset:read", "job:read"},
        "auditor": _EVERYBODY
        | {"audit:read", "user:read", "job:read:any", "dataset:read:any", "component:read"}
        | {"notification:read:any"},
    }
)

ROLE_TITLES: Mapping[str, str] = MappingProxyType(
    {
        "administrator": "Administrator",
        "service_manager": "Service manager",
        "researcher": "Researcher",
        "viewer": "Viewer",
        "auditor": "Auditor",
    }
)


@dataclass(frozen=True)
class Actor:
    """The person (or the worker) on whose behalf something is done.

    What is done for one event or request bears the same `correlation_ref`. `managed_services` are
    the refs of those that the person may change, without the permission to change all.
    """

    user_ref: str
    name: str
    email: str
    permissions: frozenset[str]
    session_ref: str = ""
    client_address: str = ""
    client_agent: str = ""
    correlation_ref: str = ""
    managed_services: frozenset[str] = frozenset()

    def may(self, permission: str) -> bool:
        """Tell whether the actor has a permission; `x:any` includes `x`."""
        if permission == SERVICE_MANAGE:
            return bool(self.managed_services) or self.may("service:write")
        return permission in self.permissions or f"{permission}:any" in self.permissions

    @property
    def courtesies(self) -> frozenset[str]:
        """What pages go by when they offer something: the permissions, and managing a service."""
        manages = {SERVICE_MANAGE} if self.may(SERVICE_MANAGE) else set()
        return self.permissions | manages


WORKER = Actor(user_ref="", name="worker", email="", permissions=frozenset(PERMISSIONS))


def require(actor: Actor, permission: str) -> None:
    """Raise `NotAllowed` unless the actor has the permission."""
    if not actor.may(permission):
        raise NotAllowed(permission)


def require_service(actor: Actor, permission: str, service_ref: str) -> None:
    """Raise `NotAllowed` unless the actor has the permission, or manages that service.

    Managing is `service:write` for one service. A handler before it is guarded with
    `SERVICE_MANAGE`.
    """
    if permission != "service:write" or service_ref not in actor.managed_services:
        require(actor, permission)


def require_own(actor: Actor, permission: str, *, owner_ref: str, what: str) -> None:
    """Raise unless the actor has the permission and owns the thing, or may reach everybody's.

    Somebody else's thing answers `NotFound`, so that nobody learns that it exists.
    """
    require(actor, permission)
    if actor.user_ref == owner_ref and permission in actor.permissions:
        return
    if f"{permission}:any" not in actor.permissions:
        raise NotFound(what)
