"""The preview of a service's panels as the page shows it: each panel with what is told of it."""

from collections.abc import Sequence
from typing import TypedDict

from app.domain.panel_sync import FieldChange, PanelChange, PanelDiff


class PanelChangeItem(TypedDict):
    """A panel in the preview; `lines` are what the service says of it, or says otherwise."""

    panel_id: str
    name: str
    note: str
    told: str
    lines: list[str]


class GroupItem(TypedDict):
    """Panels of which the same becomes."""

    kind: str
    title: str
    panels: list[PanelChangeItem]


GROUPS = {
    "new": "New",
    "changed": "Changed",
    "returning": "Offered again",
    "gone": "Gone: these are retired, and jobs keep what they know of them",
}
DONE = {"new": "added", "changed": "changed", "returning": "brought back", "gone": "retired"}


def group_items(diff: PanelDiff) -> list[GroupItem]:
    """The groups in which there is something to do."""
    return [
        GroupItem(kind=kind, title=title, panels=[_item(one) for one in getattr(diff, kind)])
        for kind, title in GROUPS.items()
        if getattr(diff, kind)
    ]


def done_text(diff: PanelDiff) -> str:
    """What was done, in one sentence."""
    counts = [(len(getattr(diff, kind)), word) for kind, word in DONE.items()]
    parts = [f"{_panels(count)} {word}" for count, word in counts if count]
    return f"Done: {', '.join(parts)}." if parts else "Nothing was chosen, and nothing changed."


def unchanged_text(unchanged: Sequence[PanelChange]) -> str:
    """Which panels are as the service offers them."""
    names = ", ".join(f"{one.name}{f' ({one.note})' if one.note else ''}" for one in unchanged)
    return f"Unchanged: {names}." if names else ""


def _panels(count: int) -> str:
    return f"{count} panel{'' if count == 1 else 's'}"


def _item(one: PanelChange) -> PanelChangeItem:
    lines = [_line(change) for change in one.changes]
    count = len(lines)
    return PanelChangeItem(
        panel_id=one.panel_id,
        name=one.name,
        note=one.note,
        told=f"What the service says of {one.name} ({count})" if count else "",
        lines=lines,
    )


def _line(change: FieldChange) -> str:
    if not change.after:
        line = f"{change.name}: gone, before {change.before}"
    elif not change.before:
        line = f"{change.name}: {change.after}"
    else:
        line = f"{change.name}: {change.after}, before {change.before}"
    return f"{line}. Here it stays “{change.stays}”." if change.stays else line
