/* SPDX-License-Identifier: BSD-2-Clause */
#include "disk_bench.h"

/* Reads a line from the left. `bad`: something else was expected. */
struct reader {
    const char *at;
    bool bad;
};

static bool ends_word(char c)
{
    return c == '\0' || c == ' ';
}

/* Is this what comes next? Then go behind it. */
static bool take(struct reader *r, const char *word)
{
    const char *at = r->at;

    while (*word && *at == *word) {
        at++;
        word++;
    }
    if (*word)
        return false;
    r->at = at;
    return true;
}

static uint64_t take_number(struct reader *r, uint64_t most)
{
    uint64_t n = 0;

    r->bad |= *r->at < '0' || *r->at > '9';
    for (; *r->at >= '0' && *r->at <= '9'; r->at++) {
        n = n * 10 + (uint64_t)(*r->at - '0');
        if (n > most) {
            r->bad = true;
            n = most;
        }
    }
    return n;
}

static void expect(struct reader *r, const char *word)
{
    r->bad |= !take(r, word);
}

/* One of two words; true: the first. */
static bool take_either(struct reader *r, const char *yes, const char *no)
{
    if (take(r, yes))
        return true;
    expect(r, no);
    return false;
}

static void parse_run(struct reader *r, struct bench_run *run)
{
    uint64_t amount;

    run->depth = (unsigned)take_number(r, BENCH_DEPTH);
    expect(r, ",");
    run->bytes = (unsigned)take_number(r, 1u << 30);
    expect(r, ",");
    run->random = take_either(r, "random", "sequential");
    expect(r, ",");
    run->sleep = take_either(r, "interrupt", "poll");
    expect(r, ",");
    amount = take_number(r, 1u << 30);
    run->ns = take(r, "s") ? amount * 1000000000 : 0;
    run->requests = run->ns ? 0 : amount;
    run->refill = take(r, ",") ? (unsigned)take_number(r, run->depth) : 1;
    run->batch =
        take(r, ",") ? (unsigned)take_number(r, run->depth) : run->depth;
    run->pause = take(r, ",") ? (unsigned)take_number(r, 1u << 30) : 0;
    r->bad |= run->depth == 0 || run->refill == 0 || run->batch == 0 ||
              run->bytes == 0 || run->bytes % VIRTIO_BLK_SECTOR_SIZE;
}

static void parse_queue(struct reader *r, struct bench_plan *plan)
{
    plan->queue.queue_size = (uint16_t)take_number(r, 32768);
    expect(r, ",");
    plan->queue.depth = (uint16_t)take_number(r, 32768);
    expect(r, ",");
    plan->segments = (unsigned)take_number(r, BENCH_SEGMENTS);
    plan->queue.max_segs = (uint16_t)plan->segments;
    r->bad |= plan->segments == 0;
}

static void parse_word(struct reader *r, struct bench_plan *plan)
{
    if (take(r, "queue=")) {
        parse_queue(r, plan);
    } else if (take(r, "run=")) {
        r->bad |= plan->n_runs == BENCH_RUNS;
        if (!r->bad)
            parse_run(r, &plan->run[plan->n_runs++]);
    } else {
        while (!ends_word(*r->at))
            r->at++;
    }
    r->bad |= !ends_word(*r->at);
}

static int parse_line(struct bench_plan *plan, const char *line)
{
    struct reader r = {line, false};

    while (*r.at && !r.bad) {
        if (*r.at == ' ')
            r.at++;
        else
            parse_word(&r, plan);
    }
    return r.bad ? VIO_EINVAL : 0;
}

int bench_parse(struct bench_plan *plan, const char *line)
{
    *plan = (struct bench_plan){.segments = 1};
    if (parse_line(plan, line) < 0)
        return VIO_EINVAL;
    if (plan->n_runs)
        return 0;
    return parse_line(plan, "run=1,4096,random,interrupt,1s "
                            "run=1,4096,random,poll,1s "
                            "run=32,4096,random,interrupt,1s "
                            "run=32,4096,random,poll,1s "
                            "run=8,131072,sequential,interrupt,1s "
                            "run=8,131072,sequential,poll,1s");
}
