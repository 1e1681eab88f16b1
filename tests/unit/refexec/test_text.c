/* SPDX-License-Identifier: Apache-2.0
 * Operators on text: patterns against the C library's leftmost-longest regular expressions, words
 * and n-grams against lists written out by hand. */
#include "node_case.h"

#include "refexec/text_chars.h"

#include <regex.h>
#include <stdio.h>

#define TEXT_BYTES 512

/* The rows of string output 0, words with '|' in between and rows with '/'. */
static void joined(const node_case *c, char out[TEXT_BYTES])
{
    const nescio_tensor *const y = &c->outputs[0];
    const size_t n = nescio_tensor_count(y), width = (size_t)y->dims[y->rank - 1];
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        used += (size_t)snprintf(out + used, TEXT_BYTES - used, "%s%s",
                                 i == 0           ? ""
                                 : i % width == 0 ? "/"
                                                  : "|",
                                 ((const char *const *)y->data)[i]);
        assert_true(used < TEXT_BYTES);
    }
}

static void set_strings(node_case *c, const char *name, size_t n, const char *const *list)
{
    assert_non_null(nescio_node_set_strings(c->node, name, list, n));
}

static void set_string(node_case *c, const char *name, const char *text)
{
    assert_non_null(nescio_node_set_string(c->node, name, text));
}

static void set_int(node_case *c, const char *name, int64_t v)
{
    assert_non_null(nescio_node_set_int(c->node, name, v));
}

static nescio_status cut(const char *expression, const char *text, char out[TEXT_BYTES])
{
    node_case c;
    nescio_status st;

    case_begin(&c, NESCIO_OP_TOKENIZER, 1, 1);
    set_string(&c, "tokenexp", expression);
    set_string(&c, "pad_value", "");
    set_int(&c, "mincharnum", 1);
    case_strings(&c, 0, 1, &text);
    case_run(&c);
    st = c.status;
    if (st == NESCIO_OK)
        joined(&c, out);
    case_end(&c);
    return st;
}

static void expressions_find_words(void **state)
{
    static const struct {
        const char *expression, *text, *words;
    } cases[] = {
        {"[a-zA-Z0-9_]+", "it's 42 c_d e-mail", "it|s|42|c_d|e|mail"},
        {"\\b\\w\\w+\\b", "a cat sat on I", "cat|sat|on"},
        {"[^ ]{2,3}", "a bcdefg", "bcd|efg"},
        {".",
         "\xC3\xBC"
         "b",
         "\xC3\xBC|b"},
        {"a|ab|abc", "abcab", "abc|ab"},
        {"^x|y$", "xxyy", "x|y"},
        {"(?:ab){2}c??", "ababababc", "abab|ababc"},
        {"[\\]\\-\\d]+", "1-] a [2", "1-]|2"},
        {"[[:alpha:]']+", "don't 7", "don't"},
        {"\\x41\\x{FC}|\\.|\\D\\d", "A\xC3\xBC.b7", "A\xC3\xBC|.|b7"},
        {"x{,2}", "x{,2}x", "x{,2}"}, /* no repetition: the brace is a character */
    };
    static const char *const wrong[] = {"a(",     "a)",     "[a",   "*a",
                                        "\\p{L}", "(?i)a",  "a\\",  "((a{99}){99}){99}",
                                        "[b-a]",  "a{3,1}", "\\xZZ"};
    char got[TEXT_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(cut(cases[i].expression, cases[i].text, got), NESCIO_OK);
        assert_string_equal(got, cases[i].words);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(cut(wrong[i], "a", got), NESCIO_E_UNSUPPORTED);
}

/* An expression of a few levels over the letters a, b, c. */
static void random_expression(char *out, size_t *n, int depth, uint64_t *seed)
{
    static const char *const atoms[] = {"a", "b", "c", ".", "[ab]", "[^b]", "[b-c]"};
    static const char *const counts[] = {"", "", "*", "+", "?", "{2}", "{1,2}", "{0,1}", "{2,}"};
    const int parts = 1 + (int)(case_uniform(seed) * 3);

    for (int i = 0; i < parts; i++) {
        if (i > 0 && case_uniform(seed) < 0.3)
            out[(*n)++] = '|';
        if (depth > 0 && case_uniform(seed) < 0.4) {
            out[(*n)++] = '(';
            random_expression(out, n, depth - 1, seed);
            out[(*n)++] = ')';
        } else {
            *n += (size_t)sprintf(out + *n, "%s", atoms[(int)(case_uniform(seed) * 7)]);
        }
        *n += (size_t)sprintf(out + *n, "%s", counts[(int)(case_uniform(seed) * 9)]);
    }
    out[*n] = '\0';
}

/* What the C library finds one behind the other, words with '|' in between. */
static void cut_by_library(const regex_t *r, const char *text, char out[TEXT_BYTES])
{
    regmatch_t match;
    size_t used = 0;

    out[0] = '\0';
    for (const char *at = text; *at && regexec(r, at, 1, &match, 0) == 0;) {
        const int n = (int)(match.rm_eo - match.rm_so);

        if (n > 0)
            used += (size_t)snprintf(out + used, TEXT_BYTES - used, "%s%.*s", used ? "|" : "", n,
                                     at + match.rm_so);
        at += match.rm_eo;
        if (n == 0 && *at)
            at++;
    }
}

static void expressions_match_as_the_library_does(void **state)
{
    (void)state;
    for (uint64_t k = 1; k <= 600; k++) {
        char expression[TEXT_BYTES], text[24], want[TEXT_BYTES], got[TEXT_BYTES];
        uint64_t seed = k;
        size_t n = 0;
        regex_t r;

        random_expression(expression, &n, 2, &seed);
        for (n = 0; n < sizeof text - 1; n++)
            text[n] = "abc"[(int)(case_uniform(&seed) * 3)];
        text[n] = '\0';
        if (regcomp(&r, expression, REG_EXTENDED) != 0)
            fail_msg("seed %llu: '%s'", (unsigned long long)k, expression);
        cut_by_library(&r, text, want);
        regfree(&r);
        assert_int_equal(cut(expression, text, got), NESCIO_OK);
        if (strcmp(got, want) != 0)
            fail_msg("seed %llu: '%s' in '%s': %s instead of %s", (unsigned long long)k, expression,
                     text, got, want);
    }
}

static void separators_cut_in_turn(void **state)
{
    static const char *const texts[] = {"a,bc  d.e", "", "xyz"};
    static const struct {
        const char *separators[2];
        size_t n;
        int64_t least, mark;
        const char *rows;
    } cases[] = {
        {{" ", "[.,]"}, 2, 1, 0, "a|bc|d|e/#|#|#|#/xyz|#|#|#"},
        {{"[., ]+"}, 1, 2, 0, "bc/#/xyz"},
        {{" +"}, 1, 1, 1, "\x02|a,bc|d.e|\x03/\x02|\x03|#|#/\x02|xyz|\x03|#"},
        {{""}, 1, 1, 0, "a|,|b|c| | |d|.|e/#|#|#|#|#|#|#|#|#/x|y|z|#|#|#|#|#|#"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char got[TEXT_BYTES];
        node_case c;

        case_begin(&c, NESCIO_OP_TOKENIZER, 1, 1);
        set_strings(&c, "separators", cases[i].n, cases[i].separators);
        set_string(&c, "pad_value", "#");
        set_int(&c, "mincharnum", cases[i].least);
        set_int(&c, "mark", cases[i].mark);
        case_strings(&c, 0, 3, texts);
        case_run(&c);
        assert_int_equal(c.status, NESCIO_OK);
        joined(&c, got);
        assert_string_equal(got, cases[i].rows);
        case_end(&c);
    }
}

static void letters_have_two_cases(void **state)
{
    static const char *const pairs[][2] = {
        {"ABYZ", "abyz"},
        {"\xC3\x80\xC3\x96\xC3\x98\xC5\xBD", "\xC3\xA0\xC3\xB6\xC3\xB8\xC5\xBE"},     /* Latin */
        {"\xC5\xB8\xCE\x86\xCE\xA9", "\xC3\xBF\xCE\xAC\xCF\x89"},                     /* Y, Greek */
        {"\xD0\x81\xD0\x96\xD0\xAF\xD2\x90", "\xD1\x91\xD0\xB6\xD1\x8F\xD2\x91"},     /* Cyrillic */
        {"1_\xE2\x82\xAC\xC3\x97\xE6\xBC\xA2", "1_\xE2\x82\xAC\xC3\x97\xE6\xBC\xA2"}, /* none */
    };

    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        for (int k = 0; k < 2; k++) {
            node_case c;

            case_begin(&c, NESCIO_OP_STRING_NORMALIZER, 1, 1);
            set_string(&c, "case_change_action", k ? "LOWER" : "UPPER");
            case_strings(&c, 0, 2, pairs[i]);
            case_run(&c);
            assert_int_equal(c.status, NESCIO_OK);
            for (int j = 0; j < 2; j++)
                assert_string_equal(((const char *const *)c.outputs[0].data)[j], pairs[i][k]);
            case_end(&c);
        }
    }
    for (uint32_t u = 0; u < 0x3000; u++) /* what has a small letter is its capital */
        if (nescio_char_lower(u) != u && u != 0x130 && u != 0x1E9E)
            assert_int_equal(nescio_char_upper(nescio_char_lower(u)), u);
}

static void bad_bytes_are_replaced(void **state)
{
    static const char text[] = "\xFF"
                               "a\xC3"
                               "b\xE2\x82\xF5\x80";
    static const uint32_t want[] = {0xFFFD, 'a', 0xFFFD, 'b', 0xFFFD, 0xFFFD, 0xFFFD, 0xFFFD};
    const char *at = text, *const end = text + sizeof text - 1;

    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        assert_int_equal(nescio_char_next(&at, end), want[i]);
    assert_ptr_equal(at, end);
    for (uint32_t c = 1; c < 0x110000; c += c < 0x3000 ? 1 : 97) {
        char bytes[4];
        const size_t n = nescio_char_put(bytes, c);
        const char *s = bytes;

        assert_int_equal(nescio_char_next(&s, bytes + n), c);
        assert_ptr_equal(s, bytes + n);
    }
}

static void stop_words_are_left_out(void **state)
{
    static const char *const words[] = {"The", "cat", "the", "", "SAT"};
    static const char *const stops[] = {"the", "Sat"};
    static const char *const want[2] = {"cat|", "The|cat||SAT"};

    (void)state;
    for (int exact = 0; exact < 2; exact++) {
        char got[TEXT_BYTES];
        node_case c;

        case_begin(&c, NESCIO_OP_STRING_NORMALIZER, 1, 1);
        set_strings(&c, "stopwords", 2, stops);
        set_int(&c, "is_case_sensitive", exact);
        case_strings(&c, 0, 5, words);
        case_run(&c);
        assert_int_equal(c.status, NESCIO_OK);
        joined(&c, got);
        assert_string_equal(got, want[exact]);
        case_end(&c);
    }
}

static void set_ints(node_case *c, const char *name, size_t n, const int64_t *list)
{
    assert_non_null(nescio_node_set_ints(c->node, name, list, n));
}

/* Pool: a, b; "a b", "b a"; in columns 3, 0, 1, 4. The words are a b b a. */
static void n_grams_have_columns(void **state)
{
    static const char *const pool[] = {"a", "b", "a", "b", "b", "a"};
    static const char *const words[] = {"a", "b", "b", "a"};
    static const double weights[] = {10, 20, 30, 40, 50};
    static const struct {
        const char *mode;
        int64_t shortest, longest, skips;
        double want[5];
    } cases[] = {
        {"TF", 1, 1, 0, {2, 0, 0, 2, 0}},      {"TF", 1, 2, 0, {2, 1, 0, 2, 1}},
        {"TF", 2, 2, 1, {0, 2, 0, 0, 2}},      {"TF", 1, 2, 3, {2, 2, 0, 2, 2}},
        {"IDF", 1, 2, 0, {10, 20, 0, 40, 50}}, {"TFIDF", 1, 2, 0, {20, 20, 0, 80, 50}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        node_case c;

        case_begin(&c, NESCIO_OP_TF_IDF_VECTORIZER, 1, 1);
        set_strings(&c, "pool_strings", 6, pool);
        set_ints(&c, "ngram_counts", 2, (const int64_t[]){0, 2});
        set_ints(&c, "ngram_indexes", 4, (const int64_t[]){3, 0, 1, 4});
        assert_non_null(nescio_node_set_floats(c.node, "weights", weights, 5));
        set_string(&c, "mode", cases[i].mode);
        set_int(&c, "min_gram_length", cases[i].shortest);
        set_int(&c, "max_gram_length", cases[i].longest);
        set_int(&c, "max_skip_count", cases[i].skips);
        case_strings(&c, 0, 4, words);
        case_run(&c);
        case_expect(&c, 0, NESCIO_F32, DIMS(5), cases[i].want, 0);
        case_end(&c);
    }
}

static void wrong_vectorizers_are_refused(void **state)
{
    static const char *const pool[] = {"a", "b", "c"};
    static const char *const words[] = {"a"};

    (void)state;
    for (int bad = 0; bad < 5; bad++) {
        node_case c;

        case_begin(&c, NESCIO_OP_TF_IDF_VECTORIZER, 1, 1);
        if (bad != 0)
            set_strings(&c, "pool_strings", 3, pool);
        set_ints(&c, "ngram_counts", 2,
                 bad == 1 ? (const int64_t[]){0, 2} : (const int64_t[]){0, 1});
        set_ints(&c, "ngram_indexes", bad == 2 ? 1 : 2, (const int64_t[]){0, 1});
        set_int(&c, "max_gram_length", bad == 3 ? 0 : 2);
        set_string(&c, "mode", bad == 4 ? "WHAT" : "TF");
        case_strings(&c, 0, 1, words);
        case_run(&c);
        assert_int_not_equal(c.status, NESCIO_OK);
        case_end(&c);
    }
}

/* Lengths and skips of the file's are numbers as any other. */
static void absurd_n_grams_count_nothing(void **state)
{
    static const char *const pool[] = {"a", "a", "b"};
    static const char *const words[] = {"a", "b", "b", "a"};
    static const int64_t shortest[] = {1, INT64_MAX, ((int64_t)1 << 62) + 1};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        node_case c;

        case_begin(&c, NESCIO_OP_TF_IDF_VECTORIZER, 1, 1);
        set_strings(&c, "pool_strings", 3, pool);
        set_ints(&c, "ngram_counts", 2, (const int64_t[]){0, 1});
        set_ints(&c, "ngram_indexes", 2, (const int64_t[]){0, 1});
        set_int(&c, "min_gram_length", shortest[i]);
        set_int(&c, "max_gram_length", INT64_MAX);
        set_int(&c, "max_skip_count", INT64_MAX);
        case_strings(&c, 0, 4, words);
        case_run(&c);
        case_expect(&c, 0, NESCIO_F32, DIMS(2),
                    i == 0 ? (const double[]){2, 2} : (const double[]){0, 0}, 0);
        case_end(&c);
    }
}

/* Each operator on text is asked for more than it may do: a text shared by many elements, a search
 * for what is never found, many stop words, many distances. */
static void text_is_paid_for(void **state)
{
    enum { LETTERS = 3000, TEXTS = 2000 };
    static char text[LETTERS + 1];
    static const char *texts[TEXTS];
    static int64_t none[1];

    (void)state;
    memset(text, 'a', LETTERS);
    for (int i = 0; i < TEXTS; i++)
        texts[i] = text;
    for (int k = 0; k < 4; k++) {
        node_case c;

        case_begin(&c,
                   k < 2    ? NESCIO_OP_TOKENIZER
                   : k == 2 ? NESCIO_OP_STRING_NORMALIZER
                            : NESCIO_OP_TF_IDF_VECTORIZER,
                   1, 1);
        set_string(&c, "tokenexp", k == 0 ? "b" : "a*b");
        set_string(&c, "case_change_action", "UPPER");
        set_strings(&c, "pool_strings", 1, (const char *const[]){"a"});
        set_ints(&c, "ngram_counts", 1, none);
        set_ints(&c, "ngram_indexes", 1, none);
        set_int(&c, "max_skip_count", TEXTS);
        set_int(&c, "min_gram_length", 1);
        case_strings(&c, 0, k == 1 ? 1 : TEXTS, texts);
        nescio_ctx_set_work(c.ctx, k == 3 ? 150000 : 4000000);
        case_run(&c);
        if (k == 3) /* single items: one round, whatever max_skip_count says */
            assert_int_equal(c.status, NESCIO_OK);
        else
            assert_int_equal(c.status, NESCIO_E_UNSUPPORTED);
        case_end(&c);
    }
}

static void endless_patterns_are_refused(void **state)
{
    enum { GROUPS = 15000, SEPARATORS = 300 };
    static char empty[6 * GROUPS + 3] = "()";
    static const char *separators[SEPARATORS];
    char got[TEXT_BYTES];
    node_case c;

    (void)state;
    for (int i = 0; i < GROUPS; i++)
        memcpy(empty + 2 + 6 * i, "{9999}", 7);
    assert_int_equal(cut(empty, "a", got), NESCIO_OK); /* at once: nothing stays nothing */
    assert_int_equal(cut("\\x", "a", got), NESCIO_E_UNSUPPORTED);
    assert_int_equal(cut("(a|[b", "a", got), NESCIO_E_UNSUPPORTED);
    for (int i = 0; i < SEPARATORS; i++)
        separators[i] = ",";
    case_begin(&c, NESCIO_OP_TOKENIZER, 1, 1);
    set_strings(&c, "separators", SEPARATORS, separators);
    set_int(&c, "mincharnum", 1);
    case_strings(&c, 0, 1, (const char *const[]){"a"});
    case_run(&c);
    assert_int_equal(c.status, NESCIO_E_UNSUPPORTED);
    case_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expressions_find_words),
        cmocka_unit_test(expressions_match_as_the_library_does),
        cmocka_unit_test(separators_cut_in_turn),
        cmocka_unit_test(letters_have_two_cases),
        cmocka_unit_test(bad_bytes_are_replaced),
        cmocka_unit_test(stop_words_are_left_out),
        cmocka_unit_test(n_grams_have_columns),
        cmocka_unit_test(wrong_vectorizers_are_refused),
        cmocka_unit_test(absurd_n_grams_count_nothing),
        cmocka_unit_test(text_is_paid_for),
        cmocka_unit_test(endless_patterns_are_refused),
    };

    return cmocka_run_group_tests_name("refexec: text", tests, NULL, NULL);
}
