"""The limits that a service sets: the fields of its form, and when each was last confirmed."""

from collections.abc import Callable

import reflex as rx

from app.components.controls import tick
from app.components.frame import section
from app.components.limit_list import limit_list

COUNTS = (
    ("min_samples", "Fewest samples per job", "Empty: no limit, here and in what follows."),
    ("max_samples", "Most samples per job", ""),
    ("max_files", "Files per job", ""),
    ("max_concurrent_jobs", "Jobs at a time", "Per account there; more wait here."),
    ("retention_days", "Days that results are kept", ""),
    ("max_downloads", "Downloads of each result", ""),
)


def limits_section(line: Callable[..., rx.Component], items: rx.Var) -> rx.Component:
    """The fields of the form; `line` makes one from its name and label. `items` are in force."""
    fields = [
        line(name, label, hint=hint, type="number", min="1", step="1")
        for name, label, hint in COUNTS
    ]
    size = line("max_file_gib", "GiB per file", type="number", min="0", step="any")
    return section(
        "Limits",
        rx.el.div(
            rx.text(
                "As the service itself states them. A value that you change counts as confirmed "
                "today.",
                size="2",
                class_name="muted",
            ),
            rx.el.div(*fields[:3], size, *fields[3:], class_name="grid-3"),
            tick(
                "confirm_limits",
                "All limits were confirmed with the service today",
                checked=rx.Var.create(False),
            ),
            rx.cond(items, limit_list(items)),
            class_name="stack",
        ),
    )
