/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices written out in the form of a kernel command line (D5). */
#include "unit.h"

static const struct vio_mmio_slot slots[] = {
    {0xfeb00e00, 512, 12, 0},
    {0, 1, 0, 1},
    {0xfffffffffffff000, 0x1000, 0xffffffff, 0xffffffff},
    {0x100000000, 0x80000000, 10, 7},
};

static const char line[] =
    "virtio_mmio.device=0x200@0xfeb00e00:12:0 "
    "virtio_mmio.device=0x1@0x0:0:1 "
    "virtio_mmio.device=0x1000@0xfffffffffffff000:4294967295:4294967295 "
    "virtio_mmio.device=0x80000000@0x100000000:10:7";

static void print_gives_one_line(void **state)
{
    char buf[sizeof(line) + 8];

    (void)state;
    assert_int_equal(
        vio_mmio_cmdline_print(slots, COUNT(slots), buf, sizeof(buf)),
        sizeof(line) - 1);
    assert_string_equal(buf, line);
}

static void print_is_read_back(void **state)
{
    struct vio_mmio_slot back[COUNT(slots)];

    (void)state;
    memset(back, 0xa5, sizeof(back));
    assert_int_equal(vio_mmio_cmdline(line, back, COUNT(back)), COUNT(slots));
    for (size_t i = 0; i < COUNT(slots); i++) {
        assert_int_equal(back[i].base, slots[i].base);
        assert_int_equal(back[i].size, slots[i].size);
        assert_int_equal(back[i].irq, slots[i].irq);
        assert_int_equal(back[i].id, slots[i].id);
    }
}

static void print_keeps_to_the_buffer(void **state)
{
    (void)state;
    for (size_t size = 0; size <= sizeof(line) + 1; size++) {
        char *buf = unit_alloc(size, 1);
        size_t kept = size < sizeof(line) ? size : sizeof(line);

        assert_int_equal(vio_mmio_cmdline_print(slots, COUNT(slots), buf, size),
                         sizeof(line) - 1);
        if (size == 0)
            continue;
        assert_int_equal(strlen(buf), kept - 1);
        assert_memory_equal(buf, line, kept - 1);
        unit_setup(NULL); /* the pool again */
    }
    assert_int_equal(vio_mmio_cmdline_print(slots, 4, NULL, 0),
                     sizeof(line) - 1);
}

static void print_of_nothing_is_empty(void **state)
{
    char buf[4] = "abc";

    (void)state;
    assert_int_equal(vio_mmio_cmdline_print(NULL, 0, buf, sizeof(buf)), 0);
    assert_string_equal(buf, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_case(print_gives_one_line),
        unit_case(print_is_read_back),
        unit_case(print_keeps_to_the_buffer),
        unit_case(print_of_nothing_is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
