/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Configuration space: the two usual ways to it, and the walk over a bus.
 */
#include "pci_impl.h"

#ifndef VIO_NO_PCI

#define ALL_ONES      0xffffffffu
#define LAST_FUNCTION 7u

uint32_t vio_pci_read(const struct vio_pci_function *f, uint32_t offset,
                      unsigned width)
{
    return f->bus->read(f->bus->ctx, f->bdf, offset, width);
}

void vio_pci_write(const struct vio_pci_function *f, uint32_t offset,
                   unsigned width, uint32_t value)
{
    f->bus->write(f->bus->ctx, f->bdf, offset, width, value);
}

uint32_t vio_pci_read8(const struct vio_pci_function *f, uint32_t offset)
{
    return vio_pci_read(f, offset, 1);
}

uint32_t vio_pci_read16(const struct vio_pci_function *f, uint32_t offset)
{
    return vio_pci_read(f, offset, 2);
}

uint32_t vio_pci_read32(const struct vio_pci_function *f, uint32_t offset)
{
    return vio_pci_read(f, offset, 4);
}

void vio_pci_write16(const struct vio_pci_function *f, uint32_t offset,
                     uint32_t value)
{
    vio_pci_write(f, offset, 2, value);
}

void vio_pci_write32(const struct vio_pci_function *f, uint32_t offset,
                     uint32_t value)
{
    vio_pci_write(f, offset, 4, value);
}

uint32_t vio_pci_command(const struct vio_pci_function *f, uint32_t clear,
                         uint32_t set)
{
    uint32_t old = vio_pci_read16(f, PCI_COMMAND);
    uint32_t command = (old & ~clear) | set;

    if (command != old)
        vio_pci_write16(f, PCI_COMMAND, command);
    return old;
}

/* Where a function's registers are in the ECAM; false: outside of it. */
static bool ecam_at(const struct vio_pci_ecam *ecam, uint32_t bdf,
                    uint32_t *offset)
{
    uint32_t first = (uint32_t)ecam->first_bus << 8;

    if (bdf < first || ((uint64_t)(bdf - first) + 1) << 12 > ecam->size)
        return false;
    *offset += (bdf - first) << 12;
    return true;
}

static uint32_t ecam_read(void *ctx, uint32_t bdf, uint32_t offset,
                          unsigned width)
{
    const struct vio_pci_ecam *ecam = ctx;

    if (!ecam_at(ecam, bdf, &offset))
        return ALL_ONES;
    return vio_reg_get_le(ecam->base, offset, width);
}

static void ecam_write(void *ctx, uint32_t bdf, uint32_t offset, unsigned width,
                       uint32_t value)
{
    const struct vio_pci_ecam *ecam = ctx;

    if (ecam_at(ecam, bdf, &offset))
        vio_reg_put_le(ecam->base, offset, width, value);
}

/* The last bus that an ECAM of this size holds. */
static uint8_t last_bus(const struct vio_pci_ecam *ecam)
{
    uint64_t buses = ecam->size >> 20;
    uint64_t most = 256u - ecam->first_bus;

    if (buses > most)
        buses = most;
    return (uint8_t)(ecam->first_bus + (buses ? buses - 1 : 0));
}

struct vio_pci_bus vio_pci_ecam_bus(struct vio_pci_ecam *ecam)
{
    return (struct vio_pci_bus){
        .ctx = ecam,
        .read = ecam_read,
        .write = ecam_write,
        .first_bus = ecam->first_bus,
        .last_bus = last_bus(ecam),
    };
}

#if VIO_HAVE_PORT_IO
#define PORT_ADDRESS 0xcf8u
#define PORT_DATA    0xcfcu
#define PORT_ENABLE  0x80000000u

static const struct vio_reg port_address = {PORT_ADDRESS, VIO_SPACE_PORT};
static const struct vio_reg port_data = {PORT_DATA, VIO_SPACE_PORT};

static void port_select(uint32_t bdf, uint32_t offset)
{
    vio_reg_write32(port_address, 0, PORT_ENABLE | bdf << 8 | (offset & 0xfcu));
}

/* Which bytes of the four that are selected, aligned as they are. */
static uint32_t port_offset(uint32_t offset, unsigned width)
{
    return offset & (4 - width);
}

static uint32_t port_read(void *ctx, uint32_t bdf, uint32_t offset,
                          unsigned width)
{
    (void)ctx;
    port_select(bdf, offset);
    return vio_reg_get(port_data, port_offset(offset, width), width);
}

static void port_write(void *ctx, uint32_t bdf, uint32_t offset, unsigned width,
                       uint32_t value)
{
    (void)ctx;
    port_select(bdf, offset);
    vio_reg_put(port_data, port_offset(offset, width), width, value);
}

struct vio_pci_bus vio_pci_ports(void)
{
    return (struct vio_pci_bus){
        .read = port_read,
        .write = port_write,
        .last_bus = 255,
    };
}
#endif

static bool is_there(uint32_t id)
{
    uint32_t vendor = id & 0xffff;

    return vendor != 0 && vendor != 0xffff;
}

/* Behind function 0 that is missing, or is the only one, there are no more of
 * the same device. */
static uint32_t step(const struct vio_pci_function *f,
                     struct vio_pci_walk *walk, bool there)
{
    if ((f->bdf & LAST_FUNCTION) == 0)
        walk->multi = there && (vio_pci_read8(f, PCI_HEADER_TYPE) &
                                PCI_HEADER_TYPE_MULTI);
    return (walk->multi ? f->bdf : f->bdf | LAST_FUNCTION) + 1;
}

bool vio_pci_next(const struct vio_pci_bus *bus, struct vio_pci_walk *walk)
{
    uint32_t first = (uint32_t)bus->first_bus << 8;

    if (walk->next < first)
        walk->next = first;
    while (walk->next >> 8 <= bus->last_bus) {
        struct vio_pci_function f = {bus, walk->next};
        uint32_t id = vio_pci_read32(&f, PCI_ID);

        walk->next = step(&f, walk, is_there(id));
        if (is_there(id)) {
            walk->bdf = f.bdf;
            walk->id = id;
            return true;
        }
    }
    return false;
}

bool vio_pci_find(const struct vio_pci_bus *bus, struct vio_pci_walk *walk)
{
    while (vio_pci_next(bus, walk)) {
        uint32_t device = walk->id >> 16;

        /* 4.1.2.1: by vendor and device id, whatever the revision. */
        if ((walk->id & 0xffff) == VIRTIO_PCI_VENDOR_ID &&
            device >= VIRTIO_PCI_DEVICE_ID_FIRST &&
            device <= VIRTIO_PCI_DEVICE_ID_LAST)
            return true;
    }
    return false;
}

#endif
