/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Configuration space, and what leads from an address to a register.
 *
 * Spec: PCI Local Bus; PCI configuration access capability.
 */
#include "pci.h"

#include <string.h>

#include "access.h"
#include "check.h"
#include "feature.h"

#define FUNCTIONS_MAX 8
#define BIG           (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

#define C_ID        0x00u
#define C_COMMAND   0x04u
#define C_STATUS    0x06u
#define C_BAR0      0x10u
#define C_BARS_END  0x28u
#define C_SUBSYSTEM 0x2eu
#define C_CAP       0x34u
#define C_LINE      0x3cu
#define C_PIN       0x3du

#define DECODE_IO  1u
#define DECODE_MEM 2u
#define MASTER     4u

#define TABLE_BAR    MODEL_PCI_TABLE_BAR
#define TABLE_OFFSET 0u
#define PBA_OFFSET   0x800u

static struct model_pci *functions[FUNCTIONS_MAX];
static unsigned n_functions;

void model_pci_put(struct model_pci *m, uint32_t offset, unsigned width,
                   uint32_t value)
{
    for (unsigned i = 0; i < width; i++)
        m->space[offset + i] = (uint8_t)(value >> 8 * i);
}

uint32_t model_pci_peek(const struct model_pci *m, uint32_t offset,
                        unsigned width)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < width; i++)
        value |= (uint32_t)m->space[offset + i] << 8 * i;
    return value;
}

uint8_t model_pci_cap(struct model_pci *m, uint8_t id, uint8_t len)
{
    uint8_t at = m->next_cap;

    m->space[m->last_cap] = at;
    m->space[at] = id;
    m->space[at + 2u] = len;
    m->last_cap = (uint8_t)(at + 1);
    m->next_cap = (uint8_t)(at + (len + 3) / 4 * 4);
    return at;
}

uint8_t model_pci_virtio_cap(struct model_pci *m, uint8_t cfg_type, uint8_t bar,
                             uint32_t offset, uint32_t length, uint32_t extra)
{
    uint8_t len = cfg_type == MODEL_NOTIFY || cfg_type == 5 ? 20 : 16;
    uint8_t at = model_pci_cap(m, 0x09, len);

    m->space[at + 3u] = cfg_type;
    m->space[at + 4u] = bar;
    model_pci_put(m, at + 8u, 4, offset);
    model_pci_put(m, at + 12u, 4, length);
    if (len > 16)
        model_pci_put(m, at + 16u, 4, extra);
    return at;
}

void model_pci_no_caps(struct model_pci *m)
{
    memset(m->space + 0x40, 0, sizeof(m->space) - 0x40);
    m->space[C_CAP] = 0;
    m->last_cap = C_CAP;
    m->next_cap = 0x40;
    m->msix_cap = 0;
    m->window_cap = 0;
}

static void set_bar(struct model_pci *m, unsigned i, uint64_t size,
                    uint64_t value)
{
    m->bar_size[i] = size;
    model_pci_put(m, C_BAR0 + 4 * i, 4, (uint32_t)value);
    if ((value & 7) == 4)
        model_pci_put(m, C_BAR0 + 4 * (i + 1), 4, (uint32_t)(value >> 32));
}

static void add_modern(struct model_pci *m)
{
    static const struct model_pci_part_at parts[MODEL_PARTS] = {
        [MODEL_COMMON] = {4, 0x0000, 0x1000},
        [MODEL_ISR] = {4, 0x1000, 0x1000},
        [MODEL_DEVICE] = {4, 0x2000, 0x1000},
        [MODEL_NOTIFY] = {4, 0x3000, 0x1000},
    };

    m->notify_multiplier = 4;
    m->common_length = 0x40;
    memcpy(m->part, parts, sizeof(parts));
    set_bar(m, 4, 0x4000, MODEL_PCI_MEM_BASE + 0x10000 + 0xcu);
    for (unsigned i = 1; i < MODEL_PARTS; i++)
        model_pci_virtio_cap(m, (uint8_t)i, parts[i].bar, parts[i].offset,
                             parts[i].length, m->notify_multiplier);
}

static void add_msix(struct model_pci *m)
{
    set_bar(m, TABLE_BAR, 0x1000, MODEL_PCI_MEM_BASE);
    m->msix_cap = model_pci_cap(m, 0x11, 12);
    model_pci_put(m, m->msix_cap + 2u, 2, 4); /* five vectors */
    model_pci_put(m, m->msix_cap + 4u, 4, TABLE_OFFSET | TABLE_BAR);
    model_pci_put(m, m->msix_cap + 8u, 4, PBA_OFFSET | TABLE_BAR);
}

/* The function that decodes an address, and where in which BAR. */
static struct model_pci *decode(uint64_t addr, unsigned *bar, uint64_t *offset)
{
    for (unsigned f = 0; f < n_functions; f++) {
        struct model_pci *m = functions[f];
        uint32_t command = model_pci_peek(m, C_COMMAND, 2);

        for (unsigned i = 0; i < 6; i++) {
            uint32_t low = model_pci_peek(m, C_BAR0 + 4 * i, 4);
            uint64_t at = low & (low & 1 ? ~3u : ~15u);

            if (!m->bar_size[i] ||
                !(command & (low & 1 ? DECODE_IO : DECODE_MEM)))
                continue;
            if ((low & 7) == 4)
                at |= (uint64_t)model_pci_peek(m, C_BAR0 + 4 * i + 4, 4) << 32;
            if (low & 1)
                at += MODEL_PCI_IO_SEEN;
            if (addr < at || addr - at >= m->bar_size[i])
                continue;
            *bar = i;
            *offset = addr - at;
            return m;
        }
    }
    return NULL;
}

uint32_t model_pci_order(unsigned width, uint32_t value)
{
    if (!BIG || width == 1)
        return value;
    return width == 2 ? __builtin_bswap16((uint16_t)value)
                      : __builtin_bswap32(value);
}

static void access_table(struct model_pci *m, bool write, uint64_t offset,
                         unsigned width, uint32_t *value)
{
    uint32_t *word =
        &m->table[offset / 16 % MODEL_MSIX_ENTRIES][offset / 4 % 4];

    if (width != 4 || offset % 4)
        model_violation("PCI-07", "%u byte access to the MSI-X table", width);
    if (offset / 16 > (model_pci_peek(m, m->msix_cap + 2u, 2) & 0x7ff))
        model_violation("PCI-36", "MSI-X entry %u", (unsigned)(offset / 16));
    if (write)
        *word = *value;
    else
        *value = *word;
}

/* One access to a BAR, little-endian; false: nothing is there. */
static bool access_bar(struct model_pci *m, bool write, unsigned bar,
                       uint64_t offset, unsigned width, uint32_t *value)
{
    for (unsigned i = 1; i < MODEL_PARTS; i++) {
        const struct model_pci_part_at *p = &m->part[i];

        if (!p->length || p->bar != bar || offset < p->offset ||
            offset - p->offset >= p->length)
            continue;
        if (write)
            model_modern_write(m, i, (uint32_t)offset - p->offset, width,
                               *value);
        else
            *value =
                model_modern_read(m, i, (uint32_t)offset - p->offset, width);
        return true;
    }
    if (bar != TABLE_BAR || !m->msix_cap)
        return false;
    access_table(m, write, offset, width, value);
    return true;
}

static bool is_gone(struct model_pci *m)
{
    if (m->dev.gone_after > 0)
        m->dev.gone_after--;
    if (m->dev.gone_after != 0)
        return false;
    /* Nothing is done any more, and nothing is expected. */
    for (unsigned i = 0; i < MODEL_QUEUES; i++)
        model_queue_stop(&m->dev.queue[i]);
    return true;
}

static uint32_t as_read(struct model_pci *m, unsigned width, uint32_t value)
{
    return m->on_bar_read ? m->on_bar_read(m, width, value) : value;
}

/* What a BAR reads as that is not decoded any more. */
static uint32_t nothing(const struct model_pci *m, unsigned width)
{
    return m->dev.gone_is_zero ? 0 : ~0u >> (32 - 8 * width);
}

/* What was written to its command register did not arrive either. */
static bool someone_is_gone(uint32_t *value, unsigned width)
{
    for (unsigned i = 0; i < n_functions; i++) {
        if (functions[i]->dev.gone_after == 0) {
            *value = nothing(functions[i], width);
            return true;
        }
    }
    return false;
}

static bool other_regs(bool write, uintptr_t addr, unsigned width,
                       uint32_t *value)
{
    uint64_t offset;
    unsigned bar;
    struct model_pci *m = decode(addr, &bar, &offset);
    uint32_t v;

    if (!m)
        return someone_is_gone(value, width);
    if (write)
        m->dev.writes++;
    else
        m->dev.reads++;
    if (is_gone(m)) {
        *value = nothing(m, width);
        return true;
    }
    if (bar == 0 && (model_pci_peek(m, C_BAR0, 4) & 1)) {
        if (write)
            model_legacy_write(m, (uint32_t)offset, width, *value);
        else
            *value = as_read(m, width,
                             model_legacy_read(m, (uint32_t)offset, width));
        return true;
    }
    v = write ? model_pci_order(width, *value) : 0;
    if (!access_bar(m, write, bar, offset, width, &v))
        model_violation("PCI-32", "access to BAR %u at %#llx", bar,
                        (unsigned long long)offset);
    if (!write)
        *value = model_pci_order(width, as_read(m, width, v));
    return true;
}

void model_pci_init(struct model_pci *m, uint32_t bdf, unsigned parts)
{
    if (!model_other_regs)
        n_functions = 0;
    model_other_regs = other_regs;
    functions[n_functions++] = m;
    m->dev.window = UINTPTR_MAX - 0xfff; /* no MMIO device */
    m->dev.offered |= parts & MODEL_PCI_MODERN ? MF(MF_VERSION_1) : 0;
    m->bdf = bdf;
    m->num_queues = 1;
    model_pci_put(m, C_ID, 4, 0x10011af4);
    m->space[C_STATUS] = 0x10;
    m->space[C_SUBSYSTEM] = 2;
    m->space[C_LINE] = 11;
    m->space[C_PIN] = 1;
    model_pci_no_caps(m);
    for (unsigned i = 0; i < MODEL_QUEUES; i++)
        m->notify_off[i] = (uint16_t)i;
    if (parts & MODEL_PCI_LEGACY)
        set_bar(m, 0, 0x80, MODEL_PCI_IO_BASE | 1);
    if (parts & MODEL_PCI_MODERN)
        add_modern(m);
    if (parts & MODEL_PCI_WINDOW)
        m->window_cap = model_pci_virtio_cap(m, 5, 0, 0, 0, 0);
    if (parts & MODEL_PCI_MSIX)
        add_msix(m);
    model_pci_was_reset(m);
}

static struct model_pci *function_at(uint32_t bdf)
{
    for (unsigned i = 0; i < n_functions; i++)
        if (functions[i]->bdf == bdf && !functions[i]->absent)
            return functions[i];
    return NULL;
}

/* Is offset the window's data? It is an access to a BAR. */
static bool is_window_data(const struct model_pci *m, uint32_t offset)
{
    return m->window_cap && offset >= m->window_cap + 16u &&
           offset < m->window_cap + 20u;
}

static void access_window(struct model_pci *m, bool write, unsigned width,
                          uint32_t *value)
{
    uint32_t bar = m->space[m->window_cap + 4u];
    uint32_t offset = model_pci_peek(m, m->window_cap + 8u, 4);
    uint32_t length = model_pci_peek(m, m->window_cap + 12u, 4);

    m->window_accesses++;
    if (length != width)
        model_violation("PCI-31", "window of %u read with %u", length, width);
    if (!access_bar(m, write, bar, offset, width, value))
        model_violation("PCI-32", "window to BAR %u at %#x", bar, offset);
}

uint32_t model_pci_read(void *ctx, uint32_t bdf, uint32_t offset,
                        unsigned width)
{
    struct model_pci *m = function_at(bdf);
    uint32_t value = ~0u >> (32 - 8 * width);

    (void)ctx;
    if (offset % width || offset + width > 256)
        model_violation("PCI-06", "%u bytes at %#x", width, offset);
    if (!m)
        return value;
    m->config_reads++;
    if (is_gone(m))
        return value;
    if (is_window_data(m, offset))
        access_window(m, false, width, &value);
    else
        value = model_pci_peek(m, offset, width);
    return m->on_config_read ? m->on_config_read(m, offset, width, value)
                             : value;
}

/* Only the bits of the address can be written. */
static void write_bar(struct model_pci *m, unsigned i, uint32_t value)
{
    uint32_t old = model_pci_peek(m, C_BAR0 + 4 * i, 4), mask;

    if (model_pci_peek(m, C_COMMAND, 2) & (DECODE_IO | DECODE_MEM))
        model_violation("PCI-16", "BAR %u written while decoding is on", i);
    if (m->bar_size[i]) {
        mask = ~(uint32_t)(m->bar_size[i] - 1) & (old & 1 ? ~3u : ~15u);
    } else if (i && m->bar_size[i - 1] &&
               (model_pci_peek(m, C_BAR0 + 4 * (i - 1), 4) & 7) == 4) {
        mask = ~(uint32_t)((m->bar_size[i - 1] - 1) >> 32);
    } else {
        mask = 0;
    }
    model_pci_put(m, C_BAR0 + 4 * i, 4, (old & ~mask) | (value & mask));
}

/* A device that may not master the bus any more is not live. */
static void write_command(struct model_pci *m, uint32_t value)
{
    model_pci_put(m, C_COMMAND, 2, value & 0x0407);
    if (!(value & MASTER))
        m->dev.status &= ~MS_DRIVER_OK;
}

static void write_window(struct model_pci *m, uint32_t at, unsigned width,
                         uint32_t value)
{
    uint32_t length = model_pci_peek(m, m->window_cap + 12u, 4);

    if (at != 4 && at != 8 && at != 12)
        model_violation("PCI-16", "write to byte %u of the window", at);
    if (at == 8 && (length == 0 || value % length))
        model_violation("PCI-31", "offset %#x in units of %u", value, length);
    model_pci_put(m, m->window_cap + at, width, value);
}

void model_pci_write(void *ctx, uint32_t bdf, uint32_t offset, unsigned width,
                     uint32_t value)
{
    struct model_pci *m = function_at(bdf);

    (void)ctx;
    if (offset % width || offset + width > 256)
        model_violation("PCI-06", "%u bytes at %#x", width, offset);
    if (!m)
        return;
    m->config_writes++;
    if (is_gone(m))
        return;
    if (offset == C_COMMAND && width == 2)
        write_command(m, value);
    else if (offset >= C_BAR0 && offset < C_BARS_END && width == 4)
        write_bar(m, (offset - C_BAR0) / 4, value);
    else if (m->msix_cap && offset == m->msix_cap + 2u && width == 2)
        m->space[offset + 1] =
            (uint8_t)((m->space[offset + 1] & 0x3f) | (value >> 8 & 0xc0));
    else if (is_window_data(m, offset))
        access_window(m, true, width, &value);
    else if (m->window_cap && offset >= m->window_cap &&
             offset < m->window_cap + 16u)
        write_window(m, offset - m->window_cap, width, value);
    else
        model_violation("PCI-16", "write of %u bytes at %#x", width, offset);
}

bool model_pci_msix_on(const struct model_pci *m)
{
    return m->msix_cap && (m->space[m->msix_cap + 3u] & 0x80);
}

uint16_t model_pci_map_vector(struct model_pci *m, uint32_t vector)
{
    uint32_t last = model_pci_peek(m, m->msix_cap + 2u, 2) & 0x7ff;

    if (vector == MODEL_NO_VECTOR)
        return MODEL_NO_VECTOR;
    if (vector > last)
        model_violation("PCI-36", "vector %u of %u", vector, last);
    if (vector < 64 && (m->bad_vectors >> vector & 1))
        return MODEL_NO_VECTOR;
    return (uint16_t)vector;
}

void model_pci_was_reset(struct model_pci *m)
{
    m->config_vector = MODEL_NO_VECTOR;
    m->config_vector_written = false;
    m->queue_resetting = false;
    memset(m->check, 0, sizeof(m->check));
    memset(m->queue_size, 0, sizeof(m->queue_size));
    for (unsigned i = 0; i < MODEL_QUEUES; i++)
        m->queue_vector[i] = MODEL_NO_VECTOR;
}

/* Every mapping was read back before the device is made live. */
static void check_vectors(const struct model_pci *m)
{
    if (m->config_vector_written)
        model_violation("PCI-37", "config_msix_vector was not read back");
    for (unsigned i = 0; i < MODEL_QUEUES; i++)
        if (m->check[i].vector_written)
            model_violation("PCI-37", "vector of queue %u not read back", i);
}

void model_pci_set_status(struct model_pci *m, uint32_t value)
{
    struct model_dev *d = &m->dev;
    unsigned resets = d->resets;

    model_statecheck_write(d, MR_STATUS, value);
    if (value & MS_DRIVER_OK)
        check_vectors(m);
    model_regs_write(d, MR_STATUS, 4, value);
    if (d->resets != resets)
        model_pci_was_reset(m);
}

uint32_t model_pci_read_isr(struct model_pci *m)
{
    uint32_t isr = m->dev.isr;

    m->isr_reads++;
    if (model_pci_msix_on(m))
        model_violation("PCI-28", "the ISR was read with MSI-X");
    m->dev.isr = 0;
    return isr;
}
