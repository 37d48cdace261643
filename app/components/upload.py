"""The upload of genotypes: many files, resumable, without a byte through the event socket."""

from typing import Any

import reflex as rx

_script = rx.asset("upload.jsx", shared=True)
rx.asset("upload_queue.js", shared=True)  # which the other imports


class GenotypeUpload(rx.NoSSRComponent):
    """The component of `upload.jsx`.

    `unfinished` are the uploads that the server waits for (`ref`, `name`, `size` in words);
    `on_give_up` gets the `ref` of one; `on_finished` comes when a file's last byte has arrived.
    """

    library = _script.importable_path
    tag = "GenotypeUpload"
    lib_dependencies: list[str] = ["tus-js-client@4.3.1"]

    dataset: rx.Var[str]
    endpoint: rx.Var[str]
    accept: rx.Var[str]
    hint: rx.Var[str]
    unfinished: rx.Var[list[Any]]

    on_finished: rx.EventHandler[rx.event.no_args_event_spec]
    on_give_up: rx.EventHandler[rx.event.passthrough_event_spec(str)]


def genotype_upload(
    dataset: rx.Var[str],
    *,
    accept: str,
    hint: Any,
    unfinished: Any,
    on_finished: Any,
    on_give_up: Any,
) -> rx.Component:
    """A place to choose or drop files, and the progress of each."""
    return GenotypeUpload.create(
        dataset=dataset,
        endpoint="/api/uploads/",
        accept=accept,
        hint=hint,
        unfinished=unfinished,
        on_finished=on_finished,
        on_give_up=on_give_up,
    )
