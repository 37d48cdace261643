"""What was verified of a service, in place of what its description lets one guess."""

from collections.abc import Mapping

from app.connectors.base import Capability, Endpoint, ServiceFacts
from app.connectors.conformance import Feature, software_of

# Where a feature is verified, the capability is there or not, whatever the description suggests.
VERIFIED = {
    Feature.TAGS: Capability.FIND_BY_TAG,
    Feature.LISTS_RUNNING: Capability.LIST_RUNS,
    Feature.ATTACHMENTS: Capability.ATTACHMENTS,
    Feature.CANCEL: Capability.CANCEL,
    Feature.OUTPUTS: Capability.DOWNLOAD,
    Feature.TASKS: Capability.TASKS,
}


def known_of(endpoint: Endpoint, facts: ServiceFacts) -> Mapping[str, bool]:
    """What is verified of this very software; nothing if the address runs another one by now."""
    is_same = not endpoint.software or dict(endpoint.software) == software_of(facts)
    return endpoint.known if is_same else {}


def capabilities(
    guessed: frozenset[Capability], known: Mapping[str, bool]
) -> frozenset[Capability]:
    """The guessed capabilities, corrected by what is known.

    A run that is not listed while it is at work cannot be found by its tag.
    """
    there = {VERIFIED[feature] for feature in VERIFIED if known.get(feature) is True}
    lacking = {VERIFIED[feature] for feature in VERIFIED if known.get(feature) is False}
    if known.get(Feature.LISTS_RUNNING) is False:
        lacking.add(Capability.FIND_BY_TAG)
    return frozenset(guessed | there) - lacking
