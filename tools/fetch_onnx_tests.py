#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fetches ONNX's own node tests for tests/conformance: tools/fetch_onnx_tests.py [FOLDER].

The tests are data files inside the onnx 1.22.0 wheel. pip downloads the wheel (one fixed build, so that the hash below holds
whatever Python runs this), the hash is checked, and only the node tests are unpacked, into FOLDER, by default
$XDG_CACHE_HOME/nescio/onnx-1.22.0/node, where the conformance test looks for them. Does nothing when they are there.
"""
import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

VERSION = '1.22.0'
SHA256 = '1d0a2bdb15eb2b3cb65c438f3423d9620d14fdce32f92380e6bb1b2e09568ef5'
CASES = 1765
INSIDE = 'onnx/backend/test/data/node/'


def default_folder():
    cache = os.environ.get('XDG_CACHE_HOME') or pathlib.Path.home() / '.cache'
    return pathlib.Path(cache) / 'nescio' / f'onnx-{VERSION}' / 'node'


def download(folder):
    subprocess.run([sys.executable, '-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:',
                    '--implementation', 'cp', '--python-version', '3.11', '--abi', 'cp311',
                    '--platform', 'manylinux_2_28_x86_64', '--dest', folder, f'onnx=={VERSION}'], check=True)
    wheel = next(pathlib.Path(folder).glob('*.whl'))
    found = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if found != SHA256:
        sys.exit(f'{wheel.name}: sha256 is {found} instead of {SHA256}')
    return wheel


def unpack(wheel, folder):
    """Writes next to `folder` first, so that it is whole or absent."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as part, zipfile.ZipFile(wheel) as archive:
        archive.extractall(part, [name for name in archive.namelist() if name.startswith(INSIDE)])
        os.rename(pathlib.Path(part) / INSIDE, folder)


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default_folder()
    if not folder.is_dir():
        with tempfile.TemporaryDirectory() as scratch:
            unpack(download(scratch), folder)
    n_cases = sum(1 for entry in folder.iterdir() if entry.name.startswith('test_'))
    if n_cases != CASES:
        sys.exit(f'{folder}: {n_cases} cases instead of {CASES}; remove the folder and try again')
    print(folder)


main()
