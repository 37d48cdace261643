"""Which list or object of administration the address of a page is about."""

from app.domain.errors import NotFound
from app.resources.base import Resource
from app.resources.register import RESOURCES, resource_named


def list_here(path: str) -> Resource:
    """The resource of a page below `/admin/<name>`; `NotFound` elsewhere."""
    parts = path.strip("/").split("/")
    return resource_named(parts[1] if len(parts) > 1 and parts[0] == "admin" else "")


def object_here(path: str) -> tuple[Resource, str]:
    """The resource and the ref of an object's page, also where that is not below `/admin`.

    The address comes from the browser: whether the person may see the object is for its reader.
    """
    for resource in RESOURCES.values():
        before, _, after = resource.href_of("\n").partition("\n")
        ref = path.rstrip("/").removeprefix(before).removesuffix(after)
        if ref and "/" not in ref and resource.href_of(ref) == path.rstrip("/"):
            return resource, ref
    raise NotFound("object")
