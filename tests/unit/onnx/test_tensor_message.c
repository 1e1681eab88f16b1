/* SPDX-License-Identifier: Apache-2.0
 * TensorProto: typed lists packed and not, raw data, strings, external files, and what does not
 * fit. */
#include "model_builder.h"

#include <sys/stat.h>

static nescio_ctx *ctx;

static int new_ctx(void **state)
{
    (void)state;
    return nescio_ctx_new(&ctx) != NESCIO_OK;
}

static int free_ctx(void **state)
{
    (void)state;
    nescio_ctx_free(ctx);
    return 0;
}

/* Every dtype as raw data, as a packed list, as an unpacked one: three ways to the same elements.
 */
static void all_forms_agree(void **state)
{
    static const struct {
        nescio_dtype dtype;
        uint32_t field;
    } types[] = {
        {NESCIO_F32, 4},  {NESCIO_F64, 10}, {NESCIO_I64, 7},  {NESCIO_I32, 5},
        {NESCIO_I16, 5},  {NESCIO_I8, 5},   {NESCIO_U16, 5},  {NESCIO_U8, 5},
        {NESCIO_BOOL, 5}, {NESCIO_U32, 11}, {NESCIO_U64, 11},
    };
    static const double values[] = {0, 1, 100, 5, 127, 3};
    const int64_t dims[] = {2, 3};

    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        nescio_tensor source, wanted, found;

        assert_int_equal(nescio_tensor_new(ctx, &source, NESCIO_F64, 2, dims), NESCIO_OK);
        memcpy(source.data, values, sizeof values);
        assert_int_equal(nescio_tensor_cast(ctx, &wanted, &source, types[i].dtype), NESCIO_OK);
        for (int form = 0; form < 3; form++) {
            nescio_buffer b = {0}, list = {0};

            nescio_wire_put_int(&b, 1, 2);
            nescio_wire_put_int(&b, 1, 3);
            nescio_wire_put_int(&b, 2, types[i].dtype);
            if (form == 0)
                nescio_wire_put_bytes(&b, 9, wanted.data, 6 * nescio_dtype_bytes(types[i].dtype));
            for (size_t k = 0; form > 0 && k < 6; k++) {
                if (form == 2 && types[i].dtype == NESCIO_F32)
                    nescio_wire_put_float(&b, 4, (float)values[k]);
                else if (types[i].dtype == NESCIO_F64) {
                    if (form == 2)
                        nescio_wire_put_varint(&b, 10 << 3 | 1);
                    nescio_write_f64(form == 2 ? &b : &list, values[k]);
                } else if (types[i].dtype == NESCIO_F32)
                    nescio_write_bytes(&list, (float *)wanted.data + k, 4);
                else if (form == 2)
                    nescio_wire_put_int(&b, types[i].field, nescio_tensor_get_i64(&wanted, k));
                else
                    nescio_wire_put_varint(&list, (uint64_t)nescio_tensor_get_i64(&wanted, k));
            }
            if (form == 1)
                nescio_wire_put_message(&b, types[i].field, &list);
            if (nescio_onnx_tensor_parse(ctx, &found, b.data, b.bytes, "t") != NESCIO_OK)
                fail_msg("%s form %d: %s", nescio_dtype_name(types[i].dtype), form,
                         nescio_ctx_message(ctx));
            assert_int_equal(found.dtype, types[i].dtype);
            assert_true(found.rank == 2 && found.dims[0] == 2 && found.dims[1] == 3);
            assert_memory_equal(found.data, wanted.data, 6 * nescio_dtype_bytes(types[i].dtype));
            nescio_tensor_free(&found);
            nescio_buffer_free(&b);
        }
        nescio_tensor_free(&source);
        nescio_tensor_free(&wanted);
    }
}

static void halves_widen(void **state)
{
    static const uint16_t halves[] = {0x3c00, 0xc100, 0x7c00}, brains[] = {0x3f80, 0xc020, 0x7f80};
    nescio_tensor t;

    (void)state;
    for (int brain = 0; brain < 2; brain++) {
        nescio_buffer b = {0};

        nescio_wire_put_int(&b, 1, 3);
        nescio_wire_put_int(&b, 2, brain ? NESCIO_BF16 : NESCIO_F16);
        for (int k = 0; k < 3; k++)
            nescio_wire_put_int(&b, 5, brain ? brains[k] : halves[k]);
        assert_int_equal(nescio_onnx_tensor_parse(ctx, &t, b.data, b.bytes, NULL), NESCIO_OK);
        assert_int_equal(t.dtype, NESCIO_F32);
        assert_true(((float *)t.data)[0] == 1 && ((float *)t.data)[1] == -2.5f &&
                    ((float *)t.data)[2] > 1e38f);
        nescio_tensor_free(&t);
        nescio_buffer_free(&b);
    }
}

static void strings_and_files_round_trip(void **state)
{
    char folder[64];
    const int64_t dims[] = {2};
    nescio_tensor t, back;

    (void)state;
    test_enter_folder(folder);
    assert_int_equal(nescio_tensor_new(ctx, &t, NESCIO_STRING, 1, dims), NESCIO_OK);
    ((const char **)t.data)[0] = "cat";
    ((const char **)t.data)[1] = "";
    assert_int_equal(nescio_onnx_tensor_write(ctx, &t, "labels", "t.pb"), NESCIO_OK);
    assert_int_equal(nescio_onnx_tensor_read(ctx, &back, "t.pb"), NESCIO_OK);
    assert_string_equal(((const char **)back.data)[0], "cat");
    assert_string_equal(((const char **)back.data)[1], "");
    nescio_tensor_free(&t);
    nescio_tensor_free(&back);
    assert_int_equal(nescio_onnx_tensor_read(ctx, &back, "absent.pb"), NESCIO_E_IO);
    assert_int_equal(unlink("t.pb"), 0);
    test_leave_folder(folder);
}

static void refuses(nescio_buffer *b, nescio_status st, const char *words)
{
    nescio_tensor t;

    assert_int_equal(nescio_onnx_tensor_parse(ctx, &t, b->data, b->bytes, "t"), st);
    assert_null(t.data);
    if (!strstr(nescio_ctx_message(ctx), words))
        fail_msg("'%s' lacks '%s'", nescio_ctx_message(ctx), words);
    nescio_buffer_free(b);
}

static void misfits_are_refused(void **state)
{
    nescio_buffer b = {0};

    (void)state;
    nescio_wire_put_int(&b, 1, 3);
    nescio_wire_put_int(&b, 2, NESCIO_F32);
    nescio_wire_put_bytes(&b, 9, "12345678", 8);
    refuses(&b, NESCIO_E_FORMAT, "has 8 bytes of data, its type and dims ask for 12");
    nescio_wire_put_int(&b, 1, 1);
    nescio_wire_put_int(&b, 2, NESCIO_F32);
    refuses(&b, NESCIO_E_FORMAT, "0 elements");
    nescio_wire_put_int(&b, 1, -1);
    nescio_wire_put_int(&b, 2, NESCIO_F32);
    refuses(&b, NESCIO_E_FORMAT, "negative dim");
    nescio_wire_put_int(&b, 1, INT64_MAX);
    nescio_wire_put_int(&b, 1, INT64_MAX);
    nescio_wire_put_int(&b, 2, NESCIO_F32);
    refuses(&b, NESCIO_E_FORMAT, "2^48");
    nescio_wire_put_int(&b, 1, (int64_t)1 << 40);
    nescio_wire_put_int(&b, 2, NESCIO_U8);
    refuses(&b, NESCIO_E_FORMAT, "0 elements"); /* counted before anything is allocated */
    nescio_wire_put_int(&b, 2, 17);
    refuses(&b, NESCIO_E_UNSUPPORTED, "float8e4m3fn");
    for (int i = 0; i < 13; i++)
        nescio_wire_put_int(&b, 1, 1);
    nescio_wire_put_int(&b, 2, NESCIO_F32);
    refuses(&b, NESCIO_E_UNSUPPORTED, "more than 12 dims");
    nescio_wire_put_int(&b, 2, NESCIO_STRING);
    nescio_wire_put_bytes(&b, 6, "a\0b", 3);
    refuses(&b, NESCIO_E_FORMAT, "zero byte");
    nescio_wire_put_int(&b, 2, NESCIO_F32);
    nescio_wire_put_int(&b, 14, 1);
    refuses(&b, NESCIO_E_UNSUPPORTED, "another file");
}

/* Y = X + w with w in a file; entries "location", "offset", "length". */
static nescio_status read_external(const char *location, const char *offset, const char *length,
                                   float *first)
{
    const int64_t dims[] = {2};
    const char *const keys[] = {"location", "offset", "length"}, *const values[] = {location,
                                                                                    offset, length};
    builder m = {.opset = 13};
    nescio_buffer t = {0}, bytes;
    nescio_graph *g;
    FILE *f;
    nescio_status st;

    nescio_wire_put_int(&t, 1, 2);
    nescio_wire_put_int(&t, 2, NESCIO_F32);
    nescio_wire_put_text(&t, 8, "w");
    for (int i = 0; i < 3; i++) {
        nescio_buffer entry = {0};

        if (!values[i])
            continue;
        nescio_wire_put_text(&entry, 1, keys[i]);
        nescio_wire_put_text(&entry, 2, values[i]);
        nescio_wire_put_message(&t, 13, &entry);
    }
    nescio_wire_put_int(&t, 14, 1);
    put_node(&m.graph, 1, "Add", "", "x w", "y", NULL);
    nescio_wire_put_message(&m.graph, 5, &t);
    put_info(&m.graph, 11, "x", NESCIO_F32, 1, dims);
    put_info(&m.graph, 12, "y", NESCIO_F32, 1, dims);
    finish_model(&m, &bytes);
    f = fopen("m.onnx", "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes.data, 1, bytes.bytes, f), bytes.bytes);
    fclose(f);
    nescio_buffer_free(&bytes);
    st = nescio_onnx_read(ctx, "m.onnx", NULL, &g);
    if (st == NESCIO_OK)
        *first = ((const float *)nescio_graph_find(g, "w")->constant->data)[0];
    nescio_graph_free(g);
    assert_int_equal(unlink("m.onnx"), 0);
    return st;
}

static void put_file(const char *path, const void *data, size_t n)
{
    FILE *const f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    fclose(f);
}

static void external_data_stays_in_the_folder(void **state)
{
    const float weights[] = {1, 2, 3, 4};
    char folder[64];
    float first = 0;

    (void)state;
    test_enter_folder(folder);
    assert_int_equal(mkdir("in", 0700), 0);
    put_file("w.data", weights, sizeof weights);
    put_file("in/w.data", weights, sizeof weights);
    put_file("empty", weights, 0);
    assert_int_equal(symlink("w.data", "link"), 0);
    assert_int_equal(symlink("in", "folder_link"), 0);
    assert_int_equal(link("in/w.data", "hard"), 0);

    assert_int_equal(read_external("w.data", "8", "8", &first), NESCIO_OK);
    assert_true(first == 3);
    assert_int_equal(read_external("w.data", "8", NULL, &first), NESCIO_OK);
    assert_int_equal(read_external("w.data", "5", "8", &first),
                     NESCIO_OK); /* not aligned: copied */
    assert_int_equal(unlink("hard"), 0);
    assert_int_equal(read_external("./in/w.data", "0", "8", &first), NESCIO_OK);
    assert_int_equal(link("in/w.data", "hard"), 0);

    assert_int_equal(read_external("hard", "0", "8", &first), NESCIO_E_FORMAT);
    assert_non_null(strstr(nescio_ctx_message(ctx), "hard links"));
    assert_int_equal(read_external("link", "0", "8", &first), NESCIO_E_IO);
    assert_int_equal(read_external("folder_link/w.data", "0", "8", &first), NESCIO_E_IO);
    assert_int_equal(read_external("/etc/passwd", "0", "8", &first), NESCIO_E_FORMAT);
    assert_int_equal(read_external("in/../w.data", "0", "8", &first), NESCIO_E_FORMAT);
    assert_int_equal(read_external("..", "0", "8", &first), NESCIO_E_FORMAT);
    assert_int_equal(read_external("", "0", "8", &first), NESCIO_E_FORMAT);
    assert_int_equal(read_external(NULL, "0", "8", &first), NESCIO_E_FORMAT);
    assert_int_equal(read_external("in", "0", "8", &first), NESCIO_E_FORMAT);
    assert_int_equal(read_external("absent", "0", "8", &first), NESCIO_E_IO);
    assert_int_equal(read_external("empty", "0", NULL, &first), NESCIO_E_FORMAT);
    assert_int_equal(read_external("w.data", "0", "12", &first), NESCIO_E_FORMAT);
    assert_int_equal(read_external("w.data", "12", "8", &first), NESCIO_E_FORMAT);
    assert_int_equal(read_external("w.data", "17", NULL, &first), NESCIO_E_FORMAT);
    assert_int_equal(read_external("w.data", "-8", "8", &first), NESCIO_E_FORMAT);
    assert_int_equal(read_external("w.data", "18446744073709551616", "8", &first), NESCIO_E_FORMAT);

    assert_int_equal(unlink("w.data") | unlink("in/w.data") | unlink("empty") | unlink("link") |
                         unlink("folder_link") | unlink("hard") | rmdir("in"),
                     0);
    test_leave_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_forms_agree),
        cmocka_unit_test(halves_widen),
        cmocka_unit_test(strings_and_files_round_trip),
        cmocka_unit_test(misfits_are_refused),
        cmocka_unit_test(external_data_stays_in_the_folder),
    };

    return cmocka_run_group_tests(tests, new_ctx, free_ctx);
}
