"""What a Cloudgene offers: its applications, and in each one's form the panels to choose from.

`GET /api/v2/server/apps/{app}` (`WdlAppResponse`, `WdlParameterInputResponse`): `params` with
`values`, which are a list of `{key, value or label, enabled, values}`; older servers and forks send
a mapping. A field of the type `binded_list` has other values for each value of the field that it is
bound to: the populations of each panel.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.connectors.cloudgene_parse import list_of, mapping_of, text_of
from app.connectors.cloudgene_text import line, plain
from app.connectors.offers import OfferedParameter, PanelOffer

PANEL_FIELDS = ("refpanel", "reference-panel", "reference_panel")
PANEL_KIND = "app_list"
POPULATION_FIELD = "population"
TERMS = ("terms_checkbox", "agbcheckbox")
BOUND = "binded_list"
# What a form shows between its fields.
DECORATION = ("separator", "label", "info", "group")
MOST_APPLICATIONS = 30
MOST_PARAMETERS = 100
MOST_VALUES = 500
LONGEST_KEY = 200

_BUILDS = {"hg19": "hg19", "grch37": "hg19", "b37": "hg19", "hg38": "hg38", "grch38": "hg38"}
_BUILD = re.compile(r"(?<![a-z])(hg19|grch37|b37|hg38|grch38)(?![0-9])", re.IGNORECASE)


def application_ids(server: Mapping[str, Any]) -> list[str]:
    """The applications that a server shows to who asks; deprecated ones are left out."""
    ids = [
        text_of(mapping_of(one).get("id"))
        for name in ("apps", "experimentalApps")
        for one in list_of(server.get(name))
    ]
    return [one for one in dict.fromkeys(ids) if one][:MOST_APPLICATIONS]


def panels_of(application_id: str, app: Mapping[str, Any]) -> list[PanelOffer]:
    """The panels of an application; none where its form has no panels to choose from."""
    params = [
        param
        for param in list_of(app.get("params"))[:MOST_PARAMETERS]
        if isinstance(param, dict) and text_of(param.get("id")) and not _is_hidden(param)
    ]
    chooser = _chooser(params)
    if chooser is None:
        return []
    offers = []
    for value in _values(chooser):
        parameters = [
            _parameter(param, value.key)
            for param in params
            if param is not chooser and _kind(param) not in DECORATION
        ]
        offer = PanelOffer(
            panel_id=value.key,
            name=value.label or value.key,
            build=_build_of(f"{value.key} {value.label}"),
            application=application_id,
            application_version=line(app.get("version"), longest=40),
            populations=_populations(params, parameters),
            parameters=parameters,
            terms=[one.label for one in parameters if one.kind in TERMS and one.label],
        )
        offers.append(replace(offer, population=", ".join(offer.populations.values())[:120]))
    return offers


def _is_hidden(param: Mapping[str, Any]) -> bool:
    return param.get("visible") is False or param.get("adminOnly") is True


def _kind(param: Mapping[str, Any]) -> str:
    return text_of(param.get("type")).lower()


def _chooser(params: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The field that chooses the panel."""
    for is_it in (
        lambda param: param["id"] in PANEL_FIELDS,
        lambda param: _kind(param) == PANEL_KIND,
    ):
        if found := next(filter(is_it, params), None):
            return found
    return None


class _Value:
    """A value of a field: what is sent, what people call it, and the values bound to it."""

    def __init__(self, key: str, label: str, bound: Any, is_enabled: object) -> None:
        self.key, self.label, self.bound = key, label, bound
        self.is_enabled = is_enabled is True


def _values(param: Mapping[str, Any]) -> list[_Value]:
    """The values of a field that can be chosen.

    Cloudgene 3 has a switch `enabled` and never sets it: where all are off, none counts as off.
    """
    values = _told_values(param.get("values"))
    if any(value.is_enabled for value in values):
        return [value for value in values if value.is_enabled]
    return values


def _told_values(told: Any) -> list[_Value]:
    found: list[_Value] = []
    items: list[Any] = []
    if isinstance(told, dict):
        items = [{"key": key, "value": value} for key, value in list(told.items())[:MOST_VALUES]]
    elif isinstance(told, list):
        items = told[:MOST_VALUES]
    for item in items:
        one = {"key": item} if isinstance(item, str | int | float) else mapping_of(item)
        key = _text(one.get("key", one.get("id")))
        named = next((one[name] for name in ("label", "value", "name") if one.get(name)), "")
        if isinstance(named, dict):  # a mapping of mappings: {key: {name, enabled, values}}
            one, named = named, named.get("label") or named.get("name") or ""
        if key and len(key) <= LONGEST_KEY:
            label = line(_text(named), longest=200) or key
            found.append(_Value(key, label, one.get("values"), one.get("enabled", True)))
    return list({value.key: value for value in found}.values())


def _text(value: Any) -> str:
    """A value of a form as the text that is sent."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else ""


def _parameter(param: Mapping[str, Any], panel: str) -> OfferedParameter:
    kind = _kind(param)
    values = _values(param)
    if kind == BOUND or param.get("bind"):
        own = next(
            (value.bound for value in _told_values(param.get("values")) if value.key == panel), None
        )
        values = _values({"values": own})
    default = _text(param.get("value"))
    return OfferedParameter(
        name=text_of(param.get("id"))[:LONGEST_KEY],
        label=line(param.get("description"), longest=1000 if kind in TERMS else 300)
        or text_of(param.get("id"))[:LONGEST_KEY],
        kind=kind,
        default=default or None,
        choices={value.key: value.label for value in values},
        required=param.get("required") is True,
        help=plain(param.get("details") or param.get("help"), longest=1000),
    )


def _populations(
    params: Sequence[Mapping[str, Any]], parameters: Sequence[OfferedParameter]
) -> Mapping[str, str]:
    """The choices of the field of populations, or of the first field that is bound to the panel."""
    bound = {param["id"] for param in params if _kind(param) == BOUND or param.get("bind")}
    named = [one for one in parameters if one.name == POPULATION_FIELD]
    found = named or [one for one in parameters if one.name in bound]
    return dict(found[0].choices) if found else {}


def _build_of(text: str) -> str:
    """The build that a panel's name tells, if it tells one and no other."""
    found = {_BUILDS[matched.lower()] for matched in _BUILD.findall(text)}
    return found.pop() if len(found) == 1 else ""
