/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block device against a device that breaks the rules, goes silent, or goes
 * away, at any moment (rows T-BLI, T-MEM and T-LIF of the threats).
 */
#include "unit_disk.h"

static uint8_t *data;
static struct model_queue *mq;

static void start(uint32_t version)
{
    unit_disk_device(version, 1024);
    unit_disk_up(&(struct vio_blk_config){.queue_size = 16});
    data = unit_alloc(65536, 16);
    mq = &unit_dev.queue[0];
}

/* After an error of the device the disk is out of use: the device is reset,
 * and nothing is mapped any more. It comes back by being initialised again. */
static void assert_out_of_use(void)
{
    assert_int_equal(unit_dev.status, 0);
    assert_int_equal(unit_env.maps, unit_env.unmaps);
    assert_int_equal(vio_blk_read(&unit_blk, 0, data, 512), VIO_EBADSTATE);
    assert_int_equal(vio_blk_write(&unit_blk, 0, data, 512), VIO_EBADSTATE);
    unit_disk_well();
    unit_dev.when = MODEL_AT_DOORBELL;
    unit_dev.on_read = NULL;
    model_between = NULL;
    assert_int_equal(
        vio_blk_init(&unit_blk, &unit_mmio.dev, NULL, &unit_blk_mem), 0);
    assert_int_equal(vio_blk_read(&unit_blk, 4, data, 512), 0);
    assert_memory_equal(data, unit_disk.data + 4 * 512, 512);
    unit_disk_down();
}

/* T-SPL-17, T-BLI: a device that never answers costs the time-out once. */
static void silent_device_is_reset_after_the_time_out(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        start(version);
        unit_disk_hold();
        assert_int_equal(vio_blk_read(&unit_blk, 0, data, 512), VIO_ETIMEDOUT);
        assert_true(unit_env.now_ns >= 30000000000u);
        assert_true(unit_env.now_ns < 33000000000u);
        assert_out_of_use();
    }
}

/* The same when it is the others' requests that it does not answer, and there
 * is no slot for ours. */
static void silent_device_with_all_slots_taken_is_reset_too(void **state)
{
    struct vio_blk_req other[16];
    struct vio_buf buf[16];
    unsigned n = 0;

    (void)state;
    start(2);
    unit_disk_hold();
    assert_true(unit_blk.info.depth <= COUNT(other));
    while (n < unit_blk.info.depth) {
        assert_int_equal(
            unit_queue_read(&other[n], &buf[n], n, data + 512 * n, 512), 0);
        n++;
    }
    assert_int_equal(vio_blk_read(&unit_blk, 0, data + 8192, 512),
                     VIO_ETIMEDOUT);
    assert_int_equal(unit_dev.status, 0);
    assert_int_equal(unit_env.maps, unit_env.unmaps);
    while (n--)
        assert_int_equal(other[n].state, VIO_BLK_DONE);
}

/* T-LIF-01, T-MEM-02, I10: it does not confirm the reset either. Nothing goes
 * back to the caller, who may not touch the memory any more. */
static void silent_device_that_does_not_reset_keeps_the_buffers(void **state)
{
    struct vio_blk_req *done[4];

    (void)state;
    start(2);
    unit_disk_hold();
    unit_dev.reset_reads = MODEL_FOREVER;
    assert_int_equal(vio_blk_read(&unit_blk, 0, data, 512), VIO_ETIMEDOUT);
    assert_int_equal(unit_env.maps - unit_env.unmaps, 1);
    assert_int_equal(vio_blk_fini(&unit_blk), VIO_ETIMEDOUT);
    assert_int_equal(unit_env.maps - unit_env.unmaps, 1);
    assert_true(vio_blk_reap(unit_blk.queue, done, 4) <= 0);
    /* The device awakes, and still finds its memory. */
    model_disk_finish(&unit_disk, mq, 0);
    unit_dev.reset_reads = 0;
    assert_int_equal(vio_blk_fini(&unit_blk), 0);
    assert_int_equal(unit_env.maps, unit_env.unmaps);
}

/* The same of one that breaks the rules: it may still write where it was told
 * to, so that the caller must not take the disk for reset. */
static void break_the_ring(struct model_dev *d, uint32_t offset, uint32_t value)
{
    (void)d;
    (void)value;
    if (offset == MR_QUEUE_NOTIFY)
        model_queue_push(mq, 0xffffffff, 0);
}

static void broken_device_that_does_not_reset_keeps_the_buffers(void **state)
{
    (void)state;
    start(2);
    unit_disk_hold();
    unit_dev.on_write = break_the_ring;
    unit_dev.reset_reads = MODEL_FOREVER;
    assert_int_equal(vio_blk_read(&unit_blk, 0, data, 512), VIO_ETIMEDOUT);
    assert_int_equal(unit_blk.queue->vq.stats.broken, 1);
    assert_int_equal(unit_env.maps - unit_env.unmaps, 1);
    unit_dev.reset_reads = 0;
    assert_int_equal(vio_blk_fini(&unit_blk), 0);
    assert_int_equal(unit_env.maps, unit_env.unmaps);
}

/* Any row of T-SPL: here a used id that is not in flight. */
static void broken_queue_ends_in_a_reset(void **state)
{
    struct vio_blk_req other;
    struct vio_buf buf;

    (void)state;
    start(2);
    unit_disk.fault_at = 0;
    unit_disk.fault.hold = true;
    assert_int_equal(unit_queue_read(&other, &buf, 0, data + 1024, 512), 0);
    assert_int_equal(vio_blk_submit(unit_blk.queue), 0);
    model_queue_push(mq, 15, 513);
    assert_int_equal(vio_blk_read(&unit_blk, 0, data, 512), VIO_EPROTO);
    assert_int_equal(unit_dev.status, 0);
    unit_reap_one(&other, VIO_EIO);
    assert_out_of_use();
}

/* The asynchronous calls leave the reset to the caller. */
static void reap_says_that_the_queue_is_broken(void **state)
{
    struct vio_blk_req req, *done[2];
    struct vio_buf buf;

    (void)state;
    start(2);
    unit_disk_hold();
    assert_int_equal(unit_queue_read(&req, &buf, 0, data, 512), 0);
    assert_int_equal(vio_blk_submit(unit_blk.queue), 0);
    model_queue_push(mq, 0xffffffff, 0);
    assert_int_equal(vio_blk_reap(unit_blk.queue, done, 2), VIO_EPROTO);
    assert_int_equal(vio_blk_reap(unit_blk.queue, done, 2), VIO_EPROTO);
    assert_int_equal(vio_blk_submit(unit_blk.queue), VIO_EPROTO);
    assert_int_equal(vio_blk_wait(unit_blk.queue, &req, 1000), VIO_EPROTO);
    assert_int_equal(req.state, VIO_BLK_QUEUED);
    assert_int_equal(unit_env.unmaps, 0);
    unit_disk_down();
    unit_reap_one(&req, VIO_EIO);
}

/* T-BLI-05, T-BLI-06: statuses and headers are overwritten all the time. The
 * worst is a wrong result of a request. */
static uint32_t seed;

static void scribble_requests(enum model_kind kind, const void *ptr,
                              unsigned width, uint64_t value)
{
    (void)kind;
    (void)width;
    (void)value;
    if (ptr >= (const void *)unit_blk.queue->header &&
        ptr < (const void *)(unit_blk.queue->header + 4))
        return; /* being written by the driver */
    memset(unit_blk.queue->status, (int)unit_random(&seed), 4);
}

static void t_bli_05_status_changes_all_the_time(void **state)
{
    (void)state;
    start(2);
    seed = 5;
    model_between = scribble_requests;
    for (unsigned i = 0; i < 500; i++) {
        int err = vio_blk_read(&unit_blk, 0, data, 512);

        assert_true(err == 0 || err == VIO_EIO || err == VIO_ENOTSUP);
    }
    model_between = NULL;
    unit_disk_down();
}

static void t_bli_06_header_is_written_anew(void **state)
{
    (void)state;
    start(2);
    for (unsigned i = 0; i < 40; i++) {
        memset(unit_blk.queue->header, 0xee,
               unit_blk.info.depth * sizeof(*unit_blk.queue->header));
        assert_int_equal(vio_blk_read(&unit_blk, i, data, 512), 0);
        assert_int_equal(unit_disk.last.sector, i);
        assert_int_equal(unit_disk.last.ioprio, 0);
        assert_int_equal(vio_blk_flush(&unit_blk), 0);
    }
    unit_disk_down();
}

/* T-INI-05, STAT-04: it asks for a reset, was reset by somebody else, or is
 * gone, with a request in flight, and answers no more: that is noticed long
 * before the time-out. */
static void write_to_one_that_stopped(void)
{
    uint64_t began_ns = unit_env.now_ns;

    unit_dev.when = MODEL_BY_HAND;
    assert_int_equal(vio_blk_write(&unit_blk, 0, data, 512), VIO_EPROTO);
    assert_true(unit_env.now_ns - began_ns < 1000000000);
    assert_int_equal(unit_env.maps, unit_env.unmaps);
    assert_non_null(strstr(unit_env.logged, "is gone"));
}

static void device_needs_reset_in_flight(void **state)
{
    (void)state;
    start(2);
    model_dev_needs_reset(&unit_dev);
    write_to_one_that_stopped();
    assert_out_of_use();
}

static void device_was_reset_in_flight(void **state)
{
    (void)state;
    start(2);
    unit_dev.status &= ~MS_DRIVER_OK;
    write_to_one_that_stopped();
    assert_out_of_use();
}

/* The last thing that it does before it asks for one. */
static uint32_t finish_and_ask(struct model_dev *d, uint32_t offset,
                               unsigned width, uint32_t value)
{
    (void)width;
    if (offset != MR_STATUS)
        return value;
    d->on_read = NULL;
    model_dev_run(d);
    model_dev_needs_reset(d);
    return d->status;
}

static void what_is_done_before_a_device_stops_is_taken(void **state)
{
    (void)state;
    start(2);
    unit_dev.when = MODEL_BY_HAND;
    unit_dev.on_read = finish_and_ask;
    assert_int_equal(vio_blk_write(&unit_blk, 0, data, 512), 0);
    assert_memory_equal(data, unit_disk.data, 512);
    assert_int_equal(vio_blk_write(&unit_blk, 1, data, 512), VIO_EPROTO);
    assert_out_of_use();
}

static void device_is_gone_in_flight(void **state)
{
    (void)state;
    start(2);
    unit_dev.gone_after = 0;
    write_to_one_that_stopped();
    assert_int_equal(vio_blk_recover(&unit_blk, VIO_BLK_RESUBMIT), VIO_ENODEV);
}

static int read_sector(uint64_t at)
{
    return vio_blk_read(&unit_blk, at, data, 512);
}

static void e4_garbage_in_the_ring(void **state)
{
    (void)state;
    for (uint32_t round = 1; round <= 400; round++) {
        unit_disk_device(1 + round % 2, 1024);
        unit_disk_up(
            &(struct vio_blk_config){.queue_size = 8, .timeout_ns = 100000000});
        data = unit_alloc(512, 16);
        unit_read_among_garbage(round, read_sector);
        unit_disk_down();
    }
}

/* Two reads, of which the device completes the first as it should, and then
 * names this id with this length; what lies there is said to be well. The usual
 * ones are taken in a run (where nothing is mapped), and end it there. */
static struct vio_blk_req two[2];

#define FREE_SLOT 0x10000u

/* Behind the queue's own slots there are some that look like the request in
 * flight, and a status that is well: whoever takes an id unchecked finds one.
 */
static void tempt(struct vio_blk_queue *q, uint32_t len)
{
    static uint8_t status[0x8000];

    unit_tempt(&q->vq, &two[1], len + 1, 0xfffe);
    memset(status, VIRTIO_BLK_S_OK, sizeof(status));
    q->status = status;
}

/* Which slot has the request? */
static uint32_t slot_of(const struct vio_blk_req *req)
{
    const struct vio_virtq *vq = &unit_blk.queue->vq;
    uint32_t id = 0;

    while (id < vq->size && vq->slot[id].token != req)
        id++;
    return id;
}

static void complete_two(uint32_t id, uint32_t len)
{
    static struct vio_buf buf[2];
    struct vio_blk_queue *q = unit_blk.queue;
    struct vio_blk_req *done[2];

    unit_disk_hold();
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(
            unit_queue_read(&two[i], &buf[i], i, data + 512 * i, 512), 0);
    assert_int_equal(vio_blk_submit(q), 0);
    if (id == FREE_SLOT)
        id = q->vq.free_head;
    else if (id < q->vq.size)
        id = slot_of(&two[1]);
    model_disk_finish(&unit_disk, mq, 0);
    tempt(q, len);
    model_queue_push(mq, id, len);
    assert_int_equal(vio_blk_reap(q, done, 0), 0);
    assert_int_equal(vio_blk_reap(q, done, 1), 1);
    assert_ptr_equal(done[0], &two[0]);
    assert_int_equal(two[0].result, 0);
}

static void start_unmapped(void)
{
    unit_disk_device(2, 1024);
    data = unit_disk_unmapped(1024);
    unit_disk_up(&(struct vio_blk_config){.queue_size = 16});
    mq = &unit_dev.queue[0];
    model_allow("*"); /* of the device's own making */
}

/* T-BLI-03: fewer bytes than a success has are the one request's matter. */
static void length_that_is_too_short_ends_a_run(void **state)
{
    static const uint32_t lens[] = {0, 1, 512};

    (void)state;
    for (size_t i = 0; i < COUNT(lens); i++) {
        start_unmapped();
        complete_two(0, lens[i]);
        unit_reap_one(&two[1], VIO_EPROTO);
        unit_disk_down();
    }
}

/* T-SPL-01, T-SPL-06: what no completion can be breaks the queue. */
static void broken_rule_ends_a_run(void **state)
{
    static const struct {
        uint32_t id, len;
    } table[] = {{0x7fff, 513}, {16, 513}, {0, 514}, {FREE_SLOT, 0xffffffff}};

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct vio_blk_req *done;

        start_unmapped();
        complete_two(table[i].id, table[i].len);
        assert_int_equal(vio_blk_reap(unit_blk.queue, &done, 1), VIO_EPROTO);
        assert_int_equal(vio_blk_recover(&unit_blk, VIO_BLK_HAND_BACK), 0);
        unit_reap_one(&two[1], VIO_EIO);
        unit_disk_down();
    }
}

/* T-PKD-15: the device has three descriptors, and names a request of four that
 * is only staged. */
static void longer_one_that_is_only_staged_ends_a_run(void **state)
{
    struct vio_buf buf[3];
    struct vio_blk_req *done[2];

    (void)state;
    start_unmapped();
    unit_disk_hold();
    assert_int_equal(unit_queue_read(&two[0], &buf[0], 0, data, 512), 0);
    assert_int_equal(vio_blk_submit(unit_blk.queue), 0);
    buf[1] = (struct vio_buf){data, 512};
    buf[2] = (struct vio_buf){data + 512, 512};
    vio_blk_prep_read(&two[1], 0, &buf[1], 2);
    assert_int_equal(vio_blk_queue(unit_blk.queue, &two[1]), 0);
    tempt(unit_blk.queue, 1025);
    model_queue_push(mq, slot_of(&two[1]), 1025);
    assert_int_equal(vio_blk_reap(unit_blk.queue, done, 2), VIO_EPROTO);
    assert_int_equal(vio_blk_recover(&unit_blk, VIO_BLK_HAND_BACK), 0);
    assert_int_equal(vio_blk_reap(unit_blk.queue, done, 2), 2);
    unit_disk_down();
}

/* I7: nothing is touched through a broken queue, whatever is ready there. */
static void broken_queue_is_not_looked_at(void **state)
{
    struct vio_blk_queue *q;
    struct vio_blk_req req, *done[2];
    struct vio_buf buf;
    uint64_t accesses;

    (void)state;
    start_unmapped();
    q = unit_blk.queue;
    unit_disk_hold();
    assert_int_equal(unit_queue_read(&req, &buf, 0, data, 512), 0);
    assert_int_equal(vio_blk_submit(q), 0);
    model_disk_finish(&unit_disk, mq, 0);
    vio_virtq_break(&q->vq);
    accesses = model_accesses;
    assert_int_equal(vio_blk_reap(q, done, 2), VIO_EPROTO);
    assert_int_equal(vio_blk_submit(q), VIO_EPROTO);
    assert_true(model_accesses == accesses);
    assert_int_equal(vio_blk_recover(&unit_blk, VIO_BLK_HAND_BACK), 0);
    unit_reap_one(&req, VIO_EIO);
    unit_disk_down();
}

/* T-SPL-04: more than was given cannot be used. */
static void used_index_beyond_the_queue_breaks_it(void **state)
{
    struct vio_blk_req req, *done[2];
    struct vio_buf buf;

    (void)state;
    start_unmapped();
    unit_disk_hold();
    assert_int_equal(unit_queue_read(&req, &buf, 0, data, 512), 0);
    assert_int_equal(vio_blk_submit(unit_blk.queue), 0);
    model_put16(mq, model_used_idx(mq), 2);
    assert_int_equal(vio_blk_reap(unit_blk.queue, done, 2), VIO_EPROTO);
    assert_true(vio_virtq_is_broken(&unit_blk.queue->vq));
    assert_int_equal(vio_blk_recover(&unit_blk, VIO_BLK_HAND_BACK), 0);
    unit_reap_one(&req, VIO_EIO);
    unit_disk_down();
}

/* A request that is done is told of before the rules that were broken behind
 * it: what it was to do it has done, and its buffer is the caller's. */
static void done_is_told_before_what_broke_behind_it(void **state)
{
    struct vio_blk_req req[2];
    struct vio_buf buf[2];

    (void)state;
    start(2);
    unit_disk_hold();
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(
            unit_queue_read(&req[i], &buf[i], i, data + 512 * i, 512), 0);
    assert_int_equal(vio_blk_submit(unit_blk.queue), 0);
    model_disk_finish(&unit_disk, &unit_dev.queue[0], 0);
    model_allow("*");
    model_queue_push(&unit_dev.queue[0], 0xffff, 0);
    assert_int_equal(vio_blk_wait(unit_blk.queue, &req[0], 1000000), 0);
    assert_memory_equal(data, unit_disk.data, 512);
    assert_int_equal(vio_blk_wait(unit_blk.queue, &req[1], 1000000),
                     VIO_EPROTO);
    unit_disk_down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_all_cases(silent_device_is_reset_after_the_time_out),
        unit_all_cases(silent_device_with_all_slots_taken_is_reset_too),
        unit_all_cases(silent_device_that_does_not_reset_keeps_the_buffers),
        unit_all_cases(broken_device_that_does_not_reset_keeps_the_buffers),
        unit_all_cases(broken_queue_ends_in_a_reset),
        unit_all_cases(reap_says_that_the_queue_is_broken),
        unit_all_cases(t_bli_05_status_changes_all_the_time),
        unit_all_cases(t_bli_06_header_is_written_anew),
        unit_all_cases(device_needs_reset_in_flight),
        unit_all_cases(device_was_reset_in_flight),
        unit_all_cases(device_is_gone_in_flight),
        unit_all_cases(what_is_done_before_a_device_stops_is_taken),
        unit_all_cases(e4_garbage_in_the_ring),
        unit_all_cases(length_that_is_too_short_ends_a_run),
        unit_all_cases(broken_rule_ends_a_run),
        unit_case_packed(longer_one_that_is_only_staged_ends_a_run),
        unit_all_cases(broken_queue_is_not_looked_at),
        unit_case(used_index_beyond_the_queue_breaks_it),
        unit_all_cases(done_is_told_before_what_broke_behind_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
