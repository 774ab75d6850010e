/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices on a kernel command line. */
#include "unit.h"

struct expected {
    const char *line;
    int n; /* or an error */
    struct vio_mmio_slot slot[3];
};

static const struct expected table[] = {
    {"", 0, {{0}}},
    {"   \t ", 0, {{0}}},
    {"console=ttyS0 root=/dev/vda", 0, {{0}}},
    {"device=0x200@0xd0000000:5", 1, {{0xd0000000, 0x200, 5, 0}}},
    {"virtio_mmio.device=0x200@0xd0000000:5", 1, {{0xd0000000, 0x200, 5, 0}}},
    {"virtio_mmio.device=4K@0xd0000000:5", 1, {{0xd0000000, 4096, 5, 0}}},
    {"virtio_mmio.device=4k@3504M:5", 1, {{0xdb000000, 4096, 5, 0}}},
    {"virtio_mmio.device=1M@3G:5", 1, {{0xc0000000, 0x100000, 5, 0}}},
    {"virtio_mmio.device=512@256g:1", 1, {{0x4000000000, 512, 1, 0}}},
    {"virtio_mmio.device=512@0x1000:31:7", 1, {{0x1000, 512, 31, 7}}},
    /* Numbers as in C: octal, and either case of a hexadecimal one. */
    {"device=01000@010000:010", 1, {{4096, 512, 8, 0}}},
    {"device=0X20A@0xABCdef00:0x10", 1, {{0xabcdef00, 0x20a, 16, 0}}},
    {"device=512@0:0", 1, {{0, 512, 0, 0}}},
    /* Several, counted up from the last one's id. */
    {"device=512@4096:1 virtio_mmio.device=512@8192:2 device=1K@16K:3",
     3,
     {{4096, 512, 1, 0}, {8192, 512, 2, 1}, {16384, 1024, 3, 2}}},
    {"device=512@4096:1:10\tdevice=512@8192:2",
     2,
     {{4096, 512, 1, 10}, {8192, 512, 2, 11}}},
    {"quiet device=512@4096:1 -- init=/bin/sh\n", 1, {{4096, 512, 1, 0}}},
    {"quiet\r\ndevice=512@4096:1\r\ndevice=512@8192:2\rdevice=512@16K:3",
     3,
     {{4096, 512, 1, 0}, {8192, 512, 2, 1}, {16384, 512, 3, 2}}},
    /* Not ours: the name in the middle of a word, or another module's. */
    {"nodevice=512@4096:1", 0, {{0}}},
    {"foo.device=512@4096:1", 0, {{0}}},
    {"virtio_mmio.devices=1 virtio_mmio.debug", 0, {{0}}},
    {"xvirtio_mmio.device=junk", 0, {{0}}},
    {"DEVICE=512@4096:1", 0, {{0}}},
    /* The edges. */
    {"device=1@0xffffffffffffffff:1", 1, {{~(uint64_t)0, 1, 1, 0}}},
    {"device=512@0:4294967295:4294967295", 1, {{0, 512, ~0u, ~0u}}},
    /* Junk. */
    {"device=", VIO_EINVAL, {{0}}},
    {"virtio_mmio.device=", VIO_EINVAL, {{0}}},
    {"device=512", VIO_EINVAL, {{0}}},
    {"device=512@", VIO_EINVAL, {{0}}},
    {"device=512@4096", VIO_EINVAL, {{0}}},
    {"device=512@4096:", VIO_EINVAL, {{0}}},
    {"device=512@4096:1:", VIO_EINVAL, {{0}}},
    {"device=512@4096:1:2:3", VIO_EINVAL, {{0}}},
    {"device=512@4096:1x", VIO_EINVAL, {{0}}},
    {"device=512@4096:1,2", VIO_EINVAL, {{0}}},
    {"device=@4096:1", VIO_EINVAL, {{0}}},
    {"device=512@:1", VIO_EINVAL, {{0}}},
    {"device=512 @4096:1", VIO_EINVAL, {{0}}},
    {"device=-512@4096:1", VIO_EINVAL, {{0}}},
    {"device=+512@4096:1", VIO_EINVAL, {{0}}},
    {"device=0x@4096:1", VIO_EINVAL, {{0}}},
    {"device=5z@4096:1", VIO_EINVAL, {{0}}},
    {"device=512KK@4096:1", VIO_EINVAL, {{0}}},
    {"device=512T@4096:1", VIO_EINVAL, {{0}}},
    {"device=08@4096:1", VIO_EINVAL, {{0}}},
    {"device=0@4096:1", VIO_EINVAL, {{0}}},
    {"device=512@4096:1K", VIO_EINVAL, {{0}}},
    {"device=512@4096:4294967296", VIO_EINVAL, {{0}}},
    {"device=512@4096:1:4294967296", VIO_EINVAL, {{0}}},
    {"device=512@18446744073709551616:1", VIO_EINVAL, {{0}}},
    {"device=512@0x10000000000000000:1", VIO_EINVAL, {{0}}},
    {"device=512@02000000000000000000000:1", VIO_EINVAL, {{0}}},
    {"device=512@0x4000000000000000K:1", VIO_EINVAL, {{0}}},
    {"device=2@0xffffffffffffffff:1", VIO_EINVAL, {{0}}},
    {"device=512@4096:1 device=junk", VIO_EINVAL, {{0}}},
};

static void every_line_gives_its_devices(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        const struct expected *e = &table[i];
        struct vio_mmio_slot slot[4];
        int n = vio_mmio_cmdline(e->line, slot, 4);

        if (n != e->n)
            fail_msg("\"%s\" gives %d", e->line, n);
        for (int k = 0; k < n; k++) {
            assert_int_equal(slot[k].base, e->slot[k].base);
            assert_int_equal(slot[k].size, e->slot[k].size);
            assert_int_equal(slot[k].irq, e->slot[k].irq);
            assert_int_equal(slot[k].id, e->slot[k].id);
        }
    }
}

/* All are counted, no more are stored than there is room for. */
static void no_more_are_stored_than_there_is_room_for(void **state)
{
    static const char line[] =
        "device=512@4096:1 device=512@8192:2 device=512@12288:3";
    struct vio_mmio_slot *slot = unit_alloc(2 * sizeof(*slot), 8);

    (void)state;
    assert_int_equal(vio_mmio_cmdline(line, slot, 2), 3);
    assert_int_equal(slot[1].base, 8192);
    assert_int_equal(vio_mmio_cmdline(line, slot + 2, 0), 3);
    assert_int_equal(vio_mmio_cmdline(line, NULL, 0), 3);
}

/* Any text at all: it ends, and gives a number or an error. */
static void junk_is_survived(void **state)
{
    static const char parts[] = "device=virtio_mmio.0x19@:KMG \t,";
    uint32_t seed = 1;

    (void)state;
    for (unsigned round = 0; round < 200000; round++) {
        struct vio_mmio_slot slot[2];
        char line[24] = "device=";
        unsigned at = round & 1 ? 7 : 0;
        int n;

        while (at < sizeof(line) - 1)
            line[at++] = parts[unit_random(&seed) % (sizeof(parts) - 1)];
        n = vio_mmio_cmdline(line, slot, 2);
        assert_true(n == VIO_EINVAL || (n >= 0 && n <= 3));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_case(every_line_gives_its_devices),
        unit_case(no_more_are_stored_than_there_is_room_for),
        unit_case(junk_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
