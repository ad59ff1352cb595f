"""Uploads for the tests, good and bad, all made by code."""

import io
import struct
import zlib

import numpy as np
from pictures import make_photo
from PIL import Image

from lowlight_utils.data import encode_image


def dark_photo(height=48, width=64, seed=0):
    return make_photo(height, width, seed) // 8


def file_of(image, format_="PNG", **options):
    picture = Image.fromarray(image) if isinstance(image, np.ndarray) else image
    buffer = io.BytesIO()
    picture.save(buffer, format_, **options)
    return buffer.getvalue()


def good(suffix=".png"):
    return encode_image(dark_photo(), suffix)


def decode(content):
    return Image.open(io.BytesIO(content))


def png_chunk(kind, data):
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def png(width, height, pixels=b"", bits=8, colour=2, before=b""):
    """A PNG file made by hand, whose header may promise what its pixels do not keep."""
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + before
        + png_chunk(b"IDAT", zlib.compress(pixels, 9))
        + png_chunk(b"IEND", b"")
    )


def bad_uploads():
    """Name -> (bytes, statuses that are right for it)."""
    whole = {suffix: good(suffix) for suffix in (".png", ".jpg", ".webp", ".tif")}
    bad = {
        "one byte": (b"\x00", {415}),
        "text": (b"not a picture\n" * 20, {415}),
        "html": (b"<!doctype html><script>alert(1)</script>", {415}),
        "svg": (b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', {415}),
        "svg that asks for a file": (
            b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
            b'<svg xmlns="http://www.w3.org/2000/svg"><text>&e;</text></svg>',
            {415},
        ),
        "pdf": (b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF", {415}),
        "eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n", {415}),
        "zip": (b"PK\x03\x04" + b"\x00" * 60, {415}),
        "gzip": (b"\x1f\x8b\x08" + b"\x00" * 60, {415}),
        "elf": (b"\x7fELF" + b"\x00" * 60, {415}),
        "gif": (file_of(dark_photo(), "GIF"), {415}),
        "bmp": (file_of(dark_photo(), "BMP"), {415}),
        "ppm": (file_of(dark_photo(), "PPM"), {415}),
        "tga": (file_of(dark_photo(), "TGA"), {415}),
        "ico": (file_of(dark_photo(), "ICO"), {415}),
        "xbm": (b"#define x_width 8\n#define x_height 8\nstatic char x_bits[] = {0};", {415}),
        "fits": (b"SIMPLE  =                    T".ljust(2880), {415}),
        "mp4": (b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 40, {415}),
        "raw photo": (b"II*\x00\x10\x00\x00\x00CR\x02\x00" + b"\x00" * 80, {415, 422}),
        "zeros": (b"\x00" * 10_000, {415}),
        "spaces": (b" " * 10_000, {415}),
        "png signature alone": (b"\x89PNG\r\n\x1a\n", {415, 422}),
        "jpeg signature alone": (b"\xff\xd8\xff", {415, 422}),
        "webp signature alone": (b"RIFF\x04\x00\x00\x00WEBP", {415, 422}),
        "tiff signature alone": (b"II*\x00\x08\x00\x00\x00", {415, 422}),
        "png of a promised billion pixels": (png(40_000, 40_000), {413}),
        "png that unpacks to a gigabyte of pixels": (
            png(30_000, 12_000, b"\x00" * 3_000_000),
            {413},
        ),
        "png as wide as can be": (png(2**31 - 1, 1), {413}),
        "png without width": (png(0, 9), {415, 422}),
        "png with a negative side": (png(2**32 - 1, 1), {413, 415, 422}),
        "png of no pixels": (png(60, 60), {422}),
        "png of too few pixels": (png(60, 60, b"\x00" * 100), {422}),
        "png of too many pixels": (png(4, 4, b"\x00" * 100_000), {200, 422}),
        "png with an impossible depth": (png(4, 4, b"\x00" * 60, bits=7), {415, 422}),
        "png with an impossible colour type": (png(4, 4, b"\x00" * 60, colour=9), {415, 422}),
        "png whose text unpacks to 100 MB": (
            png(
                4, 4, b"\x00" * 52,
                before=png_chunk(b"zTXt", b"k\x00\x00" + zlib.compress(b"\x00" * 100_000_000, 9)),
            ),
            {200, 422},
        ),
        "png whose profile unpacks to 100 MB": (
            png(
                4, 4, b"\x00" * 52,
                before=png_chunk(b"iCCP", b"p\x00\x00" + zlib.compress(b"\x00" * 100_000_000, 9)),
            ),
            {200, 422},
        ),
        "png with a chunk longer than the file": (
            whole[".png"][:8] + struct.pack(">I", 2**31 - 1) + whole[".png"][12:],
            {415, 422},
        ),
        "png with a broken checksum": (
            whole[".png"][:29] + b"\x00\x00\x00\x00" + whole[".png"][33:],
            {415, 422},
        ),
        "animated png": (
            file_of(
                Image.fromarray(dark_photo()), save_all=True,
                append_images=[Image.fromarray(dark_photo(seed=1))],
            ),
            {422},
        ),
        "animated webp": (
            file_of(
                Image.fromarray(dark_photo()), "WEBP", save_all=True,
                append_images=[Image.fromarray(dark_photo(seed=1))],
            ),
            {422},
        ),
        "tiff of two pages": (
            file_of(
                Image.fromarray(dark_photo()), "TIFF", save_all=True,
                append_images=[Image.fromarray(dark_photo(seed=1))],
            ),
            {422},
        ),
        "tiff of floats": (
            file_of(Image.fromarray(np.ones((9, 9), np.float32)), "TIFF"),
            {422},
        ),
        "tiff whose directory points at itself": (
            b"II*\x00\x08\x00\x00\x00" + b"\x00\x00" + b"\x08\x00\x00\x00",
            {415, 422},
        ),
        "tiff that promises four billion entries": (
            b"II*\x00\x08\x00\x00\x00\xff\xff" + b"\xff" * 200,
            {415, 422},
        ),
        "jpeg of 65500 by 65500": (_jpeg_with_size(whole[".jpg"], 65_500, 65_500), {413}),
        "jpeg without size": (_jpeg_with_size(whole[".jpg"], 0, 0), {415, 422}),
        "jpeg whose EXIF lies about its length": (
            whole[".jpg"][:2] + b"\xff\xe1\xff\xffExif\x00\x00" + whole[".jpg"][2:],
            {200, 415, 422},
        ),
        "polyglot: html inside a jpeg comment": (
            whole[".jpg"][:2] + b"\xff\xfe\x00\x23<script>alert(document.domain)</sc" +
            whole[".jpg"][2:],
            {200},
        ),
        "polyglot: a zip behind a png": (whole[".png"] + b"PK\x03\x04" + b"\x00" * 99, {200}),
        "polyglot: gif header before a png": (b"GIF89a" + whole[".png"], {415, 422}),
        "wrong suffix inside: png bytes twice": (whole[".png"] * 2, {200}),
    }  # fmt: skip
    for suffix, content in whole.items():
        for share in (0.25, 0.6, 0.95):
            bad[f"{suffix} cut at {share:.0%}"] = content[: int(share * len(content))], {415, 422}
        middle = len(content) // 2
        holed = content[:middle] + bytes(40) + content[middle + 40 :]
        bad[f"{suffix} with a hole"] = holed, {200, 422}
    return bad


def odd_modes():
    """Name -> a good picture of a kind that careless servers fail on; each has to give 200."""
    rng = np.random.default_rng(0)
    grey = dark_photo()[..., 0]
    sixteen = (grey.astype(np.uint16) << 8) | 77
    rgba = np.dstack([dark_photo(), rng.integers(0, 256, (48, 64), dtype=np.uint8)])
    return {
        "grey": file_of(grey),
        "one bit": file_of(Image.fromarray(grey > 9)),
        "16-bit grey": file_of(Image.fromarray(sixteen)),
        "palette": file_of(Image.fromarray(dark_photo()).quantize(16)),
        "alpha": file_of(rgba),
        "grey with alpha": file_of(Image.fromarray(rgba).convert("LA")),
        "cmyk jpeg": file_of(Image.fromarray(dark_photo()).convert("CMYK"), "JPEG"),
        "lab tiff": file_of(Image.fromarray(dark_photo()).convert("LAB"), "TIFF"),
        "progressive jpeg": file_of(dark_photo(), "JPEG", progressive=True),
        "one pixel": file_of(dark_photo(1, 1)),
        "a line": file_of(dark_photo(1, 500)),
    }


def _jpeg_with_size(content, width, height):
    at = content.index(b"\xff\xc0") + 5
    return content[:at] + struct.pack(">HH", height, width) + content[at + 4 :]
