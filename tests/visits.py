"""Pages in a headless browser, and what they complain of: ``from visits import visits``."""

import contextlib
from urllib.parse import urljoin

from waiting import PATIENCE


@contextlib.contextmanager
def visits(browser, address, **usual):
    """Give open_page(where, **options), which opens a page in a context of its own.

    `where` is relative to `address`, or another one. `usual` are options of every context, for
    `browser.new_context`. Every host but the page's own is refused. What a page asks elsewhere,
    complains of on its console, raises or fails to load is in `open_page.complaints`; at the end
    nothing may be left there.
    """
    contexts, complaints = [], []

    def refuse(route):
        complaints.append(f"asks {route.request.url}")
        route.abort()

    def failed(request):
        if request.failure != "net::ERR_ABORTED":  # which leaving or loading a page again does
            complaints.append(f"{request.url}: {request.failure}")

    def heard(message):
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    def open_page(where="", **options):
        context = browser.new_context(**(usual | options))
        context.set_default_timeout(1000 * PATIENCE)
        contexts.append(context)
        own = (urljoin(urljoin(address, where), "/"), "blob:", "data:")
        context.route(lambda url: not url.startswith(own), refuse)
        if (usual | options).get("service_workers") == "block":  # Playwright notes each refusal
            context.add_init_script("navigator.serviceWorker.register = async () => {}")
        page = context.new_page()
        page.on("console", heard)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("requestfailed", failed)
        page.goto(urljoin(address, where))
        return page

    open_page.complaints = complaints
    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
