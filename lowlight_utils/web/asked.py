"""What a request asks for: the photo, the job, and the answer where it cannot be had."""

import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast

from flask import Request, Response
from werkzeug.formparser import FormDataParser

from lowlight_utils.web import names
from lowlight_utils.web.job import Job, Told, options
from lowlight_utils.web.settings import MIB
from lowlight_utils.web.shelf import Shelf

RAW_TYPES = ("", "application/octet-stream")


class Problem(Exception):
    """An answer other than the one that was hoped for, as RFC 9457 writes it."""

    def __init__(self, status: int, detail: str, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.retry_after = status, detail, retry_after

    def response(self, headers: Iterable[tuple[str, str]] = ()) -> Response:
        """Give it as application/problem+json, beside other headers."""
        body = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        kept = {k: v for k, v in dict(headers).items() if k.lower() in ("allow", "retry-after")}
        response = Response(json.dumps(body) + "\n", self.status, kept)
        response.mimetype = "application/problem+json"
        response.headers["Cache-Control"] = "no-store"
        if self.retry_after:
            response.headers["Retry-After"] = str(self.retry_after)
        return response


def most_bytes(max_bytes: int) -> str:
    """Say how large a photo may be."""
    return f"photos may have up to {max_bytes // MIB} MiB"


class InMemoryRequest(Request):
    """A request whose files are never spooled to disk; MAX_CONTENT_LENGTH bounds them."""

    def _get_file_stream(self, *_: Any, **__: Any) -> io.BytesIO:
        return io.BytesIO()

    def make_form_data_parser(self) -> FormDataParser:
        """Let it say what it cannot read; by itself it would find an empty form instead."""
        parser = super().make_form_data_parser()
        parser.silent = False
        return parser


@dataclass(frozen=True)
class Photo:
    """An upload: its bytes and name, whether to keep it, and its token if it was kept before."""

    content: bytes
    name: str
    keep: bool = False
    token: str | None = None


def read_photo(request: Request, shelf: Shelf, max_bytes: int) -> Photo:
    """Find the photo in a request: a multipart field, the whole body, or a kept one's token.

    Raises
    ------
    Problem
        400, 410, 413 or 415.
    """
    try:
        keep = request.values.get("keep", "") == "1"
    except UnicodeDecodeError as error:
        raise Problem(400, "a name in the form is not UTF-8; rename the file") from error
    except ValueError as error:
        raise Problem(
            400, "the form cannot be read: it has to be multipart/form-data, with its boundary"
        ) from error
    if request.mimetype in ("multipart/form-data", "application/x-www-form-urlencoded"):
        if token := request.form.get("token"):
            content = shelf.get(token)
            if content is None:
                raise Problem(410, "this photo is not kept any more; upload it again")
            return Photo(content, names.clean(request.form.get("name")), token=token)
        files = request.files.getlist("photo")
        if len(files) != 1:
            raise Problem(400, f"send one photo in the field 'photo', not {len(files)}")
        content, name = cast(io.BytesIO, files[0].stream).getvalue(), files[0].filename
    elif request.mimetype in RAW_TYPES or request.mimetype.startswith("image/"):
        content, name = request.get_data(cache=False), request.values.get("name")
    else:
        raise Problem(415, "send multipart/form-data with a field 'photo', or a picture as body")
    if not content:
        raise Problem(400, "the photo is empty; choose it again")
    if len(content) > max_bytes:
        raise Problem(413, most_bytes(max_bytes))
    return Photo(content, names.clean(name), keep)


def read_job(request: Request, name: str, told: Told | None) -> Job:
    """Read the options from the address or the form.

    Raises
    ------
    Problem
        400: a value that is none.
    """
    given: dict[str, Any] = {}
    for key, option in options(told).items():
        if text := request.values.get(key):
            try:
                given[option.field] = option.read(text)
            except ValueError as error:
                raise Problem(400, f"{key} has to be {error}") from error
    if told and "lambda_l1" in given:
        given.setdefault("method", told.method)
    return Job(name=name, **given)
