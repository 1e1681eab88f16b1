# Sourced by demo.sh and test.sh: installs what is missing with apt (sudo when not root), and a recent Meson in a virtual
# environment of the build folder where the distribution's is too old.
# usage: . tools/install.sh; need_packages PACKAGE ...; need_meson

need_packages() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    command -v apt-get >/dev/null || { echo "please install: ${missing[*]}" >&2; return 1; }
    local sudo=()
    [ "$(id -u)" -eq 0 ] || sudo=(sudo)
    echo "installing: ${missing[*]}"
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

need_meson() {
    local version
    version=$(meson --version 2>/dev/null || echo 0)
    if [ "$(printf '%s\n1.0.0\n' "$version" | sort -V | head -n 1)" != 1.0.0 ]; then
        need_packages python3-venv
        [ -x build/venv/bin/meson ] || { python3 -m venv build/venv && build/venv/bin/pip install -q 'meson>=1.0,<2'; }
        PATH="$PWD/build/venv/bin:$PATH"
    fi
}
