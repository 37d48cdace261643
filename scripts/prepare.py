"""Migrate the databases; where there is no administrator yet, print the link that makes one."""

from app import migrate
from app.config import settings
from app.domain.people import create_setup_token
from models import db


def main() -> None:
    """Print the set-up link, or nothing, on standard output."""
    migrate.main()
    db.configure(settings().database_urls)
    with db.session(db.USERS) as session:
        token = create_setup_token(session)
    if token:
        print(f"{settings().public_url}/setup?token={token}")


if __name__ == "__main__":
    main()
