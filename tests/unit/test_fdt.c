/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Discovery in a flattened device tree: what is found, and that no byte outside
 * of a tree is read, whatever is in it (the sanitizer build watches the ends).
 */
#include <vio/fdt.h>

#include <stdlib.h>

#include "unit.h"

/* A tree under construction: the two blocks. */
static uint8_t structure[8192], strings[1024];
static uint32_t n_structure, n_strings;

static void store(uint8_t *p, uint32_t value)
{
    p[0] = (uint8_t)(value >> 24);
    p[1] = (uint8_t)(value >> 16);
    p[2] = (uint8_t)(value >> 8);
    p[3] = (uint8_t)value;
}

static void cell(uint32_t value)
{
    assert_true(n_structure + 4 <= sizeof(structure));
    store(structure + n_structure, value);
    n_structure += 4;
}

static void bytes(const void *data, size_t len)
{
    assert_true(n_structure + len + 3 <= sizeof(structure));
    memcpy(structure + n_structure, data, len);
    n_structure += (uint32_t)len;
    while (n_structure % 4)
        structure[n_structure++] = 0;
}

static void node(const char *name)
{
    cell(1);
    bytes(name, strlen(name) + 1);
}

static void end(void)
{
    cell(2);
}

static void prop(const char *name, const void *data, size_t len)
{
    cell(3);
    cell((uint32_t)len);
    cell(n_strings);
    strcpy((char *)strings + n_strings, name);
    n_strings += (uint32_t)strlen(name) + 1;
    bytes(data, len);
}

static void prop_string(const char *name, const char *s)
{
    prop(name, s, strlen(s) + 1);
}

static void prop_cells(const char *name, unsigned n, const uint32_t *cells)
{
    uint8_t data[256];

    for (unsigned i = 0; i < n; i++)
        store(data + 4 * i, cells[i]);
    prop(name, data, 4 * n);
}

#define CELLS(name, ...)                                                   \
    prop_cells(name,                                                       \
               sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t), \
               (const uint32_t[]){__VA_ARGS__})

static void begin(void)
{
    n_structure = n_strings = 0;
    node("");
}

/* The tree, in memory of exactly its size. */
static uint8_t *finish(size_t *size)
{
    uint8_t *fdt;

    end();
    cell(9);
    *size = 40 + n_structure + n_strings;
    fdt = calloc(1, *size);
    store(fdt, 0xd00dfeed);
    store(fdt + 4, (uint32_t)*size);
    store(fdt + 8, 40);
    store(fdt + 12, 40 + n_structure);
    store(fdt + 16, 40);
    store(fdt + 20, 17);
    store(fdt + 24, 16);
    store(fdt + 32, n_strings);
    store(fdt + 36, n_structure);
    memcpy(fdt + 40, structure, n_structure);
    memcpy(fdt + 40 + n_structure, strings, n_strings);
    return fdt;
}

/* A machine with a bit of everything. */
static uint8_t *machine(size_t *size)
{
    begin();
    CELLS("#address-cells", 2);
    CELLS("#size-cells", 2);
    node("chosen");
    prop_string("bootargs", "console=ttyS0 virtio_mmio.device=1K@0x1000:3");
    end();
    node("soc");
    CELLS("#address-cells", 1);
    CELLS("#size-cells", 1);
    prop("ranges", "", 0);
    node("virtio_mmio@10001000");
    prop_string("compatible", "virtio,mmio");
    CELLS("reg", 0x10001000, 0x200);
    CELLS("interrupts", 7);
    end();
    node("disabled@10002000");
    prop_string("compatible", "virtio,mmio");
    prop_string("status", "disabled");
    CELLS("reg", 0x10002000, 0x200);
    end();
    end();
    node("virtio_mmio@a000000");
    CELLS("reg", 1, 0x0a000000, 0, 0x200);
    CELLS("interrupts", 0, 16, 1);
    prop("compatible", "vendor,thing\0virtio,mmio", 25);
    prop_string("status", "okay");
    end();
    node("pcie@30000000");
    prop_string("compatible", "pci-host-ecam-generic");
    CELLS("#address-cells", 3);
    CELLS("#size-cells", 2);
    CELLS("reg", 0x40, 0x10000000, 0, 0x10000000);
    CELLS("bus-range", 0, 0x3f);
    CELLS("ranges", 0x1000000, 0, 0, 0, 0x3eff0000, 0, 0x10000, 0x2000000, 0,
          0x10000000, 0, 0x10000000, 0, 0x2eff0000, 0x3000000, 0x80, 0, 0x80, 0,
          0x80, 0);
    node("virtio_mmio-inside");
    prop_string("compatible", "not-virtio,mmio");
    end();
    end();
    return finish(size);
}

static void finds_mmio_nodes(void **state)
{
    struct vio_mmio_slot slots[4];
    size_t size;
    uint8_t *fdt = machine(&size);

    (void)state;
    assert_int_equal(vio_fdt_size(fdt), size);
    assert_int_equal(vio_fdt_mmio(fdt, size, slots, COUNT(slots)), 2);
    assert_int_equal(slots[0].base, 0x10001000);
    assert_int_equal(slots[0].size, 0x200);
    assert_int_equal(slots[0].irq, 7);
    assert_int_equal(slots[0].id, 0);
    assert_int_equal(slots[1].base, 0x10a000000);
    assert_int_equal(slots[1].size, 0x200);
    assert_int_equal(slots[1].irq, 48);
    assert_int_equal(slots[1].id, 1);
    /* No more are stored than there is room for. */
    slots[1].base = 77;
    assert_int_equal(vio_fdt_mmio(fdt, size, slots, 1), 2);
    assert_int_equal(slots[1].base, 77);
    assert_int_equal(vio_fdt_mmio(fdt, size, NULL, 0), 2);
    free(fdt);
}

static void finds_pci_bridges(void **state)
{
    struct vio_fdt_pci b;
    size_t size;
    uint8_t *fdt = machine(&size);

    (void)state;
    assert_int_equal(vio_fdt_pci(fdt, size, &b, 1), 1);
    assert_int_equal(b.ecam, 0x4010000000);
    assert_int_equal(b.ecam_size, 0x10000000);
    assert_int_equal(b.first_bus, 0);
    assert_int_equal(b.last_bus, 0x3f);
    assert_int_equal(b.io.bus, 0);
    assert_int_equal(b.io.cpu, 0x3eff0000);
    assert_int_equal(b.io.size, 0x10000);
    assert_int_equal(b.mem.bus, 0x10000000);
    assert_int_equal(b.mem.cpu, 0x10000000);
    assert_int_equal(b.mem.size, 0x2eff0000);
    assert_int_equal(b.mem64.bus, 0x8000000000);
    assert_int_equal(b.mem64.size, 0x8000000000);
    assert_int_equal(vio_fdt_pci(fdt, size, NULL, 0), 1);
    free(fdt);
}

static void finds_the_command_line(void **state)
{
    const char *args = NULL;
    struct vio_mmio_slot slot;
    size_t size;
    uint8_t *fdt = machine(&size);

    (void)state;
    assert_int_equal(vio_fdt_bootargs(fdt, size, &args), 0);
    assert_int_equal(vio_mmio_cmdline(args, &slot, 1), 1);
    assert_int_equal(slot.irq, 3);
    free(fdt);
    begin();
    node("chosen");
    end();
    fdt = finish(&size);
    assert_int_equal(vio_fdt_bootargs(fdt, size, &args), VIO_ENODEV);
    free(fdt);
    begin();
    node("chosen");
    prop("bootargs", "no end", 6);
    end();
    fdt = finish(&size);
    assert_int_equal(vio_fdt_bootargs(fdt, size, &args), VIO_EINVAL);
    free(fdt);
}

static void empty_tree_has_nothing(void **state)
{
    struct vio_mmio_slot slot;
    struct vio_fdt_pci bridge;
    size_t size;
    uint8_t *fdt;

    (void)state;
    begin();
    fdt = finish(&size);
    assert_int_equal(vio_fdt_mmio(fdt, size, &slot, 1), 0);
    assert_int_equal(vio_fdt_pci(fdt, size, &bridge, 1), 0);
    free(fdt);
    assert_int_equal(vio_fdt_size("12345678"), 0);
}

/* Each of these and nothing else is wrong with a node. */
static void bad_nodes_are_refused(void **state)
{
    struct vio_mmio_slot slot;
    struct vio_fdt_pci bridge;

    (void)state;
    for (unsigned i = 0; i < 7; i++) {
        size_t size;
        uint8_t *fdt;
        int err;

        begin();
        CELLS("#address-cells", i == 0 ? 5 : i == 1 ? 0 : 2);
        CELLS("#size-cells", i == 2 ? 0 : 2);
        node("virtio@0");
        prop_string("compatible",
                    i == 6 ? "pci-host-ecam-generic" : "virtio,mmio");
        if (i == 3)
            CELLS("reg", 0, 0x1000, 0);
        else if (i == 4)
            CELLS("reg", 0, 0x1000, 0, 0);
        else if (i == 5)
            CELLS("reg", 0xffffffff, 0xffffff00, 0, 0x101);
        else if (i == 6)
            CELLS("reg", 0, 0x1000, 0, 0x1000);
        if (i == 6)
            CELLS("bus-range", 1, 0);
        end();
        fdt = finish(&size);
        err = i == 6 ? vio_fdt_pci(fdt, size, &bridge, 1)
                     : vio_fdt_mmio(fdt, size, &slot, 1);
        assert_int_equal(err, VIO_EINVAL);
        /* Nor are they counted where there is no room for them. */
        err = i == 6 ? vio_fdt_pci(fdt, size, NULL, 0)
                     : vio_fdt_mmio(fdt, size, NULL, 0);
        assert_int_equal(err, VIO_EINVAL);
        free(fdt);
    }
}

static void status_turns_a_node_off(void **state)
{
    static const struct {
        const char *status;
        int n;
    } table[] = {{"okay", 1}, {"ok", 1},    {"disabled", 0}, {"fail", 0},
                 {"o", 0},    {"okays", 0}, {"", 0}};

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct vio_mmio_slot slot;
        size_t size;
        uint8_t *fdt;

        begin();
        node("virtio@1000");
        prop_string("compatible", "virtio,mmio");
        prop_string("status", table[i].status);
        CELLS("reg", 0, 0x1000, 0x200);
        end();
        fdt = finish(&size);
        assert_int_equal(vio_fdt_mmio(fdt, size, &slot, 1), table[i].n);
        free(fdt);
    }
}

static void mmio_node(uint32_t at)
{
    node("virtio");
    prop_string("compatible", "virtio,mmio");
    CELLS("reg", at, 0x200);
    end();
}

/* A bus in a bus in the root, and in that a bridge, each enabled or not: what
 * is below one that is not is as little there; what comes behind it is. */
static void disabled_bus_hides_what_is_behind_it(void **state)
{
    (void)state;
    for (unsigned off = 0; off < 8; off++) {
        /* In the order of the tree: where it is, and below what of these. */
        static const struct {
            uint32_t at;
            unsigned below;
        } nodes[] = {{0x1000, 0}, {0x1001, 1}, {0x1002, 3}, {0x1003, 7},
                     {0x2002, 3}, {0x2001, 1}, {0x2000, 0}};
        struct vio_mmio_slot slots[COUNT(nodes)];
        struct vio_fdt_pci bridge;
        size_t size, n = 0;
        uint8_t *fdt;

        begin();
        for (unsigned bus = 0; bus < 3; bus++) {
            CELLS("#address-cells", 1);
            CELLS("#size-cells", 1);
            mmio_node(0x1000 + bus);
            node("bus");
            prop_string("status", off >> bus & 1 ? "disabled" : "okay");
        }
        prop_string("compatible", "pci-host-ecam-generic");
        CELLS("reg", 0x10000000, 0x1000000);
        CELLS("#address-cells", 1);
        mmio_node(0x1003);
        for (unsigned bus = 3; bus-- > 0;) {
            end();
            mmio_node(0x2000 + bus);
        }
        fdt = finish(&size);
        assert_int_equal(vio_fdt_pci(fdt, size, &bridge, 1), off == 0);
        (void)vio_fdt_mmio(fdt, size, slots, COUNT(slots));
        for (size_t i = 0; i < COUNT(nodes); i++)
            if (!(off & nodes[i].below))
                assert_int_equal(slots[n++].base, nodes[i].at);
        assert_int_equal(vio_fdt_mmio(fdt, size, NULL, 0), n);
        free(fdt);
    }
}

static void depth_is_bounded(void **state)
{
    (void)state;
    for (unsigned depth = 1; depth < 100; depth++) {
        struct vio_mmio_slot slot;
        size_t size;
        uint8_t *fdt;

        begin();
        for (unsigned i = 1; i < depth; i++)
            node("n");
        for (unsigned i = 1; i < depth; i++)
            end();
        fdt = finish(&size);
        assert_int_equal(vio_fdt_mmio(fdt, size, &slot, 1),
                         depth <= 32 ? 0 : VIO_EINVAL);
        free(fdt);
    }
}

static void look_at_everything(const uint8_t *fdt, size_t size)
{
    struct vio_mmio_slot slots[4];
    struct vio_fdt_pci bridges[2];
    const char *args;

    (void)vio_fdt_mmio(fdt, size, slots, COUNT(slots));
    (void)vio_fdt_pci(fdt, size, bridges, COUNT(bridges));
    if (vio_fdt_bootargs(fdt, size, &args) == 0)
        assert_true(strlen(args) < size);
}

/* Cut off anywhere, with a header that knows and one that does not. */
static void truncated_trees_are_refused(void **state)
{
    struct vio_mmio_slot slot;
    size_t size;
    uint8_t *fdt = machine(&size);

    (void)state;
    for (size_t n = 0; n < size; n++) {
        uint8_t *cut = malloc(n ? n : 1);

        memcpy(cut, fdt, n);
        assert_int_equal(vio_fdt_mmio(cut, n, &slot, 1), VIO_EINVAL);
        if (n >= 40) {
            store(cut + 4, (uint32_t)n);
            look_at_everything(cut, n);
        }
        free(cut);
    }
    free(fdt);
}

/* The block of nodes ends anywhere, and with it the memory. */
static void truncated_structure_is_refused(void **state)
{
    struct vio_mmio_slot slot;
    size_t size;
    uint8_t *fdt = machine(&size);

    (void)state;
    for (uint32_t n = 0; n <= n_structure; n++) {
        uint8_t *cut = malloc(40 + n_strings + n);

        memcpy(cut, fdt, 40);
        memcpy(cut + 40, strings, n_strings);
        memcpy(cut + 40 + n_strings, structure, n);
        store(cut + 4, 40 + n_strings + n);
        store(cut + 8, 40 + n_strings);
        store(cut + 12, 40);
        store(cut + 36, n);
        assert_int_equal(vio_fdt_mmio(cut, 40 + n_strings + n, &slot, 1),
                         n < n_structure ? VIO_EINVAL : 2);
        look_at_everything(cut, 40 + n_strings + n);
        free(cut);
    }
    free(fdt);
}

/* Every cell of the tree set to values that hurt. */
static void damaged_trees_do_no_harm(void **state)
{
    static const uint32_t values[] = {
        0,          1,          2,          3,          4,          9,
        0x7fffffff, 0xffffffff, 0xfffffffc, 0xfffffff0, 0x80000000, 40};
    size_t size;
    uint8_t *fdt = machine(&size);

    (void)state;
    for (size_t at = 0; at + 4 <= size; at += 4) {
        for (size_t i = 0; i < COUNT(values); i++) {
            uint8_t *copy = malloc(size);

            memcpy(copy, fdt, size);
            store(copy + at, values[i]);
            look_at_everything(copy, size);
            free(copy);
        }
    }
    free(fdt);
}

static void random_damage_does_no_harm(void **state)
{
    uint32_t seed = 1;
    size_t size;
    uint8_t *fdt = machine(&size);

    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        uint8_t *copy = malloc(size + 1);
        unsigned n = 1 + unit_random(&seed) % 8;

        memcpy(copy + 1, fdt, size); /* and at an odd address */
        while (n--)
            copy[1 + unit_random(&seed) % size] = (uint8_t)unit_random(&seed);
        look_at_everything(copy + 1, size);
        free(copy);
    }
    free(fdt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_case(finds_mmio_nodes),
        unit_case(finds_pci_bridges),
        unit_case(finds_the_command_line),
        unit_case(empty_tree_has_nothing),
        unit_case(bad_nodes_are_refused),
        unit_case(status_turns_a_node_off),
        unit_case(disabled_bus_hides_what_is_behind_it),
        unit_case(depth_is_bounded),
        unit_case(truncated_trees_are_refused),
        unit_case(truncated_structure_is_refused),
        unit_case(damaged_trees_do_no_harm),
        unit_case(random_damage_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
