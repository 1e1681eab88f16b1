# SPDX-License-Identifier: Apache-2.0
"""XGBoost and LightGBM through onnxmltools and skl2onnx: make_boosting.py FOLDER [PATTERN ...]"""
import sys

import lightgbm
import numpy as np
import onnxmltools
import sklearn.pipeline, sklearn.preprocessing
import skl2onnx
import xgboost
from onnxmltools.convert.common.data_types import FloatTensorType
from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm
from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost
from skl2onnx.common.shape_calculator import (calculate_linear_classifier_output_shapes,
                                              calculate_linear_regressor_output_shapes)

from cases import Cases

rng = np.random.default_rng(11)
N, D = 300, 5
x = rng.normal(size=(N, D)).astype(np.float32)
signal = x[:, 0] - x[:, 1] * x[:, 2] + 0.3 * x[:, 3]
y2 = (signal > 0).astype(np.int64)
y3 = np.digitize(signal, [-0.6, 0.6])
y_real = signal.astype(np.float32)
counts = np.round(np.abs(signal) * 3).astype(np.float32)
holes = x.copy()
holes[rng.random(x.shape) < 0.15] = np.nan
rows = x[:40]


def export(path, converter, model, **options):
    onx = converter(model, initial_types=[('input', FloatTensorType([None, D]))], **options)
    path.write_bytes(onx.SerializeToString())


def wrapped(path, model, y, data=x, scores=True, **options):
    """A scikit-learn style estimator of either library."""
    model.fit(data, y)
    converter = onnxmltools.convert_xgboost if 'xgboost' in type(model).__module__ else onnxmltools.convert_lightgbm
    if hasattr(model, 'predict_proba'):
        export(path, converter, model, **options)
        few = data[:40]
        return [few], [model.predict(few), model.predict_proba(few) if scores else None]
    export(path, converter, model, **options)
    return [data[:40]], [model.predict(data[:40]).reshape(-1, 1)]


def xgb_booster(path, objective, y, **more):
    booster = xgboost.train({'objective': objective, 'max_depth': 3, 'seed': 0, **more}, xgboost.DMatrix(x, y), 6)
    export(path, onnxmltools.convert_xgboost, booster)
    return [rows], 'a booster gives margins or scores where the export gives labels and probabilities'


def lgb_booster(path, objective, y, **more):
    booster = lightgbm.train({'objective': objective, 'num_leaves': 6, 'verbose': -1, 'seed': 0, **more}, lightgbm.Dataset(x, y), 6)
    export(path, onnxmltools.convert_lightgbm, booster)
    scores = booster.predict(rows)
    return [rows], [scores.reshape(-1, 1)] if objective in ('regression', 'poisson') else 'a booster gives no labels'


def in_pipeline(path, model, y):
    """A scaler and a boosted model in one scikit-learn pipeline, through skl2onnx."""
    kind = type(model)
    converter = convert_xgboost if 'xgboost' in kind.__module__ else convert_lightgbm
    classifies = hasattr(model, 'predict_proba')
    skl2onnx.update_registered_converter(
        kind, kind.__name__, calculate_linear_classifier_output_shapes if classifies else calculate_linear_regressor_output_shapes,
        converter, options={'nocl': [True, False], 'zipmap': [True, False, 'columns']} if classifies else {'split': None})
    pipe = sklearn.pipeline.make_pipeline(sklearn.preprocessing.StandardScaler(), model)
    pipe.fit(x, y)
    onx = skl2onnx.to_onnx(pipe, x[:1], target_opset={'': 18, 'ai.onnx.ml': 3})
    path.write_bytes(onx.SerializeToString())
    why = 'the scaler rounds differently, so rows on a threshold may fall to the other side'
    return [rows], why


def main():
    cases = Cases(*sys.argv[1:])
    make = cases.make
    xc, xr, lc, lr = xgboost.XGBClassifier, xgboost.XGBRegressor, lightgbm.LGBMClassifier, lightgbm.LGBMRegressor
    xgb = {'n_estimators': 6, 'max_depth': 3, 'random_state': 0}
    lgb = {'n_estimators': 6, 'num_leaves': 6, 'random_state': 0, 'verbose': -1}

    make('xgb_binary', wrapped, xc(**xgb), y2)
    make('xgb_multiclass', wrapped, xc(**xgb), y3)
    make('xgb_regressor', wrapped, xr(**xgb), y_real)
    make('xgb_deep', wrapped, xr(n_estimators=4, max_depth=9), y_real)
    make('xgb_holes', wrapped, xc(**xgb), y2, holes)
    make('xgb_base_score', wrapped, xr(base_score=0.75, **xgb), y_real)
    make('xgb_poisson', wrapped, xr(objective='count:poisson', **xgb), counts)
    make('xgb_squared_log', wrapped, xr(objective='reg:absoluteerror', **xgb), counts)
    make('xgb_logistic', wrapped, xr(objective='reg:logistic', **xgb), y2.astype(np.float32))
    make('xgb_hinge', wrapped, xc(objective='binary:hinge', **xgb), y2, scores=False)
    make('xgb_lossguide', wrapped, xc(tree_method='hist', grow_policy='lossguide', max_leaves=7, **xgb), y2)
    make('xgb_forest', wrapped, xgboost.XGBRFRegressor(n_estimators=8, max_depth=4, random_state=0), y_real)
    make('xgb_opset9', wrapped, xr(**xgb), y_real, target_opset=9)
    make('xgb_booster_regression', xgb_booster, 'reg:squarederror', y_real)
    make('xgb_booster_binary', xgb_booster, 'binary:logistic', y2)
    make('xgb_booster_multiclass', xgb_booster, 'multi:softprob', y3, num_class=3)

    make('lgb_binary', wrapped, lc(**lgb), y2)
    make('lgb_multiclass', wrapped, lc(**lgb), y3)
    make('lgb_words', wrapped, lc(**lgb), np.array(['ant', 'bee', 'cow'])[y3])
    make('lgb_no_zipmap', wrapped, lc(**lgb), y3, zipmap=False)
    make('lgb_regressor', wrapped, lr(**lgb), y_real)
    make('lgb_split', wrapped, lr(**lgb), y_real, split=2)
    make('lgb_holes', wrapped, lc(**lgb), y2, holes)
    make('lgb_poisson', wrapped, lr(objective='poisson', **lgb), counts)
    make('lgb_quantile', wrapped, lr(objective='quantile', **lgb), y_real)
    make('lgb_forest', wrapped, lc(boosting_type='rf', subsample=0.7, subsample_freq=1, **lgb), y2)
    make('lgb_dart', wrapped, lr(boosting_type='dart', **lgb), y_real)
    make('lgb_opset9', wrapped, lc(**lgb), y3, target_opset=9)
    make('lgb_booster_regression', lgb_booster, 'regression', y_real)
    make('lgb_booster_binary', lgb_booster, 'binary', y2)
    make('lgb_booster_multiclass', lgb_booster, 'multiclass', y3, num_class=3)

    make('xgb_pipeline', in_pipeline, xc(**xgb), y3)
    make('xgb_pipeline_regressor', in_pipeline, xr(**xgb), y_real)
    make('lgb_pipeline', in_pipeline, lc(**lgb), y3)
    make('lgb_pipeline_regressor', in_pipeline, lr(**lgb), y_real)
    cases.finish()


main()
