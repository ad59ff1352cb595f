#!/usr/bin/env bash
# Install the web page as a service, behind Caddy, from a checkout of the repository:
#
#     sudo deploy/install.sh photos.example.org
#
# For Ubuntu 24.04 and Debian 12 and newer. Run it again after `git pull` to update.
set -euo pipefail

domain=${1:?"give the domain that leads to this machine, such as photos.example.org"}
prefix=${PREFIX:-/opt/lowlight}
source=$(cd "$(dirname "$0")/.." && pwd)

if [[ ! $domain =~ ^[A-Za-z0-9.-]+$ ]]; then
    echo "install.sh: '$domain' is not a domain" >&2
    exit 1
fi

# The generator: exported with Keras and JAX, which the server itself does not need.
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
python3 -m venv "$build/venv"
"$build/venv/bin/pip" install --quiet --no-cache-dir --constraint "$source/constraints.txt" \
    "${source}[jax,export]"
mkdir -p "$prefix"
(cd "$build" && KERAS_BACKEND=jax "$build/venv/bin/python" -m lowlight_utils export \
    "$prefix/generator.onnx" ${WEIGHTS:+--weights "$WEIGHTS"})

# The server, made beside the old one: what runs now is replaced only once the new one is complete.
rm -rf "$prefix/venv.new"
python3 -m venv "$prefix/venv.new"
"$prefix/venv.new/bin/pip" install --quiet --no-cache-dir --constraint "$source/constraints.txt" \
    "${source}[web,onnx]"
rm -rf "$prefix/venv"
mv "$prefix/venv.new" "$prefix/venv"
chmod -R a+rX "$prefix"

if [[ -n ${WITHOUT_SERVICES:-} ]]; then
    exit 0
fi
install -m 644 "$source/deploy/lowlight.service" /etc/systemd/system/lowlight.service
sed "s/photos\.example\.org/$domain/" "$source/deploy/Caddyfile" > /etc/caddy/Caddyfile
systemctl daemon-reload
systemctl enable lowlight
systemctl restart lowlight
systemctl reload-or-restart caddy
