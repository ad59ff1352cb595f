"""What the page's addresses do: the page itself, one photo, health and figures."""

import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

from flask import Blueprint, Response, render_template, request

from lowlight_utils import __version__
from lowlight_utils.web import names
from lowlight_utils.web.app import Service, service
from lowlight_utils.web.asked import Problem, most_bytes, read_job, read_photo
from lowlight_utils.web.guard import client
from lowlight_utils.web.job import Enhanced, Job, Refused, WorkerError, methods, options
from lowlight_utils.web.look import look
from lowlight_utils.web.settings import MIB
from lowlight_utils.web.words import LANGUAGES, words

Result = TypeVar("Result")

pages = Blueprint("pages", __name__)
LOOK_UP = 0.1  # seconds between two looks whether anybody still waits for a photo


@pages.get("/")
def index() -> Response:
    """Show the page, in the language that the address or the browser asks for."""
    it = service()
    spoken = [tag.partition("-")[0].lower() for tag in request.accept_languages.values()]
    asked = [request.args.get("lang", ""), *spoken]
    language = next((each for each in asked if each in LANGUAGES), "en")
    t = words(language)
    megabytes = it.settings.max_bytes // MIB
    megapixels = it.settings.max_pixels // 1_000_000
    page = render_template(
        "index.html",
        t=t,
        languages=LANGUAGES,
        methods=methods(it.told),
        accept=names.ACCEPT,
        formats=names.FORMATS,
        quality=names.QUALITY,
        examples=names.EXAMPLES,
        options=options(it.told),
        told=it.told,
        lambda_slider=it.told and names.lambda_slider((it.told.least, it.told.most)),
        most=t("most", megabytes=megabytes, megapixels=megapixels),
        megabytes=megabytes,
        megapixels=megapixels,
        settings=it.settings,
        keep_minutes=max(1, round(it.settings.keep_seconds / 60)),
        version=__version__,
    )
    return Response(page, headers={"Content-Language": language, "Vary": "Accept-Language"})


@pages.get("/examples/<name>")
def example(name: str) -> Response:
    """Serve a bundled photo, such as ``dog-dark`` or ``dog-bright``."""
    content = service().examples.get(name)
    if content is None:
        raise Problem(404, "there is no such example")
    kind = "image/png" if name.endswith("-dark") else "image/jpeg"
    return Response(content, mimetype=kind, headers={"Cache-Control": "max-age=3600"})


@pages.post("/api/enhance")
def enhance() -> Response:
    """Enhance one photo; the page documents the interface."""
    it, started, who = service(), time.perf_counter(), client()
    _admit(it, who)
    held = True
    try:
        photo = read_photo(request, it.shelf, it.settings.max_bytes)
        job = read_job(request, photo.name, it.told)
        if not photo.token:  # or it was looked at when it came
            _refusing(look, photo.content, photo.name, it.settings.max_pixels)
        if said := it.trouble.known(photo.content):
            raise Problem(422, said)
        future = it.line.submit(photo.content, job, lambda spent: it.seconds.charge(who, spent))
        held = False  # from here on the place is the job's, also where nobody waits for it any more
        future.add_done_callback(lambda _: it.places.give_back(who))
    finally:
        if held:
            it.places.give_back(who)
    enhanced = _await(it, future)
    if enhanced is None:
        return Response(status=499)  # nobody reads it; the figures have a line of their own for it
    token = photo.token or (it.shelf.put(photo.content) if photo.keep else None)
    return _answer(it, photo.name, job, enhanced, time.perf_counter() - started, token)


@pages.delete("/api/photos/<token>")
def forget(token: str) -> Response:
    """Forget a photo that was kept."""
    service().shelf.drop(token)
    return Response(status=204)


@pages.get("/healthz")
def health() -> dict[str, str]:
    """Say that the server answers; who watches over it starts it again if it does not."""
    return {"status": "ok", "version": __version__}


@pages.get("/readyz")
def ready() -> dict[str, str]:
    """Say whether photos can be enhanced now; for load balancers."""
    if not service().line.ready:
        raise Problem(503, "the workers are being started again", retry_after=3)
    return {"status": "ok", "version": __version__}


@pages.get("/metrics")
def metrics() -> Response:
    """Give Prometheus its counters; no photo, name or address is among them."""
    return Response(*service().counters.text())


def _admit(it: Service, who: str) -> None:
    """Take a place in line before the body is looked at, or say when to come back."""
    refused = request.environ.get("asgi.scope", {}).get("lowlight.refused", "")
    if refused == "large":
        raise Problem(413, most_bytes(it.settings.max_bytes))
    if refused == "slow":
        raise Problem(408, "the photo did not arrive in time; try a smaller one")
    if not it.seconds.left(who):
        raise Problem(429, "your photos took much of the server's time", it.seconds.wait(who))
    taken = "everybody" if refused else it.places.take(who)
    if taken == "client":
        raise Problem(429, "your other photos are still in work", it.line.wait_seconds())
    if taken:
        raise Problem(503, "the server is busy with other photos", it.line.wait_seconds())


def _await(it: Service, future: Future) -> Enhanced | None:
    """Wait for a result for as long as its client does; None if the client has gone."""
    gone = request.environ.get("asgi.scope", {}).get("lowlight.gone")
    with it.counters.in_work.track_inprogress():
        while not wait([future], LOOK_UP).done:
            if gone and gone.is_set():
                future.cancel()  # unless a worker has begun
                return None
    try:
        return _refusing(future.result)
    except WorkerError as error:
        raise Problem(503, str(error), retry_after=it.line.wait_seconds()) from error


def _refusing(work: Callable[..., Result], *arguments: object) -> Result:
    try:
        return work(*arguments)
    except Refused as error:
        raise Problem(error.status, str(error)) from error


def _answer(
    it: Service, name: str, job: Job, enhanced: Enhanced, seconds: float, token: str | None
) -> Response:
    it.counters.done(enhanced, job.method, seconds)
    waited = seconds - sum(enhanced.seconds.values())
    timing = {**enhanced.seconds, "wait": max(0.0, waited), "total": seconds}
    response = Response(enhanced.content, mimetype=names.FORMATS[enhanced.format])
    response.headers["Content-Disposition"] = names.attachment(name, enhanced.format)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Photo-Size"] = f"{enhanced.width}x{enhanced.height}"
    response.headers["Server-Timing"] = ", ".join(
        f"{step};dur={1000 * value:.1f}" for step, value in timing.items()
    )
    if token:
        response.headers["Photo-Token"] = token
    return response
