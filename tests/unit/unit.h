/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the unit tests share: memory between guard zones, an environment that
 * maps, fails and keeps time, a device with the monitors on.
 */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <vio/blk.h>
#include <vio/mmio.h>

#include "access.h"
#include "check.h"
#include "dev.h"
#include "disk.h"
#include "feature.h"
#include "mem.h"
#include "packed.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A test with the model started before and checked after it. */
#define unit_case(f) \
    cmocka_unit_test_setup_teardown(f, unit_setup, unit_teardown)

/* The same test with such features, as its state points at; `how` says so. */
#define unit_case_with(how, f, features)                    \
    {                                                       \
        how ": " #f, f, unit_setup, unit_teardown, features \
    }

/* With packed queues. */
#define unit_case_packed(f) unit_case_with("packed", f, &unit_packed)

/* And with indirect tables, where the frontend decides that: split and packed.
 */
#define unit_case_indirect(f) unit_case_with("indirect", f, &unit_indirect)
#define unit_case_packed_indirect(f) \
    unit_case_with("packed, indirect", f, &unit_packed_indirect)

/* And with the orderings of the platform. */
#define unit_case_platform(f) unit_case_with("platform", f, &unit_platform)
#define unit_case_packed_platform(f) \
    unit_case_with("packed, platform", f, &unit_packed_platform)

/* In both formats; in both and with both layouts of a request. */
#define unit_cases(f) unit_case(f), unit_case_packed(f)
#define unit_all_cases(f) \
    unit_cases(f), unit_case_indirect(f), unit_case_packed_indirect(f)

/* Features that a test is run with; what its state points at. */
extern uint64_t unit_packed, unit_indirect, unit_packed_indirect;
extern uint64_t unit_platform, unit_packed_platform;

/* Those of the test that runs. */
extern uint64_t unit_format;

static inline bool unit_is_packed(void)
{
    return unit_format & MF(MF_PACKED);
}

int unit_setup(void **state);
int unit_teardown(void **state);

/* Dirty memory with guard zones around it, for the duration of a test. */
void *unit_alloc(size_t size, size_t align);

/* Both blocks of a device, the shared one known to the model. */
struct vio_mem unit_mem(size_t shared, size_t priv, size_t align);

/* An environment with a mapping between pointers and device addresses. */
struct unit_env {
    struct vio_env env;
    uint64_t now_ns;
    uint64_t step_ns;   /* that each look at the clock takes */
    size_t map_most;    /* bytes of one mapping; 0: no limit */
    bool map_by_page;   /* a mapping ends with its page */
    unsigned map_fails; /* the n-th mapping from now fails; 0: none */
    unsigned maps;
    unsigned unmaps;
    unsigned idles;
    unsigned logs;
    const char *logged; /* the last of them */
};

extern struct unit_env unit_env;

/* From now on its mappings are this long, whatever is asked for. */
void unit_map_oddly(size_t len);

/* The one device of most tests. */
extern struct model_dev unit_dev;
extern struct model_disk unit_disk;
extern struct vio_mmio unit_mmio;

/* This is wrong with every request of unit_disk from now on; above all, that it
 * keeps them; and nothing is any more. */
void unit_disk_fault(struct model_fault fault);
void unit_disk_hold(void);
void unit_disk_well(void);

/* Do this just before the driver's n-th access from now on (0: not at all), if
 * it comes to that: then unit_countdown is 0. */
extern unsigned unit_countdown;
void unit_at_access(unsigned n, void (*act)(void));

/* Look at unit_dev, which must succeed. */
struct vio_device *unit_probe(void);

/* A queue alone, on a device that is taken to be running. */
struct unit_queue {
    struct vio_virtq vq;
    struct vio_virtq_config cfg;
    struct vio_mem mem;    /* what is left of it */
    struct model_queue *q; /* the device's side */
    unsigned callbacks;
    uint64_t buffer; /* device address of 64 KiB to point at */
    uint8_t *bytes;  /* the same */
};

extern struct unit_queue unit_queue;

/* From now on there are slots behind the queue's own that look like this buffer
 * in flight: whoever takes an id unchecked takes one of them. */
void unit_tempt(struct vio_virtq *vq, void *token, uint32_t bound,
                uint16_t count);

void unit_queue_start_with(const struct vio_virtq_config *config);
void unit_queue_start(uint16_t size, uint64_t features, bool legacy,
                      bool callback);

/* The same for a modern queue without a callback, in a model of its own: again
 * and again in one test. */
void unit_ring(uint16_t size, uint16_t indirect, uint64_t features);

/* Add a buffer of so many segments of 16 bytes. */
int unit_add(unsigned n_readable, unsigned n_writable, void *token);

/* Take a buffer, which must be there. */
void *unit_get(uint32_t *len);

/* So many buffers of one descriptor through the queue, one by one: every place
 * moves on by that. */
void unit_go_round(unsigned n);

/* No buffer is there, and the queue is well. */
void unit_get_none(void);

/* The next call to the queue finds that the device broke the rules. */
void unit_assert_breaks(void);

/* What the device wants to be told: all, nothing, or the exposure of the
 * descriptor (split: buffer) that lies so far ahead of what it has seen. */
enum unit_wish {
    UNIT_ALL,
    UNIT_NOTHING,
    UNIT_EVENT
};
void unit_device_wants(enum unit_wish wish, unsigned ahead);

/* Deterministic random numbers. */
uint32_t unit_random(uint32_t *seed);

/* E4: twenty reads of unit_dev's disk, with garbage before every access in all
 * that the device may write. Nothing is promised but that each of them ends,
 * well or with an error of the device, within the caller's memory. */
void unit_read_among_garbage(uint32_t seed, int (*read_sector)(uint64_t at));

/* A hook of the model: the generation of the configuration never stands. */
uint32_t unit_generation_moves(struct model_dev *d, uint32_t offset,
                               unsigned width, uint32_t value);

#define TOKEN(n) ((void *)(uintptr_t)(n))

#endif
