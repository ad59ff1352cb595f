"""What guards the page: headers on every answer, whose requests are taken, who a client is."""

from urllib.parse import urlsplit

from flask import Flask, Request, Response, request
from werkzeug.middleware.proxy_fix import ProxyFix

from lowlight_utils.web.asked import Problem
from lowlight_utils.web.fair import network_of
from lowlight_utils.web.settings import Settings

HEADERS = {
    # Nothing but our own files, and pictures that the script makes; nothing inline.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " img-src 'self' blob:; connect-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # To others nothing. With "no-referrer", browsers would call our own form's origin "null".
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
OURSELVES = ("localhost", "127.0.0.1", "[::1]")  # the operator's own look, and health checks


def guard(app: Flask, settings: Settings) -> None:
    """Guard an application; before its views are called, and on every answer."""
    if settings.hosts:
        app.config["TRUSTED_HOSTS"] = [*settings.hosts, *OURSELVES]
    if many := settings.trusted_proxies:
        proxied = ProxyFix(app.wsgi_app, many, many, x_host=0, x_prefix=many)
        app.wsgi_app = proxied  # type: ignore[method-assign]  # as Flask would have it
    app.before_request(_require_our_own_page)
    app.after_request(_add_headers)


def client() -> str:
    """Name who sends the request at hand; see `network_of`."""
    return network_of(request.remote_addr or "unknown")


def from_elsewhere(request: Request) -> bool:
    """Say whether another site's page makes a browser send this; programs say nothing of sites."""
    site = request.headers.get("Sec-Fetch-Site")
    if site:
        return site not in ("same-origin", "none")
    origin = request.headers.get("Origin")  # from browsers that are older, or without HTTPS
    return origin is not None and urlsplit(origin).netloc != request.host


def _require_our_own_page() -> None:
    if request.method not in ("GET", "HEAD", "OPTIONS") and from_elsewhere(request):
        raise Problem(403, "another site's page sent this; send it from a program, or from here")


def _add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint == "static":
        response.headers["Cache-Control"] = "no-cache"  # asked about every time, sent once
    return response
