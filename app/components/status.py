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
    "stalled": ("Stalled", "amber", "octagon-pause"),
    "authorisation_needed": ("Authorisation needed", "orange", "key-round"),
    "maintenance": ("Maintenance", "blue", "wrench"),
    "down": ("Down", "red", "circle-x"),
    "unknown": ("Not checked yet", "gray", "circle-help"),
    "paused": ("Not in use", "gray", "circle-off"),
    "retired": ("Retired", "gray", "archive"),
}

DATASET_STATES = {
    "empty": ("Empty", "gray", "folder-open"),
    "uploading": ("Uploading", "blue", "upload"),
    "reading": ("Being read", "blue", "scan-text"),
    "unreadable": ("Needs attention", "red", "circle-alert"),
    "ready": ("Ready", "green", "circle-check"),
}

FILE_STATES = {
    "pending": ("Waits to be read", "gray", "hourglass"),
    "reading": ("Being read", "blue", "scan-text"),
    "read": ("Readable", "green", "circle-check"),
    "unreadable": ("Cannot be imputed", "red", "circle-x"),
    "storing": ("Being stored", "blue", "hard-drive-download"),
    "failed": ("Upload failed", "red", "circle-x"),
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


def dataset_state(state: rx.Var[str]) -> rx.Component:
    """Whether a dataset can be submitted."""
    return _matched(state, DATASET_STATES)


def file_state(state: rx.Var[str]) -> rx.Component:
    """Whether a file could be read, or what its upload is at."""
    return _matched(state, FILE_STATES)
