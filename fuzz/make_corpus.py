#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write the seeds of corpus/npy, corpus/csv, corpus/onnx and corpus/graph_text, and two of corpus/clean: one small file for
each thing that the readers tell apart. (Seven files of corpus/onnx are the graphs of corpus/graph_text as `nescio convert` writes them.)"""
import pathlib, struct

here = pathlib.Path(__file__).resolve().parent / 'corpus'


def npy(descr, fortran, shape, data, version=1):
    text = ("{'descr': %s, 'fortran_order': %s, 'shape': %s, }" % (descr, fortran, shape)).encode()
    prelude = 10 if version == 1 else 12
    text += b' ' * (-(prelude + len(text) + 1) % 16) + b'\n'
    return b'\x93NUMPY' + bytes([version, 0]) + struct.pack('<H' if version == 1 else '<I', len(text)) + text + data


NPY = {
    'f4': npy("'<f4'", False, '(2, 3)', struct.pack('<6f', 1, -2, .5, 3e38, float('inf'), float('nan'))),
    'f8_big_fortran': npy("'>f8'", True, '(2, 2)', struct.pack('>4d', 1, 2, 3, 4)),
    'f2': npy("'<f2'", False, '(3,)', struct.pack('<3e', 1, -2.5, 6e-8)),
    'i8_scalar': npy("'<i8'", False, '()', struct.pack('<q', -2**63)),
    'u1_empty': npy("'|u1'", False, '(0, 4)', b''),
    'i2_fortran_rank3': npy("'>i2'", True, '(2, 1, 3)', struct.pack('>6h', 1, 2, 3, 4, 5, 6)),
    'bool': npy("'|b1'", False, '(4,)', b'\x00\x01\x02\xff'),
    'text': npy("'<U2'", False, '(2,)', 'a\u20ac\U0001f600\0'.encode('utf-32-le')),
    'bytes': npy("'|S3'", True, '(2, 1)', b'ab\0\xe9c\0'),
    'version2': npy("'<u4'", False, '(1,)', b'\1\2\3\4', 2),
    'version3': npy("'<u8'", False, '(1L,)', b'\1\2\3\4\5\6\7\x08', 3),
    'structured': npy("[('a', '<f4')]", False, '(1,)', b'\0\0\0\0'),
    'object': npy("'|O'", False, '(1,)', b'\x80\x04N.'),
    'short': npy("'<f4'", False, '(4,)', b'\0' * 15),
    'huge': npy("'<f8'", False, '(4294967296, 4294967296)', b''),
}
CSV = {
    'plain': b'1,2\n3.5,-4e2\n',
    'header_quotes': b'"a ""b"", c",d\r\n1,2\r\n',
    'marked': b'\xef\xbb\xbf1\n2\n\n',
    'blanks': b' 1 ,\t"2" \n',
    'special': b'nan,inf,-Infinity,.5,5.,+1E-3\n',
    'ragged': b'1,2\n3\n',
    'hole': b'1,,2\n',
    'frame': b',0,1\n0,1.5,2.5\n',
    'open_quote': b'1\n"2\n',
    'hexadecimal': b'1\n0x1p3\n',
    'long': b'1\n' + b'9' * 450 + b'\n',
    'zero_byte': b'1\n1\x002\n',
}


def varint(v):
    v &= 2**64 - 1
    out = b''
    while v >= 128:
        out, v = out + bytes([v & 127 | 128]), v >> 7
    return out + bytes([v])


def pb(**fields):
    """A protobuf message: f3=1 a varint, f3=b'' or '' bytes, f3=1.5 a float; a list repeats."""
    out = b''
    for name, values in fields.items():
        for v in values if isinstance(values, list) else [values]:
            number = int(name[1:]) << 3
            if isinstance(v, int):
                out += varint(number) + varint(v)
            elif isinstance(v, float):
                out += varint(number | 5) + struct.pack('<f', v)
            else:
                v = v.encode() if isinstance(v, str) else v
                out += varint(number | 2) + varint(len(v)) + v
    return out


def info(name, dtype, *dims):
    shape = pb(f1=[pb(f1=d) if isinstance(d, int) else pb(f2=d) if d else b'' for d in dims])
    return pb(f1=name, f2=pb(f1=pb(f1=dtype, f2=shape)))


def node(op, inputs, outputs, *attributes, domain=''):
    return pb(f1=inputs, f2=outputs, f4=op, f5=list(attributes), f7=[domain] if domain else [])


def model(graph, opset=13, ir=8, ml=0, functions=(), microsoft=0):
    imports = [pb(f1=domain, f2=v) for domain, v in (('', opset), ('ai.onnx.ml', ml), ('com.microsoft', microsoft)) if v]
    return pb(f1=ir, f8=imports, f7=graph, f25=list(functions))


def ints(name, *values, scalar=False):
    return pb(f1=[] if scalar else [len(values)], f2=7, f7=list(values), f8=name)


def floats(name, dims, *values):
    return pb(f1=list(dims), f2=1, f4=[float(v) for v in values], f8=name)


def texts(name, *values):
    return pb(f1=[len(values)], f2=8, f6=list(values), f8=name)


def attr(name, value):
    """An int, a list of ints, of floats or of texts, a float, a text, or a graph (bytes)."""
    if isinstance(value, list) and isinstance(value[0], float):
        return pb(f1=name, f20=6, f7=value)
    if isinstance(value, list) and isinstance(value[0], str):
        return pb(f1=name, f20=8, f9=value)
    kind = {int: 2, list: 7, float: 1, str: 3, bytes: 5}[type(value)]
    return pb(f1=name, f20=kind, **{{2: 'f3', 7: 'f8', 1: 'f2', 3: 'f4', 5: 'f6'}[kind]: value})


X, Y = info('x', 1, 2, 3), info('y', 1, 2, 3)
# Operators whose results are as big as a number in the file says.
SIZES = pb(f1=[node('Shape', ['x'], ['s']), node('ConstantOfShape', ['s'], ['a']), node('Expand', ['x', 'wide'], ['b']),
               node('Tile', ['x', 'twice'], ['c']), node('Range', ['zero', 'six', 'one'], ['d']), node('Pad', ['x', 'pads'], ['e']),
               node('OneHot', ['d', 'six', 'onoff'], ['f'], attr('axis', -1)), node('Unsqueeze', ['x', 'front'], ['image']),
               node('Resize', ['image', '', 'scales'], ['g'], attr('mode', 'linear')), node('EyeLike', ['x'], ['h'], attr('dtype', 1)),
               node('ConstantOfShape', ['twice'], ['i']), node('Expand', ['i', 'twice'], ['j'])],
           f5=[ints('wide', 4, 2, 3), ints('twice', 2, 2), ints('zero', 0, scalar=True), ints('six', 6, scalar=True),
               ints('one', 1, scalar=True), ints('pads', 0, 1, 2, 0), ints('front', 0, 1), floats('onoff', [2], 0, 1),
               floats('scales', [4], 1, 1, 2, 1.5)],
           f11=X, f12=[info(name, 1) for name in 'abcefghj'] + [info('d', 7)])
# Layers whose work grows with attributes and with each other.
LAYERS = pb(f1=[node('LSTM', ['x', 'w', 'r'], ['', 'h'], attr('hidden_size', 2)), node('Squeeze', ['h', 'zero'], ['u']),
                node('Conv', ['x', 'k'], ['c'], attr('pads', [1, 1]), attr('group', 1)), node('Relu', ['c'], ['p']),
                node('MaxPool', ['p'], ['m'], attr('kernel_shape', [2]), attr('strides', [1])),
                node('ConvTranspose', ['m', 't'], ['o'], attr('strides', [2]), attr('dilations', [1])),
                node('Einsum', ['o', 'o'], ['e'], attr('equation', 'abc,dbc->ad')), node('CumSum', ['e', 'axis'], ['v']),
                node('TopK', ['v', 'one'], ['y', 'i']), node('Split', ['x'], ['l', 'n'], attr('axis', 2), attr('num_outputs', 2)),
                node('LayerNormalization', ['x', 'g'], ['q']), node('Attention', ['x', 'x', 'x'], ['z'], attr('q_num_heads', 1), attr('kv_num_heads', 1))],
            f5=[floats('w', [1, 8, 3], *[.1 * i for i in range(24)]), floats('r', [1, 8, 2], *[.1 * i for i in range(16)]),
                floats('k', [4, 5, 2], *[.1 * i for i in range(40)]), floats('t', [4, 2, 2], *[.1 * i for i in range(16)]),
                floats('g', [3], 1, 2, 3), ints('zero', 0), ints('axis', 0, scalar=True), ints('one', 1)],
            f11=info('x', 1, 2, 5, 3), f12=[info(name, 1) for name in 'uylnqz'] + [info('i', 7)])
# A Loop with a stated number of rounds, and one inside it.
INNER = pb(f1=[node('Add', ['a', 'x'], ['b']), node('Identity', ['go'], ['on'])], f2='inner',
           f11=[info('j', 7), info('go', 9), info('a', 1, 2, 3)], f12=[info('on', 9), info('b', 1, 2, 3), info('b', 1, 2, 3)])
OUTER = pb(f1=[node('Loop', ['two', 'c', 'p'], ['q', 'rows'], attr('body', INNER)), node('ReduceSum', ['rows'], ['sum'], attr('keepdims', 0)),
               node('Identity', ['c'], ['d'])], f2='outer',
           f11=[info('k', 7), info('c', 9), info('p', 1, 2, 3)], f12=[info('d', 9), info('q', 1, 2, 3), info('sum', 1)])
ROUNDS = pb(f1=node('Loop', ['three', '', 'x'], ['y', 'sums'], attr('body', OUTER)),
            f5=[ints('three', 3, scalar=True), ints('two', 2, scalar=True)], f11=X, f12=[Y, info('sums', 1, 3)])
# Text that is given and text of the file: expressions, separators, stop words, n-grams of words and of numbers.
TEXT = pb(f1=[node('Tokenizer', ['x'], ['w'], attr('tokenexp', '[a-c]+|(?:\\w{2,3}\\b)?|^[^\\d\\x41-]*$'), attr('pad_value', '#'), attr('mincharnum', 1), domain='com.microsoft'),
              node('TfIdfVectorizer', ['w'], ['y'], attr('mode', 'TFIDF'), attr('min_gram_length', 1), attr('max_gram_length', 2), attr('max_skip_count', 1),
                   attr('pool_strings', ['red', 'ed', 'a', 'b']), attr('ngram_counts', [0, 2]), attr('ngram_indexes', [0, 2, 1]), attr('weights', [1.0, 2.0, .5])),
              node('StringNormalizer', ['k'], ['n'], attr('case_change_action', 'UPPER'), attr('is_case_sensitive', 0), attr('stopwords', ['The', '\u00e9'])),
              node('Expand', ['n', 'wide'], ['m']),
              node('Tokenizer', ['m'], ['t'], attr('separators', [' ', '[.,]']), attr('mark', 1), attr('pad_value', ''), attr('mincharnum', 1), domain='com.microsoft'),
              node('TfIdfVectorizer', ['i'], ['z'], attr('mode', 'TF'), attr('min_gram_length', 2), attr('max_gram_length', 3), attr('max_skip_count', 2),
                   attr('pool_int64s', [1, 2, 1, 1, 2, 3]), attr('ngram_counts', [0, 1, 3]), attr('ngram_indexes', [0, 1, 2]))],
          f5=[texts('k', 'the', 'a b,c.\u00df', 'See \xff'), ints('wide', 3, 2), ints('i', 1, 2, 1, 2, 3)],
          f11=info('x', 8, 2), f12=[info('y', 1), info('t', 8), info('z', 1)])
# Images read at places that are given as data, places made, blocks put together, a batch normalized by itself.
REGIONS = pb(f1=[node('AffineGrid', ['map', 'size'], ['grid'], attr('align_corners', 1)),
                 node('GridSample', ['x', 'grid'], ['a'], attr('mode', 'cubic'), attr('padding_mode', 'reflection')),
                 node('GridSample', ['c', 'p'], ['b'], attr('mode', 'linear'), attr('padding_mode', 'border'), attr('align_corners', 1)),
                 node('RoiAlign', ['x', 'boxes', 'of'], ['r'], attr('output_height', 2), attr('output_width', 3), attr('sampling_ratio', 2),
                      attr('spatial_scale', .5), attr('mode', 'max')),
                 node('RoiAlign', ['c', 'boxes', 'of'], ['q'], attr('coordinate_transformation_mode', 'output_half_pixel')),
                 node('NonMaxSuppression', ['corners', 'scores', 'most', 'overlap', 'least'], ['s'], attr('center_point_box', 1)),
                 node('Col2Im', ['columns', 'image', 'block'], ['e'], attr('strides', [2, 1]), attr('pads', [1, 0, 0, 1]), attr('dilations', [1, 2])),
                 node('BatchNormalization', ['x', 'g', 'h', 'o', 'v'], ['y', 'u', 'l'], attr('training_mode', 1), attr('momentum', .5))],
             f5=[floats('map', [1, 2, 3], 1, 0, .5, -.5, 1, 0), ints('size', 1, 2, 3, 2), floats('c', [1, 1, 2, 2], 1, 2, 3, 4),
                 floats('p', [1, 1, 2, 2], -1, .5, 2, 0), floats('boxes', [2, 4], 0, 0, 3, 2, 1, -1, 5, 9), ints('of', 0, 0),
                 floats('corners', [1, 3, 4], 0, 0, 1, 1, 0, .1, 1, 1, 5, 5, 2, 1), floats('scores', [1, 2, 3], .9, .8, .7, .1, .2, .3),
                 ints('most', 2), floats('overlap', [], .5), floats('least', [], .15), floats('columns', [1, 4, 6], *range(24)),
                 ints('image', 3, 4), ints('block', 2, 2), floats('g', [2], 1, 2), floats('h', [2], 0, 1), floats('o', [2], 0, 0), floats('v', [2], 1, 1)],
             f11=info('x', 1, 1, 2, 3, 3), f12=[info(name, 1) for name in 'abrqeyul'] + [info('s', 7)])
ONNX = {
    'opset1': model(pb(f1=[node('Cast', ['x'], ['c'], pb(f1='to', f4='DOUBLE')), node('Cast', ['c'], ['d'], pb(f1='to', f4='FLOAT')),
                           node('Dropout', ['d'], ['y'], pb(f1='is_test', f3=1))], f11=X, f12=Y), 1, 3),
    'opset6_broadcast': model(pb(f1=[node('Add', ['x', 'w'], ['y'], pb(f1='broadcast', f3=1, f20=2), pb(f1='axis', f3=0, f20=2))],
                                 f5=pb(f1=2, f2=1, f8='w', f4=[1.0, 2.0]), f11=[X, info('w', 1, 2)], f12=Y), 6, 3),
    'opset9_pad_slice': model(pb(f1=[node('Pad', ['x'], ['p'], pb(f1='pads', f8=[0, 1, 0, 1], f20=7), pb(f1='mode', f4='constant', f20=3)),
                                     node('Slice', ['p'], ['y'], pb(f1='starts', f8=[1], f20=7), pb(f1='ends', f8=[-1], f20=7), pb(f1='axes', f8=[1], f20=7))],
                                 f11=X, f12=Y), 9),
    'opset11_softmax': model(pb(f1=node('Softmax', ['x'], ['y'], pb(f1='axis', f3=0, f20=2)), f11=X, f12=Y), 11),
    'typed_lists': model(pb(f1=[node('Reshape', ['x', 's'], ['r']), node('Add', ['r', 'h'], ['y'])],
                            f5=[pb(f1=2, f2=7, f8='s', f7=varint(3) + varint(-1)), pb(f1=1, f2=10, f8='h', f5=[0x3c00])], f11=X, f12=info('y', 1, 3, 2))),
    'sparse_constant': model(pb(f1=[node('Constant', [], ['c'], pb(f1='sparse_value', f20=11, f22=pb(f1=pb(f1=2, f2=1, f4=[1.0, 2.0]), f2=pb(f1=2, f2=7, f7=[0, 5]), f3=[2, 3]))),
                                    node('Add', ['x', 'c'], ['y'])], f11=X, f12=Y)),
    'function': model(pb(f1=node('F', ['x'], ['y'], pb(f1='slope', f2=0.5, f20=1), domain='my'), f11=X, f12=Y), 18,
                      functions=[pb(f1='F', f4=['a'], f5=['b'], f6=['slope'], f7=node('Elu', ['a'], ['b'], pb(f1='alpha', f20=1, f21='slope')), f9=pb(f2=18), f10='my')]),
    'scan': model(pb(f1=node('Scan', ['h', 'x'], ['last', 'y'], pb(f1='num_scan_inputs', f3=1, f20=2),
                             pb(f1='body', f20=5, f6=pb(f1=[node('Add', ['s', 'e'], ['t']), node('Neg', ['t'], ['o'])], f2='b', f11=[info('s', 1, 3), info('e', 1, 3)],
                                                        f12=[info('t', 1, 3), info('o', 1, 3)]))), f11=[info('h', 1, 3), X], f12=[info('last', 1, 3), Y]), 16),
    'known_if': model(pb(f1=node('If', ['c'], ['y'], *[pb(f1=k, f20=5, f6=pb(f1=node(op, ['x'], ['o']), f2=op, f12=info('o', 1, 2, 3)))
                                                       for k, op in (('then_branch', 'Neg'), ('else_branch', 'Relu'))]),
                         f5=pb(f2=9, f8='c', f9=b'\1'), f11=X, f12=Y)),
    'zipmap': model(pb(f1=[node('LinearClassifier', ['x'], ['label', 's'], pb(f1='classlabels_ints', f8=[0, 1], f20=7),
                                pb(f1='coefficients', f7=[.5] * 6, f20=6), domain='ai.onnx.ml'), node('ZipMap', ['s'], ['p'], domain='ai.onnx.ml')],
                       f11=X, f12=[info('label', 7, None), info('p', 1, None, 2)]), 0, 4, 1),
    'label_encoder_tensors': model(pb(f1=node('LabelEncoder', ['x'], ['y'], pb(f1='keys_tensor', f20=4, f5=pb(f1=2, f2=8, f6=['a', 'b'])),
                                              pb(f1='values_tensor', f20=4, f5=pb(f1=2, f2=11, f10=struct.pack('<2d', 1, 2))), domain='ai.onnx.ml'),
                                      f11=info('x', 8, 'N'), f12=info('y', 11, 'N')), 21, 10, 4),
    'quantized': model(pb(f1=[node('QuantizeLinear', ['x', 'k', 'z'], ['q']), node('DequantizeLinear', ['q', 'k', 'z'], ['y'])],
                          f5=[pb(f2=1, f8='k', f4=[.5]), pb(f2=3, f8='z', f5=[0])], f11=X, f12=Y)),
    'external': model(pb(f1=node('Add', ['x', 'w'], ['y']), f5=pb(f1=3, f2=1, f8='w', f13=pb(f1='location', f2='../w'), f14=1), f11=X, f12=Y)),
    'unknown': model(pb(f1=[node('Foo', ['x'], ['y']), node('Bar', ['y'], ['z'], domain='org')], f11=X, f12=Y)),
    'group': b'\x08\x08\x3b\x3c',
    'sizes': model(SIZES, 18),
    'layers': model(LAYERS, 23, 11),
    'rounds': model(ROUNDS, 13),
    'text': model(TEXT, 20, 10, microsoft=1),
    'regions': model(REGIONS, 20, 10),
}
GRAPH_TEXT = {
    'escapes': r'<opset_import: ["" : 21]> "a b" (string["\x41\"",?] "\\") => (string[] "7") <string e = {"\x0a"}> { ["/n.0"] "7" = Identity ("\\") }'.encode(),
    'left_out': b'<opset_import: ["" : 21]> g (float[1,1,2,2] x) => (float[1,1,4,4] y) <int64[4] s = {1,1,4,4}> { y = Resize (x, , , s) }',
    'empty_lists': b'<ir_version: 10, opset_import: ["" : 21]> g (float x) => (float y) <float[0] n = {}> { # none\n y = Neg <a: ints = [], b: floats = [], c: strings = []> (x) }',
    'cut': b'<ir_version: 10, opset_import: ["" : 21]> g (float x) => (float y) <float[2] w = {...}> { y = Neg (x) }',
    'other_opset': b'<opset_import: ["" : 13]> g () => () {}',
}
for folder, files in (('npy', NPY), ('csv', CSV), ('onnx', ONNX), ('graph_text', GRAPH_TEXT),
                      ('clean', {name: ONNX[name] for name in ('text', 'regions')})):
    (here / folder).mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (here / folder / name).write_bytes(data)
