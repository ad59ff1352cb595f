#!/usr/bin/env bash
# Install the web page as a service, behind Caddy, from a checkout of the repository:
#
#     sudo deploy/install.sh photos.example.org
#
# For Ubuntu 24.04 and Debian 12 and newer. Run it again after `git pull` to update. Each run makes
# a release of its own, complete, beside what runs now; one rename of a link then puts it in place.
# Until the new one answers, Caddy shows a page that says so.
set -euo pipefail

domain=${1:?"give the domain that leads to this machine, such as photos.example.org"}
prefix=${PREFIX:-/opt/lowlight}
source=$(cd "$(dirname "$0")/.." && pwd)

if [[ ! $domain =~ ^[A-Za-z0-9.-]+$ ]]; then
    echo "install.sh: '$domain' is not a domain" >&2
    exit 1
fi

mkdir -p "$prefix/releases"
release=$(mktemp -d "$prefix/releases/$(date -u +%Y%m%d-%H%M%S)-XXXX")
build=$(mktemp -d)
trap 'rm -rf "$build"; [[ $(readlink "$prefix/current") == "$release" ]] || rm -rf "$release"' EXIT

# The generator, and the one for the λ slider: exported with Keras and JAX, which the server itself does not need.
python3 -m venv "$build/venv"
"$build/venv/bin/pip" install --quiet --no-cache-dir --constraint "$source/constraints.txt" \
    "${source}[jax,export]"
(cd "$build" && KERAS_BACKEND=jax "$build/venv/bin/python" -m lowlight_utils export \
    "$release/generator.onnx" ${WEIGHTS:+--weights "$WEIGHTS"})
(cd "$build" && KERAS_BACKEND=jax "$build/venv/bin/python" -m lowlight_utils export \
    "$release/lambda.onnx" --told-lambda)

# The server, made where it stays: a virtual environment cannot be moved.
python3 -m venv "$release/venv"
"$release/venv/bin/pip" install --quiet --no-cache-dir --constraint "$source/constraints.txt" \
    "${source}[web,onnx]"
install -m 644 "$source/deploy/maintenance.html" "$release/maintenance.html"
chmod -R a+rX "$release"

# In place: `current` is the old release up to this line, and the new one from it on.
before=$(readlink "$prefix/current" || true)
ln -s "$release" "$prefix/current.new"
mv -T "$prefix/current.new" "$prefix/current"

if [[ -z ${WITHOUT_SERVICES:-} ]]; then
    install -m 644 "$source/deploy/lowlight.service" /etc/systemd/system/lowlight.service
    sed "s/photos\.example\.org/$domain/" "$source/deploy/Caddyfile" > /etc/caddy/Caddyfile
    systemctl daemon-reload
    systemctl enable lowlight
    systemctl reload-or-restart caddy
    systemctl restart lowlight
fi

# The release before this one stays, to go back to: ln -sfn it to `current`, and restart.
for old in "$prefix"/releases/*; do
    [[ $old == "$release" || $old == "$before" ]] || rm -rf "$old"
done
