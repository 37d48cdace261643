"""How a kind of thing is described, so that one list and one page can administer it.

A description names columns, filters, actions and fields; it holds no page. What it reads is one
SQL statement, and what it changes goes through the functions of the domain, which authorise,
validate and audit.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlmodel import Session

from app.domain.access import Actor

# How a value is shown. `word` is one of the column's `words`; `names` are several in one cell.
Kind = Literal["text", "mono", "number", "bytes", "moment", "flag", "word", "names", "json"]

# What a form asks for. `secret` is never shown again. Every value is a text: a `tick` is `yes` or
# nothing, a `day` is 2026-03-31, and `several`, ticks of the choices, are their values with commas
# between (`app.resources.forms.several_in`).
Control = Literal[
    "line", "text", "number", "choice", "tick", "day", "secret", "several", "email", "url"
]

Choices = Mapping[str, str] | Callable[[Session, Actor], Mapping[str, str]]


@dataclass(frozen=True)
class Word:
    """How a value of a column reads: a word, a colour of the theme and an icon."""

    title: str
    color: str = "gray"
    icon: str = "circle"


@dataclass(frozen=True)
class LookUp:
    """What another database knows of the rows that are shown: their refs in, texts out."""

    database: str
    read: Callable[[Session, Actor, Sequence[str]], Mapping[str, Any]]


@dataclass(frozen=True)
class Column:
    """A column of the list, a fact of the object's page, and a column of the CSV.

    `value` is an SQL expression over the resource's source, or a `LookUp` (which cannot be sorted
    by). `href` is where it leads, with the row's `{ref}` or what `link` (SQL) gives as `{link}`;
    without a link the value is plain. Without `in_list` it is on the object's page and in
    the CSV alone; `is_wide` hides it on a phone.
    """

    name: str
    title: str
    value: Any
    kind: Kind = "text"
    words: Mapping[str, Word] = field(default_factory=dict)
    href: str = ""
    link: Any = None
    is_wide: bool = True
    in_list: bool = True
    sorts: bool = True


@dataclass(frozen=True)
class Filter:
    """A way to narrow the list; its name is what the address says.

    `choice` compares `value` with one of the choices; `flag` is a condition that holds or not, or a
    function that makes it of the settings of now;
    `days` are two days, `<name>_from` and `<name>_to`, both included; `text` is looked for in
    `value`, and `exact` is all of it: links lead there, and the list only offers to drop it;
    `person` is looked for in the names and e-mail addresses of people, whose refs `value` holds.
    """

    name: str
    title: str
    value: Any
    kind: Literal["choice", "flag", "days", "text", "exact", "person"] = "choice"
    choices: Choices = field(default_factory=dict)


@dataclass(frozen=True)
class Field:
    """What a form asks for. A field that is only read is a column instead.

    `asked` is when: some are only asked for something new, some only of what is there.
    """

    name: str
    title: str
    control: Control = "line"
    hint: str = ""
    required: bool = False
    choices: Choices = field(default_factory=dict)
    placeholder: str = ""
    asked: Literal["always", "add", "change"] = "always"


@dataclass(frozen=True)
class Fieldset:
    """Fields that belong together, under a heading."""

    title: str
    fields: Sequence[Field]
    hint: str = ""


@dataclass(frozen=True)
class Action:
    """Something that can be done to one object, or to many at once.

    `run(session, actor=…, ref=…, **values)` does it and may say in a sentence what it did; `values`
    are the texts of `fields`, and `reason` where one `asks_reason`. It must authorise by itself:
    `permission` only decides who is offered it. `when` is an SQL condition, or a function that
    makes it: the action is offered for rows where that holds. `text` says what will happen, and
    makes the page ask first. `href` is a place to go instead (`{ref}` is the object's); such an
    action runs nothing. `reveals`: what `run` returns is a secret, shown once.
    """

    name: str
    title: str
    permission: str
    run: Callable[..., str | None] | None = None
    icon: str = "play"
    href: str = ""
    fields: Sequence[Field] = ()
    asks_reason: bool = False
    text: str = ""
    is_red: bool = False
    when: Any = None
    is_bulk: bool = True
    reveals: bool = False


@dataclass(frozen=True)
class Form:
    """How an object is added or changed: what is asked, and the functions that do it.

    `read(session, actor=…, ref=…)` gives the fields' values as texts, with the object's version
    below `version`. `change(session, actor=…, ref=…, values=…, version=…)` raises `Invalid` with
    the field's name, and `Conflict` where the object is not at that version any more.
    `add(session, actor=…, values=…, parent=…)` returns the new object's ref, or `Added` where it
    has a secret to tell; `parent` is the ref of the object on whose page it is added, if any.
    With `add` there is a page `/admin/<name>/new`, unless the resource has a `page` of its own.
    """

    fieldsets: Sequence[Fieldset]
    permission: str
    read: Callable[..., Mapping[str, str]] | None = None
    change: Callable[..., None] | None = None
    add: Callable[..., "str | Added"] | None = None


@dataclass(frozen=True)
class Added:
    """What was added, and a secret of it that is shown this once, such as a link to set it up."""

    ref: str
    secret: str
    text: str = ""


@dataclass(frozen=True)
class Inline:
    """Related objects on an object's page: those whose `parent` (SQL) is the object's ref.

    They have the columns, the actions and the form of their own resource. `database` of the two may
    differ.
    """

    title: str
    resource: "Callable[[], Resource]"
    parent: Any
    columns: Sequence[str] = ()


@dataclass(frozen=True)
class Resource:
    """A kind of thing that is administered, at `/admin/<name>`.

    `source` is what is selected from; `ref` its public id, `label` what an object is called. The
    first column is the row's heading. `search` are expressions in which every word of the search
    must occur. `reach` narrows it to what the actor may see. `sort` is a column's name, with a
    minus for descending. `live` are the tables whose changes bring a page up to date. `target` is
    what the audit log calls such an object. `page` is where an object is shown, where that is not
    its page of administration.
    """

    name: str
    title: str
    one: str
    icon: str
    database: str
    permission: str
    source: Any
    ref: Any
    label: Any
    columns: Sequence[Column]
    sort: str
    search: Sequence[Any] = ()
    filters: Sequence[Filter] = ()
    actions: Sequence[Action] = ()
    form: Form | None = None
    inlines: Sequence[Inline] = ()
    reach: Callable[[Actor], Sequence[Any]] | None = None
    live: Sequence[str] = ()
    target: str = ""
    page: str = ""
    subtitle: str = ""
    nothing: str = ""

    @property
    def path(self) -> str:
        """Where its list is."""
        return f"/admin/{self.name}"

    def href_of(self, ref: str) -> str:
        """Where one object is shown."""
        return self.page.format(ref=ref) if self.page else f"{self.path}/{ref}"

    def column(self, name: str) -> Column:
        """The column of a name."""
        return next(column for column in self.columns if column.name == name)

    def action(self, name: str) -> Action | None:
        """The action of a name, if there is one."""
        return next((action for action in self.actions if action.name == name), None)
