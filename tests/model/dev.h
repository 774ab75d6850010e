/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtio device behind a window of MMIO registers, version 1 or 2.
 *
 * Spec: Basic Facilities of a Virtio Device, Virtio Over MMIO.
 */
#ifndef MODEL_DEV_H
#define MODEL_DEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ring.h"

#define MODEL_QUEUES       16u
#define MODEL_CONFIG_BYTES 256u
#define MODEL_FOREVER      (~0u)
#define MODEL_HOLD         (-1)

/* When a device that has been notified looks at its queues. */
enum model_when {
    MODEL_AT_DOORBELL,
    MODEL_AT_POLL, /* when the driver waits */
    MODEL_AT_WILL, /* at every access of the driver, notified or not */
    MODEL_BY_HAND, /* when the test calls model_dev_run() */
};

/* A field of the configuration space. */
struct model_field {
    uint32_t offset;
    unsigned width; /* of the accesses to it: 1, 2 or 4 */
    unsigned bytes; /* 8: two accesses of 4 */
    int feature;    /* the bit without which it is not there, or -1 */
    bool after_features_ok;
    bool writable;
};

/* What the register monitor remembers. */
struct model_regcheck {
    unsigned probed; /* bits of PROBED_*: read, and the value was good */
    bool dead;       /* the driver must leave this device alone */
    bool was_reset;
    bool reset_unconfirmed;
    uint32_t status; /* as the driver last wrote or read it */
    bool features_confirmed;
    bool features_sel; /* a selector was written for the next access */
    bool driver_sel;
    unsigned words_read; /* of the features: bit n: word n */
    unsigned words_written;
    bool page_size;
    uint32_t isr_read;
};

struct model_regcheck_queue {
    bool seen_free; /* QueueReady or QueuePFN read as 0 */
    bool stopping;  /* written 0, not read back */
    bool resetting; /* QueueReset written, and not read back as 0 */
    uint32_t max_read;
    unsigned written; /* bit n: register 0x38 + 4n */
};

struct model_dev {
    /* What the device is. */
    uintptr_t window; /* where its registers are */
    size_t length;
    uint32_t magic;
    uint32_t version; /* 1 or 2 */
    uint32_t type;
    uint32_t vendor;
    uint64_t offered;
    uint32_t queue_max[MODEL_QUEUES];
    uint8_t config[MODEL_CONFIG_BYTES];
    uint32_t config_len;
    const struct model_field *fields; /* ended by bytes 0 */
    enum model_when when;
    /* Bytes written, or MODEL_HOLD; NULL: everything is held. */
    int64_t (*serve)(struct model_dev *d, struct model_chain *chain);
    void *ctx;

    /* How it misbehaves. */
    unsigned reset_reads;       /* status reads before a reset shows */
    unsigned suspend_reads;     /* and before a suspend or resume does */
    bool refuse_suspend;        /* ask for a reset instead */
    unsigned queue_reset_reads; /* QueueReset reads before that of a queue */
    bool refuse_features;
    bool refuse_queue;  /* QueueReady and QueuePFN stay 0 */
    int64_t gone_after; /* accesses until it is unplugged; < 0: never */
    bool gone_is_zero;  /* and its registers read as 0 then, not as all ones */
    uint32_t (*on_read)(struct model_dev *d, uint32_t offset, unsigned width,
                        uint32_t value);
    void (*on_write)(struct model_dev *d, uint32_t offset, uint32_t value);

    /* Its state. */
    uint64_t accepted;
    uint32_t features_sel, driver_sel, queue_sel;
    uint32_t status;
    uint32_t isr;
    uint32_t page_size;
    uint32_t generation;
    unsigned reset_left;
    unsigned suspend_left;
    bool suspended;
    bool resetting;
    struct {
        uint32_t size, align, pfn, ready;
        uint32_t addr[6]; /* desc, driver, device: low and high */
        bool in_reset;
        unsigned reset_left;
    } reg[MODEL_QUEUES];
    struct model_queue queue[MODEL_QUEUES];

    /* What happened. */
    unsigned resets;
    unsigned queue_resets;
    unsigned interrupts;
    unsigned doorbells;
    unsigned bad_doorbells; /* of queues that do not exist */
    uint64_t reads, writes; /* of registers */
    uint32_t last_status;   /* before the last reset */

    struct model_regcheck check;
    struct model_regcheck_queue check_queue[MODEL_QUEUES];
};

/* Forget all devices and memory, allow nothing, install the monitors. */
void model_start(void);
/* The test is over: look once more, and take the monitors out. */
void model_stop(void);

/* A modern device without queues, and its window in the address space. */
void model_dev_init(struct model_dev *d, uint32_t version, uint32_t type);

/* As if a driver had brought it to DRIVER_OK with these features. */
void model_dev_assume_running(struct model_dev *d, uint64_t features);

/* Serve everything available on every live queue. */
void model_dev_run(struct model_dev *d);

/* Raise the interrupt: bit 0 used buffers, bit 1 configuration. */
void model_dev_interrupt(struct model_dev *d, uint32_t bits);

/* The status is written with SUSPEND in it, or read: see suspend.c. */
uint32_t model_suspend_write(struct model_dev *d, uint32_t value);
void model_suspend_read(struct model_dev *d);

/* Ask for a reset. */
void model_dev_needs_reset(struct model_dev *d);

void model_dev_reset(struct model_dev *d);

bool model_dev_legacy(const struct model_dev *d);

/* Put a number into the configuration space, in the device's byte order. */
void model_config_put(struct model_dev *d, uint32_t offset, unsigned bytes,
                      uint64_t value);

/* Number of driver accesses to registers of this device. */
uint64_t model_dev_accesses(const struct model_dev *d);

/* The registers (regs.c). */
uint32_t model_regs_read(struct model_dev *d, uint32_t offset, unsigned width);
void model_regs_write(struct model_dev *d, uint32_t offset, unsigned width,
                      uint32_t value);

/* Is queue_sel a queue that exists? */
bool model_dev_selected(const struct model_dev *d);

/* The monitor (regcheck.c): before a read or write, and after a read. */
void model_regcheck_access(struct model_dev *d, uint32_t offset, unsigned width,
                           bool write, uint32_t value);
void model_regcheck_value(struct model_dev *d, uint32_t offset, uint32_t value);
/* ... and what depends on the state (statecheck.c). */
void model_statecheck_read(struct model_dev *d, uint32_t offset);
void model_statecheck_write(struct model_dev *d, uint32_t offset,
                            uint32_t value);
void model_statecheck_value(struct model_dev *d, uint32_t offset,
                            uint32_t value);
void model_queuecheck_read(struct model_dev *d, uint32_t offset);
void model_queuecheck_write(struct model_dev *d, uint32_t offset,
                            uint32_t value);
void model_queuecheck_value(struct model_dev *d, uint32_t offset,
                            uint32_t value);

/* Offsets of the registers. */
enum model_reg {
    MR_MAGIC = 0x000,
    MR_VERSION = 0x004,
    MR_DEVICE_ID = 0x008,
    MR_VENDOR_ID = 0x00c,
    MR_DEVICE_FEATURES = 0x010,
    MR_DEVICE_FEATURES_SEL = 0x014,
    MR_DRIVER_FEATURES = 0x020,
    MR_DRIVER_FEATURES_SEL = 0x024,
    MR_GUEST_PAGE_SIZE = 0x028,
    MR_QUEUE_SEL = 0x030,
    MR_QUEUE_SIZE_MAX = 0x034,
    MR_QUEUE_SIZE = 0x038,
    MR_QUEUE_ALIGN = 0x03c,
    MR_QUEUE_PFN = 0x040,
    MR_QUEUE_READY = 0x044,
    MR_QUEUE_NOTIFY = 0x050,
    MR_INTERRUPT_STATUS = 0x060,
    MR_INTERRUPT_ACK = 0x064,
    MR_STATUS = 0x070,
    MR_QUEUE_DESC = 0x080,
    MR_QUEUE_DRIVER = 0x090,
    MR_QUEUE_DEVICE = 0x0a0,
    MR_QUEUE_RESET = 0x0c0,
    MR_CONFIG_GENERATION = 0x0fc,
    MR_CONFIG = 0x100,
};

#endif
