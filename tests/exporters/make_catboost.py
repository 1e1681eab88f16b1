# SPDX-License-Identifier: Apache-2.0
"""CatBoost's own exporter: make_catboost.py FOLDER [PATTERN ...]"""
import sys

import catboost
import numpy as np

from cases import Cases

rng = np.random.default_rng(13)
N, D = 300, 5
x = rng.normal(size=(N, D)).astype(np.float32)
signal = x[:, 0] - x[:, 1] * x[:, 2] + 0.3 * x[:, 3]
y2 = (signal > 0).astype(np.int64)
y3 = np.digitize(signal, [-0.6, 0.6])
holes = x.copy()
holes[rng.random(x.shape) < 0.15] = np.nan
rows = x[:40]
small = {'iterations': 6, 'depth': 3, 'random_seed': 0, 'verbose': False, 'thread_count': 1, 'allow_writing_files': False}


def model_case(path, model, y, data=x):
    model.fit(data, y)
    model.save_model(str(path), format='onnx')
    few = data[:40]
    if hasattr(model, 'predict_proba'):
        return [few], [model.predict(few).reshape(-1), model.predict_proba(few)]
    return [few], [model.predict(few).reshape(len(few), -1)]


def main():
    cases = Cases(*sys.argv[1:])
    make, classifier, regressor = cases.make, catboost.CatBoostClassifier, catboost.CatBoostRegressor
    make('binary', model_case, classifier(**small), y2)
    make('multiclass', model_case, classifier(loss_function='MultiClass', **small), y3)
    make('words', model_case, classifier(loss_function='MultiClass', **small), np.array(['ant', 'bee', 'cow'])[y3])
    make('binary_words', model_case, classifier(**small), np.array(['no', 'yes'])[y2])
    make('holes', model_case, classifier(nan_mode='Max', **small), y2, holes)
    make('stumps', model_case, classifier(**{**small, 'depth': 1}), y2)
    make('one_stump', model_case, classifier(**{**small, 'iterations': 1, 'depth': 1}), y2)
    make('regressor', model_case, regressor(**small), signal)
    make('regressor_deep', model_case, regressor(**{**small, 'depth': 8}), signal)
    make('regressor_holes', model_case, regressor(**small), signal, holes)
    make('quantile', model_case, regressor(loss_function='Quantile:alpha=0.7', **small), signal)
    make('absolute', model_case, regressor(loss_function='MAE', **small), signal)
    make('two_targets', model_case, regressor(loss_function='MultiRMSE', **small), np.stack([signal, -signal], 1))
    cases.finish()


main()
