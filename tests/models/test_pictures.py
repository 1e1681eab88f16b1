#!/usr/bin/env python3
"""inspect's pictures from the outside: well-formed, complete, escaped, quick.
usage: test_pictures.py NESCIO MODEL_DIR"""
import json, pathlib, re, resource, subprocess, sys, tempfile
import xml.etree.ElementTree as tree

nescio, model = sys.argv[1], pathlib.Path(sys.argv[2])
failures = []
SVG = '{http://www.w3.org/2000/svg}'


def check(ok, words):
    print(('ok    ' if ok else 'FAIL  ') + words)
    if not ok:
        failures.append(words)


def inspect(path, *args):
    done = subprocess.run([nescio, 'inspect', str(path), *args], capture_output=True)
    if done.returncode:
        raise SystemExit(f'{path} {args}: {done.stderr.decode()}')
    return done.stdout.decode()


def varint(n):
    out = b''
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def field(number, value):
    """A protobuf field: bytes, text or integer."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode('utf-8', 'surrogateescape') if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def info(name):
    shape = field(2, field(1, field(2, 'batch')) + field(1, field(1, 4)))
    return field(1, name) + field(2, field(1, field(1, 1) + shape))


def onnx(nodes, first, last):
    """nodes: (operator, name, inputs, output), all float32[batch, 4]."""
    graph = b''.join(field(1, b''.join(field(1, i) for i in ins) + field(2, out) + field(3, name) + field(4, op))
                     for op, name, ins, out in nodes)
    graph += field(2, 'g') + field(11, info(first)) + field(12, info(last))
    return field(1, 10) + field(7, graph) + field(8, field(1, '') + field(2, 21))


def overlaps(a, b):
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]


def check_picture(path, what, n_nodes, *stage):
    data = json.loads(inspect(path, '--format', 'json', *stage))
    check(len(data['nodes']) == n_nodes, f'{what}: {len(data["nodes"])} boxes of {n_nodes}')
    check(all(e['from'] < e['to'] < n_nodes for e in data['edges']), f'{what}: edges go down')
    svg = tree.fromstring(inspect(path, '--format', 'svg', *stage))
    groups = {g.get('id'): g for g in svg.iter(SVG + 'g') if g.get('id')}
    check(len(groups) == n_nodes, f'{what}: every node is in the SVG')
    width, height = float(svg.get('width')), float(svg.get('height'))
    boxes = [[float(g.find(SVG + 'rect').get(k)) for k in ('x', 'y', 'width', 'height')] for g in groups.values()]
    check(all(b[0] >= 0 and b[0] + b[2] <= width and b[1] >= 0 and b[1] + b[3] <= height for b in boxes), f'{what}: boxes are in the picture')
    check(not any(overlaps(a, b) for i, a in enumerate(boxes) for b in boxes[:i]), f'{what}: no box lies on another')
    for i, node in enumerate(data['nodes']):
        shown = re.sub('[\x00-\x1f\x7f-\x9f]', '\ufffd', f'{node["operator"]} {node["name"]}')  # XML has no control characters
        if not groups[f'n{i}'].find(SVG + 'title').text.startswith(shown):
            check(False, f'{what}: box {i} is {node}')
    html = tree.fromstring(inspect(path, '--format', 'html', *stage).replace('<!DOCTYPE html>\n', ''))
    rows = [r for r in html.iter('tr') if len(r.findall('td')) == 8]
    check(len(rows) == n_nodes, f'{what}: every node is in the table')
    check(inspect(path, '--format', 'dot', *stage).count(' -> ') == len(data['edges']), f'{what}: every edge is in the DOT')
    return data


def check_page(path, what, headings, rows):
    """All stages of a package on one page: its sections, one table row a box, no element's name twice."""
    page = tree.fromstring(inspect(path, '--format', 'html').replace('<!DOCTYPE html>\n', ''))
    found = [h.text for h in page.iter('h2')]
    check(found == headings, f'{what}: sections {found}')
    n = sum(len(r.findall('td')) == 8 for r in page.iter('tr'))
    check(n == rows, f'{what}: {n} rows of {rows}')
    ids = [e.get('id') for e in page.iter() if e.get('id')]
    check(len(ids) == len(set(ids)), f'{what}: names of elements differ')
    links = {a.get('href')[1:] for a in page.iter('a')}
    check(links <= set(ids) and len(links) == rows + len(headings), f'{what}: every link leads somewhere')


with tempfile.TemporaryDirectory() as folder:
    work = pathlib.Path(folder)
    data = check_picture(model / 'mnist_mlp.onnx', 'clean', 7)
    check([n['kind'] for n in data['nodes']] == ['border', 'linear', 'table', 'linear', 'table', 'linear', 'border'], 'Gemm is linear, Relu a table')
    check(data['nodes'][1]['parameters'] == 784 * 128 + 128, 'weights and bias are counted')
    check_picture(model / 'mnist_mlp.onnx', 'import', 7, '--stage', 'import')
    package = work / 'm.nescio'
    subprocess.run([nescio, 'compile', model / 'mnist_mlp.onnx', '--calibration', model / 'calibration.npy', '-o', package, '--quiet'], check=True)
    boxes = {}
    for stage, bits in (('circuit', 'bits'), ('plan', 'delta')):
        n = len(json.loads(inspect(package, '--stage', stage, '--format', 'json'))['nodes'])
        text = inspect(package, '--stage', stage, '--max-elements', '1')
        check(n >= 7, f'{stage}: {n} boxes')
        boxes[stage] = n
        data = check_picture(package, stage, n, '--stage', stage)
        check(any(bits in e['label'] for e in data['edges']), f'{stage}: edges say {bits}')
    client, server = work / 'client.nescio', work / 'server.nescio'
    subprocess.run([nescio, 'split', package, '--client', client, '--server', server, '--quiet'], check=True)
    border, body = 2 * 2, sum(boxes.values())  # head and tail: input, output
    check_page(package, 'package', ['Head', 'Circuit', 'Plan', 'Tail'], border + body)
    check_page(client, 'client part', ['Head', 'Tail'], border)
    check_page(server, 'server part', ['Circuit', 'Plan'], body)
    evil = ['<script>alert("x")</script>', 'a"b\\n\'c', ']]>&amp;', 'tab\tand\x01bell\x07', 'ü€😀', 'x' * 3000, '%s%n%n', '\udcff\udcc0']
    nodes = [('Relu', name, [evil[i - 1] + '!' if i else 'in'], name + '!') for i, name in enumerate(evil)]
    hostile = work / 'hostile.onnx'
    hostile.write_bytes(onnx(nodes, 'in', evil[-1] + '!'))
    data = check_picture(hostile, 'hostile names', 10, '--stage', 'import')
    check('<script' not in inspect(hostile, '--format', 'html', '--stage', 'import'), 'no name becomes a tag')
    check([n['name'] for n in data['nodes'][1:4]] == evil[:3], 'JSON keeps names as they are')
    large = work / 'large.onnx'
    large.write_bytes(onnx([('Add' if i % 3 else 'Mul', f'n{i}', [f'v{i}', f'v{i // 2}'], f'v{i + 1}') for i in range(500)], 'v0', 'v500'))
    check_picture(large, '500 nodes', 502, '--stage', 'import')
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    inspect(large, '--format', 'svg', '--stage', 'import')
    spent = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    check(spent < .25, f'500 nodes as SVG in {1000 * spent:.0f} ms of user time, process start included')
sys.exit(1 if failures else 0)
