#!/usr/bin/env bash
# Fuzzes every target of a build made with -Dfuzz=true for a while, from its committed corpus; new findings stay in the build.
# usage: tools/fuzz.sh BUILD SECONDS
set -uo pipefail
build=$1
seconds=$2
failed=0
for target in "$build"/fuzz/fuzz_*; do
    [ -x "$target" ] && [ ! -d "$target" ] || continue
    name=$(basename "$target" | sed 's/^fuzz_//')
    mkdir -p "$build/fuzz/found/$name"
    echo "== fuzz $name, $seconds s"
    "$target" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 -print_final_stats=0 -verbosity=0 \
        -artifact_prefix="$build/fuzz/found/$name-" "$build/fuzz/found/$name" "fuzz/corpus/$name" || failed=1
done
exit $failed
