# Sourced by scripts: the project's virtual environment with exactly what a lock file says.
#
#   prepare_environment requirements.lock
#
# A second call with the same lock file does nothing. Written for bash 3.2.

VENV=.venv

find_python() {
    local candidate
    for candidate in "${VKLAD_PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11 python; do
        if [ -n "$candidate" ] && "$candidate" -c \
            'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "Vklad needs Python 3.11 or newer. Install one, or name it by VKLAD_PYTHON." >&2
    return 1
}

create_venv() {
    local python
    if [ -x "$VENV/bin/python" ] && "$VENV/bin/python" -m pip --version >/dev/null 2>&1; then
        return
    fi
    python=$(find_python)
    echo "Creating $VENV with $("$python" --version) …"
    rm -rf "$VENV"
    if ! "$python" -m venv "$VENV"; then
        rm -rf "$VENV"
        echo "The venv module is missing or broken; on Debian: apt-get install python3-venv." >&2
        return 1
    fi
}

install_lock() {
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes \
        -r scripts/lib/uv.lock || true
    # uv is quicker; where it cannot reach what pip is configured for, pip does the same.
    "$VENV/bin/python" -m uv pip install --require-hashes --python "$VENV/bin/python" -r "$1" ||
        "$VENV/bin/python" -m pip install --disable-pip-version-check --require-hashes -r "$1"
}

install_command() {
    local packages
    packages=$("$VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    pwd >"$packages/vklad.pth"
    printf '#!/bin/sh\nexec "%s/bin/python" -m api.cli.main "$@"\n' "$PWD/$VENV" >"$VENV/bin/vklad"
    chmod +x "$VENV/bin/vklad"
}

prepare_environment() {
    local stamp
    stamp="$VENV/.installed-$1"
    if [ -x "$VENV/bin/vklad" ] && cmp -s "$1" "$stamp" &&
        grep -qF "\"$PWD/$VENV/bin/python\"" "$VENV/bin/vklad"; then
        return
    fi
    create_venv
    echo "Installing what $1 pins …"
    install_lock "$1"
    install_command
    cp "$1" "$stamp"
}
