/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The layout of split and packed virtqueues in memory.
 *
 * Fields are little-endian on modern devices and guest-endian on legacy ones.
 *
 * Spec: 2.7 Split Virtqueues, 2.8 Packed Virtqueues.
 */
#ifndef VIO_SPEC_RING_H
#define VIO_SPEC_RING_H

#include <stdint.h>

#define VIRTQ_SIZE_MAX 32768u

/* Flags of a descriptor (2.7.5, 2.8.1). */
#define VIRTQ_DESC_F_NEXT     1u
#define VIRTQ_DESC_F_WRITE    2u
#define VIRTQ_DESC_F_INDIRECT 4u

/* 2.7.5 The Virtqueue Descriptor Table. */
struct virtq_desc {
    uint64_t addr;  /* device address of the buffer */
    uint32_t len;   /* bytes */
    uint16_t flags; /* VIRTQ_DESC_F_* */
    uint16_t next;  /* the next descriptor of the chain, with F_NEXT */
};

/* 2.7.6 The Virtqueue Available Ring, as 16-bit words: flags, idx, one entry
 * per descriptor, then used_event. */
#define VIRTQ_AVAIL_F_NO_INTERRUPT 1u

#define VIRTQ_AVAIL_FLAGS 0u
#define VIRTQ_AVAIL_IDX   1u
#define VIRTQ_AVAIL_RING  2u

/* 2.7.8 The Virtqueue Used Ring, as 16-bit words: flags, idx, one element of
 * four words per descriptor, then avail_event. */
#define VIRTQ_USED_F_NO_NOTIFY 1u

#define VIRTQ_USED_FLAGS      0u
#define VIRTQ_USED_IDX        1u
#define VIRTQ_USED_RING       2u
#define VIRTQ_USED_ELEM_WORDS 4u

struct virtq_used_elem {
    uint32_t id;  /* the first descriptor of the used chain */
    uint32_t len; /* bytes written into its device-writable part */
};

/* Alignment of the three parts (2.7). */
#define VIRTQ_DESC_ALIGN  16u
#define VIRTQ_AVAIL_ALIGN 2u
#define VIRTQ_USED_ALIGN  4u

/* 2.8.1, 2.8.13: further flags of a packed descriptor. */
#define VIRTQ_DESC_F_AVAIL (1u << 7)
#define VIRTQ_DESC_F_USED  (1u << 15)

struct pvirtq_desc {
    uint64_t addr;
    uint32_t len;
    uint16_t id; /* buffer ID */
    uint16_t flags;
};

/* 2.8.14 Event Suppression Structure Format. */
#define RING_EVENT_FLAGS_ENABLE  0u
#define RING_EVENT_FLAGS_DISABLE 1u
#define RING_EVENT_FLAGS_DESC    2u

struct pvirtq_event_suppress {
    uint16_t desc;  /* bits 0 to 14 ring offset, bit 15 wrap counter */
    uint16_t flags; /* RING_EVENT_FLAGS_* */
};

#define PVIRTQ_DESC_ALIGN  16u
#define PVIRTQ_EVENT_ALIGN 4u

#endif
