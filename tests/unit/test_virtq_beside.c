/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vio_virtq_interrupt() beside the owner, on one processor: after every
 * instruction of a get_buf an interrupt comes. As long as there is a buffer
 * that is used and was not taken, it is the queue's. The library is the one
 * that is delivered; an x86-64 is asked to trap after each instruction.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <vio/spec/virtio.h>
#include <vio/virtq.h>

#define SIZE 4u

static _Alignas(64) unsigned char shared[1024], priv[256];
static struct vio_virtq vq;
static volatile unsigned calls, missed;

static void trapped(int signal)
{
    (void)signal;
    calls++;
    missed += !vio_virtq_interrupt(&vq);
}

/* The red zone stays as it is. */
static void trap_flag(unsigned long on)
{
    __asm__ volatile("lea -128(%%rsp), %%rsp\n\t"
                     "pushfq\n\t"
                     "andq $~0x100, (%%rsp)\n\t"
                     "orq %0, (%%rsp)\n\t"
                     "popfq\n\t"
                     "lea 128(%%rsp), %%rsp"
                     :
                     : "r"(on << 8)
                     : "memory", "cc");
}

static void start(uint64_t features)
{
    struct vio_mem mem = {shared, 0x10000, sizeof shared, priv, sizeof priv};
    const struct vio_virtq_config cfg = {.size = SIZE, .features = features};
    const struct vio_sg sg = {0x1000, 16};

    assert_int_equal(vio_virtq_init(&vq, &cfg, &mem), 0);
    for (uintptr_t token = 1; token <= 3; token++)
        assert_int_equal(vio_virtq_add_in(&vq, &sg, 1, (void *)token), 0);
    (void)vio_virtq_kick_prepare(&vq);
}

static void use_split(unsigned at, uint16_t id)
{
    struct virtq_used_elem *elem =
        (void *)((uint16_t *)vq.device + VIRTQ_USED_RING);

    elem[at] = (struct virtq_used_elem){id, 16};
    ((uint16_t *)vq.device)[VIRTQ_USED_IDX] = 3;
}

static void use_packed(unsigned at, uint16_t id)
{
    struct pvirtq_desc *desc = vq.desc;

    desc[at] = (struct pvirtq_desc){
        .len = 16,
        .id = id,
        .flags = VIRTQ_DESC_F_AVAIL | VIRTQ_DESC_F_USED | VIRTQ_DESC_F_WRITE};
}

/* The first two are used, as a batch where that can be; and then the third. */
static void use_all(uint64_t features)
{
    bool batch = features & VIRTIO_BIT(VIRTIO_F_IN_ORDER);
    void (*use)(unsigned at, uint16_t id) =
        features & VIRTIO_BIT(VIRTIO_F_RING_PACKED) ? use_packed : use_split;

    use(0, batch ? 1 : 0);
    if (!batch)
        use(1, 1);
    use(2, 2);
}

static void interrupts_amidst(uint64_t features)
{
    start(features);
    use_all(features);
    for (uintptr_t expected = 1; expected <= 2; expected++) {
        void *token = NULL;
        uint32_t len;
        int got;

        calls = missed = 0;
        trap_flag(1);
        got = vio_virtq_get_buf(&vq, &token, &len);
        trap_flag(0);
        assert_int_equal(got, 1);
        assert_int_equal((uintptr_t)token, expected);
        assert_true(calls > 20);
        assert_int_equal(missed, 0);
    }
}

static void interrupt_amidst_get_buf_is_the_queues(void **state)
{
    static const uint64_t formats[] = {0, VIRTIO_BIT(VIRTIO_F_RING_PACKED)};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        interrupts_amidst(formats[i]);
        interrupts_amidst(formats[i] | VIRTIO_BIT(VIRTIO_F_IN_ORDER));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(interrupt_amidst_get_buf_is_the_queues),
    };

    signal(SIGTRAP, trapped);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
