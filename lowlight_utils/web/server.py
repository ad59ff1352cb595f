"""`Server`: Hypercorn around the application, from a port that is free to an orderly stop."""

import asyncio
import contextlib
import os
import signal
import socket
import threading
from typing import Any

from a2wsgi import WSGIMiddleware
from hypercorn.asyncio import serve
from hypercorn.config import Config

from lowlight_utils.machine import call_c_library
from lowlight_utils.web.settings import Settings
from lowlight_utils.web.uploads import Uploads

IDLE_SECONDS = 60  # between two requests, and until the first one's headers are there
GRACE_SECONDS = 60  # for requests that have begun when the server is told to stop
BACKLOG = 128


class Server:
    """Serve an application until told to stop.

    Parameters
    ----------
    app : WSGI application
    settings : Settings

    Raises
    ------
    OSError
        It cannot listen there, see `listen`.

    Attributes
    ----------
    host, port : str, int
        Where it listens, from the moment it is made.

    Examples
    --------
    >>> with Server(create_app(), Settings(port=0)) as server:  # doctest: +SKIP
    ...     print(server.address)
    """

    def __init__(self, app: Any, settings: Settings) -> None:
        _give_memory_back()
        _allow_many_connections()
        self._socket = listen(settings)
        self.host, self.port = self._socket.getsockname()[:2]
        # As many threads to say no, and to serve the page, as there are places in line.
        threads = WSGIMiddleware(app, workers=2 * settings.queue + 8, send_queue_size=64)
        self._app: Any = Uploads(threads, settings)
        self._stopping = threading.Event()

    @property
    def address(self) -> str:
        """The page's address on this machine."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host
        return f"http://[{host}]:{self.port}/" if ":" in host else f"http://{host}:{self.port}/"

    def run(self) -> None:
        """Serve until `stop` is called; then finish what has begun."""
        config = Config()
        config.bind = [f"fd://{self._socket.detach()}"]
        config.backlog = BACKLOG
        config.errorlog = None  # one line for each stranger's whim
        config.include_server_header = False
        config.keep_alive_timeout = IDLE_SECONDS
        config.h11_max_incomplete_size = 32_768
        config.graceful_timeout = GRACE_SECONDS
        asyncio.run(serve(self._app, config, shutdown_trigger=self._stopped))

    def stop(self, *_: object) -> None:
        """Ask `run` to end; it returns once the requests that have begun are answered."""
        self._stopping.set()

    def stop_on_signals(self) -> None:
        """Stop on SIGTERM (systemd, Docker), Ctrl-C and a closed terminal, unless `nohup` says no.

        Call it from the main thread.
        """
        for name in ("SIGTERM", "SIGINT", "SIGHUP"):
            number = getattr(signal, name, None)  # Windows has no SIGHUP
            if number and signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self.stop)

    def __enter__(self) -> "Server":
        """Serve from a thread of its own, as a notebook or a test does."""
        self._thread = threading.Thread(target=self.run, name="server", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._thread.join()

    async def _stopped(self) -> None:
        while not self._stopping.is_set():
            await asyncio.sleep(0.1)


def listen(settings: Settings) -> socket.socket:
    """Listen where the settings say; asked, and closed again, before a generator is loaded for it.

    Raises
    ------
    OSError
        The port is taken, or the system's to give, or there is no such host.
    """
    host, port = settings.host, settings.port
    listening = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
        if os.name == "posix":  # a port is free as soon as its server ends
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError as error:
        if listening:
            listening.close()
        raise OSError(
            f"cannot listen on {host}, port {port} ({error.strerror or error}): choose another"
            " --host or --port"
        ) from error
    return listening


def _give_memory_back() -> None:
    """Let uploads and results, of megabytes each, go back to the system once they are done with.

    The C library would learn from the first ones to keep the room of all later ones, once for each
    thread: 300 MB after some large photos.
    """
    mmap_threshold, arena_max = -3, -8
    call_c_library("mallopt", mmap_threshold, 2**20)  # larger pieces are the system's, from now on
    call_c_library("mallopt", arena_max, 2)


def _allow_many_connections() -> None:
    """Use all the connections that the system lets a process have; many may be idle."""
    with contextlib.suppress(ImportError, OSError, ValueError):  # Windows; a system that refuses
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 65_536), most))
