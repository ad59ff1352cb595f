"""The server, over real sockets: full queues, slow senders, large bodies, an orderly end."""

import contextlib
import http.client
import io
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import numpy as np
import psutil
import pytest
from uploads import dark_photo, decode, file_of, good
from waiting import PATIENCE, wait_for

from lowlight_utils.__main__ import main
from lowlight_utils.data import read_image
from lowlight_utils.web import Server, Settings, create_app
from lowlight_utils.web.job import Deadly, Enhanced
from lowlight_utils.web.server import listen


class Gate:
    """Stands in for the worker where the test decides when a photo is done."""

    def __init__(self):
        self.examples = {}
        self.open = threading.Event()
        self.begun = threading.Semaphore(0)

    def __call__(self, content, job):
        self.begun.release()
        assert self.open.wait(PATIENCE)
        return Enhanced(content, "png", 1, 1, {})


@pytest.fixture
def serve():
    servers = []

    def start(enhance, **settings):
        chosen = Settings(**({"port": 0, "rate_limit": ""} | settings))
        server = Server(create_app(enhance, chosen), chosen)
        servers.append(server.__enter__())
        return server

    yield start
    for server in servers:
        server.__exit__()


def post(server, content, headers=None, timeout=PATIENCE):
    connection = http.client.HTTPConnection(server.host, server.port, timeout=timeout)
    connection.request(
        "POST", "/api/enhance", content, {"Content-Type": "image/png", **(headers or {})}
    )
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def test_a_photo_goes_through_and_the_page_is_there(serve, pipeline, enhancer):
    server = serve(pipeline)
    answer, body = post(server, good())
    assert answer.status == 200
    np.testing.assert_array_equal(read_image(io.BytesIO(body)), enhancer(dark_photo()))
    assert b"Bring a dark photo" in urllib.request.urlopen(server.address).read()


def test_when_the_queue_is_full_one_is_told_when_to_come_back(serve):
    gate = Gate()
    server = serve([gate, gate], queue=2, queue_each=9)
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(post(server, good())[0].status))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
        assert gate.begun.acquire(timeout=PATIENCE)
    refused, body = post(server, good())
    assert refused.status == 503
    assert int(refused.headers["Retry-After"]) > 0
    assert json.loads(body)["status"] == 503
    assert urllib.request.urlopen(f"{server.address}healthz").status == 200
    gate.open.set()
    for thread in threads:
        thread.join()
    assert answers == [200, 200]
    assert post(server, good())[0].status == 200


def test_uploads_beyond_the_budget_are_thrown_away_and_answered(serve):
    gate = Gate()
    gate.open.set()
    server = serve(gate, max_bytes=1_000_000, upload_memory=2_000_000, trusted_proxies=1)
    # Three senders that stop shortly before their end hold most of the budget.
    slow = []
    for number in range(3):
        sender = socket.create_connection((server.host, server.port))
        sender.sendall(
            b"POST /api/enhance HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\n"
            + f"X-Forwarded-For: 192.0.2.{number}\r\n".encode()
            + b"Content-Length: 600001\r\n\r\n"
            + b"x" * 600_000
        )
        slow.append(sender)

    def answered(status):
        answer, _ = post(server, b"\xff\xd8\xff" + b"x" * 900_000)
        kind = answer.headers["Content-Type"]
        return answer.status == status and (status == 200 or kind == "application/problem+json")

    wait_for(lambda: answered(503))  # once what they sent has arrived
    for sender in slow:
        sender.close()
    wait_for(lambda: answered(200))  # and the budget came back


def test_who_does_not_read_its_answers_may_send_no_more_and_others_may(serve):
    class Large(Gate):
        def __call__(self, content, job):
            return Enhanced(bytes(40_000_000), "png", 1, 1, {})  # more than sockets hold

    server = serve(Large(), max_bytes=1_000_000, upload_memory=60_000_000, trusted_proxies=1)
    head = f"POST /api/enhance HTTP/1.1\r\nHost: x\r\nContent-Length: {len(good())}\r\n"
    with socket.create_connection((server.host, server.port)) as lazy:
        lazy.sendall(head.encode() + b"X-Forwarded-For: 192.0.2.1\r\n\r\n" + good())
        assert b"200" in lazy.recv(20)  # and no more
        own, strangers = {"X-Forwarded-For": "192.0.2.1"}, {"X-Forwarded-For": "192.0.2.2"}
        wait_for(lambda: post(server, good(), own)[0].status == 503)  # once the answer leaves
        assert post(server, good(), strangers)[0].status == 200


def test_bodies_that_are_too_large_get_a_413_that_arrives(serve):
    server = serve(Gate(), max_bytes=100_000)
    answer, body = post(server, b"x" * 500_000)
    assert answer.status == 413
    assert json.loads(body)["status"] == 413
    chunked, _ = post(server, iter([b"x" * 50_000] * 10))  # without a length
    assert chunked.status == 413


def test_an_endless_chunk_header_is_cut_off(serve):
    server = serve(Gate())
    with socket.create_connection((server.host, server.port), timeout=PATIENCE) as sender:
        sender.sendall(
            b"POST /api/enhance HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        sender.sendall(b"1" * 100_000)
        assert sender.recv(100).split()[1] == b"431"


def test_a_sender_that_drips_is_cut_off(serve):
    server = serve(Gate(), upload_seconds=1)
    with socket.create_connection((server.host, server.port), timeout=PATIENCE) as sender:
        sender.sendall(b"POST /api/enhance HTTP/1.1\r\nHost: x\r\nContent-Length: 99999\r\n\r\n")
        sender.settimeout(0.1)
        answer = None
        while answer is None:
            with contextlib.suppress(OSError):  # cut off: the answer is there to be read
                sender.sendall(b"x")
            with contextlib.suppress(TimeoutError):
                answer = sender.recv(1000)
    assert b"408" in answer and b"problem+json" in answer


@pytest.mark.parametrize(
    "request_",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 200_000 + b"\r\n\r\n",
        b"POST /api/enhance HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /api/enhance HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999\r\n\r\n",
        b"POST /api/enhance HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"POST /api/enhance HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /api/enhance HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"GET /../../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /static/..%2f..%2fsettings.py HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
    ids=range(10),
)
def test_malformed_requests_are_refused_and_the_server_goes_on(serve, pipeline, request_):
    server = serve(pipeline)
    with socket.create_connection((server.host, server.port), timeout=PATIENCE) as sender:
        sender.sendall(request_)
        answer = sender.recv(1000)
        while b"\r\n\r\n" not in answer and (piece := sender.recv(10_000)):
            answer += piece
        body_length = int((re.findall(rb"(?i)content-length: (\d+)", answer) or [0])[0])
        while len(answer.partition(b"\r\n\r\n")[2]) < body_length:
            answer += sender.recv(10_000)
    head, _, body = answer.partition(b"\r\n\r\n")
    status = int(answer.split()[1]) if answer else 400
    if body:  # what is not even HTTP, Hypercorn answers by its status alone
        assert b"application/problem+json" in head
        assert json.loads(body)["status"] == status
    assert 400 <= status < 500 or status == 501  # "not implemented": no such transfer encoding
    assert post(server, good())[0].status == 200


def test_who_hangs_up_leaves_the_line_and_the_place(serve):
    gate = Gate()
    server = serve(gate, queue=2, queue_each=9)
    one = threading.Thread(target=post, args=(server, good()))
    one.start()
    assert gate.begun.acquire(timeout=PATIENCE)

    def leave():
        head = f"POST /api/enhance HTTP/1.1\r\nHost: x\r\nContent-Length: {len(good())}\r\n\r\n"
        with socket.create_connection((server.host, server.port)) as sender:
            sender.sendall(head.encode() + good())

    answers = []
    for number in range(1, 4):
        leave()
        left = f'answers_total{{status="499",view="enhance"}} {number}.0'
        wait_for(lambda: left in urllib.request.urlopen(f"{server.address}metrics").read().decode())  # noqa: B023
    other = threading.Thread(target=lambda: answers.append(patient(server)))
    other.start()
    gate.open.set()
    one.join()
    other.join()
    assert answers == [200]
    assert gate.begun.acquire(timeout=PATIENCE)
    assert not gate.begun.acquire(blocking=False)  # of those that left, none was worked on


def patient(server):
    """Send a photo until there is a place for it, as the page does."""
    while (status := post(server, good())[0].status) == 503:
        pass
    return status


def test_a_client_has_two_places_and_leaves_the_others_free(serve):
    gate = Gate()
    server = serve([gate] * 3, trusted_proxies=1)
    own, strangers = {"X-Forwarded-For": "192.0.2.1"}, {"X-Forwarded-For": "192.0.2.2"}
    threads = [threading.Thread(target=post, args=(server, good(), own)) for _ in range(2)]
    for thread in threads:
        thread.start()
        assert gate.begun.acquire(timeout=PATIENCE)
    third, _ = post(server, good(), own)
    assert third.status == 429
    assert 1 <= int(third.headers["Retry-After"]) <= 60
    threads.append(threading.Thread(target=post, args=(server, good(), strangers)))
    threads[-1].start()
    assert gate.begun.acquire(timeout=PATIENCE)
    gate.open.set()
    for thread in threads:
        thread.join()


def test_junk_is_refused_without_standing_in_line(serve):
    gate = Gate()
    server = serve(gate)
    thread = threading.Thread(target=post, args=(server, good()))
    thread.start()
    assert gate.begun.acquire(timeout=PATIENCE)
    assert post(server, b"not a picture" * 50)[0].status == 415
    gate.open.set()
    thread.join()


def test_a_photo_that_held_a_worker_too_long_is_known_again(serve):
    class Slow:
        examples, asked = {}, 0

        def __call__(self, content, job):
            self.asked += 1
            raise Deadly(422, "took longer than 10 s to decode")

    slow = Slow()
    server = serve(slow)
    for _ in range(3):
        answer, body = post(server, good())
        assert answer.status == 422
        assert "Retry-After" not in answer.headers
        assert b"took longer" in body
    assert slow.asked == 1
    post(server, good(".jpg"))
    assert slow.asked == 2  # another photo is none of its business


def test_it_is_known_again_also_if_its_client_did_not_wait(serve):
    class Slow(Gate):
        asked = 0

        def __call__(self, content, job):
            self.asked += 1
            super().__call__(content, job)
            raise Deadly(422, "took longer than 10 s to decode")

    slow = Slow()
    server = serve(slow)
    head = f"POST /api/enhance HTTP/1.1\r\nHost: x\r\nContent-Length: {len(good())}\r\n\r\n"
    with socket.create_connection((server.host, server.port)) as sender:
        sender.sendall(head.encode() + good())
        assert slow.begun.acquire(timeout=PATIENCE)
    left = 'answers_total{status="499",view="enhance"} 1.0'
    wait_for(lambda: left in urllib.request.urlopen(f"{server.address}metrics").read().decode())
    slow.open.set()
    post(server, good(".jpg"))  # the only worker takes it once the first one is through
    assert post(server, good())[0].status == 422
    assert slow.asked == 2


def test_a_client_that_has_used_up_its_seconds_waits_and_others_do_not(serve):
    class Slow(Gate):
        def __call__(self, content, job):
            time.sleep(0.05)
            return super().__call__(content, job)

    gate = Slow()
    gate.open.set()
    server = serve(gate, trusted_proxies=1, client_seconds=0.02)
    own, strangers = {"X-Forwarded-For": "192.0.2.1"}, {"X-Forwarded-For": "192.0.2.2"}
    assert post(server, good(), own)[0].status == 200
    second, _ = post(server, good(), own)
    assert second.status == 429
    assert 1 <= int(second.headers["Retry-After"]) <= 60
    assert post(server, good(), strangers)[0].status == 200


def test_ready_is_apart_from_healthy(serve):
    gate = Gate()
    gate.ready = False
    server = serve(gate)
    assert urllib.request.urlopen(f"{server.address}healthz").status == 200
    with pytest.raises(urllib.error.HTTPError, match="503"):
        urllib.request.urlopen(f"{server.address}readyz")
    gate.ready = True
    assert urllib.request.urlopen(f"{server.address}readyz").status == 200


def test_told_to_stop_it_answers_what_has_begun(serve):
    gate = Gate()
    server = serve(gate)
    answers = []
    thread = threading.Thread(target=lambda: answers.append(post(server, good())))
    thread.start()
    assert gate.begun.acquire(timeout=PATIENCE)
    server.stop()

    def refuses():
        try:
            socket.create_connection((server.host, server.port)).close()
        except OSError:
            return True

    wait_for(refuses)
    assert not answers
    gate.open.set()
    thread.join()
    assert answers[0][0].status == 200
    assert answers[0][1] == good()


@pytest.mark.parametrize("limit", ["abc", "0", "0 per minute", "60", "5 per fortnight", " "])
def test_a_rate_limit_that_would_set_none_is_refused_at_the_start(limit):
    with pytest.raises(ValueError, match="rate_limit"):
        Settings(rate_limit=limit)


@pytest.mark.parametrize("limit", ["", "60 per minute", "1/second", "60 per minute; 5 per second"])
def test_a_rate_limit_that_is_understood_is_taken(limit):
    assert Settings(rate_limit=limit).rate_limit == limit


@pytest.mark.parametrize("port", [-1, 65_536, 99_999])
def test_a_port_that_cannot_be_is_refused_at_the_start(port):
    with pytest.raises(ValueError, match=f"port.*{port}"):
        Settings(port=port)


def test_a_port_that_is_taken_is_named():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(OSError, match=rf"127\.0\.0\.1, port {port}.*--port"):
            listen(Settings(port=port))


def test_a_host_that_does_not_exist_is_named():
    with pytest.raises(OSError, match=r"nowhere\.invalid"):
        listen(Settings(host="nowhere.invalid"))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--queue", "0"),
        ("--max-megabytes", "-1"),
        ("--max-megapixels", "0"),
        ("--port", "99999"),
        ("--rate-limit", "abc"),
        ("--trusted-proxies", "-1"),
    ],
)
def test_the_command_refuses_before_it_loads_a_generator(option, value, capsys):
    try:
        status = main(["serve", option, value])
    except SystemExit as stop:  # argparse's way
        status = stop.code
    told = capsys.readouterr()
    assert status in (1, 2)
    assert "Loading" not in told.out
    assert value in told.err.splitlines()[-1]


@pytest.fixture(scope="module")
def command(exported):
    """The command itself, as its users run it."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "lowlight_utils", "serve", "--port", "0", "--queue", "3"),
            *("--rate-limit", "", "--client-seconds", "0", "--queue-each", "3"),
            *("--workers", "1", "--trusted-proxies", "1", "--weights", str(exported)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        for line in process.stdout:
            if "Serving on" in line:
                break
        host, port = line.split("//")[1].split("/")[0].split(":")
        process.host, process.port = host, int(port)
        yield process
    finally:
        process.kill()
        process.wait()


def test_twenty_clients_are_served_beside_a_hostile_one_and_memory_stays_flat(command, enhancer):
    family = [psutil.Process(command.pid), *psutil.Process(command.pid).children(recursive=True)]
    photos = [dark_photo(300, 400, seed) for seed in range(4)]
    uploads = [file_of(photo) for photo in photos]
    expected = [enhancer(photo) for photo in photos]
    statuses, wrong, refused = [], [], set()
    content = file_of(dark_photo(), "JPEG", progressive=True)
    at = content.rindex(b"\xff\xda")
    endless = content[:at] + content[at:-2] * 2000 + b"\xff\xd9"  # the last scan again and again

    def attack():
        while statuses.count(200) < 100:
            for upload in (endless, b"junk" * 1000, uploads[0][:-500]):
                own = {"X-Forwarded-For": "203.0.113.1"}
                refused.add(post(command, upload, own)[0].status)

    def send(number):
        which, own = number, {"X-Forwarded-For": f"192.0.2.{number}"}
        while statuses.count(200) < 100 or 503 not in statuses:
            which = (which + 1) % 4
            answer, body = post(command, uploads[which], own)
            statuses.append(answer.status)
            if answer.status == 200:
                difference = np.abs(np.asarray(decode(body)).astype(int) - expected[which])
                # The worker runs the network with up to 768 pixels a side, the fixture with 256.
                if np.asarray(decode(body)).shape != photos[which].shape or difference.mean() > 40:
                    wrong.append(which)

    for _ in range(5):
        post(command, uploads[0])
    before = sum(process.memory_info().rss for process in family)
    threads = [threading.Thread(target=send, args=(n,)) for n in range(20)]
    threads.append(threading.Thread(target=attack))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after = sum(process.memory_info().rss for process in family)
    assert set(statuses) == {200, 503}
    # Which of its files comes to a place in the line, and which meets a full one, is chance.
    assert refused and refused <= {415, 422, 429, 503}
    assert not wrong
    assert after - before < 150 * 2**20


def test_a_worker_that_is_killed_comes_back(command):
    (worker,) = [
        process
        for process in psutil.Process(command.pid).children()
        if "spawn_main" in " ".join(process.cmdline())
    ]
    worker.kill()
    worker.wait(PATIENCE)
    ready = f"http://{command.host}:{command.port}/readyz"

    def answers():
        with contextlib.suppress(urllib.error.HTTPError):
            return urllib.request.urlopen(ready).status == 200

    wait_for(answers, command)  # by itself: behind a balancer no photo would come
    assert post(command, good())[0].status == 200


def test_a_closed_terminal_ends_the_command_once_its_photo_is_done(command):
    children = psutil.Process(command.pid).children(recursive=True)
    answers = []
    large = file_of(dark_photo(1500, 2000), "JPEG")
    thread = threading.Thread(target=lambda: answers.append(post(command, large)[0].status))
    thread.start()
    working = f"http://{command.host}:{command.port}/metrics"
    wait_for(lambda: b"in_work 1.0" in urllib.request.urlopen(working).read(), command)
    for process in children:
        if "spawn_main" in " ".join(process.cmdline()):
            process.send_signal(signal.SIGHUP)  # it goes to the whole group
    command.send_signal(signal.SIGHUP)
    thread.join()
    assert answers == [200]
    assert command.wait(PATIENCE) == 0
    assert "all that had begun is answered" in command.stdout.read()
    _, alive = psutil.wait_procs(children, timeout=PATIENCE)
    assert not alive


def test_the_load_test_counts_and_checks(exported):
    from lowlight_utils.web.load import benchmark_serve

    result = benchmark_serve(exported, clients=4, seconds=1, queue=2)
    assert set(result["answers"]) <= {200, 503}
    assert result["answers"][200] >= 1
    assert result["wrong"] == 0
    assert result["memory_mib"]["peak"] >= result["memory_mib"]["idle"] > 50
    assert 0 < result["latency"]["median_s"] <= result["latency"]["p95_s"]
