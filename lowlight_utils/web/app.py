"""The Flask application: the page, the HTTP interface, and what guards both."""

import ipaddress
import logging
import math
import time
import traceback
from threading import BoundedSemaphore

from flask import Blueprint, Flask, Response, current_app, render_template, request
from flask_limiter import Limiter, RateLimitExceeded
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from lowlight_utils import __version__
from lowlight_utils.web import names
from lowlight_utils.web.asked import InMemoryRequest, Problem, read_job, read_photo
from lowlight_utils.web.counters import Counters
from lowlight_utils.web.job import Refused, WorkerError
from lowlight_utils.web.settings import MIB, Settings
from lowlight_utils.web.shelf import Shelf

log = logging.getLogger(__name__)
pages = Blueprint("pages", __name__)

HEADERS = {
    # Nothing but our own files, and pictures that the script makes; nothing inline.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " img-src 'self' blob:; connect-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
RETRY_SECONDS = 3
BUSY = "the server is busy with other photos; try again in some seconds"


def create_app(enhance=None, settings: Settings | None = None) -> Flask:
    """Make the WSGI application.

    Parameters
    ----------
    enhance : Worker or Pipeline, optional
        What turns (bytes, Job) into `Enhanced`. By default a `Worker` is started, which returns
        once it is warm: ``gunicorn 'lowlight_utils.web:create_app()'`` is all it takes.
    settings : Settings, optional

    Returns
    -------
    Flask
    """
    settings = settings or Settings()
    if enhance is None:
        from lowlight_utils.web.worker import Worker

        enhance = Worker(settings)
    app = Flask(__name__)
    app.request_class = InMemoryRequest
    app.config["MAX_CONTENT_LENGTH"] = settings.max_bytes + 65_536  # with multipart's wrapping
    app.config["MAX_FORM_PARTS"] = 20
    examples = getattr(enhance, "examples", None)
    if examples is None:
        examples = enhance.warm_up()
    app.extensions["lowlight"] = Service(enhance, settings, examples)
    app.register_blueprint(pages)
    if settings.trusted_proxies:
        many = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=many, x_proto=many, x_host=0)
    limiter = Limiter(client, app=app, storage_uri="memory://")
    if settings.rate_limit:
        name = "pages.enhance"
        app.view_functions[name] = limiter.limit(settings.rate_limit)(app.view_functions[name])
    app.register_error_handler(Problem, lambda problem: problem.response())
    app.register_error_handler(HTTPException, _as_problem)
    app.register_error_handler(Exception, _unexpected)
    app.after_request(_add_headers)
    return app


class Service:
    """What the requests share."""

    def __init__(self, enhance, settings: Settings, examples: dict[str, bytes]) -> None:
        self.enhance = enhance
        self.settings = settings
        self.examples = examples
        self.places = BoundedSemaphore(settings.queue)
        self.shelf = Shelf(settings.keep_seconds, settings.keep_bytes)
        self.counters = Counters(enhance, self.shelf)

    @property
    def lambda_range(self):
        """What λ the generator takes; None if it takes none."""
        return getattr(self.enhance, "lambda_range", None)


def service() -> Service:
    """Give the running application's `Service`."""
    return current_app.extensions["lowlight"]


def client() -> str:
    """Tell clients apart: by address, and of IPv6 by network, since one client has 2**64."""
    address = request.remote_addr or "unknown"
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 6:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return address


@pages.get("/")
def index():
    """Show the page."""
    it = service()
    return render_template(
        "index.html",
        baselines=names.BASELINES,
        formats=names.FORMATS,
        examples=names.EXAMPLES,
        lambda_range=it.lambda_range,
        default_lambda=names.LAMBDA,
        lambda_slider=_lambda_slider(it.lambda_range),
        megabytes=it.settings.max_bytes // MIB,
        megapixels=it.settings.max_pixels // 1_000_000,
        max_bytes=it.settings.max_bytes,
        keep_minutes=max(1, round(it.settings.keep_seconds / 60)),
        rate_limit=it.settings.rate_limit,
        version=__version__,
    )


@pages.get("/examples/<name>")
def example(name):
    """Serve a bundled photo, such as ``dog-dark`` or ``dog-bright``."""
    content = service().examples.get(name)
    if content is None:
        raise Problem(404, "there is no such example")
    kind = "image/png" if name.endswith("-dark") else "image/jpeg"
    return Response(content, mimetype=kind, headers={"Cache-Control": "max-age=3600"})


@pages.post("/api/enhance")
def enhance():
    """Enhance one photo; the page documents the interface."""
    it = service()
    started = time.perf_counter()
    refused = getattr(request.environ["wsgi.input"], "refused", "")
    if refused == "too large":
        raise Problem(413, f"photos may have up to {it.settings.max_bytes // MIB} MiB")
    # Before the body is looked at: who is told to come back costs no memory.
    if refused or not it.places.acquire(blocking=False):
        raise Problem(503, BUSY, retry_after=RETRY_SECONDS)
    try:
        photo = read_photo(request, it.shelf, it.settings.max_bytes)
        job = read_job(request, photo.name, it.lambda_range)
        enhanced = _run(it, photo.content, job)
        token = photo.token or (it.shelf.put(photo.content) if photo.keep else None)
    finally:
        it.places.release()
    seconds = time.perf_counter() - started
    it.counters.done(enhanced, job.method, seconds)
    waited = seconds - sum(enhanced.seconds.values())
    timing = {**enhanced.seconds, "wait": max(0.0, waited), "total": seconds}
    response = Response(enhanced.content, mimetype=names.FORMATS[enhanced.format])
    response.headers["Content-Disposition"] = names.attachment(photo.name, enhanced.format)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Server-Timing"] = ", ".join(
        f"{name};dur={1000 * value:.1f}" for name, value in timing.items()
    )
    if token:
        response.headers["Photo-Token"] = token
    return response


@pages.delete("/api/photos/<token>")
def forget(token):
    """Forget a photo that was kept."""
    service().shelf.drop(token)
    return Response(status=204)


@pages.get("/healthz")
def health():
    """Say whether photos can be enhanced; for load balancers and Docker."""
    it = service()
    it.shelf.tidy()
    if not getattr(it.enhance, "ready", True):
        raise Problem(503, "the worker is being started again", retry_after=RETRY_SECONDS)
    return {"status": "ok", "version": __version__}


@pages.get("/metrics")
def metrics():
    """Give Prometheus its counters; no photo, name or address is among them."""
    it = service()
    it.shelf.tidy()
    return Response(*it.counters.text())


def _lambda_slider(lambda_range) -> dict | None:
    """Give the slider's ends, step and start: it moves λ's logarithm, 5 % of λ a step."""
    if lambda_range is None:
        return None
    least, most = lambda_range
    start = min(max(names.LAMBDA, least), most)
    ends = {"least": math.log10(least), "most": math.log10(most), "value": math.log10(start)}
    return {name: round(value, 2) for name, value in ends.items()} | {"step": 0.02}


def _run(it: Service, content: bytes, job):
    with it.counters.in_work.track_inprogress():
        try:
            return it.enhance(content, job)
        except WorkerError as error:
            raise Problem(503, f"{error}; try again", retry_after=RETRY_SECONDS) from error
        except Refused as error:
            raise Problem(error.status, str(error)) from error


def _as_problem(error: HTTPException) -> Response:
    if error.code is None or error.code < 400:  # a redirect
        return error.get_response()
    detail, retry_after = error.description or error.name, None
    if error.code == 413:
        detail = f"photos may have up to {service().settings.max_bytes // MIB} MiB"
    if isinstance(error, RateLimitExceeded):
        detail = f"too many photos; the limit is {error.limit.limit}"
        retry_after = error.limit.limit.get_expiry()
    return Problem(error.code, detail, retry_after).response(headers=error.get_headers())


def _unexpected(error: Exception) -> Response:
    # Without the message, which may quote an upload's name or content.
    places = "".join(traceback.format_tb(error.__traceback__))
    log.error("%s at %s %s\n%s", type(error).__name__, request.method, request.endpoint, places)
    return Problem(500, "something went wrong here; it has been noted").response()


def _add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint == "static":
        response.headers["Cache-Control"] = "no-cache"  # asked about every time, sent once
    it = service()
    it.counters.answered(response.status_code, request.endpoint)
    return response
