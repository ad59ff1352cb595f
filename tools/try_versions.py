"""Try the library on other versions than those of constraints.txt, each in a fresh environment.

    python tools/try_versions.py lowest   the oldest that pyproject.toml allows: tests of four rooms
    python tools/try_versions.py colab    those of Colab: all notebooks, in quick mode
    python tools/try_versions.py core     lowest, but only the tests that take a minute

The environments are made in build/versions/, by uv, for the Python that runs this. They take 2 GB
each, and a minute or two to install. Without a name, lowest and colab are tried.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from uv import find_uv_bin

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "versions"
COLAB = ROOT / "tools" / "colab.txt"
CORE = ("tests/data", "tests/models/test_saving.py", "tests/prediction/test_enhance.py")
ROOMS = ("tests/data", "tests/models", "tests/training", "tests/prediction")
# Not web: pillow-heif would ask for a newer Pillow than the library itself does.
LOWEST_EXTRAS = "cpu,jax,tuning,export,dev"
COLAB_EXTRAS = "cpu,tuning,web,export,notebooks"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="*", default=["lowest", "colab"])
    what = parser.parse_args().what
    tries = {"lowest": try_lowest, "colab": try_colab, "core": lambda: try_lowest(CORE)}
    if unknown := set(what) - set(tries):
        parser.error(f"choose of {', '.join(tries)}, not {', '.join(unknown)}")
    failed = [name for name in what if not tries[name]()]
    print(f"Failed: {', '.join(failed)}." if failed else f"All went well: {', '.join(what)}.")
    return bool(failed)


def try_lowest(tests=ROOMS):
    """Run tests on the lowest versions of all that pyproject.toml names, and newest of the rest."""
    BUILD.mkdir(parents=True, exist_ok=True)
    found = BUILD / "lowest.txt"
    found.unlink(missing_ok=True)  # uv would keep to it
    command = ["pip", "compile", "--quiet", "--no-annotate", "--resolution", "lowest-direct"]
    # A version that has no build for this Python is as good as none.
    command += ["--only-binary", ":all:", "--python", sys.executable, "--output-file", found]
    uv(*command, *extras(LOWEST_EXTRAS), ROOT / "pyproject.toml")
    python = environment("lowest", "--requirements", found)
    show(python)
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
    return subprocess.run(command, cwd=ROOT, env=with_bin(python)).returncode == 0


def try_colab():
    """Run the notebooks on the versions that a Colab machine comes with."""
    python = environment("colab", "--constraints", COLAB, f"{ROOT}[{COLAB_EXTRAS}]")
    show(python)
    command = [python, ROOT / "tools" / "notebooks.py", "run"]
    return subprocess.run(command, cwd=ROOT, env=with_bin(python)).returncode == 0


def environment(name, *packages):
    """Make an environment with those packages and this library; return its Python."""
    folder = BUILD / name
    shutil.rmtree(folder, ignore_errors=True)
    uv("venv", "--quiet", "--python", sys.executable, folder)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    uv("pip", "install", "--quiet", "--python", python, *packages)
    uv("pip", "install", "--quiet", "--python", python, "--no-deps", "--editable", ROOT)
    return python


def uv(*arguments):
    subprocess.run([find_uv_bin(), *arguments], check=True)


def extras(names):
    return [word for name in names.split(",") for word in ("--extra", name)]


def show(python):
    """Print the versions of what pyproject.toml names itself."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [text.partition(">")[0] for text in project["dependencies"]]
    names += ["tensorflow-cpu", "tensorflow", "jax", "ipywidgets", "optuna"]
    command = [find_uv_bin(), "pip", "list", "--quiet", "--format", "freeze", "--python", python]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    print("On", ", ".join(line for line in lines if line.partition("==")[0] in names), flush=True)


def with_bin(python):
    """Return this process's variables, with the environment's programs first."""
    path = f"{python.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return {**os.environ, "PATH": path, "PYTHONPATH": ""}


if __name__ == "__main__":
    sys.exit(main())
