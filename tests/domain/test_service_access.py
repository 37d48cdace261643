"""Who may use and who may manage which service, and how much of it in a month."""

import pytest

from app.domain import sessions
from app.domain.access import SERVICE_MANAGE, require_service
from app.domain.errors import NotAllowed
from models import db
from models.users import ServiceAccess
from tests.support.people import sign_in

pytestmark = pytest.mark.usefixtures("databases")


def test_who_was_given_a_service_to_manage_may_change_that_one_alone() -> None:
    ref, cookies = sign_in("mia")
    with db.session(db.USERS) as session:
        session.add(ServiceAccess(service_ref="s1", user_ref=ref, may_manage=True))
        session.add(ServiceAccess(service_ref="s2", user_ref=ref))
    with db.session(db.USERS) as session:
        mia = sessions.actor_of(session, token=next(iter(cookies.values())))
        assert sessions.actor_named(session, user_ref=ref).managed_services == {"s1"}
    assert mia.may(SERVICE_MANAGE)
    assert not mia.may("service:write")
    require_service(mia, "service:write", "s1")
    for permission, service_ref in (("service:write", "s2"), ("user:write", "s1")):
        with pytest.raises(NotAllowed):
            require_service(mia, permission, service_ref)
