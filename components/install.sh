#!/bin/sh
# Installs into an image's environment, with a pip that stays outside of it; see the Containerfiles.
#
#   install dependencies EXTRAS    what Seatrial needs with these extras, but not Seatrial
#   install code SOURCE            Seatrial, but not what it needs
#
# A proxy, a private index or certificates of one's own come as build secrets, which no layer keeps:
# pip.conf (pip's configuration) and ca-bundle (certificates in PEM).
set -eu

environment=/opt/seatrial
secrets=/run/secrets
if [ -f "$secrets/pip.conf" ]; then export PIP_CONFIG_FILE="$secrets/pip.conf"; fi
if [ -f "$secrets/ca-bundle" ]; then export PIP_CERT="$secrets/ca-bundle"; fi
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore

pip() {
    /mnt/pip/bin/pip --quiet --python "$environment/bin/python" "$@"
}

case "$1" in
dependencies)
    given="$environment/share/seatrial"
    # packages without content stand in for Seatrial, so that the code has no part in this layer
    outline=$(mktemp -d)
    cp "$given/pyproject.toml" "$outline"
    touch "$outline/README.md" "$outline/LICENSE"
    for package in src/seatrial components/seatrial_components pipelines/seatrial_pipelines mlflow_plugins/seatrial_mlflow; do
        mkdir -p "$outline/$package"
        touch "$outline/$package/__init__.py"
    done
    pip install --constraint "$given/constraints.txt" "${outline}[$2]"
    pip uninstall --yes seatrial
    rm -rf "$outline"
    # the packages' own tests: a tenth of the image, and never run in it
    find "$environment/lib" -depth -type d -name tests -exec rm -rf {} +
    ;;
code)
    pip install --no-deps "$2"
    ;;
*)
    echo "install: expected dependencies or code, got $1" >&2
    exit 2
    ;;
esac
