"""What counts in a service's description of itself, and two descriptions compared.

Counters of runs, the answer as it came, and what a service says of its maintenance change all the
time or have a place of their own: they do not count. The order in which lists come does not either.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

# Parts of `app.connectors.base.ServiceFacts` by their names, and what people call them.
TEXTS: Mapping[str, str] = {
    "name": "Name",
    "version": "Version",
    "organization": "Organisation",
    "documentation_url": "Documentation",
    "auth_instructions_url": "How to get access",
}
LISTS: Mapping[str, str] = {
    "protocol_versions": "Versions of the protocol",
    "filesystem_protocols": "File systems",
}
NAMED_LISTS: Mapping[str, str] = {
    "workflow_types": "Workflow language",
    "workflow_engines": "Engine",
}
PARAMETERS = "default_parameters"
PANELS = "panels"
VOLATILE = frozenset({"raw", "state_counts", "maintenance", "described"})
# A service that sends a thousand parameters fills no page with them.
MOST_CHANGES = 40
LONGEST_VALUE = 300

# What was before and what is now, by name; None where there was or is nothing.
Changes = dict[str, list[Any]]


def digest(info: Mapping[str, Any]) -> str:
    """Equal for two descriptions (`service_info.facts_as_json`) in which the same counts."""
    counting = {name: _sorted(value) for name, value in info.items() if name not in VOLATILE}
    canonical = json.dumps(counting, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.blake2b(canonical.encode(errors="replace"), digest_size=16).hexdigest()


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> Changes:
    """What differs between two descriptions, in the words in which people are told."""
    changes: Changes = {}
    for key, title in TEXTS.items():
        _note(changes, title, before.get(key) or None, after.get(key) or None)
    for key, title in LISTS.items():
        _note(changes, title, _texts(before.get(key)), _texts(after.get(key)))
    for key, title in NAMED_LISTS.items():
        _compare_named(changes, title, _versions(before.get(key)), _versions(after.get(key)))
    old, new = (_parameters(one.get(PARAMETERS)) for one in (before, after))
    _compare_named(changes, "Parameter", old, new)
    if PANELS in before and PANELS in after:
        _compare_named(changes, "Panel", _panels(before[PANELS]), _panels(after[PANELS]))
        _compare_forms(changes, before[PANELS], after[PANELS])
    return dict(list(changes.items())[:MOST_CHANGES])


def in_words(changes: Mapping[str, Sequence[Any]]) -> list[str]:
    """Each change as a sentence, such as “Version: 2.2, before 2.1.”, “File systems: s3 added.”."""
    return [_sentence(title, *changes[title]) for title in sorted(changes)]


def _sentence(title: str, before: Any, after: Any) -> str:
    if isinstance(before, list) and isinstance(after, list):
        added = [str(one) for one in after if one not in before]
        gone = [str(one) for one in before if one not in after]
        parts = [f"{', '.join(added)} added"] if added else []
        parts += [f"{', '.join(gone)} removed"] if gone else []
        return f"{title}: {'; '.join(parts)}."
    if before is None:
        return f"{title}: {_shown(after)}, new."
    if before == "":
        return f"{title}: {_shown(after)}."
    if after is None:
        return f"{title}: gone, before {_shown(before)}."
    return f"{title}: {_shown(after)}, before {_shown(before)}."


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "there"
    return str(value) or "there"


def _note(changes: Changes, title: str, before: Any, after: Any) -> None:
    if before != after:
        changes[title[:120]] = [_cut(before), _cut(after)]


def _compare_named(
    changes: Changes, title: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> None:
    for name in sorted({*before, *after}):
        _note(changes, f"{title} {name}", before.get(name), after.get(name))


def _compare_forms(changes: Changes, before: Any, after: Any) -> None:
    """Say of which panels the form changed that starts a run; of what is not known, nothing."""
    forms = {one["panel_id"]: one.get("form") for one in before}
    for one in after:
        old, new = forms.get(one["panel_id"]), one.get("form")
        if old and new and old != new:
            changes[f"Form of panel {one['panel_id']}"[:120]] = ["", "changed"]


def _cut(value: Any) -> Any:
    if isinstance(value, list):
        return [_cut(one) for one in value[:MOST_CHANGES]]
    if isinstance(value, str) and len(value) > LONGEST_VALUE:
        return value[: LONGEST_VALUE - 1] + "…"
    return value


def _texts(value: Any) -> list[str]:
    return sorted({str(one) for one in value or ()})


def _versions(value: Any) -> dict[str, list[str]]:
    return {str(name): _texts(versions) for name, versions in (value or {}).items()}


def _parameters(value: Any) -> dict[str, str]:
    """Each parameter's type and default in one text, by its engine's and its own name."""
    found: dict[str, str] = {}
    for one in value or ():
        name = " ".join(filter(None, (str(one.get("engine") or ""), str(one.get("name") or ""))))
        default = one.get("default_value", one.get("default"))
        parts = [str(one["type"])] if one.get("type") else []
        parts += [f"by default {default}"] if default not in (None, "") else []
        found[name] = ", ".join(parts)
    return found


def _panels(value: Any) -> dict[str, str]:
    """Each panel's facts in one text, by the service's id of it."""
    return {str(one["panel_id"]): panel_text(one) for one in value or ()}


def panel_text(panel: Mapping[str, Any]) -> str:
    """A panel in a line: “1000 Genomes, GRCh38, 2,504 samples”."""
    samples, variants = panel.get("sample_count"), panel.get("variant_count")
    parts = [panel.get("name"), panel.get("build"), panel.get("population")]
    parts += [f"{samples:,} samples"] if samples is not None else []
    parts += [f"{variants:,} variants"] if variants is not None else []
    return ", ".join(str(part) for part in parts if part)


def _sorted(value: Any) -> Any:
    """The same whatever the order of its lists."""
    if isinstance(value, Mapping):
        return {str(key): _sorted(part) for key, part in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        if all(isinstance(part, str) for part in value):
            return sorted(value)
        return sorted((_sorted(part) for part in value), key=_as_text)
    return value


def _as_text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
