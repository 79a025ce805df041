#!/bin/sh
# Prepares a machine, one thing at a time; what is already there is left alone.
#   environment [PYTHON]  .venv with the locked packages
#   redis                 redis-server or valkey-server, 7 or later
#   browser-packages      what web/package-lock.json names, by the npm of .venv; may go without
#   services              nginx and PostgreSQL for the tests that want them; never fails
#   postgres              PostgreSQL's server programs; fails when there is no way
#   chromium              a browser for the tests; never fails
#   headless-shell        Chromium's lighter half too, where apt-get has it; never fails
set -eu

fail() {
    echo "install: $*" >&2
    exit 1
}

# Prints the first Python that is new enough and can make environments.
# A name on the PATH may be a stub, so each candidate must really run.
find_python() {
    without_venv=""
    for candidate in "$@"; do
        "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
        if "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
            echo "$candidate"
            return
        fi
        without_venv=$candidate
    done
    if [ -n "$without_venv" ]; then
        fail "$without_venv cannot make environments; on Debian and Ubuntu: apt-get install python3-venv"
    fi
    fail "Python 3.11 or later is needed ($* tried); on Debian and Ubuntu: apt-get install python3 python3-venv; on a Mac: brew install python"
}

environment() {
    if [ -n "${1-}" ]; then
        python=$(find_python "$1")
    else
        python=$(find_python python3.13 python3.12 python3.11 python3)
    fi
    if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
        echo "install: .venv with $("$python" --version)"
        "$python" -m venv --clear .venv
    fi
    echo "install: the locked packages"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check \
        --require-hashes --requirement requirements-dev.txt
}

# The stamp is the lock as it was installed. It goes with node_modules, which npm removes first.
# Node.js trusts the certificates that the machine does: a company's network may have its own.
browser_packages() {
    lock=web/package-lock.json
    stamp=web/node_modules/.installed-lock
    if cmp -s "$lock" "$stamp"; then
        return
    fi
    echo "install: the locked packages for browsers"
    report=$(
        cd web && PATH="$PWD/../.venv/bin:$PATH" NODE_USE_SYSTEM_CA=1 \
            npm ci --loglevel=error --include=dev --prefer-offline \
            --fetch-retries=1 --fetch-retry-mintimeout=1000 --fetch-timeout=20000 2>&1
    ) && cp "$lock" "$stamp" && return
    case $report in
        *EINTEGRITY*) fail "npm got other files than web/package-lock.json names: $report" ;;
    esac
    reason=$(echo "$report" | sed -n 's/^npm error code //p' | head -n 1)
    echo "install: npm got nothing (${reason:-$report}); all works but HLS streams in Chromium and Firefox, and tests that want axe-core" >&2
}

# True when redis-server or valkey-server 7 or later is on the PATH.
# They say "Redis server v=7.0.15 sha=…" and "Valkey server v=8.1.1 sha=…".
has_redis() {
    for server in redis-server valkey-server; do
        major=$("$server" --version 2>/dev/null | sed -n 's/.*v=\([0-9]*\)\..*/\1/p')
        [ "${major:-0}" -ge 7 ] && return 0
    done
    return 1
}

# Runs a command as root: as it is, or through sudo when that asks for no password.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo -n "$@"
    fi
}

can_apt() {
    command -v apt-get >/dev/null 2>&1 && as_root true 2>/dev/null
}

# A package's service would take a port and memory that nobody asked for:
# RUNLEVEL=1 keeps it from being started where there is no systemd.
apt_install() {
    report=$(
        {
            as_root apt-get -qq update &&
                as_root env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive \
                    apt-get -qq install -y --no-install-recommends "$@"
        } 2>&1
    ) || {
        echo "$report" >&2
        return 1
    }
}

# As above, where there is systemd: it has started the service by now.
stop_service() {
    if [ -d /run/systemd/system ]; then
        as_root systemctl disable --quiet --now "$1" || true
    fi
}

redis() {
    if has_redis; then
        return
    fi
    if can_apt; then
        echo "install: redis-server, by apt-get"
        apt_install redis-server && stop_service redis-server
    elif command -v brew >/dev/null 2>&1; then
        echo "install: redis, by brew"
        brew install --quiet redis
    fi || true
    has_redis || fail "Redis or Valkey 7 or later is needed; on Debian and Ubuntu: apt-get install redis-server; on a Mac: brew install redis"
}

# Debian keeps PostgreSQL's server programs off the PATH.
has_postgres() {
    command -v postgres >/dev/null 2>&1 || [ -n "$(ls -d /usr/lib/postgresql/*/bin/postgres 2>/dev/null)" ]
}

services() {
    missing=""
    command -v nginx >/dev/null 2>&1 || [ -x /usr/sbin/nginx ] || missing="nginx"
    has_postgres || missing="$missing postgresql"
    if [ -z "$missing" ] || [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
        return
    fi
    echo "install: $missing for the tests, by apt-get"
    # shellcheck disable=SC2086  # a list of names
    if ! apt_install $missing; then
        echo "install: could not get $missing; the tests that want them are skipped" >&2
        return
    fi
    for name in $missing; do
        stop_service "$name"
    done
}

# For who wants the book on PostgreSQL tested, and nothing skipped.
postgres() {
    if has_postgres; then
        return
    fi
    if can_apt; then
        echo "install: postgresql for the tests, by apt-get"
        apt_install postgresql && stop_service postgresql
    fi || true
    has_postgres || fail "PostgreSQL's server programs are needed; on Debian and Ubuntu: apt-get install postgresql; elsewhere: initdb and postgres on the PATH"
}

# A snap cannot be driven: it sees neither our profile folder nor our files.
chromium() {
    if .venv/bin/python -m tests.end_to_end.browser.chromium >/dev/null 2>&1; then
        return
    fi
    advice="on Debian: apt-get install chromium; elsewhere Google Chrome does as well"
    if grep -qs '^ID=ubuntu' /etc/os-release; then
        advice="Ubuntu's Chromium is a snap, which tests cannot drive; Google Chrome's own package does"
    elif can_apt; then
        echo "install: chromium for the tests, by apt-get"
        apt_install chromium-headless-shell fonts-liberation ||
            apt_install chromium fonts-liberation || true
    elif command -v brew >/dev/null 2>&1; then
        # Chromium itself is unsigned, so Homebrew no longer has it.
        echo "install: google-chrome for the tests, by brew"
        brew install --quiet --cask google-chrome || true
    fi
    .venv/bin/python -m tests.end_to_end.browser.chromium >/dev/null ||
        echo "install: no Chromium, so tests in a browser are skipped; $advice" >&2
}

# The same Chromium without windows: tests with it take a third less time.
headless_shell() {
    if command -v chromium-headless-shell >/dev/null 2>&1 || ! can_apt; then
        return
    fi
    echo "install: chromium-headless-shell for the tests, by apt-get"
    apt_install chromium-headless-shell >/dev/null 2>&1 ||
        echo "install: no chromium-headless-shell; the whole Chromium does as well"
}

cd "$(dirname "$0")/.."
case "${1-}" in
    environment) environment "${2-}" ;;
    redis) redis ;;
    browser-packages) browser_packages ;;
    services) services ;;
    postgres) postgres ;;
    chromium) chromium ;;
    headless-shell) headless_shell ;;
    *) fail "environment, redis, browser-packages, services, postgres, chromium or headless-shell?" ;;
esac
