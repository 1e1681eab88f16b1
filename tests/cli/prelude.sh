# SPDX-License-Identifier: Apache-2.0
# What the cases share. Read by run.py before each of them.

# have FILE ...: files of the shared world, by their own names.
have() {
    for f in "$@"; do ln -s "$W/$f" "$f"; done
}

# t ARGUMENT ...: runs nescio; prints the call and its status. A failure must say one line, a success none.
t() {
    echo "nescio $*"
    nescio "$@" 2>.errors
    status=$?
    cat .errors >&2
    lines=$(wc -l <.errors)
    rm -f .errors
    [ $status = 0 ] || echo "  exit $status"
    if [ $status = 0 ]; then wanted=0; else wanted=1; fi
    [ "$lines" -eq $wanted ] || echo "  $lines lines on standard error"
}

# q ARGUMENT ...: the same without what it prints, for reports that depend on the machine.
q() {
    t "$@" >.output
    grep -E '^(nescio |  exit|  [0-9]+ lines)' .output
    rm -f .output
}

# keys COMMAND ...: runs a command that prints one line of JSON and shows its keys with the kinds of their values.
keys() {
    "$@" | "$PYTHON" -c '
import json, sys
line = sys.stdin.read()
assert line.count("\n") == 1 and line.endswith("\n"), line
for key, value in json.loads(line).items():
    print("  %s: %s" % (key, {bool: "boolean", int: "number", float: "number", str: "string", list: "list", type(None): "null"}[type(value)]))'
}

# flip FILE OFFSET [NEW]: a copy of FILE with the byte at OFFSET (negative: from the end) changed. cut FILE N: its first N bytes.
flip() {
    "$PYTHON" -c '
import sys
data, at = bytearray(open(sys.argv[1], "rb").read()), int(sys.argv[2])
data[at] ^= 1
open(sys.argv[3], "wb").write(data)' "$W/$1" "$2" "${3:-$1}"
}
cut_to() {
    head -c "$2" "$W/$1" >"${3:-$1}"
}

# files: what lies in this folder.
files() {
    echo "files: $(ls | tr '\n' ' ')"
}
