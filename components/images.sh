#!/bin/sh
# Builds the images with buildah, podman or docker, whichever is there; `make images` calls it.
#
#   BASE        base of all three images instead of the Containerfiles' own: debian:bookworm-slim
#   TAG         their tag; Seatrial's version where it is not set
#   PREFIX      what goes before their names: registry.example/team/
#   BUILDER     buildah, podman or docker
#   ONLY        build these alone: "slim mlflow"
#   PIP_CONF    pip's configuration for the build: a proxy, a private index, PyTorch's CPU index
#   CA_BUNDLE   certificates for the build, in PEM
#
# The last two are build secrets: no layer keeps them. Where they are not set, PIP_CONFIG_FILE and PIP_CERT count.
set -eu
cd "$(dirname "$0")/.."

TAG=${TAG:-$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml | head -n 1)}
PREFIX=${PREFIX:-}
PIP_CONF=${PIP_CONF:-${PIP_CONFIG_FILE:-}}
CA_BUNDLE=${CA_BUNDLE:-${PIP_CERT:-}}

for found in buildah podman docker; do
    if [ -z "${BUILDER:-}" ] && command -v "$found" >/dev/null; then BUILDER=$found; fi
done
case "${BUILDER:-}" in
*buildah) build="bud --layers" ;;
*podman | *docker) build="build" ;;
*)
    echo "make images: expected buildah, podman or docker, found none of them" >&2
    exit 2
    ;;
esac
export DOCKER_BUILDKIT=1

image() { # NAME FILE [TARGET]
    case " ${ONLY:-slim evaluation mlflow} " in *" $1 "*) ;; *) return 0 ;; esac
    name="$PREFIX$2:$TAG"
    file=$3
    set -- ${4:+--target "$4"} ${BASE:+--build-arg "BASE=$BASE"}
    if [ -f "$PIP_CONF" ]; then set -- "$@" --secret "id=pip.conf,src=$PIP_CONF"; fi
    if [ -f "$CA_BUNDLE" ]; then set -- "$@" --secret "id=ca-bundle,src=$CA_BUNDLE"; fi
    echo "building $name"
    # shellcheck disable=SC2086  # the words of the command
    "$BUILDER" $build "$@" --file "$file" --tag "$name" --build-arg "VERSION=$TAG" \
        --build-arg "REVISION=$(git rev-parse HEAD 2>/dev/null || echo unknown)" .
}

image slim seatrial components/Containerfile slim
image evaluation seatrial-evaluation components/Containerfile evaluation
image mlflow seatrial-mlflow k8s/mlflow/Containerfile
