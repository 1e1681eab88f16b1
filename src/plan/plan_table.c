/* SPDX-License-Identifier: Apache-2.0
 * Test polynomials: an integer table as the N torus values that a blind rotation selects from.
 *
 * Entry j is read at phase j / 2N. Blind rotation is negacyclic, P[j + N] = -P[j], so a table owns
 * half a turn and the other half follows. Half torus: the window of values lies in [0, 1/2), the
 * padding bit stays 0. Full torus: a saturating table minus the middle of its two plateaus is -1/2
 * D ... 1/2 D over its ramp, and the sign change continues both plateaus, until the ramp's image
 * half a turn away. */
#include "plan/plan_internal.h"

#include <math.h>

#define QUARTER_TURN ((uint64_t)1 << 62)
#define HALF_TURN    ((uint64_t)1 << 63)

/** Phase of polynomial entry j. */
static uint64_t entry_phase(uint32_t j, uint32_t poly_size)
{
    return (uint64_t)j * (HALF_TURN / poly_size);
}

/** The integer at a phase, within +-2^62: far beyond every table, and differences of it fit 64
 * bits. */
static int64_t value_at(const table_place *place, uint64_t phase, int64_t centre)
{
    const int64_t most = (int64_t)1 << 62;
    const int64_t v = nescio_phase_to_integer(phase, place->delta_in, centre);

    return v < -most ? -most : v > most ? most : v;
}

static void half_torus(const table_place *place, uint32_t i_table, uint64_t *poly)
{
    const nescio_wire *in = place->input;
    const int64_t centre = in->lo + (in->hi - in->lo) / 2;

    for (uint32_t j = 0; j < place->poly_size; j++) {
        const uint64_t phase = entry_phase(j, place->poly_size) - place->phase_offset;
        const int64_t v = value_at(place, phase, centre);

        poly[j] = (uint64_t)nescio_table_look_up(place->table, i_table, v) * place->delta_out;
    }
}

void nescio_table_ramp(const nescio_table *t, uint32_t i_table, double *lo, double *hi)
{
    const int64_t *entry = t->entries + (size_t)i_table * t->n_entries;
    int64_t first = 0, last = (int64_t)t->n_entries - 1;

    while (first < t->n_entries && entry[first] == entry[0])
        first++;
    while (last >= 0 && entry[last] == entry[t->n_entries - 1])
        last--;
    /* Cells first ... last leave the plateaus; at a jump there is none and first = last + 1. */
    *lo = (double)t->first + (double)first * (double)t->step - 0.5;
    *hi = (double)t->first + (double)(last + 1) * (double)t->step - 0.5;
    if (first > last + 1) /* constant */
        *hi = *lo;
}

/** v * delta / 2, rounded to zero where it is no whole unit. |v| <= 2^62. */
static uint64_t halved(int64_t v, uint64_t delta)
{
    const uint64_t magnitude = (uint64_t)(v < 0 ? -v : v);
    const uint64_t half = (magnitude >> 1) * delta + (magnitude & 1) * (delta >> 1);

    return v < 0 ? 0 - half : half;
}

static void full_torus(const table_place *place, uint32_t i_table, uint64_t *poly, uint64_t *middle)
{
    const nescio_table *t = place->table;
    const int64_t *entry = t->entries + (size_t)i_table * t->n_entries;
    const int64_t below = entry[0], above = entry[t->n_entries - 1];
    double lo, hi;
    int64_t centre;

    nescio_table_ramp(t, i_table, &lo, &hi);
    centre = (int64_t)floor((lo + hi) / 2);
    for (uint32_t j = 0; j < place->poly_size; j++) {
        uint64_t phase = entry_phase(j, place->poly_size) - place->phase_offset;
        const uint64_t from_centre = phase - (uint64_t)centre * place->delta_in + QUARTER_TURN;
        const bool image = from_centre >= HALF_TURN;
        int64_t value;

        if (image)
            phase += HALF_TURN;
        value = nescio_table_look_up(t, i_table, value_at(place, phase, centre));
        /* Less the middle of the plateaus: half of the way to one and half of the way to the other.
         */
        poly[j] = halved(value - below, place->delta_out) + halved(value - above, place->delta_out);
        if (image)
            poly[j] = 0 - poly[j];
    }
    *middle = halved(below + above, place->delta_out);
}

void nescio_plan_test_polynomial(const table_place *place, uint32_t i_table, uint64_t *poly,
                                 uint64_t *post_add)
{
    *post_add = 0;
    if (place->full_torus)
        full_torus(place, i_table, poly, post_add);
    else
        half_torus(place, i_table, poly);
}
