"""`Uploads`: requests arrive whole, in memory, within a budget, before a thread is spent on them.

An ASGI application around another, and so independent of the server that runs it. Slow senders and
slow readers cost memory within the budget, and no thread; what goes beyond the budget is read and
thrown away, since a browser that is still sending would show a broken connection in place of an
answer. What was wrong with a request, the application inside finds in its scope, and answers.
"""

import asyncio
import contextlib
import threading
from collections import Counter, deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from lowlight_utils.web.fair import network_of
from lowlight_utils.web.settings import Settings

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[dict]]
Send = Callable[[dict], Awaitable[None]]
Application = Callable[..., Awaitable[None]]  # of scope, receive and send

IDLE_SECONDS = 60  # without a byte, either way
CUT_OFF = 8  # times max_bytes: so large a body is not even read to be thrown away
SLOWEST = 20_000  # bytes a second at which an answer has to be read, beside that
SHARE = 3  # one client's part of the budget is this part of it
PIECE = 65_536  # bytes of an answer that a slow reader may leave in the system's hands
WRAPPING = 65_536  # what multipart adds around the photo


class Uploads:
    """Wrap an ASGI application.

    It finds in its scope: ``"lowlight.refused"``, empty or why nothing of the body was kept
    ("large", "slow", or "full": the budget is taken); and ``"lowlight.gone"``, a `threading.Event`
    that is set once the client has hung up.

    Parameters
    ----------
    app : ASGI application
    settings : Settings
    """

    def __init__(self, app: Application, settings: Settings) -> None:
        self.app, self.settings = app, settings
        # Bytes of the budget by client; all happens in one thread.
        self.held: Counter[str] = Counter()
        # Where one photo is more than its share, that one is let in.
        self.share = max(settings.upload_memory // SHARE, settings.max_bytes + WRAPPING)

    def room(self, client: str, more: int) -> bool:
        """Say whether there is room for more bytes of a client."""
        within = self.held[client] + more <= self.share
        return within and self.held.total() + more <= self.settings.upload_memory

    def hold(self, client: str, more: int) -> None:
        """Take from the budget, or give back where `more` is negative."""
        self.held[client] += more
        if not self.held[client]:
            del self.held[client]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close"})
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        who = client_of(scope, headers, self.settings.trusted_proxies)
        body = Body(self, who, int(headers.get(b"content-length", b"0")))
        try:
            await body.arrive(receive)
            gone = threading.Event()
            watching = asyncio.create_task(_watch(receive, gone))
            scope = {**scope, "lowlight.refused": body.refused, "lowlight.gone": gone}
            try:
                await self.app(scope, body.give, self._in_pieces(send, who))
            finally:
                watching.cancel()
        except ConnectionError:  # hung up, or reads too slowly: there is nobody to tell
            pass
        finally:
            body.forget()

    def _in_pieces(self, send: Send, client: str) -> Send:
        """Send answers by the piece, and hold their bytes against the budget meanwhile."""

        async def send_pieces(message: dict) -> None:
            content = memoryview(message.get("body", b""))
            self.hold(client, len(content))
            try:
                async with asyncio.timeout(IDLE_SECONDS + len(content) / SLOWEST):
                    for at in range(0, len(content), PIECE):
                        piece = bytes(content[at : at + PIECE])
                        await send({**message, "body": piece, "more_body": True})
                    if not message.get("more_body"):
                        await send({**message, "body": b""})
            except TimeoutError as error:
                raise ConnectionError("the answer is not read") from error
            finally:
                self.hold(client, -len(content))

        async def passed_on(message: dict) -> None:
            if message["type"] == "http.response.body":
                await send_pieces(message)
            else:
                await send(message)

        return passed_on


class Body:
    """A request's body, as it arrives."""

    def __init__(self, uploads: Uploads, client: str, announced: int) -> None:
        self._uploads, self._settings, self._client = uploads, uploads.settings, client
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self.refused = "large" if announced > self._most else ""
        self._to_read = CUT_OFF * self._settings.max_bytes
        if announced > self._to_read:
            self._to_read = 0

    @property
    def _most(self) -> int:
        return self._settings.max_bytes + WRAPPING

    async def arrive(self, receive: Receive) -> None:
        """Receive all of it; ConnectionError if the client hangs up."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.upload_seconds):
                more = self._to_read > 0
                while more:
                    message = await asyncio.wait_for(receive(), IDLE_SECONDS)
                    if message["type"] == "http.disconnect":
                        raise ConnectionError("hung up")
                    more = message.get("more_body", False) and self._take(message["body"])
                return
        self._refuse("slow")

    async def give(self) -> dict:
        """Hand the next piece to the application, and let go of it."""
        piece = self._pieces.popleft() if self._pieces else b""
        return {"type": "http.request", "body": piece, "more_body": bool(self._pieces)}

    def forget(self) -> None:
        """Give back its share of the budget."""
        self._pieces.clear()
        self._uploads.hold(self._client, -self._size)
        self._size = 0

    def _take(self, piece: bytes) -> bool:
        self._to_read -= len(piece)
        if not self.refused:
            if self._size + len(piece) > self._most:
                self._refuse("large")
            elif not self._uploads.room(self._client, len(piece)):
                self._refuse("full")
            else:
                self._uploads.hold(self._client, len(piece))
                self._size += len(piece)
                self._pieces.append(piece)
        return self._to_read > 0

    def _refuse(self, why: str) -> None:
        self.refused = why
        self.forget()


async def _watch(receive: Receive, gone: threading.Event) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    gone.set()


def client_of(scope: Scope, headers: dict[bytes, bytes], trusted_proxies: int) -> str:
    """Name who sends a request, by what the outermost of our proxies saw; see `network_of`."""
    named = headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",")
    if 0 < trusted_proxies <= len(named):
        return network_of(named[-trusted_proxies].strip())
    return network_of((scope.get("client") or ("unknown",))[0])
