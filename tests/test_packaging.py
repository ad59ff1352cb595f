"""What stands in several files at once says the same in each."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
REQUIREMENTS = [
    Requirement(text)
    for text in [*PROJECT["dependencies"], *(r for e in EXTRAS.values() for r in e)]
]


def constraints():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9-]+==[\w.+!]+", pin) for pin in pins), "exact pins only"
    return dict(pin.split("==") for pin in pins)


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=str)
def test_every_requirement_has_an_exact_version_within_its_range(requirement):
    version = constraints()[canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(version)


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt", "environment.yml"])
def test_no_requirements_file_names_a_package_index(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"index-url|find-links|simple/|://[^\s\"]*(pypi|pythonhosted)", text)


def test_conda_environment_installs_this_project_with_its_own_constraints_and_extras():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    python = next(d for d in environment["dependencies"] if str(d).startswith("python="))
    minor = python.removeprefix("python=")
    assert f"Programming Language :: Python :: {minor}" in PROJECT["classifiers"]
    options = next(d for d in environment["dependencies"] if isinstance(d, dict))["pip"]
    assert "--constraint constraints.txt" in options
    (editable,) = [option for option in options if option.startswith("--editable")]
    extras = re.search(r"\[(.*)\]", editable).group(1).split(",")
    assert set(extras) <= set(EXTRAS)
    assert "cuda" in extras


def test_importing_the_package_loads_no_framework():
    heavy = ["keras", "tensorflow", "jax", "numpy"]
    code = f"import sys, lowlight_utils; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_readme_commands_exist():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    named = set(re.findall(r"^\s*make ([a-z]+)", readme, re.M))
    assert {"notebooks", "test"} <= named
    assert named <= targets

    help_text = subprocess.run(
        [sys.executable, "-m", "lowlight_utils", "--help"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    commands = set(re.findall(r"python -m lowlight_utils (\w+)", readme))
    assert {"enhance", "train", "evaluate"} <= commands
    for command in commands:
        assert re.search(rf"^    {command}\b", help_text, re.M)


def test_readme_links_lead_to_files_that_exist():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#\s]+)", readme) + re.findall(r'src="([^"]+)"', readme)
    here = [link for link in links if "://" not in link]
    assert here
    assert [link for link in here if not (ROOT / link).exists()] == []
