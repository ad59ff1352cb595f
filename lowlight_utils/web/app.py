"""The Flask application: what its requests share, and how it tells errors."""

import logging
import traceback
from typing import Any, cast

from flask import Flask, Response, current_app, request
from flask_limiter import Limiter, RateLimitExceeded
from limits.storage import Storage, storage_from_string
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from lowlight_utils.web.asked import InMemoryRequest, Problem, most_bytes
from lowlight_utils.web.counters import Counters
from lowlight_utils.web.fair import Places, Seconds, Trouble
from lowlight_utils.web.guard import client, guard
from lowlight_utils.web.line import Line, start_workers
from lowlight_utils.web.settings import Settings
from lowlight_utils.web.shelf import Shelf
from lowlight_utils.web.uploads import WRAPPING

log = logging.getLogger(__name__)


def create_app(enhance: Any = None, settings: Settings | None = None) -> Flask:
    """Make the WSGI application.

    Parameters
    ----------
    enhance : Worker, Pipeline or list of them, optional
        What turns (bytes, Job) into `Enhanced`. By default workers are started, which returns
        once they are warm: ``gunicorn 'lowlight_utils.web:create_app()'`` is all it takes.
    settings : Settings, optional

    Returns
    -------
    Flask
    """
    from lowlight_utils.web.views import pages

    settings = settings or Settings()
    workers = start_workers(settings) if enhance is None else enhance
    app = Flask(__name__)
    app.request_class = InMemoryRequest
    app.config["MAX_CONTENT_LENGTH"] = settings.max_bytes + WRAPPING
    app.config["MAX_FORM_PARTS"] = 20
    app.extensions["lowlight"] = it = Service(
        workers if isinstance(workers, list) else [workers], settings
    )
    app.register_blueprint(pages)
    limiter = Limiter(client, app=app, storage_uri=settings.limits_storage)
    if settings.rate_limit:
        name = "pages.enhance"
        view: Any = limiter.limit(settings.rate_limit)(app.view_functions[name])
        app.view_functions[name] = view
    guard(app, settings)
    app.register_error_handler(Problem, lambda problem: problem.response())
    app.register_error_handler(HTTPException, _as_problem)
    app.register_error_handler(Exception, _unexpected)
    app.after_request(it.count)
    return app


class Service:
    """What the requests share."""

    def __init__(self, workers: list, settings: Settings) -> None:
        first = workers[0]
        self.settings = settings
        self.trouble = Trouble()
        self.line = Line(workers, self.trouble.note)
        self.told = getattr(first, "told", None)
        examples = getattr(first, "examples", None)
        self.examples = first.warm_up() if examples is None else examples
        self.places = Places(settings.queue, settings.queue_each)
        self.seconds = Seconds(
            cast(Storage, storage_from_string(settings.limits_storage)), settings.client_seconds
        )
        self.shelf = Shelf(settings.keep_seconds, settings.keep_bytes)
        self.counters = Counters(self.line, self.shelf)

    def count(self, response: Response) -> Response:
        """Count an answer."""
        self.counters.answered(response.status_code, request.endpoint)
        return response


def service() -> Service:
    """Give the running application's `Service`."""
    return current_app.extensions["lowlight"]


def _as_problem(error: HTTPException) -> BaseResponse:
    if error.code is None or error.code < 400:  # a redirect
        return error.get_response()
    detail, retry_after = error.description or error.name, None
    if error.code == 413:
        detail = _too_large(error)
    if isinstance(error, RateLimitExceeded):
        detail = f"too many photos; the limit is {error.limit.limit}"
        retry_after = error.limit.limit.get_expiry()
    return Problem(error.code, detail, retry_after).response(headers=error.get_headers())


def _too_large(error: HTTPException) -> str:
    """Say what of a request is too large: all of it, one field, or the number of fields."""
    most = service().settings.max_bytes
    if (request.content_length or 0) > most:
        return most_bytes(most)
    return (
        "a field of the form is too long, or there are too many; send the photo in the field"
        " 'photo', with a file name"
    )


def _unexpected(error: Exception) -> Response:
    # Without the message, which may quote an upload's name or content.
    places = "".join(traceback.format_tb(error.__traceback__))
    log.error("%s at %s %s\n%s", type(error).__name__, request.method, request.endpoint, places)
    return Problem(500, "something went wrong here; it has been noted").response()
