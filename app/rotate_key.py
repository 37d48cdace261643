"""Change the key that secrets are encrypted with: `python -m app.rotate_key`, later `--drop-old`.

Everything goes on meanwhile, and the command may be cut off and repeated at any time.
"""

import argparse
import time

from app.config import settings
from app.domain import secret_keys
from app.domain.key_rotation import STORES, Store, renew_batch
from models import db

# What began to encrypt before the new key was there has ended after so many seconds.
SETTLED_SECONDS = 60.0


def main() -> None:
    """Rotate the key and report what was done; ends with 1 if something cannot be decrypted."""
    parser = argparse.ArgumentParser(prog="python -m app.rotate_key", description=__doc__)
    parser.add_argument(
        "--drop-old",
        action="store_true",
        help="afterwards, remove the old key, which nothing needs any more",
    )
    drop_old: bool = parser.parse_args().drop_old
    db.configure(settings().database_urls)
    unreadable = rotate(drop_old=drop_old)
    db.dispose()
    raise SystemExit(1 if unreadable else 0)


def rotate(*, drop_old: bool = False, settled_seconds: float = SETTLED_SECONDS) -> int:
    """Put everything under a new key; return how many secrets cannot be decrypted."""
    is_ours = not secret_keys.are_configured()
    if drop_old:
        if is_ours:
            _wait_until_settled(settled_seconds)
    elif not is_ours:
        print("The first key of FGIP_SECRET_KEY is taken for the new one.")
    elif secret_keys.add_key():
        print("A new key is in front of the old one.")
    else:
        print("A rotation has begun before: it goes on with the key that was made then.")
    unreadable = sum(_renew(store) for store in STORES)
    if secret_keys.key_count() == 1:
        print("There is one key.")
    elif not is_ours:
        print("Nothing needs the old keys: take them out of FGIP_SECRET_KEY and restart.")
    elif drop_old:
        secret_keys.drop_old_keys()
        print("The old key is removed.")
    else:
        print("The old key is still there. Remove it with --drop-old.")
    return unreadable


def _renew(store: Store) -> int:
    changed, current, unreadable = 0, 0, []
    last_id: int | None = 0
    while last_id is not None:
        with db.session(store.database) as session:
            batch = renew_batch(session, store=store, after_id=last_id)
        changed, current = changed + batch.renewed, current + batch.current
        unreadable += batch.unreadable
        last_id = batch.last_id
    print(
        f"{store.what}: {changed} encrypted anew, {current} were so already, "
        f"{len(unreadable)} cannot be decrypted"
    )
    for ref in unreadable:
        print(f"  no key reads {store.table.__tablename__} {ref}: it must be entered again")
    return len(unreadable)


def _wait_until_settled(seconds: float) -> None:
    left = seconds - (time.time() - secret_keys.key_file().stat().st_mtime)
    if left > 0 and secret_keys.key_count() > 1:
        print(f"Waiting {left:.0f} s for what may still use the old key.", flush=True)
        time.sleep(left)


if __name__ == "__main__":
    main()
