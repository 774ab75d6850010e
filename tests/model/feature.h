/* SPDX-License-Identifier: BSD-2-Clause */
/* Feature and status bits, as the model understands the specification. */
#ifndef MODEL_FEATURE_H
#define MODEL_FEATURE_H

#define MF_NOTIFY_ON_EMPTY 24
#define MF_ANY_LAYOUT      27
#define MF_INDIRECT        28
#define MF_EVENT_IDX       29
#define MF_VERSION_1       32
#define MF_ACCESS_PLATFORM 33
#define MF_PACKED          34
#define MF_IN_ORDER        35
#define MF_ORDER_PLATFORM  36
#define MF_SR_IOV          37
#define MF_NOTIFY_DATA     38
#define MF_RING_RESET      40
#define MF_SUSPEND         43
#define MF_ADMIN_VQ        41

#define MF_BLK_SIZE_MAX     1
#define MF_BLK_SEG_MAX      2
#define MF_BLK_GEOMETRY     4
#define MF_BLK_RO           5
#define MF_BLK_BLK_SIZE     6
#define MF_BLK_SCSI         7
#define MF_BLK_FLUSH        9
#define MF_BLK_TOPOLOGY     10
#define MF_BLK_CONFIG_WCE   11
#define MF_BLK_MQ           12
#define MF_BLK_DISCARD      13
#define MF_BLK_WRITE_ZEROES 14
#define MF_BLK_LIFETIME     15
#define MF_BLK_SECURE_ERASE 16
#define MF_BLK_ZONED        17

#define MF(bit) ((uint64_t)1 << (bit))

#define MS_ACKNOWLEDGE 0x01u
#define MS_DRIVER      0x02u
#define MS_DRIVER_OK   0x04u
#define MS_FEATURES_OK 0x08u
#define MS_SUSPEND     0x10u
#define MS_NEEDS_RESET 0x40u
#define MS_FAILED      0x80u

#endif
