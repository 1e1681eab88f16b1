# SPDX-License-Identifier: Apache-2.0
"""Keras 3 over TensorFlow, model.export(format='onnx'), which is tf2onnx: make_keras.py FOLDER [PATTERN ...]

Images have their channels last, so the files are full of Transpose; the number of rows is open."""
import os, sys

os.environ.update(KERAS_BACKEND='tensorflow', CUDA_VISIBLE_DEVICES='', TF_CPP_MIN_LOG_LEVEL='3', TF_ENABLE_ONEDNN_OPTS='0')

import keras
import numpy as np
from keras import layers, ops

from cases import Cases

rng = np.random.default_rng(17)
keras.utils.set_random_seed(17)
rows = rng.normal(size=(6, 12)).astype(np.float32)
image = rng.normal(size=(3, 12, 12, 3)).astype(np.float32)
line = rng.normal(size=(3, 16, 4)).astype(np.float32)
words = rng.integers(0, 20, size=(4, 7)).astype(np.int32)


def shake(model):
    """Weights as after training: batch normalisation's and biases start at 0 and 1, which would hide mistakes."""
    for layer in model._flatten_layers():
        for weight in layer.weights:
            if 'seed' in weight.path:
                continue
            value = np.asarray(weight) + rng.normal(scale=0.1, size=weight.shape)
            weight.assign(np.abs(value) + 0.1 if 'variance' in weight.path else value)


def export(path, model, *inputs, train=False):
    model(list(inputs) if len(inputs) > 1 else inputs[0])
    if not train:
        shake(model)
    model.export(str(path), format='onnx', verbose=False)
    outputs = model(list(inputs) if len(inputs) > 1 else inputs[0], training=False)
    return list(inputs), [np.asarray(o) for o in (outputs if isinstance(outputs, (list, tuple)) else [outputs])]


def dense(activation):
    return keras.Sequential([keras.Input((12,)), layers.Dense(8, activation=activation), layers.Dense(3)])


def convolutional(*parts, shape=(12, 12, 3)):
    return keras.Sequential([keras.Input(shape), *parts])


def residual():
    x = keras.Input((12, 12, 3))
    a = layers.Conv2D(6, 3, padding='same', use_bias=False)(x)
    a = layers.ReLU()(layers.BatchNormalization()(a))
    b = layers.Add()([layers.Conv2D(6, 1)(x), layers.Conv2D(6, 3, padding='same')(a)])
    return keras.Model(x, layers.Dense(4)(layers.GlobalAveragePooling2D()(layers.ReLU()(b))))


def several():
    a, b = keras.Input((12,)), keras.Input((12,))
    both = layers.Concatenate()([layers.Dense(4, activation='tanh')(a), layers.Subtract()([a, b])])
    return keras.Model([a, b], [layers.Dense(2, name='first')(both), layers.Softmax(name='second')(layers.Dense(3)(both))])


def attention():
    x = keras.Input((7, 16))
    a = layers.LayerNormalization()(layers.Add()([x, layers.MultiHeadAttention(2, 8)(x, x)]))
    return keras.Model(x, layers.LayerNormalization()(layers.Add()([a, layers.Dense(16)(layers.Dense(32, activation='relu')(a))])))


def tagger():
    x = keras.Input((7,), dtype='int32')
    return keras.Model(x, layers.Dense(3, activation='softmax')(layers.GlobalAveragePooling1D()(layers.Embedding(20, 6)(x))))


def trained():
    """A classifier after a few steps of training, dropout and all."""
    model = keras.Sequential([keras.Input((12,)), layers.Dense(16, activation='relu'), layers.Dropout(0.3), layers.BatchNormalization(),
                              layers.ActivityRegularization(l2=1e-4), layers.Dense(3, activation='softmax')])
    model.compile('adam', 'sparse_categorical_crossentropy')
    x = rng.normal(size=(256, 12)).astype(np.float32)
    model.fit(x, np.digitize(x[:, 0] - x[:, 1], [-0.5, 0.5]), epochs=2, verbose=0)
    return model


def main():
    cases = Cases(*sys.argv[1:])
    make = cases.make
    for activation in ('relu', 'relu6', 'sigmoid', 'tanh', 'softplus', 'softsign', 'elu', 'selu', 'gelu', 'silu', 'mish', 'hard_sigmoid', 'hard_silu',
                       'leaky_relu', 'celu', 'exponential', 'log_softmax', 'softmax', 'tanh_shrink', 'squareplus'):
        make('mlp_' + activation, export, dense(activation), rows)
    make('mlp_trained', export, trained(), rows, train=True)
    make('cnn', export, convolutional(layers.Conv2D(4, 3, activation='relu'), layers.MaxPooling2D(), layers.Flatten(), layers.Dense(5, activation='softmax')),
         image)
    make('cnn_same', export, convolutional(layers.Conv2D(4, 3, strides=2, padding='same'), layers.BatchNormalization(), layers.ReLU(),
                                           layers.AveragePooling2D(2, padding='same'), layers.Conv2D(2, 3, padding='same', dilation_rate=2)), image)
    make('cnn_depthwise', export, convolutional(layers.DepthwiseConv2D(3, depth_multiplier=2), layers.PReLU(shared_axes=[1, 2]), layers.Conv2D(4, 1),
                                                layers.GlobalMaxPooling2D()), image)
    make('cnn_separable', export, convolutional(layers.SeparableConv2D(4, 3, activation='relu'), layers.GlobalAveragePooling2D()), image)
    make('cnn_grouped', export, convolutional(layers.Conv2D(6, 3, groups=3), layers.ReLU(max_value=4, negative_slope=0.1)), image)
    make('cnn_transposed', export, convolutional(layers.Conv2DTranspose(4, 3, strides=2, padding='same'), layers.Conv2DTranspose(2, 3)), image)
    make('cnn_padded', export, convolutional(layers.ZeroPadding2D(((1, 2), (0, 1))), layers.Conv2D(2, 3), layers.Cropping2D(1)), image)
    make('cnn_upsampled', export, convolutional(layers.Conv2D(2, 3), layers.UpSampling2D(2), layers.UpSampling2D(2, interpolation='bilinear')), image)
    make('cnn_group_norm', export, convolutional(layers.Conv2D(4, 3), layers.GroupNormalization(2)), image)
    make('cnn_1d', export, convolutional(layers.Conv1D(6, 5, padding='causal', activation='relu'), layers.MaxPooling1D(2), layers.Conv1D(2, 3),
                                         layers.Flatten(), layers.Dense(2), shape=(16, 4)), line)
    make('cnn_3d', export, convolutional(layers.Conv3D(3, 2), layers.AveragePooling3D(2), shape=(5, 5, 5, 2)),
         rng.normal(size=(2, 5, 5, 5, 2)).astype(np.float32))
    make('residual', export, residual(), image)
    make('several', export, several(), rows, rows[::-1].copy())
    make('attention', export, attention(), rng.normal(size=(2, 7, 16)).astype(np.float32))
    make('embedding', export, tagger(), words)
    make('lstm', export, convolutional(layers.LSTM(5), layers.Dense(2), shape=(16, 4)), line)
    make('lstm_two_ways', export, convolutional(layers.Bidirectional(layers.LSTM(5, return_sequences=True)), layers.Dense(2), shape=(16, 4)), line)
    make('gru', export, convolutional(layers.GRU(5), layers.Dense(2), shape=(16, 4)), line)
    make('rnn', export, convolutional(layers.SimpleRNN(5), layers.Dense(2), shape=(16, 4)), line)
    make('shapes', export, convolutional(layers.Reshape((4, 3)), layers.Permute((2, 1)), layers.Flatten(), layers.RepeatVector(2), shape=(12,)), rows)
    make('rescaled', export, convolutional(layers.Rescaling(1 / 255.0, offset=-0.5), layers.Conv2D(2, 3), layers.UnitNormalization(axis=-1)), image)
    x = keras.Input((12,))
    make('operations', export, keras.Model(x, ops.where(x > 0.3, ops.minimum(x, 1.0), ops.abs(x) ** 0.5) + ops.mean(x, axis=1, keepdims=True)
                                           - ops.cumsum(x, axis=1) * ops.round(x)), rows)
    make('extremes', export, keras.Model(x, [ops.max(x, axis=1), ops.min(x, axis=1), ops.logsumexp(x, axis=1)]), rows)
    make('top', export, keras.Model(x, list(ops.top_k(x, 3))), rows)
    make('largest', export, keras.Model(x, ops.argmax(x, axis=1)), rows)
    cases.finish()


main()
