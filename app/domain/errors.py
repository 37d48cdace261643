"""Errors that a person sees, each written for that person.

PlatformError
├── NotSignedIn        the session is missing, ended or revoked
├── NotAllowed         the actor lacks a permission
├── NotFound           no such thing, or not the actor's
├── Invalid            input that cannot be accepted; `field` names it
├── Conflict           the thing changed or exists already
│   └── Outdated       somebody else has changed it since it was read
└── Refused            a limit: quota, free disk, too many attempts
"""


class PlatformError(Exception):
    """An error whose text may be shown to the person who caused it."""

    @property
    def message(self) -> str:
        """What went wrong and how to cure it."""
        return str(self)


class NotSignedIn(PlatformError):
    """The session is missing, ended or revoked."""

    def __init__(self) -> None:
        super().__init__("You are not signed in, or your session has ended. Sign in again.")


class NotAllowed(PlatformError):
    """The actor lacks a permission."""

    def __init__(self, permission: str) -> None:
        self.permission = permission
        super().__init__(
            f"Your role does not include “{permission}”. Ask an administrator if you need it."
        )


class NotFound(PlatformError):
    """There is no such thing, or it is somebody else's: the answer is the same."""

    def __init__(self, what: str) -> None:
        super().__init__(f"There is no such {what}, or it is not yours.")


class Invalid(PlatformError):
    """Input that cannot be accepted. `field` names the form field, if there is one."""

    def __init__(self, message: str, *, field: str = "") -> None:
        self.field = field
        super().__init__(message)


class Conflict(PlatformError):
    """The thing exists already, or changed in the meantime."""


class Outdated(Conflict):
    """Somebody has changed the thing since it was read; nothing of the new change is done."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} has been changed since you opened it, so nothing is saved yet. "
            "See what is there now, then decide what you want to keep."
        )


class Refused(PlatformError):
    """A limit stands against it now: quota, free disk, too many attempts.

    `retry_after` is the number of seconds after which trying again makes sense, if known.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(message)
