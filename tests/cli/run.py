#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests of the command: every cases/NAME.sh runs in a folder of its own; what it prints on standard output and on
standard error and its exit status must be cases/NAME.out, NAME.err, NAME.exit (absent: empty, 0).

usage: run.py --nescio PATH [--rewrite] [NAME ...]

--rewrite writes the three files anew instead of comparing; read the difference before committing it.
A script sees: nescio on PATH; $W, a folder with small models, rows, packages, keys and ciphertexts that are made once;
$TOOLS, this folder; and the functions of prelude.sh."""
import argparse, os, pathlib, re, shutil, subprocess, sys, tempfile

import small_files as small

here = pathlib.Path(__file__).resolve().parent
# What differs from run to run and from machine to machine.
# And names of parameter sets and sizes of files, which are other tests' business.
VARYING = [(re.compile(r'\b\d+(\.\d+)?(e[-+]\d+)? s\b'), 'T s'), (re.compile(r'\b[0-9a-f]{32}\b'), 'ID'),
           (re.compile(r'\b(net|exact)\d*(_\w+)?\d\b'), 'SET'), (re.compile(r'\b\d{2,} bytes\b'), 'N bytes')]


def make_world(w, nescio):
    """Files that cases share. Keys are real ones, so two pairs are made once and not by every case."""
    x = small.rows(8, seed=7)
    hand = [small.network_by_hand(x[3 * i:3 * i + 3]) for i in range(8)]
    files = {
        'tiny.onnx': small.network(),
        'unsupported.onnx': small.unsupported(),
        'calibration.npy': small.npy('<f4', (200, 3), small.rows(200)),
        'x.npy': small.npy('<f4', (8, 3), x),
        'expected.npy': small.npy('<f4', (8, 2), sum(hand, [])),
        'labels.npy': small.npy('<i8', (8,), [int(s[1] > s[0]) for s in hand]),
        'few_labels.npy': small.npy('<i8', (5,), [0] * 5),
        'wide.npy': small.npy('<f4', (8, 4), small.rows(10)[:32 - 2] + [0, 0]),
        'flat.npy': small.npy('<f4', (3,), [0, 0, 0]),
        'scalar.npy': small.npy('<f4', (), [0]),
        'double.npy': small.npy('<f8', (8, 3), x),
        'integers.npy': small.npy('<i8', (8, 3), [0] * 24),
        'none.npy': small.npy('<f4', (0, 3), []),
        'cut.npy': small.npy('<f4', (8, 3), x)[:-1],
        'x.csv': ('a,b,c\n' + ''.join('%r,%r,%r\n' % tuple(x[3 * i:3 * i + 3]) for i in range(8))).encode(),
        'ragged.csv': b'1,2,3\n4,5\n',
        'empty': b'',
        'phrase.txt': b'open sesame\n',
        'wrong_phrase.txt': b'open barley\n',
        'no_phrase.txt': b'\n',
    }
    for name, data in files.items():
        (w / name).write_bytes(data)
    for line in (
            'compile tiny.onnx --calibration calibration.npy -o m.nescio',
            'compile tiny.onnx --calibration calibration.npy --input-bits 7 -o other.nescio',
            'compile tiny.onnx --calibration calibration.npy --variant classical -o classical.nescio',
            'split m.nescio --client c.nescio --server srv.nescio',
            'keygen c.nescio --secret s.key --evaluation e.key',
            'keygen c.nescio --secret s2.key --evaluation e2.key',
            'keygen classical.nescio --secret s3.key --evaluation e3.key',
            'encrypt c.nescio --secret s.key --input x.npy -o x.ct',
            'encrypt c.nescio --secret s2.key --input x.npy -o x2.ct',
            'evaluate srv.nescio --evaluation e.key --input x.ct --batch 8 -o y.ct',
            'evaluate srv.nescio --evaluation e2.key --input x2.ct --batch 8 -o y2.ct'):
        done = subprocess.run([nescio] + line.split() + ['--quiet'], cwd=w, capture_output=True, text=True)
        if done.returncode:
            sys.exit('nescio %s: exit %d\n%s' % (line, done.returncode, done.stderr))


def run_case(script, world, folder, nescio):
    os.mkdir(folder)
    env = dict(os.environ, W=str(world), TOOLS=str(here), PYTHON=sys.executable, LC_ALL='C',
               PATH=os.path.dirname(nescio) + os.pathsep + os.environ['PATH'])
    env.pop('NESCIO_ISA', None)
    done = subprocess.run(['sh', '-c', '. "$TOOLS/prelude.sh"; . "$1"', 'sh', str(script)], cwd=folder, env=env,
                          capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120)
    out, err = done.stdout, done.stderr
    for pattern, word in VARYING:
        out, err = pattern.sub(word, out), pattern.sub(word, err)
    return {'.out': out, '.err': err, '.exit': '%d\n' % done.returncode if done.returncode else ''}


def compare(script, got):
    """Differences as text; empty: none."""
    told = ''
    for suffix, text in got.items():
        path = script.with_suffix(suffix)
        wanted = path.read_text() if path.exists() else ''
        if text != wanted:
            a, b = wanted.splitlines(), text.splitlines()
            told += '%s:\n' % path.name + ''.join('  -%s\n' % l for l in a if l not in b) + ''.join('  +%s\n' % l for l in b if l not in a)
            told += '' if sorted(a) != sorted(b) else '  (the same lines in another order)\n'
    return told


def rewrite(script, got):
    for suffix, text in got.items():
        path = script.with_suffix(suffix)
        if text:
            path.write_text(text)
        elif path.exists():
            path.unlink()
    return ''


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--nescio', required=True)
    parser.add_argument('--rewrite', action='store_true')
    parser.add_argument('names', nargs='*')
    options = parser.parse_args()
    nescio = os.path.abspath(options.nescio)
    scripts = sorted((here / 'cases').glob('*.sh'))
    if options.names:
        scripts = [s for s in scripts if s.stem in options.names]
    failed = 0
    top = pathlib.Path(tempfile.mkdtemp(prefix='nescio-cli-'))
    try:
        world = top / 'world'
        world.mkdir()
        make_world(world, nescio)
        for script in scripts:
            got = run_case(script, world, top / script.stem, nescio)
            told = rewrite(script, got) if options.rewrite else compare(script, got)
            print('%-24s %s' % (script.stem, 'differs' if told else 'ok'))
            print(told, end='')
            failed += bool(told)
    finally:
        shutil.rmtree(top)
    print('%d cases, %d failed' % (len(scripts), failed))
    return 1 if failed or not scripts else 0


if __name__ == '__main__':
    sys.exit(main())
