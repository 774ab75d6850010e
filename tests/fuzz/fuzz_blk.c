/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block frontend over a transport that answers what the input says, with
 * rings that a hostile device writes to.
 *
 * A wrong success is one without a status OK that was loaded for it, or with
 * fewer bytes written than were asked for.
 */
#include "fuzz_blk.h"

#define SHARED  (64u << 10)
#define PRIVATE (32u << 10)

void fuzz_blk_check_success(bool has_status, uint64_t bytes)
{
    fuzz_blk.successes += has_status;
    if (!fuzz_blk.dev.legacy)
        fuzz_blk.bytes_read += bytes;
    FUZZ_ASSERT(fuzz_blk.successes <= fuzz.ok_statuses);
    FUZZ_ASSERT(fuzz_blk.bytes_read <= fuzz.ok_bytes);
}

/* What a synchronous call returned. One that has failed for good has reset the
 * device. */
static void check_sync(int err, bool has_status, uint64_t bytes)
{
    FUZZ_ASSERT(err <= 0);
    if (!err)
        fuzz_blk_check_success(has_status, bytes);
    if (err != VIO_ETIMEDOUT && err != VIO_EPROTO)
        return;
    if (fuzz_blk.dev.state == VIO_DEVICE_UNKNOWN)
        fuzz_blk.lost = true;
    FUZZ_ASSERT(fuzz_blk.lost ||
                !fuzz_blk_reaches(fuzz_blk.data[REQUESTS], DATA_BYTES));
}

static void ask(bool lifetime)
{
    struct vio_blk_lifetime l;
    char id[VIO_BLK_ID_SIZE];

    memset(id, 1, sizeof id);
    if (lifetime)
        check_sync(vio_blk_get_lifetime(&fuzz_blk.blk, &l), true, 0);
    else if (vio_blk_get_id(&fuzz_blk.blk, id) == 0)
        FUZZ_ASSERT(memchr(id, '\0', sizeof id));
}

static void synchronous(void)
{
    unsigned choice = fuzz_u8(), n = 512u * (1 + (choice >> 4) % 4);
    unsigned char *data = fuzz_blk.data[REQUESTS];
    struct vio_blk *blk = &fuzz_blk.blk;
    uint64_t sector = fuzz_u8();

    switch (choice % 8) {
    case 0:
        memset(data, 0, n);
        check_sync(vio_blk_read(blk, sector, data, n), true, n);
        break;
    case 1:
        fuzz_blk_run_one();
        break;
    case 2:
        check_sync(vio_blk_write(blk, sector, data, n), true, 0);
        break;
    case 3:
        check_sync(vio_blk_flush(blk), blk->info.writeback, 0);
        break;
    case 4:
        check_sync(vio_blk_discard(blk, sector, n), true, 0);
        break;
    case 5:
        check_sync(choice & 0x80
                       ? vio_blk_secure_erase(blk, sector & ~63u, 64u * n)
                       : vio_blk_write_zeroes(blk, sector, n, choice & 8),
                   true, 0);
        break;
    case 6:
        ask(choice & 8);
        break;
    case 7:
        vio_blk_set_writeback(blk, choice & 8);
        break;
    }
}

static void manage(void)
{
    unsigned choice = fuzz_u8();
    struct vio_blk *blk = &fuzz_blk.blk;

    switch (choice % 6) {
    case 0:
        vio_blk_refresh(blk);
        break;
    case 1:
        vio_blk_recover(blk, choice & 8 ? VIO_BLK_RESUBMIT : VIO_BLK_HAND_BACK);
        break;
    case 2:
        vio_blk_suspend(blk);
        break;
    case 3:
        vio_blk_resume(blk);
        break;
    case 4:
        vio_blk_freeze(blk);
        break;
    case 5:
        vio_blk_restore(blk, VIO_BLK_RESUBMIT);
        break;
    }
    fuzz_blk_queues_changed();
}

static void step(void)
{
    unsigned choice = fuzz_u8();

    switch (choice % 8) {
    case 0:
    case 1:
        synchronous();
        break;
    case 2:
    case 3:
        fuzz_blk_queue_one();
        break;
    case 4:
        vio_blk_submit(fuzz_blk_queue(choice >> 3));
        break;
    case 5:
        fuzz_blk_reap(choice >> 3, 1 + fuzz_u8() % REQUESTS);
        break;
    case 6:
        fuzz_blk_wait_for_one();
        break;
    case 7:
        if (choice & 0x80)
            manage();
        else
            fuzz_blk_act();
        break;
    }
}

/* Everything is the caller's again, once the device confirms a reset. */
static void finish(void)
{
    if (vio_blk_fini(&fuzz_blk.blk) == VIO_ETIMEDOUT)
        return;
    for (unsigned i = 0; i < fuzz_blk.blk.info.n_queues; i++)
        fuzz_blk_reap(i, REQUESTS);
    fuzz_blk_assert_all_back();
}

static struct vio_blk_config choose_config(void)
{
    unsigned choice = fuzz_u8();
    struct vio_blk_config cfg = {
        .n_queues = (uint16_t)(1 + (choice & 1)),
        .queue_size = (uint16_t)(4u << (choice >> 1 & 3)),
        .max_segs = (uint16_t)(choice >> 3 & 3),
        .depth = (uint16_t)(choice >> 5),
        .scsi = choice & 8,
        .timeout_ns = 2000000000,
    };

    return cfg;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    struct vio_mem mem = fuzz_memory(SHARED, PRIVATE);
    struct vio_blk_config cfg;

    fuzz_input(input, size);
    memset(&fuzz_blk, 0, sizeof fuzz_blk);
    fuzz_blk_forget_requests();
    fuzz_blk_choose_device();
    cfg = choose_config();
    fuzz.on_doorbell = fuzz_blk_act;
    fuzz.on_relax = fuzz_blk_act;
    /* Of a report the library looks at what it says of itself. */
    fuzz.callers = fuzz_blk.data[0];
    fuzz.callers_size = sizeof fuzz_blk.data;
    if (vio_blk_init(&fuzz_blk.blk, &fuzz_blk.dev, &cfg, &mem) == 0) {
        while (fuzz_more())
            step();
        finish();
    }
    fuzz_free();
    return 0;
}
