"""The interface, through Flask's own client."""

import inspect
import io
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms
from uploads import bad_uploads, dark_photo, decode, file_of, good, odd_modes

from lowlight_utils.data import encode_image, read_image
from lowlight_utils.prediction import BASELINES, Enhancer
from lowlight_utils.web import names
from lowlight_utils.web.job import options

BAD = bad_uploads()


def send(client, content, name="dark.png", query="", **fields):
    data = {"photo": (io.BytesIO(content), name), **fields}
    return client.post(f"/api/enhance?{query}", data=data)


def assert_problem(answer, status):
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert answer.json["status"] == status
    assert answer.json["detail"]


def pixels(answer):
    return np.asarray(decode(answer.data).convert("RGB")).astype(int)


def test_an_upload_comes_back_enhanced_in_its_own_format_size_and_name(client, enhancer):
    answer = send(client, good(), "My walk.png")
    assert answer.status_code == 200
    assert answer.mimetype == "image/png"
    assert 'filename="My walk.png"' in answer.headers["Content-Disposition"]
    np.testing.assert_array_equal(pixels(answer), enhancer(dark_photo()))


def test_the_body_itself_may_be_the_photo(client, enhancer):
    answer = client.post("/api/enhance?name=walk.png", data=good(), content_type="image/png")
    assert answer.status_code == 200
    np.testing.assert_array_equal(pixels(answer), enhancer(dark_photo()))
    assert 'filename="walk.png"' in answer.headers["Content-Disposition"]


@pytest.mark.parametrize(
    ("suffix", "asked", "mimetype"),
    [
        (".jpg", "", "image/jpeg"),
        (".webp", "", "image/webp"),
        (".tif", "", "image/png"),
        (".avif", "", "image/jpeg"),
        (".png", "jpg", "image/jpeg"),
        (".jpg", "webp", "image/webp"),
        (".jpg", "PNG", "image/png"),
    ],
)
def test_the_result_has_the_format_asked_for_or_the_uploads_own(client, suffix, asked, mimetype):
    answer = send(client, good(suffix), f"a{suffix}", format=asked)
    assert answer.status_code == 200, answer.data
    assert answer.mimetype == mimetype
    assert decode(answer.data).get_format_mimetype() == mimetype


def test_results_have_the_quality_that_pillow_calls_92(client, enhancer):
    def as_pillow_writes_it(format_):
        return decode(file_of(enhancer(dark_photo()), format_, quality=92, method=2))

    jpeg = decode(send(client, good(), format="jpeg").data)
    assert jpeg.quantization == as_pillow_writes_it("JPEG").quantization
    webp = pixels(send(client, good(), format="webp"))
    np.testing.assert_array_equal(webp, np.asarray(as_pillow_writes_it("WEBP").convert("RGB")))


def test_heic_is_read_where_pillow_heif_is_installed(client):
    pytest.importorskip("pillow_heif")
    answer = send(client, file_of(dark_photo(64, 96), "HEIF"), "IMG_1.HEIC")
    assert answer.status_code == 200
    assert decode(answer.data).size == (96, 64)
    assert 'filename="IMG_1.jpg"' in answer.headers["Content-Disposition"]


def test_a_16_bit_upload_is_exposed_before_it_is_cut_to_8_bits(client, enhancer):
    dark = np.tile(np.linspace(0, 2000, 256).astype(np.uint16)[None, :, None], (64, 1, 3))
    answer = send(client, encode_image(dark, ".png"))
    assert answer.status_code == 200
    np.testing.assert_array_equal(pixels(answer), enhancer(dark))
    cut = enhancer(np.rint(dark / 257).astype(np.uint8)).astype(int)
    smooth, stepped = (np.abs(np.diff(each[32, 16:-16, 1])).max() for each in (pixels(answer), cut))
    assert smooth < stepped / 2


@pytest.mark.parametrize("fields", [{"method": "original"}, {"method": "clahe"}, {"strength": 0.5}])
def test_other_ways_take_16_bits_too(client, fields):
    deep = send(client, encode_image(dark_photo().astype(np.uint16) * 257, ".png"), **fields)
    usual = send(client, good(), **fields)
    assert np.abs(pixels(deep) - pixels(usual)).max() <= 1


def test_strength_blends_original_and_enhanced(client, enhancer):
    original, enhanced = dark_photo().astype(int), enhancer(dark_photo()).astype(int)
    quarter = pixels(send(client, good(), strength="0.25"))
    assert np.abs(quarter - (original + (enhanced - original) / 4)).max() <= 1
    np.testing.assert_array_equal(pixels(send(client, good(), strength="0")), original)


@pytest.mark.parametrize("method", names.BASELINES)
def test_each_classical_method_is_the_librarys(client, method):
    expected = BASELINES[names.BASELINES[method]](dark_photo())
    np.testing.assert_array_equal(pixels(send(client, good(), method=method)), expected)


def test_every_classical_method_of_the_library_is_offered():
    assert set(names.BASELINES.values()) == set(BASELINES)


def test_large_photos_are_made_smaller_for_classical_methods_only(client, monkeypatch):
    monkeypatch.setattr("lowlight_utils.web.pipeline.BASELINE_PIXELS", 1000)
    small = decode(send(client, good(), method="clahe", strength="0.5").data)
    assert small.width * small.height <= 1000
    assert abs(small.width / small.height - 64 / 48) < 0.1
    assert decode(send(client, good()).data).size == (64, 48)


def test_orientation_is_applied_and_no_metadata_is_left(client):
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "Camera maker"
    exif.get_ifd(0x8825)[1] = "N"  # GPS
    content = file_of(dark_photo(48, 64), "JPEG", exif=exif, comment=b"secret")
    for format_ in names.FORMATS:
        answer = send(client, content, "a.jpg", format=format_)
        result = decode(answer.data)
        assert result.size == (48, 64)
        assert not result.getexif()
        assert not {"exif", "comment", "xmp", "icc_profile"} & result.info.keys()
        assert b"Camera" not in answer.data and b"secret" not in answer.data


def test_an_icc_profile_is_converted_to_srgb(client):
    display_p3_like = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    content = file_of(
        Image.fromarray(dark_photo()).convert("LAB"), "TIFF", icc_profile=display_p3_like.tobytes()
    )
    result = pixels(send(client, content, "a.tif", method="original"))
    np.testing.assert_array_equal(result, read_image(io.BytesIO(content)))


def test_transparency_is_kept_and_on_white_where_the_format_has_none(client):
    alpha = np.zeros((48, 64), np.uint8)
    alpha[:, 32:] = 255
    content = file_of(np.dstack([dark_photo(), alpha]))
    kept = np.asarray(decode(send(client, content).data))
    np.testing.assert_array_equal(kept[..., 3], alpha)
    flat = pixels(send(client, content, format="jpeg"))
    assert flat[:, :24].min() > 245


@pytest.mark.parametrize("name", odd_modes())
def test_odd_modes_are_enhanced(client, name):
    content = odd_modes()[name]
    answer = send(client, content)
    assert answer.status_code == 200, answer.data
    assert decode(answer.data).size == decode(content).size


@pytest.mark.parametrize("name", BAD)
def test_bad_uploads_are_refused_and_the_next_good_one_works(client, name):
    content, statuses = BAD[name]
    answer = send(client, content)
    assert answer.status_code in statuses, answer.data[:300]
    if answer.status_code != 200:
        assert_problem(answer, answer.status_code)
    assert send(client, good()).status_code == 200


def test_there_are_sixty_bad_uploads_and_more():
    assert len(BAD) >= 60


@settings(max_examples=60)
@given(st.binary(min_size=1, max_size=2000), st.sampled_from(["a.jpg", "a.cr2", "\x00", "é" * 300]))
def test_random_bytes_never_break_the_server(shared_client, content, name):
    assert send(shared_client, content, name).status_code in {400, 415, 422}


@settings(max_examples=150)
@given(
    suffix=st.sampled_from([".png", ".jpg", ".webp", ".tif"]),
    cut=st.integers(1, 10_000),
    changes=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=6),
)
def test_truncated_and_mutated_pictures_never_break_the_server(shared_client, suffix, cut, changes):
    content = bytearray(good(suffix))
    for place, value in changes:
        content[place % len(content)] = value
    answer = send(shared_client, bytes(content[:cut]), f"a{suffix}")
    assert answer.status_code in {200, 413, 415, 422}, answer.data[:300]


@settings(max_examples=60)
@given(st.binary(max_size=600))
def test_random_multipart_bodies_never_break_the_server(shared_client, body):
    answer = shared_client.post(
        "/api/enhance", data=body, content_type="multipart/form-data; boundary=x"
    )
    assert answer.status_code in {400, 413}


@pytest.fixture(scope="module")
def shared_client(pipeline):
    from lowlight_utils.web import Settings, create_app

    app = create_app(pipeline, Settings(rate_limit="", max_bytes=2_000_000))
    yield app.test_client()


@pytest.mark.parametrize(
    "query",
    [
        "strength=2",
        "strength=-0.1",
        "strength=nan",
        "strength=much",
        "method=magic",
        "format=gif",
        "format=../png",
    ],
)
def test_options_without_meaning_are_named(client, query):
    answer = send(client, good(), query=query)
    assert_problem(answer, 400)
    assert query.split("=")[0] in answer.json["detail"]


def test_a_request_without_a_photo_says_what_to_send(client):
    assert_problem(client.post("/api/enhance"), 400)
    assert_problem(client.post("/api/enhance", data={"other": "x"}), 400)
    assert_problem(send(client, b""), 400)
    assert_problem(client.post("/api/enhance", json={"photo": "x"}), 415)
    assert_problem(client.get("/api/enhance"), 405)
    assert_problem(client.get("/nowhere"), 404)


def test_too_many_bytes_or_pixels_are_413(client):
    assert_problem(send(client, b"\x00" * 2_000_001), 413)
    raw = client.post("/api/enhance", data=b"\x00" * 2_500_000, content_type="image/png")
    assert_problem(raw, 413)
    assert_problem(send(client, file_of(np.zeros((1500, 1500), np.uint8))), 413)


def test_multipart_uploads_stay_in_memory(app_with, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a temporary file was asked for")

    for maker in ("TemporaryFile", "SpooledTemporaryFile", "NamedTemporaryFile", "mkstemp"):
        monkeypatch.setattr(f"tempfile.{maker}", refuse)
    monkeypatch.setattr("werkzeug.formparser.SpooledTemporaryFile", refuse, raising=False)
    noise = np.random.default_rng(0).integers(0, 256, (700, 700, 3), dtype=np.uint8)
    assert len(content := file_of(noise)) > 1_000_000  # werkzeug spools from 500 kB on
    assert send(app_with().test_client(), content).status_code == 200


def test_a_client_that_sends_too_many_is_told_when_to_come_back(app_with):
    client = app_with(rate_limit="2 per day").test_client()
    assert [send(client, good()).status_code for _ in range(2)] == [200, 200]
    answer = send(client, good())
    assert_problem(answer, 429)
    assert 1 <= int(answer.headers["Retry-After"]) <= 24 * 60 * 60
    assert client.get("/").status_code == 200  # the page itself is not limited


def test_behind_a_proxy_each_visitor_has_a_limit_of_their_own(app_with):
    def status(client, address):
        headers = {"X-Forwarded-For": address}
        data = {"photo": (io.BytesIO(good()), "a.png")}
        return client.post("/api/enhance", data=data, headers=headers).status_code

    trusted = app_with(rate_limit="1 per day", trusted_proxies=1).test_client()
    assert [status(trusted, "192.0.2.1"), status(trusted, "192.0.2.2")] == [200, 200]
    # What the visitor wrote into the header stands left of what the proxy added.
    assert status(trusted, "203.0.113.9, 192.0.2.1") == 429
    # Of IPv6, a client has a whole network.
    assert [status(trusted, "2001:db8::1"), status(trusted, "2001:db8::2")] == [200, 429]

    untrusted = app_with(rate_limit="1 per day").test_client()
    assert [status(untrusted, "192.0.2.1"), status(untrusted, "192.0.2.2")] == [200, 429]


def test_a_kept_photo_needs_no_second_upload_until_it_is_forgotten(client):
    first = send(client, good(), "walk.png", keep="1")
    token = first.headers["Photo-Token"]
    again = client.post("/api/enhance", data={"token": token, "name": "walk.png"})
    assert again.data == first.data
    assert client.delete(f"/api/photos/{token}").status_code == 204
    assert_problem(client.post("/api/enhance", data={"token": token}), 410)


def test_nothing_is_kept_unless_asked_for(client):
    assert "Photo-Token" not in send(client, good()).headers
    assert b"lowlight_photos_kept 0.0" in client.get("/metrics").data


@pytest.mark.parametrize("path", ["/", "/healthz", "/metrics", "/static/page.js", "/nowhere"])
def test_every_answer_carries_the_headers_that_guard_it(client, path):
    headers = client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "geolocation=()" in headers["Permissions-Policy"]
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_the_page_has_nothing_inline_and_nothing_from_elsewhere(client):
    page = client.get("/").text
    run = page.replace('<script id="words" type="application/json">', "")  # data: nobody runs it
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", run)
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert all(address.startswith(("/", "#", "?lang=")) for address in addresses)


def test_results_say_how_long_each_step_took(client):
    timing = send(client, good()).headers["Server-Timing"]
    steps = dict(re.findall(r"(\w+);dur=([\d.]+)", timing))
    assert steps.keys() == {"read", "enhance", "write", "wait", "total"}
    parts = sum(float(value) for name, value in steps.items() if name != "total")
    assert float(steps["total"]) == pytest.approx(parts, abs=1)


def test_metrics_count_answers_but_no_names(client):
    send(client, good(), "private name.png")
    send(client, b"x", "private name.png")
    text = client.get("/metrics").text
    assert 'lowlight_answers_total{status="200",view="enhance"} 1.0' in text
    assert 'lowlight_answers_total{status="415",view="enhance"} 1.0' in text
    assert 'lowlight_photos_total{method="generator"} 1.0' in text
    assert "private" not in text


def test_an_unexpected_error_is_logged_without_what_it_says(app_with, caplog):
    def broken(content, job):
        raise RuntimeError(f"cannot enhance {job.name}")

    broken.examples = {}
    answer = send(app_with(broken).test_client(), good(), "private name.png")
    assert_problem(answer, 500)
    assert "RuntimeError" in caplog.text
    assert "private" not in caplog.text
    assert "private" not in answer.text


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\photos\\a.jpg", "a.jpg"),
        ("a\r\nSet-Cookie: x.png", "aSet-Cookie_ x.png"),
        ("", "photo"),
        (None, "photo"),
        ("...", "photo"),
        ("été.jpg", "été.jpg"),
        ("\u202egpj.exe", "gpj.exe"),
        ("x" * 500 + ".jpg", "x" * 100 + ".jpg"),
    ],
)
def test_names_are_made_harmless(name, cleaned):
    assert names.clean(name) == cleaned


def test_a_name_in_any_script_survives_the_header(client):
    answer = send(client, good(), "夜の街.png")
    assert (
        "filename*=UTF-8''%E5%A4%9C%E3%81%AE%E8%A1%97.png" in answer.headers["Content-Disposition"]
    )


def test_lambda_is_absent_unless_the_generator_takes_it(client, app_with, conditional):
    assert "λ" not in client.get("/").text
    assert send(client, good(), query="lambda=5").status_code == 200

    from lowlight_utils.web import Pipeline

    assert_problem(send(client, good(), query="method=lambda"), 400)
    client = app_with(Pipeline(conditional)).test_client()
    assert 'id="lambda"' in client.get("/").text
    for query, lambda_l1 in (("", 115), ("lambda=0.01", 0.01), ("lambda=1000", 1000)):
        result = pixels(send(client, good(), query=query))
        np.testing.assert_array_equal(result, conditional(dark_photo(), lambda_l1=lambda_l1))
    for wrong in ("0.009", "1001", "nan", "much"):
        assert_problem(send(client, good(), query=f"lambda={wrong}"), 400)


def test_a_second_network_that_is_told_lambda_is_a_method_that_lambda_chooses(
    app_with, pipeline, enhancer, conditional
):
    from lowlight_utils.web import Pipeline

    both = Pipeline(enhancer, None, conditional)
    both.examples = pipeline.examples
    client = app_with(both).test_client()
    assert 'data-method="lambda"' in client.get("/").text
    first = enhancer(dark_photo())
    for query, expected in (
        ("", first),
        ("method=lambda", conditional(dark_photo())),
        ("lambda=0.01", conditional(dark_photo(), lambda_l1=0.01)),
        ("method=generator&lambda=0.01", first),
    ):
        np.testing.assert_array_equal(pixels(send(client, good(), query=query)), expected)


def test_lambda_starts_where_the_enhancer_does():
    default = inspect.signature(Enhancer.__call__).parameters["lambda_l1"].default
    assert default == names.LAMBDA


def test_webp_and_avif_take_more_memory_and_may_have_fewer_pixels(app_with, pipeline, enhancer):
    from lowlight_utils.web import Pipeline, Settings

    small = Pipeline(enhancer, Settings(max_pixels=2_400))
    small.examples = pipeline.examples
    client = app_with(small).test_client()
    clear = np.dstack([dark_photo(30, 40), np.full((30, 40), 99, np.uint8)])
    assert send(client, file_of(dark_photo(30, 40), "WEBP")).status_code == 200
    assert_problem(send(client, file_of(dark_photo(30, 41), "WEBP")), 413)
    assert_problem(send(client, file_of(dark_photo(30, 41), "AVIF")), 413)
    assert send(client, file_of(dark_photo(30, 41))).status_code == 200
    assert send(client, file_of(clear), query="format=png").status_code == 200
    assert_problem(send(client, file_of(clear), query="format=webp"), 413)
    assert send(client, file_of(clear[:20]), query="format=webp").status_code == 200


def test_another_sites_page_cannot_spend_a_visitors_browser(client):
    def status(**headers):
        data = {"photo": (io.BytesIO(good()), "a.png")}
        return client.post("/api/enhance", data=data, headers=headers).status_code

    assert status() == 200  # a program
    assert status(**{"Sec-Fetch-Site": "same-origin"}) == 200
    assert status(Origin="http://localhost") == 200
    for site in ("cross-site", "same-site"):
        assert status(**{"Sec-Fetch-Site": site}) == 403
    for origin in ("https://elsewhere.example", "null", "http://localhost:81"):
        assert status(Origin=origin) == 403
    assert (
        client.delete("/api/photos/x", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    )
    assert client.get("/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200  # a link


def test_only_the_names_that_are_ours_are_answered_where_they_are_set(app_with):
    client = app_with(hosts=("photos.example.org",)).test_client()
    assert client.get("/", headers={"Host": "photos.example.org"}).status_code == 200
    assert client.get("/healthz", headers={"Host": "127.0.0.1:8080"}).status_code == 200
    assert_problem(client.get("/", headers={"Host": "elsewhere.example"}), 400)


def test_the_page_does_not_say_back_whatever_host_it_was_asked_for(client):
    answer = client.get("/", headers={"Host": "elsewhere.example"})
    assert "elsewhere.example" not in answer.text
    assert "elsewhere.example" not in str(answer.headers)


def test_behind_a_proxy_the_page_may_live_under_a_prefix(app_with):
    headers = {"X-Forwarded-Prefix": "/light", "X-Forwarded-For": "192.0.2.1"}
    page = app_with(trusted_proxies=1).test_client().get("/", headers=headers).text
    ours = re.findall(r'(?:src|href|action|data-[a-z-]+)="(/[^"]*)"', page)
    assert len(ours) > 8, page
    assert all(address.startswith("/light/") for address in ours)
    assert "/light" not in app_with().test_client().get("/", headers=headers).text


def test_the_scripts_have_no_address_of_their_own(client):
    for script in re.findall(r"static/\w+\.js", client.get("/").text):
        assert not re.findall(r"""["'`]/(?:api|examples|static)""", client.get(script).text)


def test_a_form_without_a_boundary_and_a_field_that_is_too_long_are_told_as_such(client):
    answer = client.post("/api/enhance", data=b"x", content_type="multipart/form-data")
    assert_problem(answer, 400)
    assert "boundary" in answer.json["detail"]
    form = {"data": {"photo": "x" * 600_000}, "content_type": "multipart/form-data"}
    answer = client.post("/api/enhance", **form)
    assert_problem(answer, 413)
    assert "field" in answer.json["detail"] and "MiB" not in answer.json["detail"]


def test_a_name_that_is_not_utf8_is_told_as_such(client):
    head = b'--b\r\nContent-Disposition: form-data; name="photo"; filename="caf\xe9.png"\r\n\r\n'
    body = head + good() + b"\r\n--b--\r\n"
    answer = client.post("/api/enhance", data=body, content_type="multipart/form-data; boundary=b")
    assert_problem(answer, 400)
    assert "not UTF-8" in answer.json["detail"]


def test_a_preview_is_small_and_says_how_large_it_is(client):
    answer = send(client, good(), query="max-side=32")
    assert decode(answer.data).size == (32, 24)
    assert answer.headers["Photo-Size"] == "32x24"
    assert decode(send(client, good(), query="max-side=500").data).size == (64, 48)
    assert_problem(send(client, good(), query="max-side=0"), 400)


def test_every_option_of_a_job_is_documented_on_the_page(client):
    page = client.get("/").text
    for name in options():
        assert f"<code>{name}</code>" in page
