/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the fuzz targets share: the input, memory that a device shares, and a
 * device that keeps to the rules or does not, as the input says.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vio/virtq.h>

#include "thread_dev.h"

#define FUZZ_QUEUES   2u
#define FUZZ_HELD     32u
#define FUZZ_STATUSES 256u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

_Noreturn void fuzz_fail(const char *what);
#define FUZZ_ASSERT(condition) ((condition) ? (void)0 : fuzz_fail(#condition))

/* The input. At its end everything is 0. */
void fuzz_input(const uint8_t *data, size_t size);
bool fuzz_more(void);
uint8_t fuzz_u8(void);
uint32_t fuzz_u32(void);
uint64_t fuzz_u64(void);

/* A queue, as the device has it. */
struct fuzz_queue {
    struct vio_virtq *vq; /* NULL: there is none */
    struct tdev dev;      /* looks at what the driver wrote, and only that */
    struct tdev_buffer held[FUZZ_HELD];
    unsigned n_held;
    const uint8_t *status; /* of a block device: one per request */
    unsigned n_status;
    bool prepared[FUZZ_STATUSES]; /* written by the driver, not read since */
};

/*
 * The memory that both share is there twice: `real` is what the driver uses,
 * `shadow` has what the driver wrote and a device that keeps to the rules. So
 * that one goes on however much of the real memory has been overwritten.
 */
struct fuzz_state {
    unsigned char *real;
    unsigned char *shadow;
    size_t size;
    void *priv;
    struct fuzz_queue queue[FUZZ_QUEUES];
    uint64_t accesses;  /* of the driver's to shared memory */
    bool has_scribbled; /* so far the device has kept to the rules if not */

    /* The caller's memory that the library may read, or NULL. */
    const unsigned char *callers;
    size_t callers_size;

    /* Of a block device: */
    uint32_t last_load32; /* a used length, if anything was used */
    uint64_t ok_statuses; /* loads of the status OK, */
    uint64_t ok_bytes;    /* and the used lengths that came with them */
    void (*on_doorbell)(void);
    void (*on_relax)(void);
};

extern struct fuzz_state fuzz;

/* Two blocks of exactly this size, and the shadow of the shared one. */
struct vio_mem fuzz_memory(size_t shared, size_t priv);
void fuzz_free(void);

/* The device gets a queue that has just been initialised. */
void fuzz_queue_start(unsigned index, struct vio_virtq *vq);

/* The device is reset and knows no queue. What the driver clears when it lays
 * out the next ones passes through no port, so the shadow is cleared here. */
void fuzz_reset(void);

/* The device takes what is available and uses some of it, legally: serve says
 * how much of a buffer was written. */
void fuzz_serve(struct fuzz_queue *q,
                uint32_t (*serve)(const struct tdev_buffer *buffer));
void fuzz_arm(struct fuzz_queue *q);

/* It writes something somewhere, now or before one of the next accesses. */
void fuzz_scribble(void);
void fuzz_plan_scribble(void);

/* Memory of the shadow that a device writes to, so that the driver sees it. */
void fuzz_device_wrote(const unsigned char *shadow, size_t len);
bool fuzz_is_shadow(const unsigned char *p);

#endif
