"""Everybody's datasets, with their files."""

from sqlmodel import col

from app.resources.base import Column, Filter, Resource
from app.resources.people_names import person_column
from models import db
from models.files import Dataset

DATASETS = Resource(
    name="datasets",
    title="Datasets",
    one="dataset",
    icon="folder",
    database=db.FILES,
    permission="dataset:read:any",
    source=Dataset,
    ref=col(Dataset.ref),
    label=col(Dataset.name),
    columns=(
        Column("name", "Dataset", col(Dataset.name)),
        person_column(
            "owner", "Owner", database=db.FILES, ref=col(Dataset.ref), person=col(Dataset.owner_ref)
        ),
        Column("build", "Genome build", col(Dataset.build)),
        Column("created", "Created", col(Dataset.created_at), kind="moment"),
        Column("deleted", "Deleted", col(Dataset.deleted_at), kind="moment", sorts=False),
        Column("ref", "Reference", col(Dataset.ref), kind="mono", in_list=False, sorts=False),
    ),
    sort="-created",
    search=(Dataset.name, Dataset.description, Dataset.ref),
    filters=(
        Filter("owner", "Owner", Dataset.owner_ref, kind="person"),
        Filter(
            "build", "Genome build", Dataset.build, choices={"GRCh37": "GRCh37", "GRCh38": "GRCh38"}
        ),
        Filter("created", "Created", Dataset.created_at, kind="days"),
        Filter("deleted", "Deleted", col(Dataset.deleted_at).is_not(None), kind="flag"),
    ),
    live=("datasets",),
    target="dataset",
    page="/datasets/{ref}",
    subtitle="Everybody's sets of input files.",
    nothing="They appear as people upload files.",
)
