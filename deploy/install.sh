#!/bin/sh
# Installs twinface from this checkout on Debian 12 or newer, Ubuntu 24.04 or Raspberry Pi OS (64 bit), as root:
#   deploy/install.sh               # all steps
#   deploy/install.sh system user   # these only; each may be run again
# Steps: system   Python, from Debian's packages
#        package  /opt/twinface with twinface and the packages of deploy/lock.txt, and the command /usr/local/bin/twinface
#        models   the network, into /opt/twinface, so that nothing is fetched later
#        user     the user twinface, who runs it and keeps everything in /var/lib/twinface; $TWINFACE_UID is its number, and its group's
#        config   /etc/twinface/pipeline.toml, unless there is one
#        service  the unit of systemd
set -eu
prefix=/opt/twinface
state=/var/lib/twinface

system() {
    apt-get update --quiet
    DEBIAN_FRONTEND=noninteractive apt-get install --quiet --yes --no-install-recommends ca-certificates python3 python3-venv tini
}

package() {
    python3 -m venv "$prefix"
    "$prefix/bin/pip" install --no-cache-dir --require-hashes --only-binary :all: --requirement "$source/deploy/lock.txt"
    "$prefix/bin/pip" install --no-cache-dir --no-deps --force-reinstall "$source"
    "$prefix/bin/python" -m compileall -q "$prefix/lib"  # nobody who runs it may write there
    mkdir -p /usr/local/bin
    printf '#!/bin/sh\n: "${TWINFACE_ASSETS:=%s/assets}"\nexport TWINFACE_ASSETS\nexec %s/bin/twinface "$@"\n' "$prefix" "$prefix" \
        > /usr/local/bin/twinface
    chmod 755 /usr/local/bin/twinface
}

models() {
    cache="$(mktemp -d)"
    XDG_CACHE_HOME="$cache" "$prefix/bin/twinface" assets sface
    mkdir -p "$prefix/assets"
    install -m 644 "$cache"/twinface/assets/*.onnx "$prefix/assets/"
    rm -r "$cache"
}

user() {
    if ! id twinface > /dev/null 2>&1; then
        groupadd --system ${TWINFACE_UID:+--gid "$TWINFACE_UID"} twinface
        useradd --system ${TWINFACE_UID:+--uid "$TWINFACE_UID"} --gid twinface --groups video --home-dir "$state" twinface
    fi
    install -d -m 700 -o twinface -g twinface "$state"
}

config() {
    [ -e /etc/twinface/pipeline.toml ] && return
    install -d -m 755 /etc/twinface
    install -m 640 -g twinface "$source/deploy/pipeline.toml" /etc/twinface/
}

service() {
    install -d /etc/systemd/system
    install -m 644 "$source/deploy/twinface.service" /etc/systemd/system/
    if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
    echo "set the cameras in /etc/twinface/pipeline.toml, then: systemctl enable --now twinface"
}

[ $# -gt 0 ] || set -- system package models user config service
for step in "$@"; do
    case "$step" in
        system | package | models | user | config | service) ;;
        *) echo "no step is called $step; there are system, package, models, user, config, service" >&2; exit 2 ;;
    esac
done
[ "$(id -u)" = 0 ] || { echo "deploy/install.sh has to be run as root: sudo deploy/install.sh" >&2; exit 2; }
source="$(cd "$(dirname "$0")/.." && pwd)"
for step in "$@"; do
    echo "== $step" >&2
    "$step"
done
