/* SPDX-License-Identifier: Apache-2.0
 * Classical models: random forests in all three operators, with every kind of question that has a
 * canonical form and rows that hit the splits exactly or hold NaN; linear models with every
 * post_transform; labels as scikit-learn's exporter writes them. The float executor runs the
 * original operators, and what became of them. */
#include "passes_text.h"

enum { FEATURES = 4 };

typedef struct writer {
    char *text;
    size_t used;
} writer;

__attribute__((format(printf, 2, 3))) static void put(writer *w, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    w->used += (size_t)vsnprintf(w->text + w->used, TEST_TEXT_BYTES - w->used, format, args);
    va_end(args);
    assert_true(w->used < TEST_TEXT_BYTES);
}

typedef struct tree_node {
    int tree, id, mode, feature, yes, no, missing;
    double split;
} tree_node;

typedef struct random_forest {
    tree_node nodes[512];
    int n, n_trees;
} random_forest;

enum { MODE_LEQ, MODE_LT, MODE_GTE, MODE_GT, MODE_LEAF };
static const char *const mode_names[] = {"BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT",
                                         "LEAF"};

static int grow(random_forest *f, int tree, int *id, int depth, bool missing, uint64_t *seed)
{
    const int at = f->n++, leaf = depth == 0 || test_range(seed, 0, 5) == 0;
    tree_node *const n = &f->nodes[at];

    assert_true(f->n < 512);
    *n = (tree_node){.tree = tree, .id = (*id)++, .mode = MODE_LEAF};
    if (leaf)
        return n->id;
    n->mode = (int)test_range(seed, MODE_LEQ, MODE_GT);
    n->feature = (int)test_range(seed, 0, FEATURES - 1);
    n->split = (double)test_range(seed, -4, 4) / 2;
    n->missing = missing && test_range(seed, 0, 1);
    /* Written through the array: growing adds nodes. */
    f->nodes[at].yes = grow(f, tree, id, depth - 1, missing, seed);
    f->nodes[at].no = grow(f, tree, id, depth - 1, missing, seed);
    return f->nodes[at].id;
}

static void grow_forest(random_forest *f, int n_trees, bool missing, uint64_t *seed)
{
    f->n = 0;
    f->n_trees = n_trees;
    for (int t = 0; t < n_trees; t++) {
        int id = 3;

        grow(f, t * 7, &id, 4, missing, seed);
    }
}

#define PUT_LIST(w, name, n, format, ...)                                                          \
    do {                                                                                           \
        put(w, "%s = [", name);                                                                    \
        for (int i = 0; i < (n); i++)                                                              \
            put(w, "%s" format, i ? ", " : "", __VA_ARGS__);                                       \
        put(w, "], ");                                                                             \
    } while (0)

#define PUT_PAIRS(what, format, ...)                                                               \
    do {                                                                                           \
        put(w, "%s_", pairs);                                                                      \
        PUT_LIST(w, what, n_leaves *n_targets, format, __VA_ARGS__);                               \
    } while (0)

/* The nodes, and for every leaf one pair a target of [first, first + n_targets). */
static void put_by_id(writer *w, const random_forest *f, const char *pairs, int first,
                      int n_targets, uint64_t *seed)
{
    int leaves[512], n_leaves = 0;

    for (int i = 0; i < f->n; i++) {
        if (f->nodes[i].mode == MODE_LEAF)
            leaves[n_leaves++] = i;
    }
    PUT_LIST(w, "nodes_treeids", f->n, "%d", f->nodes[i].tree);
    PUT_LIST(w, "nodes_nodeids", f->n, "%d", f->nodes[i].id);
    PUT_LIST(w, "nodes_featureids", f->n, "%d", f->nodes[i].feature);
    PUT_LIST(w, "nodes_truenodeids", f->n, "%d", f->nodes[i].yes);
    PUT_LIST(w, "nodes_falsenodeids", f->n, "%d", f->nodes[i].no);
    PUT_LIST(w, "nodes_missing_value_tracks_true", f->n, "%d", f->nodes[i].missing);
    PUT_LIST(w, "nodes_values", f->n, "%.1f", f->nodes[i].split);
    PUT_LIST(w, "nodes_modes", f->n, "\"%s\"", mode_names[f->nodes[i].mode]);
    PUT_PAIRS("treeids", "%d", f->nodes[leaves[i / n_targets]].tree);
    PUT_PAIRS("nodeids", "%d", f->nodes[leaves[i / n_targets]].id);
    PUT_PAIRS("ids", "%d", first + i % n_targets);
    PUT_PAIRS("weights", "%.3f", (double)test_range(seed, -1000, 1000) / 1000);
}

/* Rows that hit splits, and NaN in places; cleans, compares, returns the clean graph. */
static nescio_graph *check_trees(nescio_ctx *ctx, const nescio_graph *g, bool missing,
                                 uint64_t seed)
{
    test_values in, want, got;
    nescio_graph *clean = NULL;
    uint64_t state = seed;

    assert_int_equal(nescio_graph_copy(ctx, g, true, &clean), NESCIO_OK);
    if (nescio_passes_clean(ctx, clean, NULL, NULL) != NESCIO_OK)
        fail_msg("%s", nescio_ctx_message(ctx));
    test_inputs(ctx, g, 40, &state, &in);
    for (size_t k = 0; k < nescio_tensor_count(&in.t[0]); k++) {
        const double half = (double)test_range(&state, -5, 5) / 2;
        const bool nan = missing && test_range(&state, 0, 4) == 0;

        if (in.t[0].dtype == NESCIO_F32)
            ((float *)in.t[0].data)[k] = nan ? NAN : (float)half;
        else
            ((double *)in.t[0].data)[k] = nan ? (double)NAN : half;
    }
    test_run(ctx, g, &in, &want);
    test_run(ctx, clean, &in, &got);
    test_same(&want, &got, seed);
    test_values_free(&in);
    test_values_free(&want);
    test_values_free(&got);
    return clean;
}

static const char *const transforms[] = {"NONE", "SOFTMAX", "LOGISTIC"};

/* The canonical form: one forest of BRANCH_LEQ. */
static void check_canonical(const nescio_graph *clean)
{
    assert_int_equal(test_count(clean, NESCIO_OP_TREE_ENSEMBLE_REGRESSOR), 1);
    assert_int_equal(test_count(clean, NESCIO_OP_TREE_ENSEMBLE_CLASSIFIER), 0);
    for (const nescio_node *node = clean->first; node; node = node->next) {
        const nescio_attr *const modes = nescio_node_attr(node, "nodes_modes");

        if (node->op != NESCIO_OP_TREE_ENSEMBLE_REGRESSOR)
            continue;
        assert_null(nescio_node_attr(node, "base_values"));
        assert_null(nescio_node_attr(node, "post_transform"));
        for (size_t i = 0; i < modes->count; i++)
            assert_true(!strcmp(modes->strings[i], "LEAF") ||
                        !strcmp(modes->strings[i], "BRANCH_LEQ"));
    }
}

static void test_regressors(void **state)
{
    static const char *const aggregates[] = {"SUM", "AVERAGE", "MIN", "MAX"};
    nescio_ctx *ctx = NULL;
    writer w = {.text = malloc(TEST_TEXT_BYTES)};
    random_forest f;

    (void)state;
    assert_int_equal(nescio_ctx_new(&ctx), NESCIO_OK);
    for (uint64_t seed = 1; seed <= 24; seed++) {
        uint64_t random = seed;
        nescio_graph *g, *clean;

        w.used = 0;
        grow_forest(&f, 3, seed % 2, &random);
        put(&w, "(%s[N,%d] x) => (float[N,2] y) { y = ai.onnx.ml.TreeEnsembleRegressor<",
            seed % 3 ? "float" : "double", FEATURES);
        put_by_id(&w, &f, "target", 0, 2, &random);
        put(&w,
            "n_targets = 2, base_values = [0.5, -0.25], post_transform = \"%s\", "
            "aggregate_function = \"%s\">(x) }",
            transforms[seed % 3], aggregates[seed % 4]);
        g = test_parse(ctx, w.text, seed);
        clean = check_trees(ctx, g, seed % 2, seed);
        check_canonical(clean);
        nescio_graph_free(clean);
        nescio_graph_free(g);
    }
    free(w.text);
    nescio_ctx_free(ctx);
}

static void test_classifiers(void **state)
{
    nescio_ctx *ctx = NULL;
    writer w = {.text = malloc(TEST_TEXT_BYTES)};
    random_forest f;

    (void)state;
    assert_int_equal(nescio_ctx_new(&ctx), NESCIO_OK);
    for (uint64_t seed = 1; seed <= 24; seed++) {
        const int classes = seed % 4 == 0 ? 3 : 2; /* binary: one class id only */
        uint64_t random = seed;
        nescio_graph *g, *clean;
        nescio_graph_split parts;

        w.used = 0;
        grow_forest(&f, 3, seed % 2, &random);
        put(&w,
            "(%s[N,%d] x) => (%s[N] label, float[N,%d] p) { label, p = "
            "ai.onnx.ml.TreeEnsembleClassifier<",
            seed % 7 ? "float" : "int64", FEATURES, seed % 5 ? "int64" : "string", classes);
        put_by_id(&w, &f, "class", classes == 2 ? (int)(seed / 2 % 2) : 0,
                  classes == 2 ? 1 : classes, &random);
        if (seed % 5)
            put(&w, "classlabels_int64s = [7, 3%s], ", classes == 3 ? ", 5" : "");
        else
            put(&w, "classlabels_strings = [\"no\", \"yes\"%s], ",
                classes == 3 ? ", \"maybe\"" : "");
        put(&w, "post_transform = \"%s\">(x) }", transforms[seed % 3]);
        g = test_parse(ctx, w.text, seed);
        clean = check_trees(ctx, g, seed % 2, seed);
        check_canonical(clean);
        assert_int_equal(nescio_passes_split(ctx, clean, &parts), NESCIO_OK);
        assert_int_equal(test_count_all(parts.body), 1);
        nescio_graph_split_free(&parts);
        nescio_graph_free(clean);
        nescio_graph_free(g);
    }
    free(w.text);
    nescio_ctx_free(ctx);
}

/* Both graphs give the same for rows that hit splits. */
static void test_equal(nescio_ctx *ctx, const nescio_graph *a, const nescio_graph *b, uint64_t seed)
{
    test_values in, want, got;
    uint64_t state = seed;

    test_inputs(ctx, a, 40, &state, &in);
    for (size_t k = 0; k < nescio_tensor_count(&in.t[0]); k++) {
        const double half = (double)test_range(&state, -5, 5) / 2;

        if (in.t[0].dtype == NESCIO_F32)
            ((float *)in.t[0].data)[k] = (float)half;
        else
            ((double *)in.t[0].data)[k] = half;
    }
    test_run(ctx, a, &in, &want);
    test_run(ctx, b, &in, &got);
    test_same(&want, &got, seed);
    test_values_free(&in);
    test_values_free(&want);
    test_values_free(&got);
}

/* Forests as tensors compute the same, and cleaning finds the forest in them again. */
static void test_tensors_and_back(void **state)
{
    nescio_ctx *ctx = NULL;
    writer w = {.text = malloc(TEST_TEXT_BYTES)};
    random_forest f;

    (void)state;
    assert_int_equal(nescio_ctx_new(&ctx), NESCIO_OK);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        uint64_t random = seed;
        nescio_graph *g, *tensors, *trees, *back;

        w.used = 0;
        grow_forest(&f, 1 + (int)seed % 4, false, &random);
        put(&w, "(%s[N,%d] x) => (float[N,2] y) { y = ai.onnx.ml.TreeEnsembleRegressor<",
            seed % 3 ? "float" : "double", FEATURES);
        put_by_id(&w, &f, "target", 0, 2, &random);
        put(&w, "n_targets = 2>(x) }");
        g = test_parse(ctx, w.text, seed);
        tensors = check_trees(ctx, g, false, seed);
        trees = NULL;
        assert_int_equal(nescio_graph_copy(ctx, tensors, false, &trees), NESCIO_OK);
        if (nescio_passes_trees_to_tensors(ctx, tensors) != NESCIO_OK)
            fail_msg("%s", nescio_ctx_message(ctx));
        assert_int_equal(test_count(tensors, NESCIO_OP_TREE_ENSEMBLE_REGRESSOR), 0);
        assert_int_equal(test_count(tensors, NESCIO_OP_MATMUL), 2);
        test_equal(ctx, trees, tensors, seed);
        back = check_trees(ctx, tensors, false, seed); /* tensors against the forest found */
        if (f.n > f.n_trees) /* a forest of single leaves is a constant in effect */
            check_canonical(back);
        nescio_graph_free(back);
        nescio_graph_free(trees);
        nescio_graph_free(tensors);
        nescio_graph_free(g);
    }
    free(w.text);
    nescio_ctx_free(ctx);
}

/* What the tensor form cannot say is refused. */
static void test_tensors_refused(void **state)
{
    nescio_ctx *ctx = NULL;
    writer w = {.text = malloc(TEST_TEXT_BYTES)};
    random_forest f;
    uint64_t seed = 1;
    nescio_graph *g;

    (void)state;
    assert_int_equal(nescio_ctx_new(&ctx), NESCIO_OK);
    grow_forest(&f, 3, false, &seed);
    put(&w, "(float[N,%d] x) => (float[N,1] y) { y = ai.onnx.ml.TreeEnsembleRegressor<", FEATURES);
    put_by_id(&w, &f, "target", 0, 1, &seed);
    put(&w, "aggregate_function = \"MAX\">(x) }");
    g = test_parse(ctx, w.text, 1);
    assert_int_equal(nescio_passes_clean(ctx, g, NULL, NULL), NESCIO_OK);
    assert_int_equal(nescio_passes_trees_to_tensors(ctx, g), NESCIO_E_UNSUPPORTED);
    assert_non_null(strstr(nescio_ctx_message(ctx), "sums"));
    nescio_graph_free(g);
    /* A classifier that has no canonical form is no silent leftover either. */
    w.used = 0;
    put(&w,
        "(float[N,%d] x) => (int64[N] label, float[N,2] p) { label, p = "
        "ai.onnx.ml.TreeEnsembleClassifier<",
        FEATURES);
    put_by_id(&w, &f, "class", 0, 2, &seed);
    put(&w, "classlabels_int64s = [7, 3], post_transform = \"PROBIT\">(x) }");
    g = test_parse(ctx, w.text, 2);
    assert_int_equal(nescio_passes_clean(ctx, g, NULL, NULL), NESCIO_OK);
    assert_int_equal(nescio_passes_trees_to_tensors(ctx, g), NESCIO_E_UNSUPPORTED);
    nescio_graph_free(g);
    free(w.text);
    nescio_ctx_free(ctx);
}

/* Two trees of three features in Hummingbird's forms that walk; in the perfect one the second tree
 * is less deep than its table. */
static void test_walks(void **state)
{
    static const char *const texts[] = {
        /* perfect: root, one more level, eight leaves of two classes, summed over trees */
        "(float[N,4] x) => (float[N,2] y) <int64[2] rn = {1, 3}, float[2] rb = {0.5, -1.0},"
        " int64[2] ti = {0, 2}, int64[4] n = {0, 2, 1, 1}, float[4] b = {1.0, -0.5, 0.0, 0.0},"
        " float[8,2] l = {1, 2, 3, 4, 5, 6, 7, 8, 0.5, 0, 0.5, 0, 0.25, 1, 0.125, 2},"
        " int64[1] flat = {-1}, int64[2] two = {-1, 2}, int64 dos = {2}, int64[3] per = {-1, 2, 2},"
        " int64[1] ax = {1}> {"
        " g = Gather<axis = 1>(x, rn) q = LessOrEqual(g, rb) c = Cast<to = 7>(q) a = Add(c, ti)"
        " p = Reshape(a, flat) f = Gather<axis = 0>(n, p) f2 = Reshape(f, two)"
        " v = GatherElements<axis = 1>(x, f2) v1 = Reshape(v, flat) m = Mul(p, dos)"
        " s = Gather<axis = 0>(b, p) k = LessOrEqual(v1, s) k1 = Cast<to = 7>(k) p2 = Add(m, k1)"
        " o = Gather<axis = 0>(l, p2) o3 = Reshape(o, per) y = ReduceSum<keepdims = 0>(o3, ax) }",
        /* walk: three nodes a tree, leaves point to themselves, x < split */
        "(float[N,4] x) => (float[N,1] y) <int64[1,2] off = {0, 3}, int64[6] le = {1, 1, 2, 2, 1,"
        " 2}, int64[6] ri = {2, 1, 2, 1, 1, 2}, int64[6] fe = {0, 0, 0, 3, 0, 0},"
        " float[6] th = {0.5, 0, 0, -0.5, 0, 0}, float[6,1] va = {0, 1, 2, 0, -3, 5},"
        " int64 zero = {0}, int64[1] ax0 = {0}, int64[1] w2 = {2}, int64[1] flat = {-1}, int64[2]"
        " two = {-1, 2}, int64[3] per = {-1, 2, 1}, int64[1] ax = {1}> {"
        " sh = Shape(x) n0 = Gather<axis = 0>(sh, zero) n1 = Unsqueeze(n0, ax0)"
        " t = Concat<axis = 0>(n1, w2) e = Expand(off, t) p = Reshape(e, flat)"
        " f = Gather<axis = 0>(fe, p) f2 = Reshape(f, two) v = GatherElements<axis = 1>(x, f2)"
        " h = Gather<axis = 0>(th, p) h2 = Reshape(h, two) l = Gather<axis = 0>(le, p)"
        " l2 = Reshape(l, two) r = Gather<axis = 0>(ri, p) r2 = Reshape(r, two) q = Less(v, h2)"
        " w = Where(q, l2, r2) a = Add(w, off) p2 = Reshape(a, flat)"
        " o = Gather<axis = 0>(va, p2) o3 = Reshape(o, per) y = ReduceSum<keepdims = 0>(o3, ax) }",
    };
    nescio_ctx *ctx = NULL;

    (void)state;
    assert_int_equal(nescio_ctx_new(&ctx), NESCIO_OK);
    for (size_t i = 0; i < 2; i++) {
        for (uint64_t seed = 1; seed <= 5; seed++) {
            nescio_graph *const g = test_parse(ctx, texts[i], seed);
            nescio_graph *const clean = check_trees(ctx, g, false, seed);

            check_canonical(clean);
            assert_int_equal(test_count_all(clean), 1);
            nescio_graph_free(clean);
            nescio_graph_free(g);
        }
    }
    nescio_ctx_free(ctx);
}

/* By position: two trees, the second one a leaf. */
static void test_by_position(void **state)
{
    static const char text[] =
        "(double[N,4] x) => (double[N,2] y) { y = ai.onnx.ml.TreeEnsemble<n_targets = 2,"
        " aggregate_function = 0, nodes_splits : tensor = double[4] {0.5, -1.0, 1.5, 0.0},"
        " nodes_modes : tensor = uint8[4] {0, 3, 1, 0}, nodes_featureids = [0, 1, 2, 0],"
        " nodes_truenodeids = [1, 0, 1, 4], nodes_trueleafs = [0, 1, 1, 1],"
        " nodes_falsenodeids = [2, 2, 3, 4], nodes_falseleafs = [0, 1, 1, 1],"
        " nodes_missing_value_tracks_true = [1, 0, 1, 0],"
        " leaf_targetids = [0, 1, 0, 1, 1],"
        " leaf_weights : tensor = double[5] {1.0, 2.0, -3.0, 4.5, 0.25}, tree_roots = [0, 3]>(x) }";
    nescio_ctx *ctx = NULL;
    nescio_graph *g = NULL, *clean;
    char full[2048];
    int n;

    (void)state;
    assert_int_equal(nescio_ctx_new(&ctx), NESCIO_OK);
    n = snprintf(full, sizeof full,
                 "<ir_version: 10, opset_import: [\"\" : 21, \"ai.onnx.ml\" : 5]> g %s", text);
    if (nescio_graph_parse(ctx, full, (size_t)n, &g) != NESCIO_OK ||
        nescio_graph_infer(ctx, g) != NESCIO_OK)
        fail_msg("%s", nescio_ctx_message(ctx));
    for (uint64_t seed = 1; seed <= 5; seed++) {
        clean = check_trees(ctx, g, true, seed);
        check_canonical(clean);
        nescio_graph_free(clean);
    }
    nescio_graph_free(g);
    nescio_ctx_free(ctx);
}

/* A tree that is none (a node with two parents) stays for the executor to judge. */
static void test_unsound_stays(void **state)
{
    static const char text[] =
        "(float[N,4] x) => (float[N,1] y) { y = ai.onnx.ml.TreeEnsembleRegressor<n_targets = 1,"
        " nodes_treeids = [0, 0, 0], nodes_nodeids = [0, 1, 2], nodes_featureids = [0, 0, 0],"
        " nodes_truenodeids = [1, 2, 0], nodes_falsenodeids = [2, 2, 0],"
        " nodes_values = [0.0, 1.0, 0.0], nodes_modes = [\"BRANCH_LT\", \"BRANCH_LT\", \"LEAF\"],"
        " target_treeids = [0], target_nodeids = [2], target_ids = [0],"
        " target_weights = [1.0]>(x) }";
    nescio_ctx *ctx = NULL;
    nescio_graph *g, *clean;

    (void)state;
    assert_int_equal(nescio_ctx_new(&ctx), NESCIO_OK);
    g = test_parse(ctx, text, 1);
    clean = check_trees(ctx, g, false, 1);
    assert_string_equal(nescio_node_attr(clean->first, "nodes_modes")->strings[0], "BRANCH_LT");
    nescio_graph_free(clean);
    nescio_graph_free(g);
    nescio_ctx_free(ctx);
}

typedef struct model_case {
    const char *text, *head, *body, *tail;
} model_case;

static const model_case cases[] = {
    {"(float[N,4] x) => (float[N,2] y) { y = ai.onnx.ml.LinearRegressor<targets = 2, coefficients ="
     " [1.0, 2.0, -0.5, 0.25, 3.0, -1.0, 0.5, 0.125], intercepts = [0.5, -1.5]>(x) }",
     "", "Gemm", ""},
    {"(double[N,3] x) => (float[N,1] y) { y = ai.onnx.ml.LinearRegressor<coefficients = [1.0, 2.0, "
     "-0.5], post_transform = \"LOGISTIC\">(x) }",
     "Cast", "Gemm", "Sigmoid"},
    {"(float[N,2] x) => (int64[N] l, float[N,2] p) { l, p = ai.onnx.ml.LinearClassifier<"
     "coefficients = [1.0, 2.0], intercepts = [0.25], classlabels_ints = [4, 9],"
     " post_transform = \"LOGISTIC\">(x) }",
     "", "Gemm", "Neg Concat Sigmoid ArgMax Gather"},
    {"(float[N,2] x) => (string[N] l, float[N,3] p) { s = ai.onnx.ml.Scaler<offset = [0.5, 1.0],"
     " scale = [2.0, 3.0]>(x) l, p = ai.onnx.ml.LinearClassifier<coefficients = [1.0, 2.0, 0.5,"
     " -1.0, 2.0, -2.0], intercepts = [0.25, 0.5, -1.0], classlabels_strings = [\"a\", \"b\","
     " \"c\"], post_transform = \"SOFTMAX\">(s) }",
     "Scaler", "Gemm", "Softmax ArgMax Gather"},
    /* scikit-learn's MLPClassifier with an imputer */
    {"(float[N,4] x) => (int64[N] l, float[N,2] p) <@4,3 w, @1,3 b, @3,1 v, @1,1 c, float one = "
     "{1},"
     " int64[2] k = {5, 8}, int64[1] s = {-1}> {"
     " i = ai.onnx.ml.Imputer<imputed_value_floats = [0.5, 0.5, 0.5, 0.5]>(x)"
     " a = MatMul(i, w) d = Add(a, b) r = Relu(d) e = MatMul(r, v) f = Add(e, c) h = Sigmoid(f)"
     " n = Sub(one, h) p = Concat<axis = 1>(n, h) m = ArgMax<axis = 1>(p)"
     " g = ai.onnx.ml.ArrayFeatureExtractor(k, m) q = Reshape(g, s) l = Cast<to = 7>(q) }",
     "Imputer", "Gemm Relu Gemm", "Sigmoid Sub Concat ArgMax Gather Reshape"},
};

static void test_models_are_cut(void **state)
{
    nescio_ctx *ctx = NULL;

    (void)state;
    assert_int_equal(nescio_ctx_new(&ctx), NESCIO_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[1024];

        for (uint64_t seed = 1; seed <= 3; seed++) {
            nescio_graph *const g = test_parse(ctx, cases[i].text, seed);
            nescio_graph_split parts;
            nescio_graph *const clean = test_clean_and_split(ctx, g, seed, &parts);

            assert_string_equal(test_operators(parts.head, text, sizeof text), cases[i].head);
            assert_string_equal(test_operators(parts.body, text, sizeof text), cases[i].body);
            assert_string_equal(test_operators(parts.tail, text, sizeof text), cases[i].tail);
            nescio_graph_split_free(&parts);
            nescio_graph_free(clean);
            nescio_graph_free(g);
        }
    }
    nescio_ctx_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_regressors),      cmocka_unit_test(test_classifiers),
        cmocka_unit_test(test_by_position),     cmocka_unit_test(test_unsound_stays),
        cmocka_unit_test(test_models_are_cut),  cmocka_unit_test(test_tensors_and_back),
        cmocka_unit_test(test_tensors_refused), cmocka_unit_test(test_walks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
