/* SPDX-License-Identifier: Apache-2.0
 * Where packed inputs and answers sit in a row, and words of any number of bits as bytes. */
#include "format/ciphertext.h"

#include <string.h>

size_t nescio_bodies_bytes(size_t n, unsigned log)
{
    return (n * log + 7) / 8;
}

void nescio_bodies_pack(uint8_t *out, const uint64_t *words, size_t n, unsigned log)
{
    size_t at = 0;

    memset(out, 0, nescio_bodies_bytes(n, log));
    for (size_t i = 0; i < n; i++) {
        uint64_t v = log < 64 ? (words[i] + ((uint64_t)1 << (63 - log))) >> (64 - log) : words[i];
        for (unsigned done = 0; done < log;) {
            const unsigned shift = (unsigned)(at & 7),
                           take = log - done < 8 - shift ? log - done : 8 - shift;
            out[at >> 3] = (uint8_t)(out[at >> 3] | (v & ((1u << take) - 1)) << shift);
            v >>= take;
            done += take;
            at += take;
        }
    }
}

void nescio_bodies_unpack(uint64_t *words, const uint8_t *in, size_t n, unsigned log)
{
    size_t at = 0;

    for (size_t i = 0; i < n; i++) {
        uint64_t v = 0;
        for (unsigned done = 0; done < log;) {
            const unsigned shift = (unsigned)(at & 7),
                           take = log - done < 8 - shift ? log - done : 8 - shift;
            v |= (uint64_t)((unsigned)in[at >> 3] >> shift & ((1u << take) - 1)) << done;
            done += take;
            at += take;
        }
        words[i] = log < 64 ? v << (64 - log) : v;
    }
}

size_t nescio_packed_count(const nescio_plan_input *inputs, uint32_t n_inputs)
{
    size_t n = 0;

    for (uint32_t i = 0; i < n_inputs; i++)
        n += inputs[i].n_packed;
    return n;
}

nescio_packed_place nescio_packed_at(const nescio_plan_input *inputs, uint32_t n_inputs,
                                     uint32_t poly_size, size_t i)
{
    nescio_packed_place place = {0};
    size_t k = 0;

    for (place.input = 0; place.input < n_inputs; place.input++)
        for (place.first = 0; place.first < inputs[place.input].count;
             place.first += poly_size, k++) {
            const uint32_t left = inputs[place.input].count - place.first;
            place.n = left < poly_size ? left : poly_size;
            place.log = inputs[place.input].body_log;
            place.at += place.bytes;
            place.bytes = nescio_bodies_bytes(place.n, place.log);
            if (k == i)
                return place;
        }
    return place;
}

size_t nescio_packed_row_bytes(const nescio_plan_input *inputs, uint32_t n_inputs,
                               uint32_t poly_size)
{
    const size_t n = nescio_packed_count(inputs, n_inputs);
    nescio_packed_place last;

    if (n == 0)
        return 0;
    last = nescio_packed_at(inputs, n_inputs, poly_size, n - 1);
    return last.at + last.bytes;
}

size_t nescio_answer_count(const nescio_plan_output *outputs, uint32_t n_outputs)
{
    size_t n = 0;

    for (uint32_t i = 0; i < n_outputs; i++)
        n += outputs[i].n_answers;
    return n;
}

nescio_answer_place nescio_answer_at(const nescio_plan_output *outputs, uint32_t n_outputs,
                                     const nescio_tfhe_params *p, size_t i)
{
    nescio_answer_place place = {0};
    size_t k = 0;

    for (place.output = 0; place.output < n_outputs; place.output++)
        for (place.first = 0; place.first < outputs[place.output].count;
             place.first += p->out_poly_size, k++) {
            const uint32_t left = outputs[place.output].count - place.first;
            place.n = left < p->out_poly_size ? left : p->out_poly_size;
            place.log = outputs[place.output].answer_log;
            place.at += place.bytes;
            place.bytes = nescio_answer_bytes(p, place.n, place.log);
            if (k == i)
                return place;
        }
    return place;
}

size_t nescio_answer_row_bytes(const nescio_plan_output *outputs, uint32_t n_outputs,
                               const nescio_tfhe_params *p)
{
    const size_t n = nescio_answer_count(outputs, n_outputs);
    nescio_answer_place last;

    if (n == 0)
        return 0;
    last = nescio_answer_at(outputs, n_outputs, p, n - 1);
    return last.at + last.bytes;
}
