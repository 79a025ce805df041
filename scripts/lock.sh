#!/bin/sh
# Writes requirements.txt (the server) and requirements-dev.txt (tests and checks as well)
# from pyproject.toml: hashes for every platform, and no address to download from.
set -eu
cd "$(dirname "$0")/.."

lock() {
    file=$1
    shift
    uv pip compile pyproject.toml "$@" --quiet --universal --python-version 3.11 \
        --generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
        --output-file "$file"
    {
        echo "# Locked for every platform and Python 3.11 or later; \`make lock\` writes this file."
        cat "$file"
    } >"$file.new"
    mv "$file.new" "$file"
}

lock requirements.txt --extra postgres --extra stripe
lock requirements-dev.txt --extra dev
