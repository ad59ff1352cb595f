"""`Server`: waitress, with uploads in memory and within a budget, and an orderly stop.

waitress receives a request whole before the application sees it: slow senders then cost no thread.
By itself it would put large bodies, and large answers, into temporary files, and take as many as
there are connections. Here they stay in memory, and share a budget: what goes beyond it is read and
thrown away, and the application answers 413 or 503. (Answering at once and closing the connection
would be cheaper, but a browser that is still sending then shows a broken connection in place of the
answer.)
"""

import ctypes
import io
import json
import logging
import os
import signal
import socket
import threading
import time

from waitress import create_server, wasyncore
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.task import ErrorTask
from waitress.utilities import BadRequest, Error

from lowlight_utils.web.settings import Settings

NEVER = 2**62  # bytes: the size from which waitress would write temporary files
IDLE_SECONDS = 60  # without a byte either way: the connection is closed
GRACE_SECONDS = 60  # for requests that have begun when the server is told to stop
CUT_OFF = 8  # times max_bytes: so large a body is not even read to be thrown away

log = logging.getLogger(__name__)


class Server:
    """Serve an application until told to stop.

    Parameters
    ----------
    app : WSGI application
    settings : Settings

    Raises
    ------
    OSError
        It cannot listen there, see `require_address`.

    Attributes
    ----------
    host, port : str, int
        Where it listens, from the moment it is made.

    Examples
    --------
    >>> with Server(create_app(), Settings(port=0)) as server:  # doctest: +SKIP
    ...     print(server.address)
    """

    def __init__(self, app, settings: Settings) -> None:
        require_address(settings)
        _give_memory_back()
        for name in ("waitress", "waitress.queue"):  # one line for each stranger's whim
            logging.getLogger(name).setLevel(logging.ERROR)
        self._map = {}
        self._stopping = threading.Event()
        self._server = create_server(
            app,
            map=self._map,
            host=settings.host,
            port=settings.port,
            threads=settings.queue + 8,  # as many to say no, and to serve the page
            ident=None,
            connection_limit=500,
            recv_bytes=65_536,
            channel_timeout=IDLE_SECONDS,
            cleanup_interval=10,
            max_request_header_size=32_768,
            max_request_body_size=CUT_OFF * settings.max_bytes,
            inbuf_overflow=NEVER,
            outbuf_overflow=NEVER,
            outbuf_high_watermark=NEVER,  # a slow reader costs memory within the budget, no thread
            clear_untrusted_proxy_headers=settings.trusted_proxies == 0,
        )
        self._listening = [each for each in self._map.values() if hasattr(each, "channel_class")]
        channel = _channel(settings, self._map)
        for each in self._listening:
            each.channel_class = channel
        first = self._listening[0]
        self.host, self.port = first.effective_host, int(first.effective_port)

    @property
    def address(self) -> str:
        """The page's address on this machine."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host
        return f"http://[{host}]:{self.port}/" if ":" in host else f"http://{host}:{self.port}/"

    def run(self) -> None:
        """Serve until `stop` is called; then finish what has begun."""
        while not self._stopping.is_set():
            self._turn()
        for each in self._listening:  # what has not begun is refused from now on
            wasyncore.dispatcher.close(each)
        end = time.monotonic() + GRACE_SECONDS
        while self._busy() and time.monotonic() < end:
            self._turn()
        self._server.task_dispatcher.shutdown()
        wasyncore.close_all(self._map)

    def stop(self, *_) -> None:
        """Ask `run` to end; it returns once the requests that have begun are answered."""
        self._stopping.set()

    def stop_on_signals(self) -> None:
        """Stop on SIGTERM (systemd, Docker) and on Ctrl-C; call it from the main thread."""
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)

    def __enter__(self) -> "Server":
        """Serve from a thread of its own, as a notebook or a test does."""
        self._thread = threading.Thread(target=self.run, name="server", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.stop()
        self._thread.join()

    def _turn(self) -> None:
        wasyncore.loop(timeout=0.2, use_poll=True, map=self._map, count=1)

    def _busy(self) -> bool:
        return any(
            channel.requests or channel.request or channel.total_outbufs_len
            for channel in list(self._map.values())
            if isinstance(channel, HTTPChannel)
        )


def require_address(settings: Settings) -> None:
    """Raise OSError unless the server can listen there; asked before a generator is loaded for it.

    Such as where the port is taken, or the system's to give, or there is no such host.
    """
    host, port = settings.host, settings.port
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            if os.name == "posix":  # as waitress does: a port is free as soon as its server ends
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise OSError(
            f"cannot listen on {host}, port {port} ({error.strerror or error}): choose another"
            " --host or --port"
        ) from error


def _give_memory_back() -> None:
    """Let uploads and results, of megabytes each, go back to the system once they are done with.

    The C library would learn from the first ones to keep the room of all later ones, once for each
    thread: 300 MB after some large photos.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library
        return
    mallopt(-3, 2**20)  # M_MMAP_THRESHOLD: larger pieces are the system's, and fixed from now on
    mallopt(-8, 2)  # M_ARENA_MAX


class RequestTimeout(Error):
    """The request did not arrive in time."""

    code = 408
    reason = "Request Timeout"


class Refusal(ErrorTask):
    """waitress's own answer to what never reaches the application, told as the application would.

    Malformed requests, bodies and headers without an end, slow senders.
    """

    def execute(self):
        error = self.request.error
        problem = {
            "type": "about:blank",
            "title": error.reason,
            "status": error.code,
            "detail": error.body,
        }
        body = (json.dumps(problem) + "\n").encode()
        self.status = f"{error.code} {error.reason}"
        self.response_headers += [
            ("Content-Type", "application/problem+json"),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
        ]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class Budget:
    """A number of bytes, to be taken and given back; only waitress's own thread takes."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._taken = 0
        self._lock = threading.Lock()

    def take(self, amount: int, beside: int = 0) -> bool:
        """Take an amount, and say whether there was enough beside what others hold."""
        with self._lock:
            fits = self._taken + amount + beside <= self.size
            self._taken += amount if fits else 0
            return fits

    def give_back(self, amount: int) -> None:
        with self._lock:
            self._taken -= amount


class Body(io.BytesIO):
    """A request's body in memory, in the shape that waitress wants of a buffer.

    Attributes
    ----------
    refused : str
        Empty, "too large" or "full": then nothing of it is kept.
    """

    def __init__(self, limit: int, budget: Budget, beside) -> None:
        super().__init__()
        self.refused = ""
        self._size, self._limit, self._budget, self._beside = 0, limit, budget, beside

    def append(self, data: bytes) -> None:
        if self.refused:
            return
        if self._size + len(data) > self._limit:
            self._refuse("too large")
        elif not self._budget.take(len(data), self._beside()):
            self._refuse("full")
        else:
            self.write(data)
            self._size += len(data)

    def getfile(self) -> "Body":
        self.seek(0)
        return self

    def __len__(self) -> int:
        return self._size

    def close(self) -> None:
        self._budget.give_back(self._size)
        self._size = 0
        super().close()

    def _refuse(self, why: str) -> None:
        self.refused = why
        self._budget.give_back(self._size)
        self._size = 0
        self.seek(0)
        self.truncate()


def _channel(settings: Settings, map_: dict) -> type[HTTPChannel]:
    """Make the class of waitress's connections whose uploads share one budget."""
    budget = Budget(settings.upload_memory)

    def leaving() -> int:
        channels = (each for each in list(map_.values()) if isinstance(each, HTTPChannel))
        return sum(channel.total_outbufs_len for channel in channels)

    class Parser(HTTPRequestParser):
        def __init__(self, adj):
            super().__init__(adj)
            self.until = time.monotonic() + settings.upload_seconds

        def received(self, data):
            consumed = super().received(data)
            # waitress sets no limit to what stands between chunks, and behind them.
            between = getattr(self.body_rcv, "control_line", b"")
            behind = getattr(self.body_rcv, "trailer", b"")
            if not self.completed and len(between) + len(behind) > 8192:
                self.error = BadRequest("the chunks are malformed")
                self.completed = True
            if not self.completed and time.monotonic() > self.until:
                self.error = RequestTimeout("send it faster")
                self.completed = True
            return consumed

        def parse_header(self, header_plus):
            super().parse_header(header_plus)
            if self.body_rcv is not None:
                # Room for what multipart adds around the photo.
                self.body_rcv.buf = Body(settings.max_bytes + 65_536, budget, leaving)

    class Channel(HTTPChannel):
        parser_class = Parser
        error_task_class = Refusal

        def handle_close(self):
            # waitress forgets a body whose sender hangs up; its share of the budget must come back.
            if self.request is not None:
                self.request.close()
                self.request = None
            super().handle_close()

    return Channel
