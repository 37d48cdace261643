"""The application `imputationserver2`: its form, as the server describes and reads it.

The form follows `cloudgene.yaml` of genepi/imputationserver2; reading it follows Cloudgene's
JobParameterParser. A check box counts as ticked as soon as it is sent, whatever its value.
"""

import html
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

APP_ID, APP_NAME, APP_VERSION = "imputationserver2", "Genotype Imputation", "2.0.12"
DESCRIPTION = (
    "A simulation of the imputation server's pipeline. If your input data is <b>GRCh37/hg19</b> "
    "please send chromosomes without prefix (e.g. <b>20</b>), if it is <b>GRCh38/hg38</b> with "
    "the prefix 'chr' (e.g. <b>chr20</b>)."
)


class UnknownParameter(ValueError):
    """The form has a field that the application does not know."""


@dataclass(frozen=True, eq=False)
class PanelApp:
    """A reference panel as an installed application; `populations` maps ids to labels."""

    id: str
    name: str
    populations: dict[str, str]
    build: str = "hg38"

    @property
    def key(self) -> str:
        """What a client sends as `refpanel`."""
        return f"apps@{self.id}"


PANELS = {
    panel.key: panel
    for panel in (
        PanelApp(
            "demo-panel@1.0.0",
            "Three chromosomes (hg38)",
            {"sim": "Simulated people", "mixed": "Other/Mixed", "off": "Skip"},
        ),
        PanelApp(
            "demo-panel-small@1.0.0",
            "Three chromosomes, small (hg38)",
            {"all": "All", "off": "Skip"},
        ),
    )
}

CHECK_BOX = {"true": "true", "false": "false"}
INPUTS: list[dict[str, Any]] = [
    {"id": "refpanel", "description": "Reference Panel", "type": "app_list"},
    {"id": "files", "description": "Input Files (VCF)", "type": "local_folder"},
    {
        "id": "build",
        "description": "Array Build",
        "type": "list",
        "value": "hg19",
        "values": {"hg19": "GRCh37/hg19", "hg38": "GRCh38/hg38"},
        "details": "The positions of the results are always those of the reference panel's build.",
    },
    {
        "id": "r2Filter",
        "description": "rsq Filter",
        "type": "list",
        "value": "0",
        "values": {"0": "off", "0.001": "0.001", "0.1": "0.1", "0.2": "0.2", "0.3": "0.3"},
    },
    {
        "id": "phasing",
        "description": "Phasing Engine",
        "type": "list",
        "value": "eagle",
        "values": {
            "eagle": "Eagle v2.4",
            "beagle": "Beagle 5.4",
            "no_phasing": "No phasing",
        },
    },
    {"id": "population", "description": "Allele Frequency Check", "type": "binded_list"},
    {
        "id": "mode",
        "description": "Mode",
        "type": "list",
        "value": "imputation",
        "values": {
            "qc_only": "Quality Control Only",
            "imputation": "Quality Control & Imputation",
        },
    },
    {
        "id": "aesEncryption",
        "description": "AES 256 encryption",
        "details": "Archives are encrypted in any case; standard unzip programs cannot read AES.",
        "type": "checkbox",
        "value": "false",
        "values": CHECK_BOX,
    },
    {
        "id": "meta",
        "description": "Generate Meta-imputation file",
        "type": "checkbox",
        "value": "false",
        "values": CHECK_BOX,
    },
    {"id": "myseparator", "type": "separator"},
    {"id": "password", "description": "Password set by user.", "type": "text", "visible": False},
    {
        "id": "check1",
        "description": "I will not attempt to re-identify or contact research participants.",
        "type": "terms_checkbox",
    },
    {
        "id": "check2",
        "description": "I will report any inadvertent data release, security breach or other data "
        "management incident of which I become aware.",
        "type": "terms_checkbox",
    },
]
_BY_ID = {field["id"]: field for field in INPUTS}


def describe() -> dict[str, Any]:
    """Return the description of the application; fields that are not visible are left out."""
    return {
        "id": APP_ID,
        "name": APP_NAME,
        "version": APP_VERSION,
        "description": DESCRIPTION,
        "author": None,
        "website": "https://imputationserver.readthedocs.io",
        "logo": None,
        "submitButton": "Start Imputation",
        "params": [_describe(field) for field in INPUTS if field.get("visible", True)],
        "s3Workspace": False,
        "footer": None,
    }


def _describe(field: dict[str, Any]) -> dict[str, Any]:
    described = {"visible": True, "required": True, "adminOnly": False, **field}
    if field["type"] == "local_folder":
        described["source"] = "upload"
    elif field["type"] == "app_list":
        described["values"] = [_option(panel.key, panel.name) for panel in PANELS.values()]
    elif field["type"] == "binded_list":
        described["bind"] = "refpanel"
        described["values"] = [
            _option(panel.key, None)
            | {"label": panel.name, "values": [_option(*one) for one in panel.populations.items()]}
            for panel in PANELS.values()
        ]
    elif "values" in field:
        described["values"] = [
            _option(key, field["values"][key]) for key in sorted(field["values"])
        ]
    return described


def _option(key: str, value: str | None) -> dict[str, Any]:
    return {"key": key, "value": value, "label": None, "values": None, "enabled": False}


def field_name(sent: str) -> str:
    """Return the parameter that a form field is for; UnknownParameter where there is none."""
    name = html.escape(sent, quote=True)
    if name.startswith("input-"):
        name = name.replace("input-", "")
    if name != "job-name" and not name.endswith("-pattern") and name not in _BY_ID:
        raise UnknownParameter(f"Parameter '{name}' not found.")
    return name


def read_values(fields: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return parameters from form fields; nothing is checked but that the names are known."""
    sent: dict[str, str] = {}
    for name, value in fields:
        sent.setdefault(field_name(name), html.escape(value, quote=True))
    for name, field in _BY_ID.items():
        if field["type"] == "checkbox":
            sent[name] = "true" if name in sent else "false"
    return sent
