"""The address of a list of administration: what it asks for, and how it is written."""

from collections.abc import Mapping
from urllib.parse import urlencode

import reflex as rx

from app.domain.errors import NotFound
from app.resources.base import Resource
from app.resources.register import resource_named
from app.resources.wish import Wish, wish_of

# What an address says that asks for everything, so that it is not taken for one that says nothing.
EVERYTHING = {"all": "yes"}


def asked_here(state: rx.State) -> tuple[Resource, Wish]:
    """The list that a tab shows, and what its address asks of it; `NotFound` elsewhere."""
    path = state.router.url.path.strip("/").split("/")
    if path[0] != "admin":
        raise NotFound("list")
    resource = resource_named(path[1] if len(path) > 1 else "")
    return resource, wish_of(resource, state.router.url.query_parameters)


def address(path: str, query: Mapping[str, str]) -> str:
    """A path with what stands behind its question mark, if anything does."""
    return f"{path}?{urlencode(query)}" if query else path
