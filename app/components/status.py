"""A state is always a colour and an icon and a word."""

import reflex as rx

# status: (word, Radix colour, icon)
JOB_STATUSES = {
    "waiting": ("Waiting", "gray", "hourglass"),
    "queued": ("Queued", "gray", "list-ordered"),
    "submitting": ("Submitting", "indigo", "send"),
    "submitted": ("Submitted", "indigo", "inbox"),
    "running": ("Running", "blue", "loader"),
    "collecting": ("Collecting results", "blue", "download"),
    "completed": ("Completed", "green", "circle-check"),
    "failed": ("Failed", "red", "circle-x"),
    "cancelling": ("Cancelling", "amber", "circle-minus"),
    "cancelled": ("Cancelled", "gray", "ban"),
    "lost": ("Abandoned", "orange", "unplug"),
}

HEALTH_STATES = {
    "up": ("Up", "green", "circle-check"),
    "degraded": ("Degraded", "amber", "triangle-alert"),
    "authorisation_needed": ("Authorisation needed", "orange", "key-round"),
    "maintenance": ("Maintenance", "blue", "wrench"),
    "down": ("Down", "red", "circle-x"),
    "unknown": ("Not checked yet", "gray", "circle-help"),
    "paused": ("Paused", "gray", "circle-pause"),
    "retired": ("Retired", "gray", "archive"),
}


def badge(word: str | rx.Var, color: str, icon: str) -> rx.Component:
    """A small label with its icon, readable in both themes."""
    return rx.badge(
        rx.icon(icon, size=12, aria_hidden="true"),
        word,
        color_scheme=color,
        variant="soft",
        high_contrast=True,
        white_space="nowrap",
    )


def _matched(value: rx.Var[str], states: dict[str, tuple[str, str, str]]) -> rx.Component:
    cases = [(key, badge(*facts)) for key, facts in states.items()]
    return rx.match(value, *cases, badge(value, "gray", "circle-help"))


def job_status(status: rx.Var[str]) -> rx.Component:
    """A job's status."""
    return _matched(status, JOB_STATUSES)


def health_status(status: rx.Var[str]) -> rx.Component:
    """A service's health."""
    return _matched(status, HEALTH_STATES)
