"""What a message of a service means: the shape of the entries of the error catalogue."""

import re
from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """Something that a person can do about a message, which a page offers as a link."""

    DATASET = "dataset"
    RESUBMIT = "resubmit"
    POPULATION_OFF = "population_off"
    OTHER_PANEL = "other_panel"
    TOKENS = "tokens"
    SERVICE = "service"
    JOBS = "jobs"
    STORAGE = "storage"


@dataclass(frozen=True)
class KnownMessage:
    """A message that is known, what it means and how to cure it.

    `pattern` is looked for in the text with its white space made single blanks; its named parts may
    stand in braces in `meaning` and `cure`. `is_general` marks messages that say only that
    something failed, and `is_warning` those of runs that go on: they are left out where an error
    tells more. `source` says who writes the message.
    """

    pattern: re.Pattern[str]
    meaning: str
    cure: str
    source: str
    actions: tuple[Action, ...] = ()
    is_general: bool = False
    is_warning: bool = False


def known(
    pattern: str,
    meaning: str,
    cure: str,
    *actions: Action,
    source: str,
    is_general: bool = False,
    is_warning: bool = False,
) -> KnownMessage:
    """Make an entry of the catalogue; upper and lower case are alike in `pattern`."""
    compiled = re.compile(pattern, re.IGNORECASE)
    return KnownMessage(compiled, meaning, cure, source, actions, is_general, is_warning)
