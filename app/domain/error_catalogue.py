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


@dataclass(frozen=True)
class Hold:
    """Why a job waits for a person, beyond what it says itself: where that is set right."""

    cure: str
    actions: tuple[Action, ...]


# held_reason: what to do; the job's own sentence says what stands against it.
HOLDS = {
    "credential": Hold("Enter a token for the service.", (Action.TOKENS,)),
    "not_authorised": Hold("Enter a new token for the service.", (Action.TOKENS,)),
    "no_room": Hold(
        "Make room: delete results or datasets that are no longer needed.", (Action.STORAGE,)
    ),
    "unknown_run": Hold(
        "Ask the service's operators, give the job up, or submit it again.", (Action.SERVICE,)
    ),
    "interrupted": Hold(
        "Start it again at the service, or submit it elsewhere.",
        (Action.SERVICE, Action.OTHER_PANEL),
    ),
    "last_download": Hold(
        "Have the platform try the last download, or fetch it at the service.", (Action.SERVICE,)
    ),
    "key_lost": Hold("An administrator must add the platform's former key again.", ()),
    "no_connector": Hold(
        "Tell an administrator, or choose another service.", (Action.OTHER_PANEL,)
    ),
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
