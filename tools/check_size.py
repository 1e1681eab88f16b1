#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The size of a shared library without its symbol table stays below a limit.  usage: check_size.py LIBRARY KB"""
import os, subprocess, sys, tempfile

with tempfile.TemporaryDirectory() as folder:
    stripped = os.path.join(folder, 'stripped.so')
    subprocess.run(['strip', '--strip-unneeded', '-o', stripped, sys.argv[1]], check=True)
    size = os.path.getsize(stripped)
print(f'{os.path.basename(sys.argv[1])}: {size / 1024:.0f} KB stripped, at most {sys.argv[2]} KB')
sys.exit(size > 1024 * int(sys.argv[2]))
