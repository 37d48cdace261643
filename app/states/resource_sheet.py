"""The sheet that a tab has open: what is asked before something is done to an object."""

from collections.abc import AsyncIterator
from typing import Any

import reflex as rx

from app.domain.access import Actor
from app.domain.errors import NotSignedIn, Outdated, PlatformError
from app.resources.register import resource_named
from app.states.calls import call
from app.states.guard import guarded
from app.states.object_here import list_here
from app.states.resource_fields import Difference, differences, merged, with_values
from app.states.resource_history import who_changed
from app.states.resource_sheets import (
    NO_SHEET,
    Asked,
    Done,
    Sheet,
    do,
    open_action,
    open_add,
    open_change,
    typed_in,
)


class ResourceSheetState(rx.State):
    """One sheet at a time, in a dialog or on a page of its own.

    Pages that have one call `close` when they load.
    """

    sheet: Sheet = NO_SHEET
    is_open: bool = False
    is_busy: bool = False
    problem: str = ""
    problem_field: str = ""
    # What somebody else has changed since the sheet was opened, and who.
    differences: list[Difference] = []
    changed_by: str = ""
    # What is shown once, and a sentence about it.
    secret: str = ""
    said: str = ""
    # Counts the times that the fields are filled in anew.
    turn: int = 0
    _asked: Asked = Asked()
    _now: Asked = Asked()
    _typed: dict[str, str] = {}
    _then: str = ""

    @guarded("")
    async def close(self, actor: Actor) -> None:
        """Put the sheet away, and what it showed."""
        self.is_open, self.secret, self.said, self._then = False, "", "", ""
        self._show(Asked(), NO_SHEET)

    @guarded("")
    async def finish(self, actor: Actor) -> Any:
        """Put the sheet away, and go to what was added with it."""
        then = self._then
        self.is_open, self.secret, self.said, self._then = False, "", "", ""
        self._show(Asked(), NO_SHEET)
        return rx.redirect(then) if then else None

    @guarded("")
    async def ask(self, actor: Actor, resource: str, action: str, ref: str) -> Any:
        """Ask what an action needs to know; do it at once where it needs nothing."""
        asked, sheet = await _opened(open_action, actor, resource, name=str(action), ref=str(ref))
        if not sheet["fieldsets"] and not sheet["text"]:
            return self._done(await _do(actor, asked, {}))
        self._show(asked, sheet)
        self.is_open = True
        return None

    @guarded("")
    async def change(self, actor: Actor, resource: str, ref: str) -> None:
        """Ask in a dialog what is to be changed of an object."""
        self._show(*await _opened(open_change, actor, resource, ref=str(ref)))
        self.is_open = True

    @guarded("")
    async def add(self, actor: Actor, resource: str, parent: str) -> None:
        """Ask in a dialog for something that joins another object."""
        self._show(*await _opened(open_add, actor, resource, parent=str(parent)))
        self.is_open = True

    @guarded("")
    async def load(self, actor: Actor) -> None:
        """Ask for something new on a page of its own."""
        resource = list_here(self.router.url.path)
        self._show(*await _opened(open_add, actor, resource.name, parent=""))
        self.is_open = False

    @guarded("")
    async def submit(self, actor: Actor, form: dict[str, Any]) -> AsyncIterator[Any]:
        """Do what the sheet asks for; what was typed stays where it cannot be done."""
        form = form if isinstance(form, dict) else {}
        self.is_busy = True
        yield
        try:
            yield self._done(await _do(actor, self._asked, form))
        except NotSignedIn:
            raise
        except Outdated as error:
            async for event in self._settle(actor, form, error):
                yield event
        except PlatformError as error:
            self.problem, self.problem_field = error.message, self._field_of(error)
        finally:
            self.is_busy = False

    @guarded("")
    async def take_theirs(self, actor: Actor) -> None:
        """Forget what was typed, and show what is there now."""
        asked = self._asked
        self._show(*await _opened(open_change, actor, asked.resource, ref=asked.ref))

    @guarded("")
    async def keep_mine(self, actor: Actor) -> None:
        """Go on with what was typed, over what is there now."""
        before, now = self._asked.first, self._now.first
        values = merged(before=before, now=now, typed=self._typed)
        fieldsets = with_values(self.sheet["fieldsets"], values)
        self._show(self._now, {**self.sheet, "fieldsets": fieldsets})

    async def _settle(
        self, actor: Actor, form: dict[str, Any], error: Outdated
    ) -> AsyncIterator[Any]:
        """Say what somebody else has changed; where that is nothing of the form, save after all."""
        asked = self._asked
        self._now, sheet = await _opened(open_change, actor, asked.resource, ref=asked.ref)
        self._typed = typed_in(asked, form)
        self.differences = differences(
            sheet["fieldsets"], before=asked.first, now=self._now.first, typed=self._typed
        )
        if self.differences:
            self.problem, self.problem_field = error.message, ""
            self.changed_by = await who_changed(actor, resource_named(asked.resource), asked.ref)
        else:
            yield self._done(await _do(actor, self._now, form))

    def _field_of(self, error: PlatformError) -> str:
        """The field of the sheet that an error is about; empty where it is about none of them."""
        names = {one["name"] for group in self.sheet["fieldsets"] for one in group["fields"]}
        name = str(getattr(error, "field", ""))
        return name if name in names else ""

    def _show(self, asked: Asked, sheet: Sheet) -> None:
        """Show a sheet with the values that it begins with."""
        self._asked, self.sheet = asked, sheet
        self.problem = self.problem_field = self.changed_by = ""
        self.differences = []
        self.turn += 1

    def _done(self, done: Done) -> Any:
        """Say what was done, and go on: a secret stays until it was noted."""
        is_page = self._asked.kind == "add" and not self.is_open and not self._asked.parent
        then = done.href if is_page else ""
        self._show(Asked(), NO_SHEET)
        self.is_open = bool(done.secret)
        self.secret, self.said, self._then = done.secret, done.said, then
        if done.secret:
            return None
        told = rx.toast.success(done.said)
        return [told, rx.redirect(then)] if then else told


async def _opened(make: Any, actor: Actor, where: str, /, **named: Any) -> tuple[Asked, Sheet]:
    resource = resource_named(str(where))
    opened: tuple[Asked, Sheet] = await call(
        resource.database, make, actor=actor, resource=resource, **named
    )
    return opened


async def _do(actor: Actor, asked: Asked, form: dict[str, Any]) -> Done:
    return await call(
        resource_named(asked.resource).database, do, actor=actor, asked=asked, form=form
    )
