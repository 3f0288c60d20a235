"""The service's HTTP side: one route that takes deliveries, three that tell how it is."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from starlette.requests import ClientDisconnect

from seatrial.digests import digest_json
from seatrial_mlflow.webhook import (
    REGISTERED_BY,
    ForgedError,
    MalformedError,
    ModelVersionCreated,
    read_event,
    verified,
)
from seatrial_pipelines.trigger.backlog import Backlog
from seatrial_pipelines.trigger.launcher import Launcher

__all__ = ["LARGEST_BODY", "create_app"]

#: Bytes of the largest delivery that is read; MLflow's have a few hundred.
LARGEST_BODY = 64 * 1024

_BODY_SECONDS = 10

#: How each way for a delivery to end is answered.
_ANSWERS = {
    "accepted": 202,
    "known": 200,
    "ignored": 200,
    "malformed": 400,
    "forged": 401,
    "slow": 408,
    "replayed": 409,
    "too large": 413,
    "full": 503,
}
_CLOSE = {"Connection": "close"}  # what is left of the body is not read
_HEADERS = {"full": {"Retry-After": "30"}, "slow": _CLOSE, "too large": _CLOSE}


class _EndedError(Exception):
    """A delivery that goes no further."""

    def __init__(self, outcome: str, detail: str) -> None:
        super().__init__(detail)
        self.outcome = outcome


def create_app(
    secrets: Sequence[bytes], models: Collection[str], backlog: Backlog, launcher: Launcher
) -> FastAPI:
    """Make the application.

    Args:
        secrets: Secrets of MLflow's webhook; one has to fit.
        models: Registered models whose versions start a pipeline; others are ignored.
        backlog: Where accepted versions wait.
        launcher: What starts their pipelines; it runs as long as the application does.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        launcher.begin()
        yield
        await run_in_threadpool(launcher.end)

    service = _Service(secrets, models, backlog, launcher)
    app = FastAPI(title="trigger", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.add_api_route("/webhook", service.webhook, methods=["POST"], response_model=None)
    for path, answer in (
        ("/healthz", service.healthz),
        ("/readyz", service.readyz),
        ("/metrics", service.metrics),
    ):
        app.add_api_route(path, answer, methods=["GET"], response_model=None)
    return app


class _Service:
    def __init__(
        self, secrets: Sequence[bytes], models: Collection[str], backlog: Backlog, launcher: Launcher
    ) -> None:
        self._secrets, self._models = secrets, models
        self._backlog, self._launcher = backlog, launcher
        self._outcomes: Counter[str] = Counter(dict.fromkeys(_ANSWERS, 0))

    async def webhook(self, request: Request) -> Response:
        try:
            outcome, detail = await self._take(request)
        except _EndedError as ended:
            outcome, detail = ended.outcome, str(ended)
        self._outcomes[outcome] += 1
        return JSONResponse({"status": outcome, "detail": detail}, _ANSWERS[outcome], _HEADERS.get(outcome))

    async def healthz(self) -> Response:
        return PlainTextResponse("alive\n")

    async def readyz(self) -> Response:
        if not self._launcher.is_alive:
            return PlainTextResponse("no pipelines are being started\n", 503)
        if await run_in_threadpool(self._backlog.waiting) >= self._backlog.most_waiting:
            return PlainTextResponse("as many versions wait as may\n", 503)
        return PlainTextResponse("ready\n")

    async def metrics(self) -> Response:
        waiting = await run_in_threadpool(self._backlog.waiting)
        text = _exposition(self._outcomes, self._launcher, waiting)
        return PlainTextResponse(text, media_type="text/plain; version=0.0.4")

    async def _take(self, request: Request) -> tuple[str, str]:
        body = await _read(request)
        try:
            delivery = verified(request.headers, body, self._secrets, time.time())
            event = read_event(body)
        except ForgedError as error:
            raise _EndedError("forged", str(error)) from error
        except MalformedError as error:
            raise _EndedError("malformed", str(error)) from error
        if event is None:
            return "ignored", "only model_version.created starts a pipeline"
        if event.name not in self._models:
            return "ignored", f"no pipeline is configured for {event.name!r}"
        if REGISTERED_BY in event.tags:
            return "ignored", "it was judged before it was registered"
        answer = await run_in_threadpool(
            self._backlog.accept,
            delivery,
            version=_identity(event),
            name=event.name,
            uri=event.uri,
            now=time.time(),
        )
        return answer, event.uri


async def _read(request: Request) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > LARGEST_BODY:
                    raise _EndedError("too large", f"expected at most {LARGEST_BODY} bytes")
    except TimeoutError as error:
        raise _EndedError("slow", f"expected the whole body within {_BODY_SECONDS} s") from error
    except ClientDisconnect as error:
        raise _EndedError("slow", "the body did not arrive") from error
    return bytes(body)


def _identity(event: ModelVersionCreated) -> str:
    # a model that was deleted and made again has another first version
    return digest_json([event.name, event.version, event.source, event.run_id])


def _exposition(outcomes: Counter[str], launcher: Launcher, waiting: int) -> str:
    deliveries = {
        f'{{outcome="{name.replace(" ", "_")}"}}': count for name, count in sorted(outcomes.items())
    }
    families = (
        ("deliveries_total", "counter", "Deliveries by how they ended.", deliveries),
        ("pipelines_started_total", "counter", "Pipelines that were started.", {"": launcher.started}),
        ("given_up_total", "counter", "Versions whose pipeline could not start.", {"": launcher.given_up}),
        ("waiting", "gauge", "Versions that wait for their pipeline.", {"": waiting}),
    )
    lines = []
    for name, kind, text, values in families:
        lines += [f"# HELP seatrial_trigger_{name} {text}", f"# TYPE seatrial_trigger_{name} {kind}"]
        lines += [f"seatrial_trigger_{name}{labels} {value}" for labels, value in values.items()]
    return "\n".join(lines) + "\n"
