#!/usr/bin/env python3
"""convert from the outside: the clean model answers as the original does, and nothing of the exporting machine is left in it.
usage: test_convert.py NESCIO MODEL_DIR"""
import ast, pathlib, struct, subprocess, sys, tempfile

nescio, model = sys.argv[1], pathlib.Path(sys.argv[2])
images = model / 'test_images.npy'
failures = []


def call(*args):
    return subprocess.run([nescio, *map(str, args)], capture_output=True, text=True)


def run(*args):
    done = call(*args)
    if done.returncode:
        raise SystemExit(f'{args}: {done.stderr}')


def read_npy(path):
    data = pathlib.Path(path).read_bytes()
    size = struct.unpack('<H', data[8:10])[0]
    shape = ast.literal_eval(data[10:10 + size].decode())['shape']
    return shape, [v for v, in struct.iter_unpack('<f', data[10 + size:])]


def check(ok, words):
    print(('ok    ' if ok else 'FAIL  ') + words)
    if not ok:
        failures.append(words)


def field(number, data):
    """One protobuf field of bytes: fields may follow in any order, so a model grows at its end."""
    return bytes([number << 3 | 2, len(data)]) + data


def refused(words, said, *args):
    done = call(*args)
    check(done.returncode == 1 and said in done.stderr, f'{words}: {done.stderr.strip()}')


with tempfile.TemporaryDirectory() as folder:
    work = pathlib.Path(folder)
    secret = b'/home/somebody/project/train.py'
    traced, clean = work / 'traced.onnx', work / 'clean.onnx'
    traced.write_bytes((model / 'mnist_mlp.onnx').read_bytes() + field(6, b'from ' + secret) +
                       field(14, field(1, b'pkg.torch.stack') + field(2, secret)))
    run('convert', traced, '-o', clean)
    check(secret in traced.read_bytes() and b'somebody' not in clean.read_bytes(), 'no path of the exporting machine survives')
    for name, path in (('original', traced), ('clean', clean)):
        run('run', path, '--input', images, '-o', work / f'{name}.npy')
    (shape, old), (other, new) = read_npy(work / 'original.npy'), read_npy(work / 'clean.npy')
    check(shape == other and len(old) == len(new) > 0, f'shapes are equal: {shape}, {other}')
    worst = max(abs(a - b) / (1 + abs(a)) for a, b in zip(old, new))
    check(worst < 1e-5, f'outputs are equal within {worst:.2g}')
    again = work / 'again.onnx'
    run('convert', clean, '-o', again)
    check(again.read_bytes() == clean.read_bytes(), 'a clean model stays as it is, byte for byte')
    text = call('inspect', traced).stdout
    batch = text.split('# inputs', 1)[1].split('[', 1)[1].split(',', 1)[0]
    run('convert', traced, '--dim', f'{batch}=3', '-o', work / 'three.onnx')
    check('float32[3, ' in call('inspect', '--dim', f'{batch}=3', traced).stdout, f'inspect --dim {batch}=3')
    refused('1000 rows do not go into 3', '3', 'run', '--dim', f'{batch}=3', '--input', images, traced)
    refused('a dim that the model has not', 'nonesuch', 'convert', '--dim', 'nonesuch=3', '-o', again, traced)
    for bad in ('batch', '=3', 'batch=', 'batch=-1', 'batch=3x', 'batch=99999999999999999999'):
        refused(f'--dim {bad}', 'NAME=N', 'run', '--dim', bad, '--input', images, traced)
sys.exit(1 if failures else 0)
