/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts of the first hart in machine mode. Without more the machine has a
 * PLIC, which knows lines only. With `aia=aplic-imsic` it has an APLIC in the
 * same place that turns lines into messages, and an IMSIC that takes messages:
 * identity n is line n, and those from 64 on are the devices' own.
 */
#include "interrupts.h"
#include "machine.h"

#define PLIC_PRIORITY 0
#define PLIC_ENABLE   0x2000
#define PLIC_CLAIM    0x200004 /* W: complete */

#define APLIC_CONFIG     0x0000
#define APLIC_IS_APLIC   0x80 /* what its upper byte reads as */
#define APLIC_ON_BY_MSI  0x104
#define APLIC_SOURCE     0x0004 /* of line 1; a word each */
#define APLIC_LEVEL_HIGH 6
#define APLIC_MSI_PAGE   0x1bc0
#define APLIC_PENDING    0x1cdc /* W: make this line pending */
#define APLIC_INPUT      0x1d00 /* R: which lines are up, by bits */
#define APLIC_ENABLE     0x1edc
#define APLIC_TARGET     0x3004 /* of line 1: hart << 18 | identity */

#define IMSIC          0x24000000u /* the first hart's page */
#define IMSIC_DELIVERY 0x70
#define IMSIC_ENABLE   0xc0 /* and 0xc2: 64 identities each */
#define FIRST_MESSAGE  64u
#define MESSAGES       64u

/* Where the PLIC is, or the APLIC. */
static const struct vio_reg plic = {0xc000000, VIO_SPACE_MEM};
static bool has_imsic;

/* Registers of the IMSIC: miselect and mireg. */
static void imsic_set(uint64_t reg, uint64_t bits)
{
    __asm__ volatile("csrw 0x350, %0; csrs 0x351, %1" ::"r"(reg), "r"(bits)
                     : "memory");
}

/* mtopei: take the next identity that is pending; 0: none is. */
static uint32_t imsic_take(void)
{
    uint64_t top;

    __asm__ volatile("csrrw %0, 0x35c, zero" : "=r"(top)::"memory");
    return (uint32_t)(top >> 16);
}

void interrupts_init(void)
{
    has_imsic = vio_reg_read32(plic, APLIC_CONFIG) >> 24 == APLIC_IS_APLIC;
    if (!has_imsic)
        return;
    vio_reg_write32(plic, APLIC_MSI_PAGE, IMSIC >> 12);
    vio_reg_write32(plic, APLIC_CONFIG, APLIC_ON_BY_MSI);
    imsic_set(IMSIC_DELIVERY, 1);
}

void machine_irq_enable(uint32_t irq)
{
    uint32_t word = PLIC_ENABLE + irq / 32 * 4;

    if (has_imsic) {
        imsic_set(IMSIC_ENABLE, (uint64_t)1 << irq);
        vio_reg_write32(plic, APLIC_SOURCE + 4 * (irq - 1), APLIC_LEVEL_HIGH);
        vio_reg_write32(plic, APLIC_TARGET + 4 * (irq - 1), irq);
        vio_reg_write32(plic, APLIC_ENABLE, irq);
        return;
    }
    vio_reg_write32(plic, PLIC_PRIORITY + irq * 4, 1);
    vio_reg_write32(plic, word, vio_reg_read32(plic, word) | 1u << irq % 32);
}

int machine_msi(unsigned vector, uint64_t *addr, uint32_t *data)
{
    if (!has_imsic || vector >= MESSAGES)
        return VIO_ENOTSUP;
    imsic_set(IMSIC_ENABLE + 2, (uint64_t)1 << vector);
    *addr = IMSIC;
    *data = FIRST_MESSAGE + vector;
    return 0;
}

/* A line that is still up after it was served sends no message by itself. */
static void look_again(uint32_t irq)
{
    if (vio_reg_read32(plic, APLIC_INPUT + irq / 32 * 4) >> irq % 32 & 1)
        vio_reg_write32(plic, APLIC_PENDING, irq);
}

static void take_messages(void)
{
    uint32_t identity;

    while ((identity = imsic_take()) != 0) {
        if (identity >= FIRST_MESSAGE) {
            machine_message(identity - FIRST_MESSAGE);
            continue;
        }
        machine_interrupt(identity);
        look_again(identity);
    }
}

void interrupts_take(void)
{
    uint32_t irq;

    if (has_imsic) {
        take_messages();
        return;
    }
    while ((irq = vio_reg_read32(plic, PLIC_CLAIM)) != 0) {
        machine_interrupt(irq);
        vio_reg_write32(plic, PLIC_CLAIM, irq);
    }
}
