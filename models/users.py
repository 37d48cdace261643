"""`user_management_db`: people, roles, sessions, and credentials for services (encrypted)."""

from datetime import datetime

from sqlalchemy import MetaData, UniqueConstraint
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from models.base import NAMING, Outbox, identity, moment, optional_moment, ref_field


class UsersBase(SQLModel, registry=registry(metadata=MetaData(naming_convention=NAMING))):
    """Tables of the user-management database."""


class User(UsersBase, table=True):
    """A person. `email` is stored in lower case and is the name to sign in with.

    `updated_at` is when an administrator last changed the person or the person's roles.
    """

    __tablename__ = "users"

    id: int | None = identity()
    ref: str = ref_field()
    email: str = Field(max_length=254, unique=True)
    name: str = Field(max_length=200)
    password_hash: str = Field(max_length=200)
    is_active: bool = Field(default=True)
    created_at: datetime = moment()
    updated_at: datetime = moment()
    last_sign_in_at: datetime | None = optional_moment()


class Role(UsersBase, table=True):
    """A named set of permissions, such as `researcher`."""

    __tablename__ = "roles"

    id: int | None = identity()
    name: str = Field(max_length=40, unique=True)
    title: str = Field(max_length=80)
    updated_at: datetime = moment()


class RolePermission(UsersBase, table=True):
    """One permission string of a role, such as `job:submit`."""

    __tablename__ = "permissions"

    role_id: int = Field(foreign_key="roles.id", primary_key=True)
    permission: str = Field(primary_key=True, max_length=60)


class UserRole(UsersBase, table=True):
    """A role that a user has."""

    __tablename__ = "user_roles"

    user_id: int = Field(foreign_key="users.id", primary_key=True)
    role_id: int = Field(foreign_key="roles.id", primary_key=True)


class UserSession(UsersBase, table=True):
    """A signed-in browser. Only the SHA-256 of the cookie's token is stored."""

    __tablename__ = "sessions"

    id: int | None = identity()
    ref: str = ref_field()
    token_hash: str = Field(max_length=64, unique=True)
    user_id: int = Field(foreign_key="users.id", index=True)
    created_at: datetime = moment()
    last_seen_at: datetime = moment()
    expires_at: datetime = moment(index=True)
    revoked_at: datetime | None = optional_moment()
    client_address: str = Field(default="", max_length=64)
    user_agent: str = Field(default="", max_length=300)


class SignInFailure(UsersBase, table=True):
    """Failed sign-ins in a row for one account name or one address; each makes the next wait."""

    __tablename__ = "sign_in_failures"

    subject: str = Field(primary_key=True, max_length=260)
    failures: int = Field(default=0)
    blocked_until: datetime | None = optional_moment()
    updated_at: datetime = moment()


class SetupToken(UsersBase, table=True):
    """A one-time link (stored as SHA-256) with which a person chooses a password.

    Without a user it makes the first administrator.
    """

    __tablename__ = "setup_tokens"

    token_hash: str = Field(primary_key=True, max_length=64)
    user_id: int | None = Field(default=None, foreign_key="users.id")
    expires_at: datetime = moment()
    used_at: datetime | None = optional_moment()


class ServiceCredential(UsersBase, table=True):
    """A token for a service, encrypted; `user_ref` is empty where the whole lab shares it.

    `state` is what the service said of it when it was last asked, at `verified_at`: `unverified`
    (not asked yet), `accepted`, `refused`, or `untold` (it could not be told, `detail` says why).
    It is asked again at `verify_due_at`. `account` is whose it is there; `expires_at` is when it
    ends, as it says itself or as the service says.
    """

    __tablename__ = "service_credentials"
    __table_args__ = (UniqueConstraint("service_ref", "user_ref"),)

    id: int | None = identity()
    ref: str = ref_field()
    service_ref: str = Field(max_length=40)
    user_ref: str = Field(default="", max_length=40)
    ciphertext: str
    last_four: str = Field(default="", max_length=4)
    state: str = Field(default="unverified", max_length=20)
    detail: str = Field(default="")
    account: str = Field(default="", max_length=200)
    expires_at: datetime | None = optional_moment()
    verified_at: datetime | None = optional_moment()
    verify_due_at: datetime = moment(index=True)
    updated_at: datetime = moment()


class ServiceAccess(UsersBase, table=True):
    """What a person may do with a service; with an empty `user_ref`, everybody without a row.

    `jobs_per_month` is how many jobs may be submitted to it in a month; None is no limit.
    """

    __tablename__ = "service_access"
    __table_args__ = (UniqueConstraint("service_ref", "user_ref"),)

    id: int | None = identity()
    ref: str = ref_field()
    service_ref: str = Field(max_length=40)
    user_ref: str = Field(default="", max_length=40, index=True)
    may_use: bool = Field(default=True)
    may_manage: bool = Field(default=False)
    jobs_per_month: int | None = Field(default=None)
    updated_at: datetime = moment()


class AccountRequest(UsersBase, table=True):
    """Somebody's wish for an account. `outcome` is `approved` or `refused` once it is decided."""

    __tablename__ = "account_requests"

    id: int | None = identity()
    ref: str = ref_field()
    email: str = Field(max_length=254, index=True)
    name: str = Field(max_length=200)
    reason: str = Field(default="", max_length=1000)
    client_address: str = Field(default="", max_length=64)
    created_at: datetime = moment()
    outcome: str = Field(default="", max_length=20)
    decided_at: datetime | None = optional_moment()
    decided_by_name: str = Field(default="", max_length=200)


class TermsAcceptance(UsersBase, table=True):
    """Who accepted which version of which terms (`models.registry.ServiceTerms`), and when.

    The names are those of then. Rows are only ever added.
    """

    __tablename__ = "terms_acceptances"
    __table_args__ = (UniqueConstraint("terms_ref", "user_ref"),)

    id: int | None = identity()
    terms_ref: str = Field(max_length=40)
    version: int
    service_ref: str = Field(max_length=40, index=True)
    panel_ref: str = Field(default="", max_length=40)
    title: str = Field(max_length=330)
    user_ref: str = Field(max_length=40, index=True)
    user_name: str = Field(max_length=200)
    client_address: str = Field(default="", max_length=64)
    accepted_at: datetime = moment()


class UsersOutbox(Outbox, UsersBase, table=True):
    """Changes to people that other databases must follow."""

    __tablename__ = "users_outbox"
