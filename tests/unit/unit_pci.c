/* SPDX-License-Identifier: BSD-2-Clause */
/* A block device on PCI, for the tests of that transport. */
#include "unit_pci.h"

struct model_pci unit_function;
struct vio_pci unit_pci;
struct vio_pci_bus unit_bus;
struct vio_why unit_why;
struct vio_blk unit_pci_blk;
struct vio_virtq unit_pci_vq;
unsigned unit_msi_bad;

void unit_pci_start(unsigned parts)
{
    unit_setup(NULL);
    memset(&unit_function, 0, sizeof(unit_function));
    model_disk_init(&unit_disk, &unit_function.dev,
                    parts & MODEL_PCI_LEGACY ? 1 : 2, 64);
    model_pci_init(&unit_function, unit_bdf, parts);
    unit_bus = (struct vio_pci_bus){
        .read = model_pci_read,
        .write = model_pci_write,
        .io_base = MODEL_PCI_IO_SEEN,
    };
    unit_why = (struct vio_why){.reason = VIO_WHY_NONE};
    unit_msi_bad = 0;
}

uint8_t unit_pci_cap(unsigned type)
{
    uint8_t at = 0x40;

    while (unit_function.space[at + 3u] != type)
        at = unit_function.space[at + 1u];
    return at;
}

int unit_pci_probe(const struct vio_policy *policy)
{
    return vio_pci_probe(&unit_pci, &unit_bus, unit_bdf, policy, &unit_env.env,
                         &unit_why);
}

void unit_pci_probe_fails(const struct vio_policy *policy, int error,
                          enum vio_reason reason)
{
    uint8_t space[sizeof(unit_function.space)];

    memset(&unit_pci, 0x5a, sizeof(unit_pci));
    memcpy(space, unit_function.space, sizeof(space));
    assert_int_equal(unit_pci_probe(policy), error);
    assert_int_equal(unit_why.reason, reason);
    assert_null(unit_pci.dev.ops); /* it is not taken for a device */
    assert_memory_equal(unit_function.space, space, sizeof(space));
    assert_int_equal(unit_function.dev.writes, 0);
    assert_int_equal(unit_env.logs, 0);
    assert_int_equal(
        vio_pci_probe(&unit_pci, &unit_bus, unit_bdf, policy, NULL, NULL),
        error);
}

int unit_pci_try_up(void)
{
    struct vio_need want, least;
    struct vio_mem mem;
    int err = vio_blk_mem_size(&unit_pci.dev, NULL, &want, &least);

    if (err)
        return err;
    mem = unit_mem(want.shared, want.priv, 4096);
    return vio_blk_init(&unit_pci_blk, &unit_pci.dev, NULL, &mem);
}

void unit_pci_up(void)
{
    assert_int_equal(unit_pci_try_up(), 0);
    assert_int_equal(unit_function.dev.status & MS_DRIVER_OK, MS_DRIVER_OK);
}

void unit_pci_down(void)
{
    assert_int_equal(vio_blk_fini(&unit_pci_blk), 0);
    assert_int_equal(unit_function.dev.status, 0);
    assert_int_equal(unit_env.maps, unit_env.unmaps);
}

void unit_pci_transfer(void)
{
    static uint8_t data[4096];

    memset(data, 0x33, sizeof(data));
    assert_int_equal(vio_blk_write(&unit_pci_blk, 8, data, sizeof(data)), 0);
    assert_memory_equal(unit_disk.data + 8 * 512, data, sizeof(data));
    assert_int_equal(vio_blk_read(&unit_pci_blk, 5, data, sizeof(data)), 0);
    assert_memory_equal(unit_disk.data + 5 * 512, data, sizeof(data));
    assert_int_equal(vio_blk_flush(&unit_pci_blk), 0);
}

int unit_pci_queue(uint64_t wanted, uint16_t size)
{
    struct vio_virtq_config cfg = {
        .size = size,
        .legacy = unit_pci.dev.legacy,
        .align = unit_pci.dev.queue_align,
    };
    struct vio_mem mem = unit_mem(65536, 16384, 4096);

    assert_int_equal(vio_device_begin(&unit_pci.dev, wanted, 0), 0);
    cfg.features = unit_pci.dev.features;
    assert_int_equal(vio_virtq_init(&unit_pci_vq, &cfg, &mem), 0);
    return vio_device_queue_start(&unit_pci.dev, &unit_pci_vq);
}

static int compose(void *ctx, unsigned vector, uint64_t *addr, uint32_t *data)
{
    (void)ctx;
    if (unit_msi_bad && vector == unit_msi_bad)
        return -1;
    *addr = UNIT_MSI_ADDRESS;
    *data = UNIT_MSI_DATA + vector;
    return 0;
}

void unit_pci_allow_msi(void)
{
    unit_env.env.msi_compose = compose;
}
