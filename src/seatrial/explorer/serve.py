"""Serve the explorer on this machine alone."""

import socket
import sys
import threading
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seatrial.errors import InputError, MissingExtraError
from seatrial.explorer.notes import Notes
from seatrial.explorer.opened import OpenedEvaluation
from seatrial.neighbours import Embeddings

if TYPE_CHECKING:
    from seatrial.explorer.embedded import EmbedText

__all__ = ["serve"]

_OPEN_CLIP = "open_clip:"


def serve(
    folder: Path,
    *,
    notes: Path | None = None,
    embeddings: Path | None = None,
    text_weights: Path | None = None,
    port: int = 0,
    browser: bool = True,
) -> None:
    """Serve a page on an evaluation until it is told to stop.

    Args:
        folder: The evaluation folder; it is only read.
        notes: Folder for what is kept; by default ``<folder>-notes`` beside it.
        embeddings: Embeddings of the same samples by another model, in place of the evaluation's.
        text_weights: OpenCLIP weights that ``embeddings`` were made with; searches by text.
        port: Port on the loopback interface; 0 for a free one.
        browser: Open it in the default browser.

    Raises:
        InputError: Something given cannot be read, or the port is taken.
        MissingExtraError: FastAPI or uvicorn is not installed.
    """
    try:
        import uvicorn

        from seatrial.explorer.app import Explorer, create_app
        from seatrial.explorer.embedded import Embedded
    except ImportError as error:
        raise MissingExtraError(error.name or "fastapi", "explore") from error
    opened = OpenedEvaluation.read(folder)
    kept = Notes(notes if notes is not None else folder.with_name(f"{folder.name}-notes"))
    given = None if embeddings is None else Embeddings.read(embeddings)
    vectors = opened.table.embeddings if given is None else _vectors(given, embeddings, opened)
    embed_text = _text_model(given, text_weights)
    listening = _listen(port)
    port = listening.getsockname()[1]
    hosts = frozenset({f"127.0.0.1:{port}", f"localhost:{port}"})
    app = create_app(Explorer(opened, kept, Embedded(opened, vectors, embed_text)), hosts)
    address = f"http://127.0.0.1:{port}"
    sys.stdout.write(
        f"{len(opened)} samples at {address} (Ctrl-C stops it); what you keep goes to {kept.folder}\n"
    )
    sys.stdout.flush()
    if browser:
        webbrowser.open(address)
    threading.Thread(target=opened.warm, daemon=True).start()
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", server_header=False))
    server.run(sockets=[listening])


def _listen(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
        listening.listen()
    except OSError as error:
        listening.close()
        raise InputError(
            f"cannot listen on port {port} of 127.0.0.1: {error.strerror}; choose another with --port"
        ) from error
    return listening


def _vectors(found: Embeddings, folder: Path | None, opened: OpenedEvaluation) -> NDArray[np.float32]:
    place = {one: row for row, one in enumerate(found.ids)}
    missing = [one for one in opened.ids if one not in place]
    if missing or found.boxes is not None:
        what = (
            f"{len(missing)} samples are not in it, {missing[0]!r} for one"
            if missing
            else "they are of objects"
        )
        raise InputError(f"{folder}: expected embeddings of the images of {opened.folder}: {what}")
    return found.vectors[[place[one] for one in opened.ids]]


def _text_model(found: Embeddings | None, weights: Path | None) -> "EmbedText | None":
    """Load the model that embedded the images, where it reads texts and its weights are at hand."""
    name = "" if found is None else str(found.header.get("model", ""))
    if not name.startswith(_OPEN_CLIP):
        if weights is not None:
            raise InputError(
                f"weights {weights}: expected --embeddings made with a model of OpenCLIP, got "
                f"{name or 'no embeddings'}"
            )
        return None
    source = name.removeprefix(_OPEN_CLIP)
    if weights is None and not Path(source).is_dir():
        return None
    from seatrial.inference.open_clip_model import load_open_clip

    model = load_open_clip(source, weights, "cpu")
    assert found is not None
    if model.digest != found.header.get("model_digest", model.digest):
        raise InputError(
            f"weights {weights or source}: the embeddings were made with other weights of {source}"
        )
    return lambda text: model.embed_texts([text])
