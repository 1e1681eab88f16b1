#!/usr/bin/env python3
"""MNIST from the outside: accuracy of float, quantized and simulated; encrypted classes against quantized ones; sizes of keys and traffic.
usage: test_mnist.py NESCIO MODEL_DIR ENCRYPTED_ROWS [BATCH]

A digit whose encrypted class is not the quantized one must be a close call: the simulator's flip probability of that very image is printed
and has to be 1 % at least."""
import ast, json, pathlib, struct, subprocess, sys, tempfile

nescio, model, rows = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
batch = sys.argv[4] if len(sys.argv) > 4 else '4'
images, labels = model / 'test_images.npy', model / 'test_labels.npy'
failures = []


def run(*args):
    return subprocess.run([nescio, *map(str, args)], check=True, capture_output=True, text=True).stdout


def read_npy(path):
    data = pathlib.Path(path).read_bytes()
    size = struct.unpack('<H', data[8:10])[0]
    header = ast.literal_eval(data[10:10 + size].decode())
    count = 1
    for dim in header['shape']:
        count *= dim
    kind = {'<f2': 'e', '<f4': 'f', '<f8': 'd', '<i8': 'q'}[header['descr']]
    return header['shape'], struct.unpack(f'<{count}{kind}', data[10 + size:10 + size + count * struct.calcsize(kind)])


def write_row(path, values):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': (1, {len(values)}), }}".ljust(117) + '\n'
    path.write_bytes(b'\x93NUMPY\x01\x00' + struct.pack('<H', len(header)) + header.encode() + struct.pack(f'<{len(values)}f', *values))


def classes(path):
    (n, width), scores = read_npy(path)
    return [max(range(width), key=lambda i: scores[r * width + i]) for r in range(n)]


def check(ok, words):
    print(('ok    ' if ok else 'FAIL  ') + words)
    if not ok:
        failures.append(words)


def accuracy(path):
    _, truth = read_npy(labels)
    found = classes(path)
    return 100 * sum(f == t for f, t in zip(found, truth)) / len(found)


with tempfile.TemporaryDirectory() as folder:
    work = pathlib.Path(folder)
    package = work / 'model.nescio'
    run('compile', model / 'mnist_mlp.onnx', '--calibration', model / 'calibration.npy', '-o', package)
    run('run', model / 'mnist_mlp.onnx', '--input', images, '-o', work / 'float.npy')
    exact = accuracy(work / 'float.npy')
    check(exact >= 96, f'float {exact:.2f} % is at least 96 %')
    quantized = json.loads(run('predict', package, '--fhe', 'disable', '--input', images, '--labels', labels, '--json', '-o', work / 'clear.npy'))
    clear = 100 * quantized['accuracy']
    check(abs(clear - exact) <= .5, f'quantized {clear:.2f} % is within 0.5 points of float')
    draws = [json.loads(run('predict', package, '--fhe', 'simulate', '--input', images, '--labels', labels, '--seed', seed, '--json'))
             for seed in range(1, 11)]
    simulated = sum(100 * d['accuracy'] for d in draws) / len(draws)
    check(abs(simulated - clear) <= .5, f'simulated {simulated:.2f} % (10 draws) is within 0.5 points of quantized')

    estimate = json.loads(run('estimate', package, '--json'))
    check(estimate['security_bits'] >= 132, f'{estimate["security_bits"]:.1f} bits of security are at least 132')
    check(estimate['evaluation_key_bytes'] <= 26 * 2**20, f'evaluation key {estimate["evaluation_key_bytes"] / 2**20:.1f} MB is at most 26 MB')
    check(estimate['upload_bytes'] <= 5 * 1024 and estimate['download_bytes'] <= 3 * 1024,
          f'upload {estimate["upload_bytes"]} and download {estimate["download_bytes"]} bytes are at most 5 and 3 KB')

    run('keygen', package, '--secret', work / 'secret.key', '--evaluation', work / 'evaluation.key')
    stated, real = estimate['evaluation_key_bytes'], (work / 'evaluation.key').stat().st_size
    check(abs(real - stated) <= 4096, f'evaluation.key has {real} bytes, the estimate said {stated}')
    run('encrypt', package, '--secret', work / 'secret.key', '--input', images, '--rows', rows, '-o', work / 'x.ct')
    seconds = json.loads(run('evaluate', package, '--evaluation', work / 'evaluation.key', '--input', work / 'x.ct', '-o', work / 'y.ct',
                             '--batch', batch, '--json'))
    run('decrypt', package, '--secret', work / 'secret.key', '--input', work / 'y.ct', '-o', work / 'encrypted.npy')
    print(f'      {seconds["seconds_per_row"]:.3f} s a digit, {seconds["cpu_seconds_per_row"]:.3f} s of CPU')
    encrypted, expected = classes(work / 'encrypted.npy'), classes(work / 'clear.npy')
    misses = [i for i in range(rows) if encrypted[i] != expected[i]]
    check(len(misses) <= .05 * rows, f'{rows - len(misses)} of {rows} encrypted classes are the quantized ones, at least 95 %')
    _, pixels = read_npy(images)
    for i in misses:
        write_row(work / 'row.npy', pixels[784 * i:784 * (i + 1)])
        flip = json.loads(run('predict', package, '--fhe', 'simulate', '--input', work / 'row.npy', '--draws', 500, '--seed', i + 1, '--json'))
        check(flip['flip_probability'] >= .01, f'image {i}: flip probability {100 * flip["flip_probability"]:.1f} % says a close call')
sys.exit(bool(failures))
