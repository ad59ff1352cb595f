"""What stands in several files at once says the same in each."""

import ast
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from lowlight_utils import __version__, extras

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


PYTHONS = ("3.11.0", "3.12", "3.13")
LINUX = "x86_64-unknown-linux-gnu"
MACHINES = [
    *((python, LINUX, "cpu,jax") for python in PYTHONS),
    ("3.11.2", LINUX, "cuda"),
    ("3.12", "aarch64-unknown-linux-gnu", "cpu,jax"),
    ("3.13", "aarch64-apple-darwin", "cpu,jax"),
    ("3.13", "x86_64-pc-windows-msvc", "cpu,jax"),
]


@pytest.mark.parametrize(("python", "platform", "backends"), MACHINES)
def test_constraints_resolve_and_name_every_package(python, platform, backends, tmp_path):
    wanted = [*backends.split(","), *(set(EXTRAS) - {"cpu", "cuda", "jax"})]
    found = resolve(python, platform, wanted, tmp_path / "resolved.txt")
    unpinned = {name: version for name, version in found.items() if name not in constraints()}
    assert unpinned == {}
    assert found.items() <= constraints().items()
    assert {"keras", "numpy", "jupyterlab", "optuna", "flask", "onnx", "pytest"} <= set(found)


def test_the_pythons_that_are_resolved_for_are_those_that_are_named():
    minors = {python.rpartition("Python :: ")[2] for python in PROJECT["classifiers"]}
    named = sorted(minor for minor in minors if minor[:2] == "3.")
    assert named == [".".join(python.split(".")[:2]) for python in PYTHONS]
    assert PROJECT["requires-python"] == f">={named[0]},<3.{int(named[-1][2:]) + 1}"


def test_the_workflow_runs_what_ci_runs_on_the_pythons_that_are_named():
    workflow = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8"))
    job = workflow["jobs"]["test"]
    assert job["strategy"]["matrix"]["python"] == [".".join(p.split(".")[:2]) for p in PYTHONS]
    assert job["steps"][-1] == {"run": ".ci/run"} and os.access(ROOT / ".ci" / "run", os.X_OK)


def test_the_hooks_before_a_commit_are_those_of_make_lint():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    entries = [hook["entry"] for repo in hooks["repos"] for hook in repo["hooks"]]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    linted = re.findall(r"\$\(BIN\)/((?:ruff|mypy)(?: check| format)?)", makefile)
    assert linted == [re.match(r".venv/bin/((?:\w+)(?: \w+)?)", entry)[1] for entry in entries]


def test_the_citation_is_of_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == __version__
    assert (citation["title"], citation["license"]) == (PROJECT["description"], PROJECT["license"])


def test_in_colab_nothing_has_to_be_replaced(tmp_path):
    wanted = ("tuning", "web", "notebooks")
    there = ROOT / "tools" / "colab.txt"
    found = resolve("3.12", LINUX, wanted, tmp_path / "resolved.txt", constraints=there)
    has = dict(line.split("==") for line in there.read_text("utf-8").split() if "==" in line)
    assert {name: found[name] for name in found.keys() & has.keys()}.items() <= has.items()
    assert {"keras", "numpy", "pillow", "gdown", "ipywidgets"} <= found.keys() & has.keys()


def test_the_lowest_versions_of_all_that_is_named_go_together(tmp_path):
    wanted = ("cpu", "jax", "tuning", "export", "dev")
    options = ("--resolution", "lowest-direct", "--only-binary", ":all:")
    found = resolve("3.11.0", LINUX, wanted, tmp_path / "resolved.txt", *options, constraints=None)
    least = dict(re.findall(r"^([\w.-]+)>=([\d.]+)", "\n".join(PROJECT["dependencies"]), re.M))
    assert {name: Version(found[canonicalize_name(name)]) for name in least} == {
        name: Version(version) for name, version in least.items()
    }


def resolve(python, platform, wanted, path, *options, constraints=ROOT / "constraints.txt"):
    """{package: version} that would be installed there, as uv finds out without that Python."""
    uv = pytest.importorskip("uv", reason="install the extra dev").find_uv_bin()
    command = [uv, "pip", "compile", "--quiet", "--no-annotate", "--no-header", "--output-file"]
    command += [path, "--python-version", python, "--python-platform", platform]
    command += [*options, ROOT / "pyproject.toml"]
    command += ["--constraint", constraints] if constraints else []
    command += [word for extra in wanted for word in ("--extra", extra)]
    environment = {**os.environ, "MACOSX_DEPLOYMENT_TARGET": "14.0"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if "error sending request" in done.stderr and not os.environ.get("CI"):
        pytest.skip("the package index cannot be reached")
    assert done.returncode == 0, done.stderr
    lines = path.read_text(encoding="utf-8").split("\n")
    return dict(line.split("==") for line in lines if "==" in line)


INSTALLED = packages_distributions()
ROOMS = {"data", "models", "training", "tuning", "prediction", "web", "plots", "widgets"}
ROOMS |= {"coursework"}
OURS = ("tests", "tools", "examples")
# Which extras an import may take for granted, by where it stands.
BROUGHT = {
    "lowlight_utils": ("cpu", "jax", "heic", "raw"),
    "lowlight_utils/tuning": ("cpu", "jax", "tuning"),
    "lowlight_utils/prediction": ("cpu", "jax", "onnx", "export"),
    "lowlight_utils/web": ("cpu", "jax", "web"),
    "lowlight_utils/widgets": ("cpu", "jax", "notebooks"),
    "lowlight_utils/coursework": ("cpu", "jax", "notebooks"),
    "notebooks": ("cpu", "jax", "notebooks"),
    "tools": (*EXTRAS,),
    "examples": (*EXTRAS,),
    "tests": (*EXTRAS,),
}


def test_what_is_imported_is_declared_where_it_is_needed():
    missing = {
        (str(path.relative_to(ROOT)), module)
        for folder in BROUGHT
        for path, module in imports(ROOT / folder)
        if not declared(folder, module)
    }
    assert missing == set()


@pytest.mark.parametrize("extra", extras.PACKAGES)
def test_the_extra_that_a_message_names_brings_the_packages_and_modules(extra):
    names = {canonicalize_name(Requirement(text).name) for text in EXTRAS[extra]}
    told = shlex.split(extras.PACKAGES[extra])
    assert {canonicalize_name(Requirement(text).name) for text in told} <= names
    for module in (module for module, its in extras.EXTRAS.items() if its == extra):
        found = {canonicalize_name(name) for name in INSTALLED.get(module, [module])}
        assert found & names, module


def declared(folder, module):
    texts = [*PROJECT["dependencies"], *(r for extra in BROUGHT[folder] for r in EXTRAS[extra])]
    names = {canonicalize_name(Requirement(text).name) for text in texts}
    found = {canonicalize_name(name) for name in INSTALLED.get(module, [module])}
    if module == "tensorflow":  # tensorflow or tensorflow-cpu
        found = {"tensorflow"}
    return bool(found & names)


def imports(folder):
    """(file, module) for each module from elsewhere that a folder's files import."""
    ours = {
        "lowlight_utils",
        *(
            path.stem
            for room in ("tests", "tools", "examples")
            for path in (ROOT / room).rglob("*.py")
        ),
    }
    for path in sorted([*folder.rglob("*.py"), *folder.rglob("*.ipynb")]):
        if folder.name == "lowlight_utils" and path.relative_to(folder).parts[0] in ROOMS - {
            "data"
        }:
            continue
        for node in ast.walk(ast.parse(source(path))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module]
            for module in {name.partition(".")[0] for name in names}:
                if module not in sys.stdlib_module_names and module not in ours:
                    yield path, module


def source(path):
    """A file's Python; of a notebook that of its cells, with pass for what is for IPython."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return text
    cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    lines = [line for cell in cells for line in "".join(cell["source"]).split("\n")]
    return "\n".join(re.sub(r"^(\s*)[%!].*", r"\1pass", line) for line in lines)


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
