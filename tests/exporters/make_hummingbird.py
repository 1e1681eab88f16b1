# SPDX-License-Identifier: Apache-2.0
"""scikit-learn, XGBoost and LightGBM as tensors through Hummingbird: make_hummingbird.py FOLDER [PATTERN ...]"""
import functools, sys

import hummingbird.ml
import lightgbm
import numpy as np
import sklearn.ensemble, sklearn.linear_model, sklearn.neural_network, sklearn.pipeline, sklearn.preprocessing, sklearn.svm, sklearn.tree
import torch
import xgboost

from cases import Cases

rng = np.random.default_rng(17)
N, D = 300, 6
x = rng.normal(size=(N, D)).astype(np.float32)
signal = x[:, 0] - x[:, 1] * x[:, 2] + 0.3 * x[:, 3]
y2 = (signal > 0).astype(np.int64)
y3 = np.digitize(signal, [-0.6, 0.6])
rows = x[:40]
torch.onnx.export = functools.partial(torch.onnx.export, dynamo=False)  # Hummingbird cannot pass through the other one
FORMS = ('gemm', 'perf_tree_trav', 'tree_trav')


def tensors(path, model, y, form=None, batch=40, same=True):
    """Through TorchScript to ONNX; `same` False: the conversion is known to lose something (base_score of XGBoost)."""
    import onnx
    model.fit(x, y)
    few = x[:batch]
    config = {'tree_implementation': form} if form else {}
    converted = hummingbird.ml.convert(model, 'onnx', few, extra_config=config)
    onnx.save(converted.model, str(path))
    if batch == 1:
        np.save(path.parent / 'more_input_0.npy', rows)
        for k, array in enumerate((model.predict(rows), model.predict_proba(rows))):
            np.save(path.parent / f'more_source_{k}.npy', array)
    if not same:
        return [few], 'Hummingbird ignores base_score'
    if hasattr(model, 'predict_proba'):
        return [few], [model.predict(few), model.predict_proba(few)]
    if hasattr(model, 'predict'):
        return [few], [model.predict(few).reshape(-1)]
    return [few], [model.transform(few)]


def main():
    cases = Cases(*sys.argv[1:])
    make = cases.make
    lm, ens, tree, pre = sklearn.linear_model, sklearn.ensemble, sklearn.tree, sklearn.preprocessing
    for form in FORMS:
        make(f'tree_{form}', tensors, tree.DecisionTreeClassifier(max_depth=3, random_state=0), y3, form)
        make(f'tree_regressor_{form}', tensors, tree.DecisionTreeRegressor(max_depth=3, random_state=0), signal, form)
        make(f'forest_{form}', tensors, ens.RandomForestClassifier(5, max_depth=4, random_state=0), y3, form)
        make(f'forest_binary_{form}', tensors, ens.RandomForestClassifier(5, max_depth=4, random_state=0), y2, form)
        make(f'forest_regressor_{form}', tensors, ens.RandomForestRegressor(5, max_depth=4, random_state=0), signal, form)
        make(f'boosting_{form}', tensors, ens.GradientBoostingClassifier(n_estimators=4, random_state=0), y2, form)
        make(f'xgb_binary_{form}', tensors, xgboost.XGBClassifier(n_estimators=4, max_depth=3), y2, form, same=False)
        make(f'lgb_multiclass_{form}', tensors, lightgbm.LGBMClassifier(n_estimators=4, num_leaves=6, verbose=-1), y3, form)
    make('tree_deep', tensors, tree.DecisionTreeRegressor(max_depth=12, random_state=0), signal)
    make('extra_trees', tensors, ens.ExtraTreesClassifier(4, max_depth=5, random_state=0), y3)
    make('logistic_binary', tensors, lm.LogisticRegression(), y2)
    make('logistic_one_row', tensors, lm.LogisticRegression(), y2, batch=1)
    make('logistic_multiclass', tensors, lm.LogisticRegression(), y3)
    make('linear', tensors, lm.LinearRegression(), signal)
    make('ridge', tensors, lm.Ridge(), signal)
    make('linear_svc', tensors, sklearn.svm.LinearSVC(), y3)
    make('svc', tensors, sklearn.svm.SVC(probability=False), y2)
    make('mlp', tensors, sklearn.neural_network.MLPClassifier((8,), max_iter=40, random_state=0), y3)
    make('mlp_regressor', tensors, sklearn.neural_network.MLPRegressor(hidden_layer_sizes=(8,), max_iter=40, random_state=0), signal)
    for name, model in (('standard', pre.StandardScaler()), ('min_max', pre.MinMaxScaler()), ('normalizer', pre.Normalizer()),
                        ('polynomial', pre.PolynomialFeatures(2)), ('binarizer', pre.Binarizer(threshold=0.2))):
        make('t_' + name, tensors, model, y3)
    make('pipeline', tensors, sklearn.pipeline.make_pipeline(pre.StandardScaler(), lm.LogisticRegression()), y3)
    make('pipeline_forest', tensors, sklearn.pipeline.make_pipeline(pre.MinMaxScaler(), ens.RandomForestClassifier(4, max_depth=3, random_state=0)), y2)
    cases.finish()


main()
