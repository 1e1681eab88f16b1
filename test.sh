#!/usr/bin/env bash
# Installs what is missing, builds, and runs the tests: the fast tier, or all with --full.
# The last line counts: "N passed, N failed, N skipped".
set -uo pipefail
cd "$(dirname "$0")"
. tools/install.sh
full=no
[ "${1:-}" = --full ] && full=yes

need_packages gcc clang libc6-dev meson ninja-build pkg-config python3 libsodium-dev libjansson-dev libcmocka-dev \
    libopenblas-dev libonnx-testdata python3-pip valgrind mandoc || exit 1
need_meson || exit 1
python3 tools/fetch_onnx_tests.py || echo 'the node tests of ONNX 1.22 are not to be had now: that test is skipped'

logs=()
broken=0
# build NAME [meson setup options]: configures once and compiles build/NAME.
build() {
    local name=$1
    shift
    [ -d "build/$name" ] || meson setup "build/$name" "$@" >"build/$name.setup.log" 2>&1 ||
        { cat "build/$name.setup.log"; rm -rf "build/$name"; broken=1; return 1; }
    ninja -C "build/$name" >"build/$name.log" 2>&1 || { grep -E -A8 'error|FAILED' "build/$name.log" | head -n 80; broken=1; return 1; }
}
# run LABEL NAME [meson test arguments]: tests build/NAME. Time limits are there to end what hangs: sanitizers and busy
# machines get four times as much.
run() {
    local label=$1 name=$2
    shift 2
    echo "== $label"
    meson test -C "build/$name" --no-rebuild --timeout-multiplier 4 --print-errorlogs --logbase "$label" "$@" | grep -vE '^ *[0-9]+/[0-9]+ .* (OK|SKIP) '
    logs+=("build/$name/meson-logs/$label.json")
}

mkdir -p build
if build debug --werror; then
    run debug debug --suite lint --suite unit --suite cli
    for isa in scalar avx2; do NESCIO_ISA=$isa run "isa-$isa" debug --suite isa; done
fi
build release --buildtype=release --werror && run release release --suite unit
CC=clang build clang --werror && run clang clang --suite unit
build asan -Db_sanitize=address,undefined -Db_lundef=false && run asan asan --suite unit
if [ $full = yes ]; then
    [ -d build/release ] && run full release --suite full
    [ -d build/asan ] && run asan-models asan hostile-models-full
    build tsan -Db_sanitize=thread -Db_lundef=false && run tsan tsan --suite threads
    CC=clang build fuzz -Dfuzz=true -Db_lundef=false && { tools/fuzz.sh build/fuzz 60 || broken=1; }
    build blas -Dblas=enabled && run blas blas --suite unit
fi
python3 tools/ci_line.py "${logs[@]}" || broken=1
exit $broken
