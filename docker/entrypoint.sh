#!/bin/sh
# Gives the app its SECRET_KEY: the one it was started with, or one made once and kept in the
# data volume, so that `docker compose up` needs no preparation and logins outlive a restart.
set -eu

if [ -z "${SECRET_KEY:-}" ]; then
    kept="${DATA_DIR:-/data}/container-secret-key"
    if [ ! -s "$kept" ]; then
        umask 077
        python -c 'import secrets; print(secrets.token_urlsafe(48))' >"$kept.$$"
        # A link is made by one container only, should several start on one volume.
        ln "$kept.$$" "$kept" 2>/dev/null || true
        rm -f "$kept.$$"
    fi
    SECRET_KEY=$(cat "$kept")
    export SECRET_KEY
fi

exec "$@"
