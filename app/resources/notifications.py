"""What everybody was told: read, and never changed."""

from sqlmodel import col

from app.resources.base import Column, Filter, Resource
from app.resources.choices import values_in
from app.resources.people_names import person_column
from models import db
from models.notifications import Notification

NOTIFICATIONS = Resource(
    name="notifications",
    title="Notifications",
    one="notification",
    icon="bell",
    database=db.NOTIFICATIONS,
    permission="notification:read:any",
    source=Notification,
    ref=col(Notification.ref),
    label=col(Notification.title),
    columns=(
        Column("title", "Title", col(Notification.title), sorts=False),
        person_column(
            "person",
            "Told to",
            database=db.NOTIFICATIONS,
            ref=col(Notification.ref),
            person=col(Notification.user_ref),
            is_wide=False,
        ),
        Column("topic", "Topic", col(Notification.topic), kind="mono"),
        Column("created", "Told", col(Notification.created_at), kind="moment"),
        Column("read", "Read", col(Notification.read_at), kind="moment", sorts=False),
        Column("body", "In words", col(Notification.body), in_list=False, sorts=False),
        Column(
            "about",
            "About",
            col(Notification.link),
            href="{link}",
            link=col(Notification.link),
            in_list=False,
            sorts=False,
        ),
    ),
    sort="-created",
    search=(Notification.title, Notification.body),
    filters=(
        Filter("person", "Told to", Notification.user_ref, kind="person"),
        Filter("topic", "Topic", Notification.topic, choices=values_in(col(Notification.topic))),
        Filter("read", "Read", col(Notification.read_at).is_not(None), kind="flag"),
        Filter("created", "Told", Notification.created_at, kind="days"),
    ),
    live=("notifications",),
    subtitle="What people were told. Messages are only read here.",
    nothing="They appear as jobs end and services fail.",
)
