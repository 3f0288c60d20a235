"""The explorer's web application: reads one evaluation, writes only into its notes."""

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Body, FastAPI, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from seatrial.errors import InputError, SeatrialError
from seatrial.explorer.embedded import Embedded
from seatrial.explorer.facets import Facets
from seatrial.explorer.notes import Notes
from seatrial.explorer.opened import OpenedEvaluation
from seatrial.explorer.pictures import picture
from seatrial.explorer.saving import Kind, save
from seatrial.explorer.selection import Choice
from seatrial.images import UnreadableImageError
from seatrial.metrics import METRICS, task_metrics
from seatrial.reporting import asset, bundle
from seatrial.reporting.display import plain
from seatrial.statistics.proportion import t_score, wilson

__all__ = ["Explorer", "create_app"]

_PAGE = 60
_PAIRS = 200
_CONFIDENCE = 0.95

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
#: A page of another origin cannot send this header without asking, and is not answered when it asks.
_OWN = "x-seatrial"


_Query = Annotated[Choice, Body(embed=True)]


class _Tagging(BaseModel):
    model_config = ConfigDict(extra="forbid")

    query: Choice
    tag: str
    on: bool = True
    only: tuple[int, ...] | None = None


class _Saving(BaseModel):
    model_config = ConfigDict(extra="forbid")

    query: Choice
    kind: Kind
    name: str
    because: str = ""
    metric: str | None = None
    least: float | None = None


def create_app(explorer: "Explorer", hosts: frozenset[str]) -> FastAPI:
    """Make the application.

    Args:
        explorer: What answers.
        hosts: Values of the header ``Host`` that are answered: a name that somebody points at this machine
            is not among them.
    """
    app = FastAPI(title="Seatrial explorer", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(explorer.router())

    @app.middleware("http")
    async def guard(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        foreign = request.headers.get("sec-fetch-site") in {"cross-site", "same-site"}
        if request.headers.get("host", "") not in hosts or foreign:
            return PlainTextResponse("this page answers its own address only", 403)
        if request.method == "POST" and _OWN not in request.headers:
            return PlainTextResponse(f"expected the header {_OWN}", 403)
        response = await answer(request)
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    @app.exception_handler(SeatrialError)
    async def refused(_: Request, error: SeatrialError) -> JSONResponse:
        return JSONResponse({"error": str(error)}, 400)

    return app


class Explorer:
    """Answers the page's questions about one evaluation.

    Args:
        opened: The evaluation.
        notes: Where tags, slices, scenarios and batches are kept.
        embedded: Its embeddings, for the map and the search.
    """

    def __init__(self, opened: OpenedEvaluation, notes: Notes, embedded: Embedded) -> None:
        self._opened, self._notes, self._embedded = opened, notes, embedded
        self._facets = Facets(opened)

    def router(self) -> APIRouter:
        """Say which question is asked where."""
        router = APIRouter()
        asked: dict[str, Callable[..., Any]] = {
            "/": self.page,
            "/explorer.js": self.script,
            "/explorer.css": self.style,
            "/api/overview": self.overview,
            "/api/similar/{row}": self.similar,
            "/api/sample/{row}": self.sample,
            "/api/image/{row}": self.image,
        }
        told: dict[str, Callable[..., Any]] = {
            "/api/samples": self.samples,
            "/api/facet": self.facet,
            "/api/confusion": self.confusion,
            "/api/map": self.points,
            "/api/search": self.search,
            "/api/tag": self.tag,
            "/api/save": self.keep,
        }
        for method, answers in (("GET", asked), ("POST", told)):
            for path, answer in answers.items():
                router.add_api_route(path, answer, methods=[method], response_model=None)
        return router

    def page(self) -> HTMLResponse:
        """Give the page itself."""
        return HTMLResponse(_own("explorer.html"))

    def script(self) -> Response:
        """Give its script."""
        return Response(bundle(asset("point_map.js"), _own("explorer.js")), media_type="text/javascript")

    def style(self) -> Response:
        """Give its style."""
        return Response(asset("page.css") + _own("explorer.css"), media_type="text/css")

    def overview(self) -> dict[str, Any]:
        """Say what was evaluated, and what can be done with it."""
        header = self._opened.table.header
        return {
            "task": header.task,
            "model": plain(header.model),
            "dataset": plain(header.dataset),
            "n": len(self._opened),
            "attributes": [(name, plain(name)) for name in self._facets.names],  # and as shown
            "map": self._embedded.reason_against_map,
            "text": self._embedded.reason_against_text,
            "tags": self._tags(),
            "failures": len(header.failures),
            "metrics": [one for one in task_metrics(header.task) if METRICS[one].higher_is_better],
        }

    def samples(self, query: _Query, offset: Annotated[int, Body(ge=0)] = 0) -> dict[str, Any]:
        """Count a choice, and give a page of it."""
        mask = self._chosen(query)
        rows = query.ordered(self._opened, mask)[offset : offset + _PAGE]
        return {**_summary(self._opened, mask), "rows": [self._card(row) for row in rows.tolist()]}

    def facet(self, query: _Query, name: Annotated[str, Body()]) -> list[dict[str, Any]]:
        """Divide a choice by an attribute."""
        parts = self._facets.counted(name, self._chosen(query))
        return [{**one, "label": plain(one["label"])} for one in parts]

    def confusion(self, query: _Query) -> list[dict[str, Any]]:
        """Count what is taken for what in a choice."""
        return _confusion(self._opened, self._chosen(query))

    def points(self, query: _Query, colour: Annotated[str, Body()] = "") -> Response:
        """Give the map as bytes: all x, all y, which are chosen, their colours, and JSON that names those."""
        codes, labels = self._facets.coloured(colour)
        key = json.dumps([plain(one) for one in labels], ensure_ascii=False).encode()
        chosen = self._chosen(query).astype(np.uint8).tobytes()
        body = self._embedded.points() + chosen + codes.tobytes() + key
        return Response(body, media_type="application/octet-stream")

    def similar(self, row: int) -> list[dict[str, Any]]:
        """Find what is most like a sample."""
        return self._found(self._embedded.similar(self._row(row)))

    def search(self, text: Annotated[str, Body(embed=True, max_length=400)]) -> list[dict[str, Any]]:
        """Find what a text describes best."""
        return self._found(self._embedded.described(text))

    def sample(self, row: int) -> dict[str, Any]:
        """Tell everything of a sample."""
        opened = self._opened
        samples, row = opened.table.samples, self._row(row)
        values = [(name, samples.column(name)[row].as_py()) for name in opened.table.attributes]
        return {
            **self._card(row),
            "uri": plain(str(samples.column("uri")[row].as_py() or "")),
            "scores": [(plain(label), share) for label, share in opened.outcomes.scores(row)],
            "attributes": [(plain(name), plain(_text(value))) for name, value in values if value is not None],
        }

    def image(self, row: int, side: Annotated[int, Query(ge=16, le=2048)] = 256) -> Response:
        """Give a sample's picture."""
        try:
            jpeg = picture(self._opened, self._row(row), side)
        except UnreadableImageError as error:
            return PlainTextResponse(str(error), 404)
        return Response(jpeg, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})

    def tag(self, asked: _Tagging) -> dict[str, int]:
        """Put a tag on samples or take it off, and give all tags."""
        rows = (
            np.flatnonzero(self._chosen(asked.query)).tolist()
            if asked.only is None
            else [self._row(one) for one in asked.only]
        )
        self._notes.tag(asked.tag, [self._opened.ids[row] for row in rows], on=asked.on)
        return self._tags()

    def keep(self, asked: _Saving) -> dict[str, str]:
        """Keep a choice, and tell where and what was written."""
        chosen = self._chosen(asked.query)
        expect = {"metric": asked.metric, "min": asked.least}
        solved = {key: one for key, one in expect.items() if one is not None}
        path = save(
            asked.kind, asked.name, asked.because, solved, asked.query, chosen, self._opened, self._notes
        )
        return {"path": str(path), "text": _written(path)}

    def _chosen(self, query: Choice) -> NDArray[np.bool_]:
        return query.mask(self._opened, self._notes.tags)

    def _tags(self) -> dict[str, int]:
        return {tag: len(ids) for tag, ids in self._notes.tags.items()}

    def _row(self, row: int) -> int:
        if not 0 <= row < len(self._opened):
            raise InputError(f"expected a row from 0 to {len(self._opened) - 1}, got {row}")
        return row

    def _found(self, rows: Sequence[tuple[int, float]]) -> list[dict[str, Any]]:
        return [{**self._card(row), "distance": distance} for row, distance in rows]

    def _card(self, row: int) -> dict[str, Any]:
        outcomes, one = self._opened.outcomes, self._opened.ids[row]
        truth, said = outcomes.truth[row], outcomes.said[row]
        return {
            "row": row,
            "id": plain(one),
            "truth": None if truth is None else plain(truth),
            "said": None if said is None else plain(said),
            "error": _number(outcomes.error[row]),
            "confidence": _number(outcomes.confidence[row]),
            "pictured": self._opened.table.samples.column("uri")[row].as_py() is not None,
            "tags": [tag for tag, ids in self._notes.tags.items() if one in ids],
        }


def _own(name: str) -> str:
    return files("seatrial.explorer").joinpath(name).read_text(encoding="utf-8")


def _summary(opened: OpenedEvaluation, mask: NDArray[np.bool_]) -> dict[str, Any]:
    """Count a choice, and give its mean error with an interval."""
    error = opened.outcomes.error[mask & opened.outcomes.known]
    n = len(error)
    found: dict[str, Any] = {"n": int(mask.sum()), "known": n, "wrong": int((error > 0).sum())}
    if not n:
        return found
    mean = float(error.mean())
    if opened.table.header.task == "classification":
        low, high = wilson(found["wrong"], n, _CONFIDENCE)
    elif n > 1:
        half = t_score(_CONFIDENCE, n) * float(error.std(ddof=1)) / n**0.5
        low, high = max(0.0, mean - half), min(1.0, mean + half)
    else:
        low, high = 0.0, 1.0
    return found | {"error": mean, "low": low, "high": high}


def _text(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _confusion(opened: OpenedEvaluation, mask: NDArray[np.bool_]) -> list[dict[str, Any]]:
    """Count what is taken for what, the most frequent first; of a classifier alone."""
    if opened.table.header.task != "classification":
        return []
    truth, said = opened.attribute("label"), opened.attribute("prediction")
    kept = mask & (truth.codes >= 0) & (said.codes >= 0)
    pairs = truth.codes[kept] * len(said.values) + said.codes[kept]
    values, counts = np.unique(pairs, return_counts=True)
    totals = Counter(dict(enumerate(np.bincount(truth.codes[kept], minlength=len(truth.values)).tolist())))
    order = np.lexsort((values, -counts))[:_PAIRS]
    found = []
    for place in order.tolist():
        from_, to = divmod(int(values[place]), len(said.values))
        label, prediction = str(truth.values[from_]), str(said.values[to])
        where = f"label == {_quoted(label)} and prediction == {_quoted(prediction)}"
        found.append(
            {
                "truth": plain(label),
                "said": plain(prediction),
                "right": label == prediction,
                "n": int(counts[place]),
                "of": totals[from_],
                "where": where,
            }
        )
    return found


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _written(path: Path) -> str:
    """Give what was written as text to copy; of a folder, what lies in it."""
    if path.is_dir():
        return json.dumps(sorted(one.name for one in path.iterdir()), indent=1)
    return path.read_text(encoding="utf-8")
