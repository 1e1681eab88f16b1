# SPDX-License-Identifier: Apache-2.0
"""scikit-learn estimators and pipelines through skl2onnx: make_sklearn.py FOLDER [PATTERN ...]"""
import sys

import numpy as np
import sklearn.calibration, sklearn.cluster, sklearn.compose, sklearn.cross_decomposition, sklearn.decomposition
import sklearn.discriminant_analysis, sklearn.ensemble, sklearn.feature_extraction.text, sklearn.feature_selection, sklearn.gaussian_process.kernels, sklearn.impute
import sklearn.kernel_approximation, sklearn.linear_model, sklearn.mixture, sklearn.multiclass, sklearn.naive_bayes, sklearn.neighbors
import sklearn.neural_network, sklearn.pipeline, sklearn.preprocessing, sklearn.svm, sklearn.tree
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, Int64TensorType, StringTensorType

from cases import Cases

rng = np.random.default_rng(5)
N, D = 240, 6
x = rng.normal(size=(N, D)).astype(np.float32)
signal = x[:, 0] + 0.5 * x[:, 1] ** 2 - x[:, 2] * x[:, 3]
y2 = (signal > 0.2).astype(np.int64)
y3 = np.digitize(signal, [-0.5, 0.8])
words = np.array(['ant', 'bee', 'cow'])[y3]
y_real = (signal + 0.1 * rng.normal(size=N)).astype(np.float32)
positive = np.abs(x) + np.float32(0.01)
rows = x[:40]


def export(path, model, data, options=None, opset=None, **kw):
    path.write_bytes(to_onnx(model, data[:1], options=options, target_opset=opset, **kw).SerializeToString())


def classifier(path, model, y=y3, data=x, zipmap=True, raw=False, opset=None):
    model.fit(data, y)
    options = {id(model): {'zipmap': False}} if not zipmap else None
    if raw:
        options = {id(model): {'raw_scores': True, 'zipmap': False}}
    export(path, model, data, options, opset)
    few = data[:40]
    scores = model.decision_function(few) if raw else model.predict_proba(few) if hasattr(model, 'predict_proba') else None
    return [few], [model.predict(few), scores if not raw or scores.ndim == 2 else None]


def with_paths(path, model, option):
    """Which nodes or leaves a row goes through, as text or numbers behind the scores."""
    model.fit(x, y3)
    export(path, model, x, {id(model): {option: True, 'zipmap': False}})
    return [rows], [model.predict(rows), model.predict_proba(rows)]


def texts(path, model):
    """A pipeline that begins with words out of text. onnxruntime lower-cases only where the locale en_US is installed."""
    words_of = 'the cat sat on a mat dog ran far-away blue green red stop! 42 ok. e-mail'.split()
    lines = np.array([' '.join(rng.choice(words_of, rng.integers(0, 12))) for _ in range(N)])
    kinds = np.array([('cat' in line) + ('dog' in line) for line in lines])
    model.fit(lines, kinds)
    from skl2onnx import convert_sklearn
    onx = convert_sklearn(model, initial_types=[('text', StringTensorType([None, 1]))])
    path.write_bytes(onx.SerializeToString())
    return [lines[:40].reshape(-1, 1)], [model.predict(lines[:40]), model.predict_proba(lines[:40])]


def columns(path, model):
    model.fit(x, y3)
    export(path, model, x, {id(model): {'zipmap': 'columns'}})
    scores = model.predict_proba(rows)
    return [rows], [model.predict(rows)] + list(scores.T)


def without_zipmap_option(path, model, y=y3):
    model.fit(x, y)
    export(path, model, x)
    return [rows], [model.predict(rows)]


def regressor(path, model, data=x, y=y_real, opset=None):
    model.fit(data, y)
    export(path, model, data, opset=opset)
    few = data[:40]
    return [few], [model.predict(few).reshape(len(few), -1)]


def transformer(path, model, data=x, y=y3, opset=None):
    model.fit(data, y)
    export(path, model, data, opset=opset)
    few = data[:40]
    out = model.transform(few)
    return [few], [out.toarray() if hasattr(out, 'toarray') else out]


def cluster(path, model):
    model.fit(x)
    export(path, model, x)
    return [rows], [model.predict(rows), model.transform(rows)]


def outliers(path, model):
    model.fit(x)
    export(path, model, x, opset={'': 18, 'ai.onnx.ml': 3})
    return [rows], [model.predict(rows), model.decision_function(rows)]


def mixture(path, model):
    model.fit(x)
    export(path, model, x)
    return [rows], [model.predict(rows), model.predict_proba(rows)]


def mixed_columns(path):
    """Numbers scaled and imputed, words one-hot, in one ColumnTransformer with three inputs."""
    colours = np.array(['red', 'green', 'blue'])[rng.integers(0, 3, N)].reshape(-1, 1)
    counts = rng.integers(0, 5, (N, 2))
    numbers = x.copy()
    numbers[rng.random((N, D)) < 0.1] = np.nan
    from sklearn.compose import ColumnTransformer
    table = np.empty((N, D + 3), dtype=object)
    table[:, :D], table[:, D:D + 2], table[:, D + 2:] = numbers, counts, colours
    model = sklearn.pipeline.Pipeline([
        ('columns', ColumnTransformer([
            ('numbers', sklearn.pipeline.make_pipeline(sklearn.impute.SimpleImputer(), sklearn.preprocessing.StandardScaler()),
             list(range(D))),
            ('counts', sklearn.preprocessing.OneHotEncoder(handle_unknown='ignore'), [D, D + 1]),
            ('colours', sklearn.preprocessing.OneHotEncoder(handle_unknown='ignore'), [D + 2])])),
        ('model', sklearn.linear_model.LogisticRegression(max_iter=500))])
    model.fit(table, y3)
    from skl2onnx import convert_sklearn
    onx = convert_sklearn(model, initial_types=[('numbers', FloatTensorType([None, D])), ('counts', Int64TensorType([None, 2])),
                                                ('colours', StringTensorType([None, 1]))])
    path.write_bytes(onx.SerializeToString())
    few = table[:40]
    return [numbers[:40], counts[:40].astype(np.int64), colours[:40]], [model.predict(few), model.predict_proba(few)]


def main():
    cases = Cases(*sys.argv[1:])
    make = cases.make
    lm, ens, tree, svm, nb = sklearn.linear_model, sklearn.ensemble, sklearn.tree, sklearn.svm, sklearn.naive_bayes
    pre, pipe, kernels = sklearn.preprocessing, sklearn.pipeline.make_pipeline, sklearn.gaussian_process.kernels

    # linear
    make('logistic_binary', classifier, lm.LogisticRegression(), y2)
    make('logistic_multiclass', classifier, lm.LogisticRegression())
    make('logistic_words', classifier, lm.LogisticRegression(), words)
    make('logistic_columns', columns, lm.LogisticRegression())
    make('logistic_tensor', classifier, lm.LogisticRegression(), zipmap=False)
    make('logistic_raw', classifier, lm.LogisticRegression(), raw=True)
    make('logistic_raw_binary', classifier, lm.LogisticRegression(), y2, raw=True)
    make('logistic_opset9', classifier, lm.LogisticRegression(), opset={'': 9, 'ai.onnx.ml': 1})
    make('logistic_f64', classifier, lm.LogisticRegression(), y2, x.astype(np.float64), zipmap=False)
    make('logistic_i64', classifier, lm.LogisticRegression(), y2, np.round(x * 10).astype(np.int64))
    make('ridge_classifier', classifier, lm.RidgeClassifier(), raw=True)
    make('sgd_classifier_log', classifier, lm.SGDClassifier(loss='log_loss', random_state=0))
    make('sgd_classifier_hinge', without_zipmap_option, lm.SGDClassifier(random_state=0))
    make('perceptron', without_zipmap_option, lm.Perceptron())
    make('passive_aggressive', without_zipmap_option, lm.PassiveAggressiveClassifier(random_state=0))
    make('linear_svc', without_zipmap_option, svm.LinearSVC())
    make('linear_svc_binary', without_zipmap_option, svm.LinearSVC(), y2)
    make('lda', classifier, sklearn.discriminant_analysis.LinearDiscriminantAnalysis())
    make('qda', classifier, sklearn.discriminant_analysis.QuadraticDiscriminantAnalysis())
    for name, model in [('linear', lm.LinearRegression()), ('ridge', lm.Ridge()), ('lasso', lm.Lasso(0.05)), ('elastic', lm.ElasticNet(0.05)),
                        ('sgd_regressor', lm.SGDRegressor(random_state=0)), ('huber', lm.HuberRegressor()), ('bayes_ridge', lm.BayesianRidge()),
                        ('lars', lm.Lars()), ('omp', lm.OrthogonalMatchingPursuit()), ('theil_sen', lm.TheilSenRegressor(random_state=0)),
                        ('ransac', lm.RANSACRegressor(random_state=0)), ('quantile', lm.QuantileRegressor(alpha=0.01)),
                        ('linear_svr', svm.LinearSVR()), ('pls', sklearn.cross_decomposition.PLSRegression(2))]:
        make(name, regressor, model)
    make('linear_two_targets', regressor, lm.LinearRegression(), x, np.stack([y_real, -2 * y_real + 1], 1))
    for name, model in [('poisson', lm.PoissonRegressor()), ('gamma', lm.GammaRegressor()), ('tweedie', lm.TweedieRegressor(power=1.5))]:
        make(name, regressor, model, y=np.exp(y_real / 4) + np.float32(0.1))

    # trees
    make('tree_binary', classifier, tree.DecisionTreeClassifier(max_depth=5, random_state=0), y2)
    make('tree_multiclass', classifier, tree.DecisionTreeClassifier(random_state=0))
    make('tree_words', classifier, tree.DecisionTreeClassifier(max_depth=4, random_state=0), words)
    make('tree_regressor', regressor, tree.DecisionTreeRegressor(max_depth=6, random_state=0))
    make('tree_stump', regressor, tree.DecisionTreeRegressor(max_depth=1))
    make('tree_two_targets', regressor, tree.DecisionTreeRegressor(max_depth=4), x, np.stack([y_real, -2 * y_real + 1], 1))
    make('extra_tree', classifier, tree.ExtraTreeClassifier(max_depth=5, random_state=0))
    make('forest_binary', classifier, ens.RandomForestClassifier(12, max_depth=5, random_state=0), y2)
    make('forest_multiclass', classifier, ens.RandomForestClassifier(12, random_state=0))
    make('forest_regressor', regressor, ens.RandomForestRegressor(12, max_depth=6, random_state=0))
    make('forest_opset_ml1', regressor, ens.RandomForestRegressor(5, max_depth=4, random_state=0), opset={'': 12, 'ai.onnx.ml': 1})
    make('extra_trees', classifier, ens.ExtraTreesClassifier(10, max_depth=6, random_state=0))
    make('gradient_boosting_binary', classifier, ens.GradientBoostingClassifier(n_estimators=12, random_state=0), y2)
    make('gradient_boosting_multiclass', classifier, ens.GradientBoostingClassifier(n_estimators=8, random_state=0))
    make('gradient_boosting_regressor', regressor, ens.GradientBoostingRegressor(n_estimators=12, random_state=0))
    make('hist_boosting_binary', classifier, ens.HistGradientBoostingClassifier(max_iter=10), y2)
    make('hist_boosting_multiclass', classifier, ens.HistGradientBoostingClassifier(max_iter=8))
    make('hist_boosting_regressor', regressor, ens.HistGradientBoostingRegressor(max_iter=10))
    make('adaboost', classifier, ens.AdaBoostClassifier(n_estimators=6, random_state=0))
    make('adaboost_regressor', regressor, ens.AdaBoostRegressor(n_estimators=5, random_state=0))
    make('bagging', classifier, ens.BaggingClassifier(n_estimators=5, random_state=0))
    make('bagging_regressor', regressor, ens.BaggingRegressor(n_estimators=5, random_state=0))
    make('isolation_forest', outliers, ens.IsolationForest(n_estimators=8, random_state=0))

    make('gradient_boosting_exponential', classifier, ens.GradientBoostingClassifier(n_estimators=6, loss='exponential', random_state=0), y2)
    make('gradient_boosting_raw', classifier, ens.GradientBoostingClassifier(n_estimators=6, random_state=0), y2, raw=True)
    make('forest_i64', classifier, ens.RandomForestClassifier(6, max_depth=5, random_state=0), y2, np.round(x * 10).astype(np.int64))
    make('forest_ties', classifier, ens.RandomForestClassifier(6, random_state=0), y2, x[:, :1])
    make('forest_paths', with_paths, ens.RandomForestClassifier(3, max_depth=4, random_state=0), 'decision_path')
    make('tree_leaves', with_paths, tree.DecisionTreeClassifier(max_depth=4, random_state=0), 'decision_leaf')

    # neighbours, kernels, networks, Bayes
    make('svc_binary', classifier, svm.SVC(probability=True, random_state=0), y2)
    make('svc_multiclass', classifier, svm.SVC(probability=True, random_state=0))
    make('svc_poly', classifier, svm.SVC(kernel='poly', probability=True, random_state=0))
    make('svc_linear_words', without_zipmap_option, svm.SVC(kernel='linear'), words)
    make('svc_sigmoid', without_zipmap_option, svm.SVC(kernel='sigmoid'))
    make('nu_svc', without_zipmap_option, svm.NuSVC())
    make('svr', regressor, svm.SVR())
    make('nu_svr', regressor, svm.NuSVR())
    make('one_class_svm', outliers, svm.OneClassSVM())
    make('knn', classifier, sklearn.neighbors.KNeighborsClassifier(3))
    make('knn_distance', classifier, sklearn.neighbors.KNeighborsClassifier(5, weights='distance'))
    make('knn_regressor', regressor, sklearn.neighbors.KNeighborsRegressor(4))
    make('radius_regressor', regressor, sklearn.neighbors.RadiusNeighborsRegressor(6.0))
    make('mlp_binary', classifier, sklearn.neural_network.MLPClassifier((8,), max_iter=40, random_state=0), y2)
    make('mlp_multiclass', classifier, sklearn.neural_network.MLPClassifier((10, 6), 'tanh', max_iter=40, random_state=0))
    make('mlp_logistic', classifier, sklearn.neural_network.MLPClassifier((6,), 'logistic', max_iter=40, random_state=0), words)
    make('mlp_regressor', regressor, sklearn.neural_network.MLPRegressor(hidden_layer_sizes=(10,), max_iter=40, random_state=0))
    make('gaussian_nb', classifier, nb.GaussianNB())
    make('bernoulli_nb', classifier, nb.BernoulliNB())
    make('multinomial_nb', classifier, nb.MultinomialNB(), y3, positive)
    make('complement_nb', classifier, nb.ComplementNB(), y3, positive)
    make('gaussian_process', regressor, sklearn.gaussian_process.GaussianProcessRegressor(kernels.RBF(), alpha=0.1, optimizer=None))
    make('kmeans', cluster, sklearn.cluster.KMeans(3, n_init=2, random_state=0))
    make('minibatch_kmeans', cluster, sklearn.cluster.MiniBatchKMeans(3, n_init=2, random_state=0))
    make('gaussian_mixture', mixture, sklearn.mixture.GaussianMixture(3, random_state=0))

    # many models in one
    make('one_vs_rest', classifier, sklearn.multiclass.OneVsRestClassifier(lm.LogisticRegression()))
    make('one_vs_one', without_zipmap_option, sklearn.multiclass.OneVsOneClassifier(lm.LogisticRegression()))
    make('calibrated', classifier, sklearn.calibration.CalibratedClassifierCV(lm.LogisticRegression(), cv=2))
    make('voting', classifier, ens.VotingClassifier([('a', lm.LogisticRegression()), ('b', tree.DecisionTreeClassifier(max_depth=3))], voting='soft', flatten_transform=False))
    make('voting_hard', without_zipmap_option,
         ens.VotingClassifier([('a', lm.LogisticRegression()), ('b', tree.DecisionTreeClassifier(max_depth=3)), ('c', nb.GaussianNB())], flatten_transform=False))
    make('voting_regressor', regressor, ens.VotingRegressor([('a', lm.Ridge()), ('b', tree.DecisionTreeRegressor(max_depth=3))]))
    make('stacking', classifier, ens.StackingClassifier([('a', lm.LogisticRegression()), ('b', nb.GaussianNB())], cv=2))
    make('stacking_regressor', regressor, ens.StackingRegressor([('a', lm.Ridge()), ('b', tree.DecisionTreeRegressor(max_depth=3))], cv=2))

    # transformers
    holes = x.copy()
    holes[rng.random(x.shape) < 0.2] = np.nan
    for name, model in [('standard', pre.StandardScaler()), ('min_max', pre.MinMaxScaler()), ('min_max_clip', pre.MinMaxScaler(clip=True)),
                        ('max_abs', pre.MaxAbsScaler()), ('robust', pre.RobustScaler()), ('normalizer_l2', pre.Normalizer()),
                        ('normalizer_l1', pre.Normalizer('l1')), ('normalizer_max', pre.Normalizer('max')), ('binarizer', pre.Binarizer(threshold=0.3)),
                        ('polynomial', pre.PolynomialFeatures(2)), ('bins_ordinal', pre.KBinsDiscretizer(4, encode='ordinal', quantile_method='averaged_inverted_cdf')),
                        ('bins_onehot', pre.KBinsDiscretizer(3, encode='onehot-dense', quantile_method='averaged_inverted_cdf')),
                        ('pca', sklearn.decomposition.PCA(3)), ('pca_whiten', sklearn.decomposition.PCA(3, whiten=True)),
                        ('truncated_svd', sklearn.decomposition.TruncatedSVD(3, random_state=0)),
                        ('kernel_pca', sklearn.decomposition.KernelPCA(3, kernel='rbf')), ('k_best', sklearn.feature_selection.SelectKBest(k=3)),
                        ('variance', sklearn.feature_selection.VarianceThreshold(0.9)), ('power', pre.PowerTransformer())]:
        make('t_' + name, transformer, model)
    make('t_imputer_mean', transformer, sklearn.impute.SimpleImputer(), holes)
    make('t_imputer_constant', transformer, sklearn.impute.SimpleImputer(strategy='constant', fill_value=-1.0), holes)
    make('t_imputer_knn', transformer, sklearn.impute.KNNImputer(n_neighbors=2), holes)
    make('t_onehot_ints', transformer, pre.OneHotEncoder(handle_unknown='ignore', sparse_output=False), rng.integers(0, 4, (N, 3)))
    make('t_onehot_words', transformer, pre.OneHotEncoder(sparse_output=False), np.array(['a', 'b', 'c'])[rng.integers(0, 3, (N, 2))])
    make('t_ordinal_words', transformer, pre.OrdinalEncoder(), np.array(['a', 'b', 'c'])[rng.integers(0, 3, (N, 2))])
    make('t_ordinal_ints', transformer, pre.OrdinalEncoder(), rng.integers(0, 5, (N, 3)))

    # pipelines
    make('p_scaler_logistic', classifier, pipe(pre.StandardScaler(), lm.LogisticRegression()))
    make('p_imputer_forest', classifier, pipe(sklearn.impute.SimpleImputer(), ens.RandomForestClassifier(6, max_depth=4, random_state=0)), y2, holes)
    make('p_pca_svc', without_zipmap_option, pipe(pre.MinMaxScaler(), sklearn.decomposition.PCA(4), svm.SVC()))
    make('p_poly_ridge', regressor, pipe(pre.PolynomialFeatures(2), pre.RobustScaler(), lm.Ridge()))
    make('p_union_tree', classifier, pipe(sklearn.pipeline.make_union(pre.StandardScaler(), sklearn.decomposition.PCA(2)),
                                          tree.DecisionTreeClassifier(max_depth=4, random_state=0)))
    make('p_select_mlp', classifier, pipe(sklearn.feature_selection.SelectKBest(k=4), sklearn.neural_network.MLPClassifier((5,), max_iter=30, random_state=0)))
    make('p_target', regressor, pipe(pre.Normalizer(), lm.LinearRegression()))
    make('p_mixed_columns', mixed_columns)
    count, tf_idf = sklearn.feature_extraction.text.CountVectorizer, sklearn.feature_extraction.text.TfidfVectorizer
    make('x_tf_idf_logistic', texts, pipe(tf_idf(), lm.LogisticRegression()))
    make('x_counts_bayes', texts, pipe(count(lowercase=False, ngram_range=(1, 2)), nb.MultinomialNB()))
    make('x_characters', texts, pipe(count(analyzer='char', lowercase=False, ngram_range=(1, 2)), lm.LogisticRegression()))
    cases.finish()


main()
