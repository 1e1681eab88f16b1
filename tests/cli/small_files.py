# SPDX-License-Identifier: Apache-2.0
"""Small ONNX and .npy files from the standard library alone, for the tests of the command."""
import struct

FLOAT, INT64, DOUBLE = 1, 7, 11


def varint(n):
    out = b''
    while True:
        n, low = n >> 7, n & 127
        if not n:
            return out + bytes([low])
        out += bytes([low | 128])


def field(number, value):
    """One protobuf field: int, str, bytes (a message), or a list of those (repeated)."""
    if isinstance(value, list):
        return b''.join(field(number, v) for v in value)
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def initializer(name, dims, values):
    return field(1, list(dims)) + field(2, FLOAT) + field(8, name) + field(9, struct.pack('<%df' % len(values), *values))


def value_info(name, dims, elem=FLOAT):
    shape = b''.join(field(1, field(2, d) if isinstance(d, str) else field(1, d)) for d in dims)
    return field(1, name) + field(2, field(1, field(1, elem) + field(2, shape)))


def attribute(name, value):
    if isinstance(value, float):
        return field(1, name) + varint(2 << 3 | 5) + struct.pack('<f', value) + field(20, 1)
    return field(1, name) + field(3, value) + field(20, 2)


def node(op, inputs, outputs, domain='', **attributes):
    return (field(1, inputs) + field(2, outputs) + field(3, outputs[0] + '_node') + field(4, op) +
            field(5, [attribute(k, v) for k, v in attributes.items()]) + (field(7, domain) if domain else b''))


def model(nodes, inputs, outputs, initializers=(), opset=13):
    graph = field(1, nodes) + field(2, 'small') + field(5, list(initializers)) + field(11, inputs) + field(12, outputs)
    return field(1, 8) + field(7, graph) + field(8, field(1, '') + field(2, opset))


def npy(descr, dims, values):
    code = {'<f4': 'f', '<f8': 'd', '<i8': 'q', '<i4': 'i', '|u1': 'B'}[descr]
    text = "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }" % (descr, ''.join('%d, ' % d for d in dims))
    text += ' ' * (-(10 + len(text) + 1) % 64) + '\n'
    return b'\x93NUMPY\x01\x00' + struct.pack('<H', len(text)) + text.encode() + struct.pack('<%d%s' % (len(values), code), *values)


def read_npy(data):
    """dims and values of a little-endian C-order array."""
    end = 10 + struct.unpack('<H', data[8:10])[0]
    head = eval(data[10:end])  # a literal that this project wrote
    count = 1
    for d in head['shape']:
        count *= d
    code = {'<f4': 'f', '<f8': 'd', '<i8': 'q'}[head['descr']]
    return head['shape'], list(struct.unpack('<%d%s' % (count, code), data[end:]))


W1 = [1.0, -0.5, 0.25, -1.0, 0.75, 0.5, 0.5, 0.5, -1.0, 0.25, -0.75, 1.0]  # [4, 3]
B1 = [0.1, -0.2, 0.3, 0.0]
W2 = [1.0, -1.0, 0.5, 0.25, -0.5, 1.0, -0.25, 0.75]  # [2, 4]
B2 = [0.05, -0.05]


def network():
    """x [rows, 3] -> Gemm -> Relu -> Gemm -> scores [rows, 2]."""
    return model([node('Gemm', ['x', 'w1', 'b1'], ['h'], transB=1), node('Relu', ['h'], ['r']),
                  node('Gemm', ['r', 'w2', 'b2'], ['scores'], transB=1)],
                 [value_info('x', ['rows', 3])], [value_info('scores', ['rows', 2])],
                 [initializer('w1', (4, 3), W1), initializer('b1', (4,), B1),
                  initializer('w2', (2, 4), W2), initializer('b2', (2,), B2)])


def network_by_hand(row):
    h = [max(0.0, b + sum(W1[3 * i + j] * row[j] for j in range(3))) for i, b in enumerate(B1)]
    return [b + sum(W2[4 * i + j] * h[j] for j in range(4)) for i, b in enumerate(B2)]


def unsupported():
    """Two nodes that nobody can compute."""
    return model([node('Spline', ['x'], ['a'], domain='com.example'), node('Wavelet', ['a'], ['y'], domain='com.example')],
                 [value_info('x', ['rows', 3])], [value_info('y', ['rows', 3])])


def rows(n, seed=1):
    """n rows of three numbers in [-1, 1), the same on every machine."""
    out = []
    for _ in range(3 * n):
        seed = (seed * 1103515245 + 12345) % 2 ** 31
        out.append(seed / 2 ** 30 - 1)
    return out
