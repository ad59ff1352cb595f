"""Build the pages that enhance photos in the reader's own browser: "Try it" and "λ".

    python tools/live.py OUT_DIR [--home ADDRESS] [--site ADDRESS]

OUT_DIR becomes a folder of static files, to be served from anywhere: all addresses in it are
relative, and nothing is fetched from elsewhere. In it are the generator that comes with the library
and the one that is told λ, exported with weights of 16 bits; ONNX Runtime's WebAssembly files, from
its npm package; and what the pages share with the Flask page, lowlight_utils/web. The pages' own
templates and scripts are in site/. `--home` is the address, relative to OUT_DIR, of the course that
the pages belong to; `--site` the full one of the folder above OUT_DIR, once it is known: the pages
then say how a link to them is to be shown, as the book's do.

npm fetches the package, once: see live_runtime.py.
"""

import argparse
import hashlib
import json
import shutil
from pathlib import Path

import jinja2
import numpy as np
from live_runtime import VERSION, BuildError, add_runtimes, fetch_package

from lowlight_utils import __version__
from lowlight_utils.data import encode_image, sample_credits, sample_pairs
from lowlight_utils.files import write_file
from lowlight_utils.prediction import (
    LAMBDA_WEIGHTS,
    Enhancer,
    ExportedGenerator,
    export_generator,
)
from lowlight_utils.prediction.enhance import SHIPPED_WEIGHTS
from lowlight_utils.web import Pipeline, names
from lowlight_utils.web.job import Told
from lowlight_utils.web.words import words

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "site"
WEB = ROOT / "lowlight_utils" / "web"
TEMPLATES = ROOT / "docs" / "_templates"  # the book's
SHARED = ("words.js", "viewer.js", "shrink.js", "bring.js", "strip.js", "stage.js", "adjust.js")
SHARED += ("zip.js", "save.js", "page.js", "page.css", "icon.svg")
OWN = ("call.js", "browser.js", "worker.js", "enhance.js", "detail.js", "arrays.js", "network.js")
OWN += ("lambda.js",)

SCENES = {
    "raccoon": "A raccoon",
    "soccer": "A football on a lawn",
    "books": "Old books",
    "citrus": "Citrus fruits",
    "stream": "A stream in a forest",
}
"""The photos of the λ page, from the validation part, and what they show."""

STRIP = ("0.01", "0.1", "1", "10", "115", "1000")
METHODS = (names.OURS, names.TOLD_LAMBDA)
MOST_MEGABYTES = 100
MOST_MEGAPIXELS = 25  # a photo is held three times, at 4 bytes a pixel


def main(arguments: list[str] | None = None) -> None:
    """Read the command line, and build."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", metavar="OUT_DIR", type=Path)
    parser.add_argument("--home", help="the course's address, relative to OUT_DIR")
    parser.add_argument("--site", default="", help="the address that the folder above will have")
    options = parser.parse_args(arguments)
    try:
        build(options.out, home=options.home, site=options.site)
    except BuildError as error:
        raise SystemExit(f"error: {error}") from error
    size = sum(path.stat().st_size for path in options.out.rglob("*") if path.is_file())
    print(f"{options.out}: {size / 1e6:.1f} MB; python -m http.server -d {options.out} serves it")


def build(out: Path, *, home: str | None = None, site: str = "") -> None:
    """Write the folder, whole or not at all; what an earlier build left there is replaced.

    Raises
    ------
    BuildError
        There is no npm, or it does not fetch the package; or `out` holds something else.
    """
    if out.exists() and any(out.iterdir()) and not (out / "live.json").exists():
        raise BuildError(f"{out}: holds other files; name a folder that is new or empty")
    package = fetch_package()
    making = out.with_name(f".{out.name}.making")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    runtimes = add_runtimes(package, making)
    networks = {
        "generator": add_network(SHIPPED_WEIGHTS, making / "generator.onnx"),
        "lambda": add_network(LAMBDA_WEIGHTS, making / "lambda.onnx"),
    }
    described = {"networks": networks, "runtimes": runtimes}
    write_file(making / "live.json", json.dumps(described, separators=(",", ":")))
    add_examples(Enhancer(making / "generator.onnx"), making / "examples")
    told_lambda = Enhancer(making / "lambda.onnx")
    add_scenes(told_lambda, making / "scenes")
    for name in SHARED:
        shutil.copyfile(WEB / "static" / name, making / name)
    for name in OWN:
        shutil.copyfile(SITE / name, making / name)
    first = {name: (runtimes["wasm"]["bytes"] + networks[name]["bytes"]) for name in networks}
    add_pages(making, home, site, told_lambda.lambda_range, first)
    shutil.rmtree(out, ignore_errors=True)
    making.rename(out)


def add_network(weights: Path, path: Path) -> dict:
    """Export a generator; say what a browser has to know of it.

    Among it is what the network makes of a certain picture, so that a browser whose graphics
    processor computes something else can tell.
    """
    export_generator(weights, path, half=True)
    network = ExportedGenerator(path)
    height, width, every = 128, 192, 997
    i = np.arange(height * width * 3, dtype=np.int64)
    picture = ((i * i) % 83 / 83 - 1).astype(np.float32).reshape(1, height, width, 3)
    given = [picture, np.array([[115]], np.float32)] if network.lambda_range else picture
    expected = network.predict_on_batch(given).ravel()[::every]
    return {
        "file": path.name,
        "bytes": path.stat().st_size,
        "stride": network.stride,
        "maxSide": Enhancer(path).max_side,
        "lambda": bool(network.lambda_range),
        "check": {
            "height": height,
            "width": width,
            "every": every,
            "expected": [round(float(x), 4) for x in expected],
        },
    }


def add_examples(enhancer: Enhancer, folder: Path) -> None:
    """Write the examples that the Flask page has, and what the generator makes of the first."""
    first = names.EXAMPLES[0]
    for name, content in Pipeline(enhancer).warm_up().items():
        if name.startswith(f"{first}-") or name.endswith(("-dark", "-thumb")):
            write_file(folder / example(name), content)


def example(name: str) -> str:
    """Name an example's file."""
    return f"{name}.png" if name.endswith("-dark") else f"{name}.jpg"


def add_scenes(enhancer: Enhancer, folder: Path) -> None:
    """Write the λ page's photos, in the dark and well lit, and each at six values of λ."""
    pairs = sample_pairs("validation", 256)
    for scene in SCENES:
        low, truth = pairs[pairs.names.index(scene)]
        write_file(folder / f"{scene}-low.png", encode_image(low, ".png"))
        write_file(folder / f"{scene}-truth.png", encode_image(truth, ".png"))
        for value in STRIP:
            made = encode_image(enhancer(low, lambda_l1=float(value)), ".jpg", quality=90)
            write_file(folder / f"{scene}-{value}.jpg", made)


def add_pages(
    out: Path, home: str | None, site: str, lambda_range: tuple, first: dict[str, int]
) -> None:
    """Write the pages, and the service worker, which knows every file."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([SITE, WEB / "templates", TEMPLATES]),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    told = {
        "url_for": address,
        "t": words("en"),
        "home": home,
        "site_address": site,
        "version": __version__,
        "runtime_version": VERSION,
        "action": "",
        "methods": METHODS,
        "accept": names.ACCEPT,
        "formats": names.FORMATS,
        "quality": names.QUALITY,
        "examples": names.EXAMPLES,
        "lambda_range": lambda_range,
        "lambda_slider": names.lambda_slider(lambda_range),
        "told": Told(names.TOLD_LAMBDA, *lambda_range),
        "most": f"{MOST_MEGAPIXELS}\N{NO-BREAK SPACE}megapixels",
        "max_bytes": MOST_MEGABYTES * 2**20,
        "max_pixels": MOST_MEGAPIXELS * 1_000_000,
        "sizes": {name: f"{size / 1e6:.0f}" for name, size in first.items()},
        "scenes": SCENES,
        "strip": STRIP,
        "credits": sample_credits(SCENES),
    }
    for name in ("index.html", "lambda.html"):
        write_file(out / name, environment.get_template(name).render(told, page=name))
    files = sorted(path for path in out.rglob("*") if path.is_file())
    whole = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
    addresses = [path.relative_to(out).as_posix() for path in files]
    # The pages themselves, and what they show before anything is asked of them.
    small = [x for x in addresses if "/" not in x and not x.endswith((".onnx", ".json"))]
    later = [x for x in addresses if x not in small]
    script = environment.from_string((SITE / "offline.js").read_text(encoding="utf-8"))
    rendered = script.render(build=whole[:12], first_files=["./", *small], later_files=later)
    write_file(out / "offline.js", rendered)


def address(endpoint: str, **values: str) -> str:
    """Say where the pages find what Flask's `url_for` names for the shared templates."""
    if endpoint == "pages.example":
        return f"examples/{example(values['name'])}"
    return values["filename"]


if __name__ == "__main__":
    main()
