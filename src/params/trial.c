/* SPDX-License-Identifier: Apache-2.0
 * One parameter set tried on a circuit: deltas as large as the torus allows, then variances,
 * failure probabilities, cost.
 *
 * Half torus: values fill [0, 1/2) of the turn; approximate ones leave room for noise on both
 * sides. Full torus: the ramp, its image and the reach of the plateaus between them fill the turn,
 * less the noise. Output: the range fills the turn, less the noise. "Room for noise" is the width
 * that noise leaves with the probability that one element may fail with. */
#include "noise/noise.h"
#include "params/params_internal.h"

#include <math.h>

#define TURN 18446744073709551616.0 /* 2^64 */
/* Rounding of what travels may add this part to the variance where it is read: under 1 % of the
 * standard deviation. */
#define ROUNDING_SHARE (1.0 / 64)
/* A table whose neighbouring values are this many standard deviations apart needs no more
 * resolution. */
#define STEP_ENOUGH 8.0

/** Half width that noise of variance 1 leaves with probability 2^log2_fail. */
static double width_for(double log2_fail)
{
    double lo = 0, hi = 4096; /* 2^-12 million */

    for (int i = 0; i < 60; i++) {
        const double mid = (lo + hi) / 2;

        if (nescio_noise_log2_fail(1, mid) > log2_fail)
            lo = mid;
        else
            hi = mid;
    }
    return hi;
}

/** Worst element of a wire, its block's factor taken as 1. */
static double worst(const trial *t, const wire_facts *f, double v_fresh)
{
    double most = 0;

    for (uint32_t i = 0; i < f->n_worst; i++)
        most = fmax(most, f->worst[i].input * v_fresh + f->worst[i].table * t->v_rotation);
    return most;
}

static double square_of_factor(const trial *t, uint32_t block)
{
    return (double)t->factor[block] * (double)t->factor[block];
}

double nescio_trial_variance(const analysis *a, const trial *t, const nescio_wire *wire)
{
    const wire_facts *f = &a->wires[wire->id];

    return square_of_factor(t, f->block) * worst(t, f, t->v_fresh);
}

static bool is_output(const analysis *a, const sink *s)
{
    return a->circuit->gates[s->gate]->op == NESCIO_GATE_OUTPUT;
}

/** Numbers that share a sink's answers. */
static size_t answer_count(const trial *t, const sink *s)
{
    return s->wire->count < t->params.out_poly_size ? s->wire->count : t->params.out_poly_size;
}

/** Noise at a sink beside what its wire carries. */
static double border_variance(const analysis *a, const trial *t, const sink *s, unsigned answer_log)
{
    return is_output(a, s) ? nescio_noise_answer(&t->params, answer_count(t, s), answer_log)
                           : t->v_switched[s->share_log];
}

/** Fewest bits a body that no sink notices. */
static void choose_body_log(const analysis *a, trial *t)
{
    const double whole = nescio_noise_fresh(&t->params, 64);

    for (t->body_log = 16; t->body_log < 64; t->body_log++) {
        const double rounding = nescio_noise_fresh(&t->params, t->body_log) - whole;
        bool unnoticed = true;

        for (uint32_t i = 0; i < a->n_sinks && unnoticed; i++) {
            const sink *s = &a->sinks[i];
            const wire_facts *f = &a->wires[s->wire->id];
            const double scale = square_of_factor(t, f->block), clean = scale * worst(t, f, whole);
            const double rest = clean + border_variance(a, t, s, 24);

            unnoticed = scale * worst(t, f, whole + rounding) - clean <= ROUNDING_SHARE * rest;
        }
        if (unnoticed)
            break;
    }
    t->v_fresh = nescio_noise_fresh(&t->params, t->body_log);
}

/** Fewest bits a word of an answer that its reader does not notice. */
static void choose_answer_logs(const analysis *a, trial *t)
{
    for (uint32_t i = 0; i < a->n_sinks; i++) {
        const sink *s = &a->sinks[i];
        const double carried = nescio_trial_variance(a, t, s->wire);
        const double least = carried + border_variance(a, t, s, 24);
        unsigned bits = 12;

        if (!is_output(a, s))
            continue;
        while (bits < 24 && carried + border_variance(a, t, s, bits) > (1 + ROUNDING_SHARE) * least)
            bits++;
        t->answer_log[i] = bits;
    }
}

/** Largest part of the turn that integer 1 may have; 0 or less: noise alone fills the torus. */
static double delta_limit(const analysis *a, const sink *s, const sink_verdict *v, double room)
{
    if (is_output(a, s))
        return (1 - 2 * room) / (s->window + 1);
    if (s->full_torus)
        return (1 - 2 * room) / s->turn;
    if (v->decoded)
        return 0.5 / (s->window + 1);
    return (0.5 - 2 * room) / fmax(s->window, 2);
}

/** Variance where a sink is read, if its block's factor were `factor`. */
static double sink_variance(const analysis *a, const trial *t, uint32_t i, int32_t factor)
{
    const sink *s = &a->sinks[i];
    const double carried = worst(t, &a->wires[s->wire->id], t->v_fresh);

    return (double)factor * (double)factor * carried + border_variance(a, t, s, t->answer_log[i]);
}

/** The largest delta that a sink can have at that factor. */
static uint64_t sink_delta(const analysis *a, const trial *t, uint32_t i, int32_t factor,
                           double width)
{
    const double room = width * sqrt(sink_variance(a, t, i, factor));
    const double limit = delta_limit(a, &a->sinks[i], &t->verdict[i], room) * TURN;

    return limit >= 1 ? (uint64_t)fmin(limit, TURN / 4) : 1;
}

/** One place of the modulus switch. */
static uint64_t switch_step(const trial *t, const sink *s)
{
    return ((uint64_t)1 << 63) / t->params.poly_size << s->share_log;
}

/** Blocks without a parent: all that they and their children are read by bounds them. Where values
 * are decoded, boxes are whole steps of the modulus switch. */
static void choose_deltas(const analysis *a, trial *t, double width)
{
    for (uint32_t b = 0; b < a->n_blocks; b++)
        t->delta[b] = (uint64_t)1 << 62;
    for (uint32_t i = 0; i < a->n_sinks; i++) {
        uint64_t *delta = &t->delta[a->parent[a->wires[a->sinks[i].wire->id].block]];
        const uint64_t most = sink_delta(a, t, i, 1, width);

        *delta = most < *delta ? most : *delta;
    }
    for (uint32_t i = 0; i < a->n_sinks; i++) {
        uint64_t *delta = &t->delta[a->parent[a->wires[a->sinks[i].wire->id].block]];
        const uint64_t step = switch_step(t, &a->sinks[i]);

        if (t->verdict[i].decoded && *delta >= 16 * step)
            *delta -= *delta % step;
    }
}

/** Blocks with a parent: the largest factor that every sink has room for. */
static void choose_factors(const analysis *a, trial *t, double width)
{
    for (uint32_t b = 0; b < a->n_blocks; b++)
        t->factor[b] = a->most_factor[b];
    for (uint32_t i = 0; i < a->n_sinks; i++) {
        const uint32_t b = a->wires[a->sinks[i].wire->id].block;
        const uint64_t unit = t->delta[a->parent[b]];
        const uint64_t most = sink_delta(a, t, i, 1, width) / unit;
        int32_t *factor = &t->factor[b];

        if (most < (uint64_t)*factor)
            *factor = most > 1 ? (int32_t)most : 1;
        while (*factor > 1 && (uint64_t)*factor * unit > sink_delta(a, t, i, *factor, width))
            --*factor;
    }
    for (uint32_t b = 0; b < a->n_blocks; b++)
        t->delta[b] = t->delta[a->parent[b]] * (uint64_t)t->factor[b];
}

/** Half a box around a decoded value, less what is lost where boxes are no whole steps. */
static double box_margin(const analysis *a, const trial *t, const sink *s, uint64_t delta)
{
    const uint64_t step = switch_step(t, s);
    const double half = (double)delta / TURN / 2;

    return is_output(a, s) || delta % step == 0 ? half : half - (double)step / TURN / 2;
}

/** Phase from the edge of the sink's values to where the torus turns against them. */
static double edge_margin(const analysis *a, const sink *s, double delta)
{
    if (is_output(a, s))
        return (1 - delta * (s->window + 1)) / 2;
    return s->full_torus ? (1 - s->turn * delta) / 2 : (0.5 - s->window * delta) / 2;
}

static uint64_t phase_of(double turns)
{
    const double part = turns - floor(turns);

    return (uint64_t)fmin(part * TURN, TURN - 2048);
}

/** The sink's centre at phase 1/4, half a step of the switch below: boxes of whole steps then end
 * between two entries. */
static uint64_t offset_of(const trial *t, const sink *s, uint64_t delta)
{
    const uint64_t half_step = switch_step(t, s) / 2;
    const int64_t twice = (int64_t)floor(2 * s->centre);
    const uint64_t centre = (uint64_t)(twice >> 1) * delta + (uint64_t)(twice & 1) * (delta / 2);

    return phase_of(0.25) - half_step - centre;
}

static void against(trial *t, uint32_t i, double shortfall, const char *what)
{
    if (shortfall <= 1 || shortfall <= t->shortfall)
        return;
    t->shortfall = shortfall;
    t->i_worst = i;
    t->against = what;
    t->feasible = false;
}

static void judge(const analysis *a, const wishes *w, trial *t, uint32_t i, double width)
{
    const sink *s = &a->sinks[i];
    sink_verdict *v = &t->verdict[i];
    const uint64_t delta = t->delta[a->wires[s->wire->id].block];
    const double step = (double)delta / TURN, deviation = sqrt(v->variance);
    const double edge = edge_margin(a, s, step), box = box_margin(a, t, s, delta);
    const double resolution = s->window * step / deviation;

    v->window = s->window * step;
    v->phase_offset = offset_of(t, s, delta);
    against(t, i, width * deviation / fmax(edge, 1e-300) * (1 - 1e-9), "torus");
    if (v->decoded) {
        v->log2_fail = nescio_noise_log2_fail(v->variance, box);
        if (s->full_torus)
            v->log2_fail =
                nescio_noise_log2_add(v->log2_fail, nescio_noise_log2_fail(v->variance, edge));
        against(t, i, width * deviation / fmax(box, 1e-300), "failure");
        return;
    }
    v->log2_fail = nescio_noise_log2_fail(v->variance, edge);
    t->approximate = true;
    if (step / deviation < STEP_ENOUGH)
        against(t, i, w->resolution / resolution, "resolution");
}

static void sum_up(const analysis *a, trial *t)
{
    const nescio_tfhe_params *p = &t->params;

    t->log2_p_fail = -INFINITY;
    for (uint32_t i = 0; i < a->n_sinks; i++)
        t->log2_p_fail = nescio_noise_log2_add(
            t->log2_p_fail, t->verdict[i].log2_fail + log2((double)a->sinks[i].wire->count));
    if (t->log2_p_fail > 0)
        t->log2_p_fail = 0;
    t->cost = a->n_pbs * (nescio_cost_pbs(p) + nescio_cost_keyswitch(p)) +
              nescio_cost_linear(p, a->n_weights) + a->n_input_rows * nescio_cost_input_row(p) +
              a->n_answers * nescio_cost_answer(p);
}

/** Deltas need variances, variances need factors and borders, those need deltas: twice round is
 * enough, because what borders add is small by choice. */
static void settle(const analysis *a, const wishes *w, trial *t, double width)
{
    for (uint32_t b = 0; b < a->n_blocks; b++)
        t->factor[b] = 1;
    for (uint32_t i = 0; i < a->n_sinks; i++) {
        const nescio_gate *gate = a->circuit->gates[a->sinks[i].gate];

        t->verdict[i].decoded = is_output(a, &a->sinks[i]) ? w->exact_outputs : gate->table.exact;
        t->answer_log[i] = 24;
    }
    for (int round = 0; round < 2; round++) {
        choose_body_log(a, t);
        choose_answer_logs(a, t);
        choose_deltas(a, t, width);
        choose_factors(a, t, width);
    }
    for (uint32_t i = 0; i < a->n_sinks; i++)
        t->verdict[i].variance =
            sink_variance(a, t, i, t->factor[a->wires[a->sinks[i].wire->id].block]);
}

nescio_status nescio_trial_run(nescio_ctx *ctx, const analysis *a, const wishes *w,
                               const char *set_name, const nescio_tfhe_params *p, trial *out)
{
    const double width = width_for(w->log2_p_fail - log2(fmax(a->n_events, 1)));
    trial t = {.a = a, .set_name = set_name, .params = *p, .feasible = true, .against = ""};

    t.answer_log = nescio_arena_array(a->arena, a->n_sinks, sizeof *t.answer_log);
    t.delta = nescio_arena_array(a->arena, a->n_blocks, sizeof *t.delta);
    t.factor = nescio_arena_array(a->arena, a->n_blocks, sizeof *t.factor);
    t.verdict = nescio_arena_array(a->arena, a->n_sinks, sizeof *t.verdict);
    if (!t.answer_log || !t.delta || !t.factor || !t.verdict)
        return nescio_fail_nomem(ctx, a->n_sinks * sizeof *t.verdict);
    t.v_rotation = nescio_noise_blind_rotation(p);
    for (unsigned share_log = 0; share_log <= NESCIO_SHARE_LOG_MAX; share_log++)
        t.v_switched[share_log] =
            nescio_noise_keyswitch(p) + nescio_noise_modulus_switch(p, share_log);
    settle(a, w, &t, width);
    for (uint32_t i = 0; i < a->n_sinks; i++)
        judge(a, w, &t, i, width);
    sum_up(a, &t);
    *out = t;
    return NESCIO_OK;
}
