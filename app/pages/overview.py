"""The first page: what needs me, what runs, how the services are."""

import reflex as rx

from app.components.frame import page_header
from app.pages.template import page


@page("/", title="Overview")
def overview() -> rx.Component:
    """Show what needs attention."""
    return rx.fragment(page_header("Overview"))
