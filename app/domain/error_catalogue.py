"""What a service said, what it means, and what to do: the catalogue of known messages."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.domain.known_input_errors import INPUT_ERRORS
from app.domain.known_message import Action, KnownMessage
from app.domain.known_quality_errors import QUALITY_ERRORS
from app.domain.known_server_errors import SERVER_ERRORS
from app.domain.known_workflow_errors import WORKFLOW_ERRORS

# In this order a message is tried: what stands first is the more exact.
CATALOGUE: tuple[KnownMessage, ...] = (
    *INPUT_ERRORS,
    *QUALITY_ERRORS,
    *SERVER_ERRORS,
    *WORKFLOW_ERRORS,
)
MOST_CHARACTERS = 8000


@dataclass(frozen=True)
class Explanation:
    """A known message: the service's words, what they mean, what to do about them, and where."""

    said: str
    meaning: str
    cure: str
    actions: tuple[Action, ...]


# held_reason: where that can be set right; the job's own sentence says what to do.
HOLDS: dict[str, tuple[Action, ...]] = {
    "credential": (Action.TOKENS,),
    "not_authorised": (Action.TOKENS,),
    "no_room": (Action.STORAGE,),
    "unknown_run": (Action.SERVICE,),
    "interrupted": (Action.SERVICE, Action.OTHER_PANEL),
    "last_download": (Action.SERVICE,),
    "no_connector": (Action.OTHER_PANEL,),
}


def explain(texts: Iterable[str]) -> list[Explanation]:
    """The known messages in texts, each once, in the order of the catalogue.

    A piece of text that one entry explains is not explained by a later one too. Warnings, and
    messages that say only that something failed, are left out where an error tells more.
    """
    plain = [" ".join(text[-MOST_CHARACTERS:].replace("§", "").split()) for text in texts]
    found: list[tuple[KnownMessage, Explanation]] = []
    for entry in CATALOGUE:
        matches = [entry.pattern.search(text) for text in plain]
        first = next((match for match in matches if match), None)
        if first is None:
            continue
        parts = {name: part or "" for name, part in first.groupdict().items()}
        explanation = Explanation(
            said=first[0].strip(),
            meaning=entry.meaning.format(**parts),
            cure=entry.cure.format(**parts),
            actions=entry.actions,
        )
        found.append((entry, explanation))
        plain = [
            f"{text[: match.start()]}§{text[match.end() :]}" if match else text
            for text, match in zip(plain, matches, strict=True)
        ]
    warnings = [explanation for entry, explanation in found if entry.is_warning]
    general = [explanation for entry, explanation in found if entry.is_general]
    exact = [
        explanation for entry, explanation in found if not (entry.is_warning or entry.is_general)
    ]
    return exact or warnings or general[:1]
