#!/usr/bin/env python3
"""The committed list of operators is what the command prints.
usage: check_operators.py NESCIO doc/operators.md"""
import pathlib, subprocess, sys

printed = subprocess.run([sys.argv[1], 'inspect', '--operators', '--format', 'markdown'], check=True, capture_output=True, text=True).stdout
committed = pathlib.Path(sys.argv[2]).read_text()
for a, b in zip(committed.splitlines(), printed.splitlines()):
    if a != b:
        print(f'doc/operators.md: {a}\nprinted:          {b}')
if committed != printed:
    print('write it anew: nescio inspect --operators --format markdown -o doc/operators.md')
sys.exit(committed != printed)
