"""The command `serve`."""

import argparse
import logging
from pathlib import Path
from typing import Any

from lowlight_utils.options import positive
from lowlight_utils.web.settings import MIB, Settings

MEGA = 1_000_000


def add_serve_parser(commands: Any) -> None:
    """Add the command `serve` to those of `argparse`'s sub-parsers."""
    parser = commands.add_parser("serve", help="serve the web page (needs the extra web)")
    parser.add_argument("--host", default=Settings.host, help="0.0.0.0 listens to every network")
    parser.add_argument(
        "--port", type=int, default=Settings.port, help="default %(default)s; 0 takes a free one"
    )
    parser.add_argument(
        "--weights", type=Path, help="a .keras or .onnx generator; default: the shipped one"
    )
    parser.add_argument(
        "--lambda-weights",
        type=Path,
        help="one that is told λ, for the page's slider (default: the shipped one, where --weights"
        " is left out too)",
    )
    parser.add_argument(
        "--max-megabytes",
        type=positive,
        default=Settings.max_bytes // MIB,
        help="of an upload (default %(default)s)",
    )
    parser.add_argument(
        "--max-megapixels",
        type=positive,
        default=Settings.max_pixels // MEGA,
        help="of a photo (default %(default)s: what 24-megapixel cameras and phones make, in less"
        " than 900 MB of memory with an .onnx generator; each more takes some 16 MB)",
    )
    parser.add_argument(
        "--workers",
        type=positive,
        help="processes that enhance, each one photo at a time (default: one a core, where there"
        " is memory for them)",
    )
    parser.add_argument(
        "--queue",
        type=positive,
        default=Settings.queue,
        help="photos in work or waiting at most (default %(default)s)",
    )
    parser.add_argument(
        "--queue-each",
        type=positive,
        default=Settings.queue_each,
        help="of them, one client's (default %(default)s)",
    )
    parser.add_argument(
        "--client-seconds",
        type=float,
        default=Settings.client_seconds,
        help="seconds of work in a minute that one client may ask for (default %(default)g); 0 for"
        " no limit",
    )
    parser.add_argument(
        "--rate-limit",
        default=Settings.rate_limit,
        help="photos that one client may send (default '%(default)s'); '' for no limit",
    )
    parser.add_argument(
        "--limits-storage",
        default=Settings.limits_storage,
        help="where clients are counted (default: here); redis://HOST:PORT for several machines",
    )
    parser.add_argument(
        "--allowed-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a name that the page is reached by, once for each; others are refused (default: all)",
    )
    parser.add_argument(
        "--trusted-proxies",
        type=int,
        default=Settings.trusted_proxies,
        help="how many reverse proxies of yours pass X-Forwarded-For, -Proto and -Prefix on"
        " (default %(default)s: ignore them)",
    )
    parser.set_defaults(run=_serve)


def _serve(options: argparse.Namespace) -> None:
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%Y-%m-%d %H:%M:%S")
    from lowlight_utils.web import Server, create_app, start_workers
    from lowlight_utils.web.job import WorkerError
    from lowlight_utils.web.server import listen

    settings = Settings(
        host=options.host,
        port=options.port,
        weights=options.weights,
        lambda_weights=options.lambda_weights,
        max_bytes=options.max_megabytes * MIB,
        max_pixels=options.max_megapixels * MEGA,
        upload_memory=max(Settings.upload_memory, 2 * options.max_megabytes * MIB),
        workers=options.workers,
        queue=options.queue,
        queue_each=options.queue_each,
        client_seconds=options.client_seconds,
        rate_limit=options.rate_limit,
        limits_storage=options.limits_storage,
        hosts=tuple(options.allowed_host),
        trusted_proxies=options.trusted_proxies,
    )
    listen(settings).close()
    print("Loading the generator ...", flush=True)
    try:
        workers = start_workers(settings)
    except WorkerError as error:
        raise ValueError(str(error)) from error
    try:
        server = Server(create_app(workers, settings), settings)
        server.stop_on_signals()
        print(f"Serving on {server.address} (Ctrl-C stops)", flush=True)
        server.run()
    finally:
        for worker in workers:
            worker.close()
    print("Stopped: all that had begun is answered.", flush=True)
