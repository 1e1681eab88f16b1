#!/usr/bin/env python3
"""Shows what the demo computed: each digit as a picture, with the encrypted prediction, the truth, what the quantized model
says in the clear, and the seconds it took; then one line of totals. Standard library only.
usage: demo_show.py MODEL_DIR WORK_DIR N"""
import ast, json, pathlib, struct, sys

SHADES = ' .:-=+*#%@'


def read_npy(path):
    """A .npy file of floats or integers as (shape, flat list)."""
    data = path.read_bytes()
    size, at = (struct.unpack('<H', data[8:10])[0], 10) if data[6] == 1 else (struct.unpack('<I', data[8:12])[0], 12)
    header = ast.literal_eval(data[at:at + size].decode())
    kind = {'<f2': 'e', '<f4': 'f', '<f8': 'd', '<i8': 'q', '<i4': 'i', '|u1': 'B'}[header['descr']]
    shape, count = header['shape'], 1
    for dim in shape:
        count *= dim
    return shape, struct.unpack(f'<{count}{kind}', data[at + size:at + size + count * struct.calcsize(kind)])


def classes(path):
    (rows, width), scores = read_npy(path)
    return [max(range(width), key=lambda i: scores[r * width + i]) for r in range(rows)]


def picture(pixels):
    """28 x 28 pixels in 0..1 as 14 lines of 28 characters."""
    return [''.join(SHADES[min(9, int(5 * (pixels[y * 28 + x] + pixels[y * 28 + 28 + x])))] for x in range(28))
            for y in range(0, 28, 2)]


def main():
    model, work, n = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3])
    _, images = read_npy(model / 'test_images.npy')
    _, labels = read_npy(model / 'test_labels.npy')
    encrypted, clear = classes(work / 'client/logits.npy'), classes(work / 'owner/clear.npy')
    timing = json.loads((work / 'server/evaluate.json').read_text())
    estimate = json.loads((work / 'owner/estimate.json').read_text())
    for i in range(n):
        right = 'right' if encrypted[i] == labels[i] else 'wrong'
        notes = [f'digit {i + 1} of {n}', '', f'server says  {encrypted[i]}   ({right})', f'truth        {labels[i]}',
                 f'in the clear {clear[i]}', f'seconds      {timing["seconds"][i]:.2f}']
        print()
        for line, text in enumerate(picture(images[784 * i:784 * (i + 1)])):
            print(f'    {text}   {notes[line - 4] if 4 <= line < 4 + len(notes) else ""}'.rstrip())
    hits = sum(e == t for e, t in zip(encrypted, labels))
    size = lambda path: (work / path).stat().st_size
    print(f'\n{hits} of {n} right ({100 * hits / n:.0f} %), {timing["seconds_per_row"]:.2f} s a digit '
          f'({timing["cpu_seconds_per_row"]:.2f} s of CPU), evaluation key {size("server/evaluation.key") / 2**20:.1f} MB, '
          f'up {size("server/x.ct") / n / 1024:.1f} KB and down {size("client/y.ct") / n / 1024:.1f} KB a digit,\n'
          f'{estimate["security_bits"]:.0f} bits of security, failure probability 2^{estimate["log2_p_fail"]:.0f}')


main()
