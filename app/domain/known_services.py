"""Imputation services that are known to exist, so that adding one begins with what is public of it.

Addresses and limits are those of the named public pages at the named times. Services change both:
whoever adds one tests the address and confirms the limits with the service. An address that no
public page says for sure is left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from app.domain.errors import NotFound

MIB = 1024**2


@dataclass(frozen=True)
class KnownService:
    """A service to start from. `limits` are by the names of `app.domain.service_limits.Limits`.

    `source` is where they were read, as of `as_of`. `note` is what else whoever adds it should
    know.
    """

    key: str
    name: str
    api_type: str
    description: str
    source: str
    as_of: date
    base_url: str = ""
    location: str = ""
    country: str = ""
    limits: Mapping[str, int] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class RetiredService:
    """A service that many documents still name, and that answers no more."""

    name: str
    base_url: str
    reason: str


KNOWN = (
    KnownService(
        key="michigan",
        name="Michigan Imputation Server",
        api_type="cloudgene",
        description="University of Michigan: HRC, 1000 Genomes, GAsP, CAAPA, HLA and other panels.",
        base_url="https://imputationserver.sph.umich.edu",
        location="Ann Arbor",
        country="US",
        limits={"retention_days": 7, "max_downloads": 40},
        source="its documentation, and the questions and answers of imputationbot",
        as_of=date(2026, 4, 1),
        note="Its documents do not state how many jobs an account may have at a time. It took at "
        "most 110,000 samples in 2021, before its second version.",
    ),
    KnownService(
        key="topmed",
        name="TOPMed Imputation Server",
        api_type="cloudgene",
        description="NHLBI BioData Catalyst: the TOPMed panel, chromosomes 1–22 and X.",
        base_url="https://imputation.biodatacatalyst.nhlbi.nih.gov",
        country="US",
        limits={
            "min_samples": 20,
            "max_samples": 25_000,
            "max_concurrent_jobs": 3,
            "retention_days": 7,
            "max_downloads": 50,
        },
        source="github.com/statgen/tis-v2-docs, docs/faq.md",
        as_of=date(2025, 11, 18),
        note="It takes at most 20,000 variants in any 10 Mb, and VCF up to version 4.2. Going "
        "around the limit of three jobs may mean a ban.",
    ),
    KnownService(
        key="helmholtz",
        name="Helmholtz Munich Imputation Server",
        api_type="cloudgene",
        description="Helmholtz Munich: HRC, 1000 Genomes and HapMap 2 panels.",
        base_url="https://imputationserver.helmholtz-munich.de",
        location="Munich",
        country="DE",
        source="imputationserver-doc.readthedocs.io",
        as_of=date(2026, 4, 1),
        note="It runs the first version of the imputation pipeline. Its limits are not known here.",
    ),
    KnownService(
        key="fedimpute",
        name="AfriGen-D Federated Imputation",
        api_type="wes",
        description="AfriGen-D: H3Africa panels, at nodes in Africa.",
        limits={"min_samples": 20, "max_file_bytes": 500 * MIB, "retention_days": 7},
        source="the documents of FedImpute",
        as_of=date(2026, 4, 1),
        note="Its pages are at https://fedimpute.afrigen-d.org; ask its operators for the address "
        "of its WES API.",
    ),
    KnownService(
        key="ilifu",
        name="ILIFU GA4GH Starter Kit",
        api_type="wes",
        description="A node of eLwazi at ILIFU: workflows in Nextflow and Snakemake, no panels of "
        "its own.",
        base_url="http://ga4gh-starter-kit.ilifu.ac.za:6000/ga4gh/wes/v1",
        location="Cape Town",
        country="ZA",
        source="the documents of the eLwazi federated imputation nodes",
        as_of=date(2026, 4, 1),
        note="It is reached without encryption, and its answer to a cancel stops nothing.",
    ),
)

RETIRED = (
    RetiredService(
        "Sanger Imputation Service",
        "https://imputation.sanger.ac.uk",
        "It answers 410 (gone) and has been offline since May 2025.",
    ),
    RetiredService(
        "H3Africa Imputation Service",
        "https://impute.afrigen-d.org",
        "This address is retired; AfriGen-D's federated imputation took its place.",
    ),
)


def known_service(key: str) -> KnownService:
    """The known service of this key."""
    for one in KNOWN:
        if one.key == key:
            return one
    raise NotFound("known service")


def retired_at(base_url: str) -> RetiredService | None:
    """The retired service that this address belonged to, if it did."""
    typed = base_url.strip().rstrip("/").lower()
    for one in RETIRED:
        if typed == one.base_url or typed.startswith(f"{one.base_url}/"):
            return one
    return None
