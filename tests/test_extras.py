"""A missing package is one line that names the extra, and the extras are pyproject's."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

from lowlight_utils.extras import EXTRAS, PACKAGES, explain

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# What the library's own dependencies bring, by the name that is imported.
CORE = {"keras", "numpy", "PIL", "skimage", "scipy", "matplotlib", "tqdm", "lazy_loader", "pooch"}
CORE |= {"gdown", "imagecodecs", "requests", "tifffile"}


def names(requirements):
    return {re.split(r"[\s\[<>=;]", each, maxsplit=1)[0].lower() for each in requirements}


def imported():
    found = set()
    for path in (ROOT / "lowlight_utils").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"lowlight_utils"}


def test_every_module_that_an_extra_brings_can_be_explained():
    # No extra brings torch: the benchmark compares with it where somebody has installed it.
    assert imported() - CORE - {"torch"} <= set(EXTRAS)


@pytest.mark.parametrize("extra", sorted(set(EXTRAS.values()) - {"cpu"}))
def test_the_packages_are_those_of_pyproject(extra):
    packages = PACKAGES[extra].replace("'", "").split()
    assert names(packages) <= names(PROJECT["optional-dependencies"][extra])


def test_the_line_names_extra_and_package():
    line = explain(ModuleNotFoundError("no", name="flask_limiter"))
    assert "extra web" in line and "flask-limiter" in line and "\n" not in line


def test_a_submodule_and_what_was_raised_because_of_it_are_explained_too():
    error = ImportError("cannot go on")
    error.__cause__ = ModuleNotFoundError("no", name="onnx.helper")
    assert "extra export" in explain(error)


def test_a_module_of_the_users_own_is_not_for_us_to_explain():
    assert explain(ModuleNotFoundError("no", name="their_module")) is None
    assert explain(ValueError("something else")) is None


def test_where_the_other_backend_is_installed_it_is_offered():
    pytest.importorskip("jax")
    assert "KERAS_BACKEND=jax" in explain(ModuleNotFoundError("no", name="tensorflow"))
