# SPDX-License-Identifier: Apache-2.0
"""PyTorch modules through both exporters, dynamo and TorchScript: make_torch.py FOLDER [PATTERN ...]"""
import sys

import torch
import torch.nn.functional as F
from torch import nn

from cases import Cases

torch.manual_seed(3)
torch.set_num_threads(1)


def sequential(*layers):
    return nn.Sequential(*layers)


def mlp(*activations, width=12):
    layers = []
    for activation in activations:
        layers += [nn.Linear(width, width), activation]
    return sequential(*layers, nn.Linear(width, 4))


class Function(nn.Module):
    """Any function of tensors as a module."""

    def __init__(self, f):
        super().__init__()
        self.f = f

    def forward(self, *x):
        return self.f(*x)


class Residual(nn.Module):
    def __init__(self, channels, stride):
        super().__init__()
        self.first = nn.Conv2d(channels, 2 * channels, 3, stride, 1, bias=False)
        self.norm = nn.BatchNorm2d(2 * channels)
        self.second = nn.Conv2d(2 * channels, 2 * channels, 3, 1, 1, groups=2)
        self.short = nn.Conv2d(channels, 2 * channels, 1, stride)

    def forward(self, x):
        return F.relu(self.second(F.relu(self.norm(self.first(x)))) + self.short(x))


class Attention(nn.Module):
    """One pre-norm transformer block with torch's own attention function."""

    def __init__(self, width=16, heads=2, causal=False):
        super().__init__()
        self.heads, self.causal = heads, causal
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, x):
        b, t, w = x.shape
        q, k, v = (part.reshape(b, t, self.heads, w // self.heads).transpose(1, 2) for part in self.qkv(self.norm1(x)).chunk(3, -1))
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal).transpose(1, 2).reshape(b, t, w)
        x = x + self.out(mixed)
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Recurrent(nn.Module):
    def __init__(self, kind, **options):
        super().__init__()
        self.cells = kind(6, 8, batch_first=True, **options)
        self.head = nn.Linear(8 * (2 if options.get('bidirectional') else 1), 3)

    def forward(self, x):
        y, _ = self.cells(x)
        return self.head(y[:, -1])


class Tagger(nn.Module):
    """Embedding, mean over words, linear."""

    def __init__(self):
        super().__init__()
        self.words, self.head = nn.Embedding(20, 8), nn.Linear(8, 3)

    def forward(self, ids):
        return self.head(self.words(ids).mean(1))


class Mixed(nn.Module):
    """Numbers and two categories, as for a table."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Embedding(5, 3), nn.Embedding(7, 4)
        self.head = sequential(nn.Linear(13, 10), nn.ReLU(), nn.Linear(10, 2))

    def forward(self, numbers, categories):
        return self.head(torch.cat([numbers, self.a(categories[:, 0]), self.b(categories[:, 1])], 1))


class Several(nn.Module):
    """Three outputs of three types."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(6, 4)

    def forward(self, x):
        scores = self.linear(x)
        return scores.softmax(-1), scores.argmax(-1), scores > 0


class SpatialTransformer(nn.Module):
    """Reads its image through an affine map that it computes of the image."""

    def __init__(self):
        super().__init__()
        self.map = nn.Linear(432, 6)
        self.map.weight.data.mul_(0.1)
        self.map.bias.data.copy_(torch.tensor([0.9, 0.1, 0, -0.1, 1.1, 0]))

    def forward(self, x):
        theta = self.map(x.flatten(1)).view(-1, 2, 3)
        return F.grid_sample(x, F.affine_grid(theta, x.shape, align_corners=False), align_corners=False)


class Standardized(nn.Conv2d):
    """A convolution whose weights are normalized as a batch is (timm's ScaledStdConv2d)."""

    def forward(self, x):
        weight = F.batch_norm(self.weight.reshape(1, self.out_channels, -1), None, None, training=True, eps=1e-4)
        return F.conv2d(x, weight.reshape_as(self.weight), self.bias)


class UNet(nn.Module):
    """One level down and up, padded to the size of what it skipped."""

    def __init__(self):
        super().__init__()
        self.down, self.inner = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(6, 8, 3, padding=1)
        self.up, self.out = nn.Upsample(scale_factor=2, mode='bilinear', align_corners=True), nn.Conv2d(14, 2, 3, padding=1)

    def forward(self, x):
        skipped = F.relu(self.down(x))
        up = self.up(F.relu(self.inner(F.max_pool2d(skipped, 2))))
        dy, dx = skipped.shape[2] - up.shape[2], skipped.shape[3] - up.shape[3]
        return self.out(torch.cat([skipped, F.pad(up, [dx // 2, dx - dx // 2, dy // 2, dy - dy // 2])], 1))


class Temporal(nn.Module):
    """Causal dilated convolutions with normalized weights."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.utils.parametrizations.weight_norm(nn.Conv1d(4, 4, 3, dilation=d, padding=2 * d)) for d in (1, 2, 4))

    def forward(self, x):
        for layer in self.layers:
            x = F.relu(layer(x)[..., :x.shape[-1]] + x)
        return x[..., -1]


class GraphConvolution(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(12, 6), nn.Linear(6, 3)

    def forward(self, x, edges):
        h = self.first(x)
        return self.second(F.relu(torch.zeros_like(h).index_add(0, edges[1], h[edges[0]])))


class Packed(nn.Module):
    """An LSTM over lines of different lengths."""

    def __init__(self):
        super().__init__()
        self.cells = nn.LSTM(6, 5, batch_first=True, bidirectional=True)

    def forward(self, x, lengths):
        packed, _ = self.cells(nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True))
        return nn.utils.rnn.pad_packed_sequence(packed, batch_first=True)[0]


def warm(model, inputs):
    """Gives batch norms statistics that are not 0 and 1."""
    model.train()
    with torch.no_grad():
        for _ in range(3):
            model(*inputs)
    return model.eval()


def export(path, model, inputs, dynamo, opset=None, dynamic=False):
    model = warm(model, inputs)
    options = {} if opset is None else {'opset_version': opset}
    if dynamo:
        shapes = tuple({0: torch.export.Dim('rows', min=1, max=4096)} for _ in inputs) if dynamic else None
        if isinstance(model, Function) and dynamic:
            shapes = (shapes,)
        torch.onnx.export(model, inputs, str(path), dynamo=True, dynamic_shapes=shapes, verbose=False, **options)
    else:
        names = [f'in{k}' for k in range(len(inputs))]
        axes = {name: {0: 'rows'} for name in names} if dynamic else None
        torch.onnx.export(model, inputs, str(path), dynamo=False, input_names=names, dynamic_axes=axes, **options)
    with torch.no_grad():
        out = model(*inputs)
    return [i.numpy() for i in inputs], [o.numpy() for o in (out if isinstance(out, tuple) else (out,))]


# What the TorchScript exporter does not know.
DYNAMO_ONLY = {'rms_norm', 'mlp_leaky', 'attention_module', 'graph_convolution'}
# What the dynamo exporter does not know.
SCRIPT_ONLY = {'packed'}


def modules():
    """(name, module, inputs)"""
    v, image, line, words = torch.randn(5, 12), torch.randn(2, 3, 12, 12), torch.randn(2, 4, 16), torch.randn(2, 5, 16)
    yield 'linear', nn.Linear(12, 3), (v,)
    yield 'mlp_relu', mlp(nn.ReLU(), nn.ReLU()), (v,)
    yield 'mlp_smooth', mlp(nn.SiLU(), nn.GELU(), nn.Tanh(), nn.Sigmoid()), (v,)
    yield 'mlp_gelu_tanh', mlp(nn.GELU(approximate='tanh')), (v,)
    yield 'mlp_clipped', mlp(nn.ReLU6(), nn.Hardtanh(-0.5, 0.8), nn.Hardsigmoid(), nn.Hardswish()), (v,)
    yield 'mlp_exponential', mlp(nn.ELU(), nn.SELU(), nn.CELU(), nn.Softplus(), nn.Mish()), (v,)
    yield 'mlp_leaky', mlp(nn.LeakyReLU(0.1), nn.PReLU(), nn.PReLU(12), nn.Threshold(0.1, -0.2), nn.Softsign(), nn.LogSigmoid()), (v,)
    yield 'mlp_shrinking', mlp(nn.Softshrink(), nn.Hardshrink(), nn.Tanhshrink()), (v,)
    yield 'mlp_norms', sequential(nn.BatchNorm1d(12), nn.Linear(12, 8), nn.LayerNorm(8), nn.Dropout(), nn.Linear(8, 4), nn.LogSoftmax(-1)), (v,)
    yield 'rms_norm', sequential(nn.RMSNorm(12), nn.Linear(12, 4)), (v,)
    yield 'cnn', sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(100, 5)), (image,)
    yield 'cnn_average', sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.AvgPool2d(3, 2, 1), nn.Conv2d(4, 4, 1), nn.AdaptiveAvgPool2d(1),
                                    nn.Flatten(), nn.Linear(4, 3)), (image,)
    yield 'cnn_shapes', sequential(nn.Conv2d(3, 6, (3, 2), (2, 1), (1, 0), dilation=(1, 2), groups=3), nn.MaxPool2d(3, 2, 1, ceil_mode=True)), (image,)
    yield 'cnn_padding', sequential(nn.ReflectionPad2d(1), nn.Conv2d(3, 2, 3), nn.ReplicationPad2d((1, 0, 2, 1)), nn.ConstantPad2d(1, 0.5),
                                    nn.ZeroPad2d(1), nn.AvgPool2d(2, count_include_pad=False)), (image,)
    yield 'cnn_transposed', sequential(nn.ConvTranspose2d(3, 2, 3, 2, 1, 1), nn.InstanceNorm2d(2, affine=True), nn.ReLU()), (image,)
    yield 'cnn_group_norm', sequential(nn.Conv2d(3, 4, 3), nn.GroupNorm(2, 4), nn.SiLU(), nn.AdaptiveMaxPool2d(1)), (image,)
    yield 'cnn_upsample', sequential(nn.Upsample(scale_factor=2), nn.Conv2d(3, 2, 3), nn.Upsample(scale_factor=2, mode='bilinear')), (image[:, :, :5, :5],)
    yield 'cnn_pixel_shuffle', sequential(nn.Conv2d(3, 8, 1), nn.PixelShuffle(2)), (image,)
    yield 'cnn_1d', sequential(nn.Conv1d(4, 6, 5, padding=2), nn.BatchNorm1d(6), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(6, 2, 3), nn.Flatten()), (line,)
    yield 'cnn_3d', sequential(nn.Conv3d(2, 3, 2), nn.ReLU(), nn.AvgPool3d(2)), (torch.randn(1, 2, 5, 5, 5),)
    yield 'residual', sequential(Residual(3, 2), Residual(6, 1), nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten(1), nn.Linear(12, 4)), (image,)
    yield 'attention', Attention(), (words,)
    yield 'attention_causal', Attention(causal=True), (words,)
    yield 'attention_module', nn.TransformerEncoderLayer(16, 2, 32, batch_first=True), (words,)
    yield 'lstm', Recurrent(nn.LSTM), (torch.randn(3, 7, 6),)
    yield 'lstm_two_ways', Recurrent(nn.LSTM, bidirectional=True, num_layers=2), (torch.randn(3, 7, 6),)
    yield 'gru', Recurrent(nn.GRU), (torch.randn(3, 7, 6),)
    yield 'rnn', Recurrent(nn.RNN, nonlinearity='relu'), (torch.randn(3, 7, 6),)
    yield 'embedding', Tagger(), (torch.randint(0, 20, (4, 6)),)
    yield 'table', Mixed(), (torch.randn(6, 6), torch.randint(0, 5, (6, 2)))
    yield 'several', Several(), (torch.randn(5, 6),)
    yield 'einsum', Function(lambda a, b: torch.einsum('bij,bjk->bik', a, b)), (torch.randn(2, 3, 4), torch.randn(2, 4, 5))
    yield 'indices', Function(lambda x: torch.cat([x[:, ::2], x[:, 1:5], x[:, [0, 3, -1]], x[..., -2:]], 1)), (v,)
    yield 'reductions', Function(lambda x: torch.stack([x.sum(1), x.mean(1), x.amax(1), x.amin(1), x.norm(dim=1), x.prod(1), x.var(1),
                                                        x.logsumexp(1)], 1)), (v,)
    yield 'comparisons', Function(lambda x: torch.where(x > 0.5, x.clamp(max=1), torch.where(x <= -0.5, -x, x.abs().sqrt()))), (v,)
    yield 'integers', Function(lambda x: ((x * 3).round().to(torch.int64) // 2 % 5).to(torch.float32) + x.floor() - x.ceil()), (v,)
    yield 'shapes', Function(lambda x: x.view(x.size(0), 3, -1).permute(2, 0, 1).unsqueeze(1).expand(-1, 2, -1, -1).flatten(2).squeeze()), (v,)
    yield 'split', Function(lambda x: (lambda a, b, c: a * b + c)(*x.split(4, 1)) - x.chunk(3, 1)[0]), (v,)
    yield 'orders', Function(lambda x: torch.cat([x.topk(3, 1).values, x.cumsum(1), x.flip(1), x.roll(2, 1), x.tril()], 1)), (v,)
    yield 'functions', Function(lambda x: x.sin() + x.cos() * x.exp().log1p() + x.abs().rsqrt() + x.erf() - x.atan() + x.pow(3) + x.sign()), (v,)
    yield 'normalized', Function(lambda x: F.normalize(x, dim=1) @ F.normalize(x, dim=1).T), (v,)
    yield 'masks', Function(lambda x: x.masked_fill(x > 0, -1.0) + torch.triu(torch.ones(12, 12)).sum(0)), (v,)
    yield 'one_hot', Function(lambda i: F.one_hot(i, 6).float().cumsum(1)), (torch.randint(0, 6, (4, 3)),)
    yield 'gather', Function(lambda x, i: x.gather(1, i) + x.index_select(1, i[0])), (v, torch.randint(0, 12, (5, 4)))
    yield 'spatial_transformer', SpatialTransformer(), (image,)
    yield 'grid_reflected', Function(lambda x, g: F.grid_sample(x, g, 'bicubic', 'reflection', align_corners=True)), (image, torch.rand(2, 4, 5, 2) * 3 - 1.5)
    yield 'fold', Function(lambda x: F.fold(F.unfold(x, 3, padding=1, stride=2), (12, 12), 3, padding=1, stride=2)), (image,)
    yield 'standardized', sequential(Standardized(3, 4, 3), nn.ReLU(), Standardized(4, 2, 1)), (image,)
    yield 'unet', UNet(), (image[:, :, :11, :11],)
    yield 'temporal', Temporal(), (line,)
    yield 'graph_convolution', GraphConvolution(), (v, torch.randint(0, 5, (2, 9)))
    yield 'packed', Packed(), (torch.randn(3, 7, 6), torch.tensor([7, 5, 2]))
    yield 'found', Function(lambda x: (x > 0).nonzero().reshape(1, -1, 2).float().mean(1)), (v[:1],)


def main():
    cases = Cases(*sys.argv[1:])
    for name, module, inputs in modules():
        if name not in SCRIPT_ONLY:
            cases.make(name + '_dynamo', export, module, inputs, True)
        if name not in DYNAMO_ONLY:
            cases.make(name + '_script', export, module, inputs, False)
    v, image, words = torch.randn(5, 12), torch.randn(2, 3, 12, 12), torch.randn(2, 5, 16)
    for dynamo, way in ((True, 'dynamo'), (False, 'script')):
        cases.make(f'rows_mlp_{way}', export, mlp(nn.ReLU()), (v,), dynamo, dynamic=True)
        cases.make(f'rows_cnn_{way}', export, sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(400, 2)), (image,),
                   dynamo, dynamic=True)
        cases.make(f'rows_attention_{way}', export, Attention(), (words,), dynamo, dynamic=True)
        cases.make(f'rows_lstm_{way}', export, Recurrent(nn.LSTM), (torch.randn(3, 7, 6),), dynamo, dynamic=True)
        cases.make(f'rows_table_{way}', export, Mixed(), (torch.randn(6, 6), torch.randint(0, 5, (6, 2))), dynamo, dynamic=True)
    for opset in (9, 11, 13, 16):
        cases.make(f'opset{opset}_cnn_script', export, sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Hardtanh(-1, 1), nn.MaxPool2d(2), nn.Flatten(),
                                                                 nn.Linear(100, 5), nn.Softmax(1)), (image,), False, opset)
    for opset in (18, 21, 23):
        cases.make(f'opset{opset}_attention_dynamo', export, Attention(), (words,), True, opset)
        cases.make(f'opset{opset}_norm_dynamo', export, sequential(nn.RMSNorm(12), nn.Linear(12, 12), nn.GELU()), (v,), True, opset)
    cases.finish()


main()
