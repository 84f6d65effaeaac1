# Shared by the commands in this folder (sourced, not run): gets what the program needs and leaves alone what is there.
# All that is said here goes to standard error, because standard output belongs to the program.
# shellcheck shell=bash
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
venv=$root/.venv
SETUP_FAILED=69 # EX_UNAVAILABLE; none of the program's own exit codes

# What Qt's Widgets, its xcb platform plugin and its video link against, and the Debian package that has it.
WINDOW_LIBRARIES='
libEGL.so.1 libegl1
libGL.so.1 libgl1
libX11-xcb.so.1 libx11-xcb1
libX11.so.6 libx11-6
libXext.so.6 libxext6
libXrandr.so.2 libxrandr2
libdbus-1.so.3 libdbus-1-3
libfontconfig.so.1 libfontconfig1
libfreetype.so.6 libfreetype6
libglib-2.0.so.0 libglib2.0-0
libgssapi_krb5.so.2 libgssapi-krb5-2
libgthread-2.0.so.0 libglib2.0-0
libpulse.so.0 libpulse0
libxcb-cursor.so.0 libxcb-cursor0
libxcb-icccm.so.4 libxcb-icccm4
libxcb-image.so.0 libxcb-image0
libxcb-keysyms.so.1 libxcb-keysyms1
libxcb-randr.so.0 libxcb-randr0
libxcb-render-util.so.0 libxcb-render-util0
libxcb-render.so.0 libxcb-render0
libxcb-shape.so.0 libxcb-shape0
libxcb-shm.so.0 libxcb-shm0
libxcb-sync.so.1 libxcb-sync1
libxcb-util.so.1 libxcb-util1
libxcb-xfixes.so.0 libxcb-xfixes0
libxcb-xkb.so.1 libxcb-xkb1
libxcb.so.1 libxcb1
libxkbcommon-x11.so.0 libxkbcommon-x11-0
libxkbcommon.so.0 libxkbcommon0'

# Programs and files that the tests call for, and the Debian package that has them.
TEST_PROGRAMS='
Xvfb xvfb
xauth xauth
dciodvfy dicom3tools
dcm2niix dcm2niix
dsrdump dcmtk
/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf fonts-dejavu-core'

say() { printf '%s\n' "$*" >&2; }

fail() {
    say "$@"
    exit "$SETUP_FAILED"
}

# prepare LOCK [KIND...]: the environment with packaging/LOCK installed, and the system packages of each KIND (window, tests).
prepare() {
    local lock=$1
    shift
    # Two set-ups at once would trip over each other; macOS has no flock and takes the risk.
    exec 9<"${BASH_SOURCE[0]}"
    ! command -v flock >/dev/null || flock 9
    install_system_packages "$@"
    make_environment
    install_python_packages "$lock"
    exec 9<&-
}

install_system_packages() {
    local kind package missing=()
    while read -r package; do
        [[ -z $package ]] || missing+=("$package")
    done < <({
        environment_works || find_python >/dev/null || missing_python
        for kind in "$@"; do "missing_for_$kind"; done
    } | sort -u)
    ((${#missing[@]})) || return 0

    if ! command -v apt-get >/dev/null; then
        say "Going on without these, which Debian calls: ${missing[*]}"
        say "If the program doesn't start, install what your system calls them."
    elif ((EUID)); then
        fail "Some system packages are missing. Please install them, then run this again:

    sudo apt-get install -y --no-install-recommends ${missing[*]}
"
    else
        say "Installing system packages: ${missing[*]}"
        { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"; } >&2 </dev/null ||
            fail "These system packages could not be installed (apt-get says why above): ${missing[*]}"
    fi
}

missing_for_window() {
    [[ $(uname) == Linux ]] || return 0
    local known library package
    known=$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p)
    while read -r library package; do
        [[ -z $library || $known == *"$library "* ]] || echo "$package"
    done <<<"$WINDOW_LIBRARIES"
}

missing_for_tests() {
    [[ $(uname) == Linux ]] || return 0
    local program package
    while read -r program package; do
        [[ -z $program || -e $program ]] || command -v "$program" >/dev/null || echo "$package"
    done <<<"$TEST_PROGRAMS"
}

PYTHONS="python3.11 python3 python3.12 python3.13"
PYTHON_FITS="(3, 11) <= sys.version_info[:2] <= (3, 13)" # what all locked packages have wheels for

# The first Python that fits and can make an environment.
find_python() {
    local name
    for name in $PYTHONS; do
        if "$name" -c "import sys, venv, ensurepip; sys.exit(not $PYTHON_FITS)" 2>/dev/null; then
            echo "$name"
            return 0
        fi
    done
    return 1
}

# Debian's Python comes without ensurepip, which sits in a package of its own.
missing_python() {
    local name
    for name in $PYTHONS; do
        if "$name" -c "import sys; sys.exit(not $PYTHON_FITS)" 2>/dev/null; then
            "$name" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'
            return 0
        fi
    done
    echo python3-venv
}

# An environment belongs to the place it was made in: its scripts name the path of its Python.
environment_works() {
    [[ -x $venv/bin/python && -f $venv/.made-for && $(<"$venv/.made-for") == "$root" ]]
}

make_environment() {
    ! environment_works || return 0
    local python clear=()
    python=$(find_python) || fail "Python 3.11, 3.12 or 3.13 with the modules venv and ensurepip is needed, and none was found."
    [[ ! -f $venv/.made-for ]] || clear=(--clear)
    say "Making the environment in $venv ($("$python" --version))"
    "$python" -m venv ${clear[@]+"${clear[@]}"} "$venv" >&2 || fail "The environment could not be made in $venv (the reason is above)."
    printf '%s' "$root" >"$venv/.made-for"
}

# A stamp holds the checksums of what was installed last, so that a second start costs nothing.
install_python_packages() {
    local lock=$1 wanted
    wanted=$(cat "$root/pyproject.toml" "$root"/packaging/*.lock | cksum)
    [[ ! -f $venv/.$lock || $(<"$venv/.$lock") != "$wanted" ]] || return 0
    say "Installing Python packages from packaging/$lock (a few hundred megabytes the first time)"
    pip_install --require-hashes --only-binary :all: -r "$root/packaging/$lock"
    pip_install --quiet --no-deps --no-build-isolation --editable "$root"
    printf '%s' "$wanted" >"$venv/.$lock"
    # What the tests need includes what the program needs.
    [[ $lock != requirements-test.lock ]] || printf '%s' "$wanted" >"$venv/.requirements.lock"
}

# The extra [train]. PyTorch is pinned by version alone, as the builds for processors and for CUDA share one version but no hash,
# and pip's own settings say which of them is to be had; everything else, what PyTorch brings included, is pinned by hash.
install_training_packages() {
    local wanted torch
    wanted=$(cat "$root/pyproject.toml" "$root"/packaging/*.lock | cksum)
    [[ ! -f $venv/.requirements-train.lock || $(<"$venv/.requirements-train.lock") != "$wanted" ]] || return 0
    torch=$(grep -o 'torch==[0-9.]*' "$root/pyproject.toml")
    say "Installing what training needs: packaging/requirements-train.lock and $torch (from PyPI on Linux with CUDA, some gigabytes)"
    # The lock is complete but for PyTorch, which MONAI asks for: without --no-deps pip would want a hash for it.
    pip_install --require-hashes --no-deps --only-binary :all: -r "$root/packaging/requirements-train.lock"
    "$venv/bin/python" -c "import torch, sys; sys.exit(torch.__version__.split('+')[0] != '${torch#*==}')" 2>/dev/null ||
        pip_install --only-binary :all: "$torch"
    printf '%s' "$wanted" >"$venv/.requirements-train.lock"
}

# prepare_training: `prepare` must have run.
prepare_training() {
    exec 9<"${BASH_SOURCE[0]}"
    ! command -v flock >/dev/null || flock 9
    install_training_packages
    exec 9<&-
}

pip_install() {
    PIP_USER=0 "$venv/bin/python" -m pip --disable-pip-version-check --no-input install "$@" >&2 </dev/null ||
        fail "The Python packages could not be installed (pip says why above). Without a network, or with a full disk, this can't work;
running this again goes on where it stopped."
}

# step NAME COMMAND...: runs it, remembers how it went and how long it took.
outcomes=()
all_passed=true
step() {
    local name=$1 began=$SECONDS outcome=passed
    shift
    say "== $name"
    if ! "$@"; then
        outcome=FAILED
        all_passed=false
    fi
    outcomes+=("$(printf '%-14s %-7s %4d s' "$name" "$outcome" "$((SECONDS - began))")")
}

# Prints the outcomes of all steps; fails if one did.
summary() {
    printf '%s\n' "" "${outcomes[@]}"
    $all_passed
}
