/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Suspend and resume of a device and of a disk. The monitor watches the order
 * of the status bits, and that no notification comes meanwhile (SUSP-04,
 * SUSP-05).
 */
#include "unit_disk.h"

static struct vio_device *dev;

static void start(uint64_t features)
{
    unit_disk_device(2, 64);
    unit_dev.offered |= features;
    unit_disk_up(NULL);
    dev = unit_blk.dev;
}

static void not_without_the_feature_or_a_running_device(void **state)
{
    static unsigned char to[512];
    struct vio_blk_req req;
    struct vio_buf buf;

    (void)state;
    start(0);
    assert_int_equal(vio_device_suspend(dev), VIO_ENOTSUP);
    assert_int_equal(vio_device_resume(dev), VIO_EBADSTATE);
    /* What is staged stays staged. */
    assert_int_equal(unit_queue_read(&req, &buf, 1, to, sizeof to), 0);
    assert_int_equal(vio_blk_suspend(&unit_blk), VIO_ENOTSUP);
    assert_int_equal(unit_dev.queue[0].doorbells, 0);
    unit_reap_none();
    assert_int_equal(vio_blk_submit(unit_blk.queue), 0);
    unit_reap_one(&req, 0);
    unit_disk_down();
    start(MF(MF_SUSPEND));
    assert_int_equal(vio_device_reset(dev), 0);
    assert_int_equal(vio_device_suspend(dev), VIO_EBADSTATE); /* SUSP-01 */
}

/* SUSP-02, SUSP-06: both changes are waited for, however long they take. */
static void both_changes_are_confirmed(void **state)
{
    (void)state;
    for (unsigned reads = 0; reads < 5; reads++) {
        start(MF(MF_SUSPEND));
        unit_dev.suspend_reads = reads;
        assert_int_equal(vio_device_suspend(dev), 0);
        assert_int_equal(unit_dev.status & (MS_SUSPEND | MS_DRIVER_OK),
                         MS_SUSPEND);
        assert_int_equal(vio_device_suspend(dev), VIO_EBADSTATE);
        assert_int_equal(vio_device_resume(dev), 0);
        assert_int_equal(unit_dev.status & (MS_SUSPEND | MS_DRIVER_OK),
                         MS_DRIVER_OK);
        assert_int_equal(vio_device_check(dev), 0);
        unit_disk_down();
    }
}

/* SUSP-03, SUSP-04: what is queued meanwhile is neither shown nor notified. */
static void a_held_disk_shows_nothing_and_goes_on(void **state)
{
    static unsigned char to[512];
    struct model_queue *mq = &unit_dev.queue[0];
    struct vio_blk_req req;
    struct vio_buf buf;
    unsigned doorbells;

    (void)state;
    start(MF(MF_SUSPEND));
    assert_int_equal(vio_blk_suspend(&unit_blk), 0);
    doorbells = mq->doorbells;
    assert_int_equal(unit_queue_read(&req, &buf, 1, to, sizeof to), 0);
    assert_int_equal(vio_blk_submit(unit_blk.queue), 0);
    assert_int_equal(unit_blk.queue->vq.published, 0);
    vio_virtq_notify(&unit_blk.queue->vq);
    assert_int_equal(mq->doorbells, doorbells);
    /* Once more, it is held as before. */
    assert_int_equal(vio_blk_suspend(&unit_blk), VIO_EBADSTATE);
    assert_int_equal(vio_blk_submit(unit_blk.queue), 0);
    assert_int_equal(mq->doorbells, doorbells);
    assert_int_equal(vio_blk_resume(&unit_blk), 0);
    assert_int_equal(mq->doorbells, doorbells + 1);
    unit_reap_one(&req, 0);
    unit_disk_down();
}

/* A synchronous call would wait in vain, and then reset the device. */
static void a_suspended_disk_is_not_waited_for(void **state)
{
    static unsigned char to[512];
    uint64_t now_ns;

    (void)state;
    start(MF(MF_SUSPEND));
    assert_int_equal(vio_blk_suspend(&unit_blk), 0);
    now_ns = unit_env.now_ns;
    assert_int_equal(vio_blk_read(&unit_blk, 1, to, sizeof to), VIO_EBADSTATE);
    assert_int_equal(vio_blk_flush(&unit_blk), VIO_EBADSTATE);
    assert_int_equal(vio_blk_read(&unit_blk, 1, to, 0), VIO_EBADSTATE);
    assert_int_equal(unit_env.now_ns, now_ns);
    assert_int_equal(vio_blk_resume(&unit_blk), 0);
    assert_int_equal(vio_blk_read(&unit_blk, 1, to, sizeof to), 0);
    unit_disk_down();
}

/* Whoever waits for what was in flight before does not notify either, and says
 * so. */
static void a_wait_on_a_suspended_disk_counts_no_notification(void **state)
{
    static unsigned char to[512];
    struct vio_blk_stats stats;
    struct vio_blk_req req;
    struct vio_buf buf;

    (void)state;
    start(MF(MF_SUSPEND));
    unit_disk_hold();
    assert_int_equal(unit_queue_read(&req, &buf, 1, to, sizeof to), 0);
    assert_int_equal(vio_blk_submit(unit_blk.queue), 0);
    assert_int_equal(vio_blk_suspend(&unit_blk), 0);
    assert_int_equal(vio_blk_wait_any(unit_blk.queue, 1000000000),
                     VIO_ETIMEDOUT);
    vio_blk_get_stats(&unit_blk, &stats);
    assert_int_equal(stats.notifications, unit_dev.doorbells);
    assert_int_equal(stats.renotified, 0);
    assert_int_equal(vio_blk_resume(&unit_blk), 0);
    assert_int_equal(vio_blk_wait_any(unit_blk.queue, 1000000000),
                     VIO_ETIMEDOUT);
    vio_blk_get_stats(&unit_blk, &stats);
    assert_true(stats.renotified > 0);
    assert_int_equal(stats.notifications, unit_dev.doorbells);
    unit_disk_down();
}

/* What is told while the device comes to a stand, and as soon as it runs again,
 * is not lost: with the resume comes what has changed meanwhile (3.4.2). */
static void interrupt(void)
{
    model_dev_interrupt(&unit_dev, 3);
    assert_int_equal(vio_device_isr(dev), 3);
}

static void interrupts_of_a_change_are_told(void **state)
{
    (void)state;
    start(MF(MF_SUSPEND));
    unit_dev.suspend_reads = 2;
    for (unsigned n = 1; n < 8; n++) {
        unit_at_access(n, interrupt);
        assert_int_equal(vio_device_suspend(dev), 0);
        assert_int_equal(unit_countdown, 0);
        unit_at_access(n, interrupt);
        assert_int_equal(vio_device_resume(dev), 0);
        assert_int_equal(unit_countdown, 0);
    }
    model_between = NULL;
    unit_disk_down();
}

/* T-LIF-04: neither confirmed nor refused. */
static void t_lif_04_a_change_that_never_comes_times_out(void **state)
{
    (void)state;
    start(MF(MF_SUSPEND));
    unit_dev.suspend_reads = MODEL_FOREVER - 1;
    assert_int_equal(vio_blk_suspend(&unit_blk), VIO_ETIMEDOUT);
    assert_int_equal(dev->why.reason, VIO_WHY_SUSPEND_TIMEOUT);
    unit_disk_down();
    start(MF(MF_SUSPEND));
    assert_int_equal(vio_blk_suspend(&unit_blk), 0);
    unit_dev.suspend_reads = MODEL_FOREVER - 1;
    assert_int_equal(vio_blk_resume(&unit_blk), VIO_ETIMEDOUT);
    unit_disk_down();
}

/* It is given up, and nothing of it is touched. */
static void a_resume_that_failed_gives_the_device_up(void **state)
{
    (void)state;
    for (unsigned refuse = 0; refuse < 2; refuse++) {
        uint64_t accesses;

        start(MF(MF_SUSPEND));
        assert_int_equal(vio_blk_suspend(&unit_blk), 0);
        unit_dev.refuse_suspend = refuse;
        unit_dev.suspend_reads = MODEL_FOREVER - 1;
        assert_int_equal(vio_blk_resume(&unit_blk),
                         refuse ? VIO_EPROTO : VIO_ETIMEDOUT);
        assert_int_equal(dev->state, VIO_DEVICE_FAILED);
        accesses = model_dev_accesses(&unit_dev);
        assert_int_equal(vio_blk_resume(&unit_blk), VIO_EBADSTATE);
        assert_int_equal(model_dev_accesses(&unit_dev), accesses);
        unit_disk_down();
    }
}

/* SUSP-03, SUSP-04: SUSPEND is set, whatever becomes of it; until the disk is
 * recovered nothing is shown and nothing notified. */
static void a_suspend_that_failed_is_recovered_from(void **state)
{
    static unsigned char to[512];
    struct vio_blk_req req;
    struct vio_buf buf;
    unsigned doorbells;

    (void)state;
    for (unsigned refuse = 0; refuse < 2; refuse++) {
        start(MF(MF_SUSPEND));
        unit_dev.refuse_suspend = refuse;
        unit_dev.suspend_reads = MODEL_FOREVER - 1;
        assert_int_equal(vio_blk_suspend(&unit_blk),
                         refuse ? VIO_EPROTO : VIO_ETIMEDOUT);
        doorbells = unit_dev.doorbells;
        assert_int_equal(unit_queue_read(&req, &buf, 1, to, sizeof to), 0);
        assert_int_equal(vio_blk_submit(unit_blk.queue), 0);
        assert_int_equal(unit_blk.queue->vq.published, 0);
        assert_int_equal(unit_dev.doorbells, doorbells);
        assert_int_equal(vio_blk_recover(&unit_blk, VIO_BLK_RESUBMIT), 0);
        unit_reap_one(&req, 0);
        unit_disk_down();
    }
}

/* SUSP-05: nor is the configuration changed; and nobody waits for what is not
 * shown. */
static void a_suspend_that_failed_leaves_the_configuration_alone(void **state)
{
    static unsigned char to[512];
    uint64_t now_ns;

    (void)state;
    for (unsigned refuse = 0; refuse < 2; refuse++) {
        unit_disk_device(2, 64);
        model_disk_offer(&unit_dev, MF_BLK_CONFIG_WCE);
        unit_dev.offered |= MF(MF_SUSPEND);
        unit_disk_up(NULL);
        dev = unit_blk.dev;
        unit_dev.refuse_suspend = refuse;
        unit_dev.suspend_reads = MODEL_FOREVER - 1;
        assert_int_equal(vio_blk_suspend(&unit_blk),
                         refuse ? VIO_EPROTO : VIO_ETIMEDOUT);
        now_ns = unit_env.now_ns;
        assert_int_equal(vio_blk_set_writeback(&unit_blk, true), VIO_EBADSTATE);
        assert_int_equal(vio_device_config_write(dev, 0, 1, 0), VIO_EBADSTATE);
        assert_int_equal(vio_blk_read(&unit_blk, 1, to, sizeof to),
                         VIO_EBADSTATE);
        assert_int_equal(unit_env.now_ns, now_ns);
        assert_int_equal(vio_blk_recover(&unit_blk, VIO_BLK_RESUBMIT), 0);
        assert_int_equal(vio_blk_read(&unit_blk, 1, to, sizeof to), 0);
        unit_disk_down();
    }
}

static void a_device_may_ask_for_a_reset_instead(void **state)
{
    (void)state;
    start(MF(MF_SUSPEND));
    unit_dev.refuse_suspend = true;
    assert_int_equal(vio_device_suspend(dev), VIO_EPROTO);
    assert_int_equal(dev->why.reason, VIO_WHY_NEEDS_RESET);
    unit_disk_down();
}

/* T-LIF-03: at each access of either change. */
static void a_device_that_is_gone_is_noticed(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 12; i++) {
        bool resume = i & 1;

        start(MF(MF_SUSPEND));
        if (resume)
            assert_int_equal(vio_device_suspend(dev), 0);
        unit_dev.gone_is_zero = i & 2;
        unit_dev.gone_after = i / 4;
        assert_int_equal(resume ? vio_device_resume(dev)
                                : vio_device_suspend(dev),
                         VIO_ENODEV);
        assert_int_equal(dev->state, VIO_DEVICE_UNKNOWN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_case(not_without_the_feature_or_a_running_device),
        unit_case(both_changes_are_confirmed),
        unit_case(a_held_disk_shows_nothing_and_goes_on),
        unit_case(a_suspended_disk_is_not_waited_for),
        unit_case(a_wait_on_a_suspended_disk_counts_no_notification),
        unit_case(interrupts_of_a_change_are_told),
        unit_case(t_lif_04_a_change_that_never_comes_times_out),
        unit_case(a_resume_that_failed_gives_the_device_up),
        unit_case(a_suspend_that_failed_is_recovered_from),
        unit_case(a_suspend_that_failed_leaves_the_configuration_alone),
        unit_case(a_device_may_ask_for_a_reset_instead),
        unit_case(a_device_that_is_gone_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
