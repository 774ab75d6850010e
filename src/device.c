/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of a device: status, features, configuration space, reset.
 *
 *     call                    in state            leads to
 *     vio_device_reset        any                 RESET, else UNKNOWN
 *     vio_device_begin        any: resets first   NEGOTIATED, else FAILED, or
 *                                                 UNKNOWN without the reset
 *     vio_device_queue_start  NEGOTIATED, and
 *                             with RING_RESET
 *                             RUNNING             the same; FAILED where the
 *                                                 device breaks the rules
 *     vio_device_queue_reset  RUNNING             the same
 *     vio_device_start        NEGOTIATED          RUNNING, else FAILED
 *     vio_device_suspend      RUNNING             SUSPENDED, else FAILED
 *                                                 (device_suspend.c)
 *     vio_device_resume       SUSPENDED           RUNNING
 *     vio_device_fail         any                 FAILED
 *
 * Every register that the device answers with is read once, into a local, and
 * decisions are taken on that.
 */
#include <vio/device.h>

#include "device_impl.h"
#include "left_out.h"
#include "why.h"

#define CONFIG_TRIES 64u /* at a stable configuration space */

/* Bounds of a wait for the device's status: for time, and for register reads.
 */
#define DEVICE_TIMEOUT_NS 1000000000u
#define DEVICE_LOOKS      1000000u

#define STATUS_GONE 0xffu /* what a read of absent hardware gives */

/*
 * The bits of ring and transport that this library implements. A bit that is
 * not here is never accepted, whatever the device offers (2.2.1, 6). What a
 * transport has besides is in its table of operations; IN_ORDER is for the
 * frontend to choose, because it makes a device finish one after another.
 */
#define RING_FEATURES                                                          \
    (~LEFT_OUT_FEATURES &                                                      \
     (VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC) | VIRTIO_BIT(VIRTIO_F_EVENT_IDX) |    \
      VIRTIO_BIT(VIRTIO_F_VERSION_1) | VIRTIO_BIT(VIRTIO_F_ACCESS_PLATFORM) |  \
      VIRTIO_BIT(VIRTIO_F_RING_PACKED) | VIRTIO_BIT(VIRTIO_F_ORDER_PLATFORM) | \
      VIRTIO_BIT(VIRTIO_F_NOTIFICATION_DATA) | VIRTIO_BIT(VIRTIO_F_SUSPEND)))
#define LEGACY_RING_FEATURES                                                 \
    (~LEFT_OUT_FEATURES &                                                    \
     (VIRTIO_BIT(VIRTIO_F_ANY_LAYOUT) | VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC) | \
      VIRTIO_BIT(VIRTIO_F_EVENT_IDX)))
#define FRONTEND_FEATURES \
    (~LEFT_OUT_FEATURES & \
     (~(uint64_t)RESERVED_FEATURES | VIRTIO_BIT(VIRTIO_F_IN_ORDER)))
#define RESERVED_FEATURES (0x3ffffffull << 24) /* bits 24 to 49 (2.2) */

#ifdef VIO_NO_SPLIT
#define REQUIRED_FEATURES VIRTIO_BIT(VIRTIO_F_RING_PACKED)
#else
#define REQUIRED_FEATURES 0
#endif

#define LEGACY_FEATURES 0xffffffffu /* no more can be said (4.1.4.8, 4.2.4) */

/* Absent hardware reads as all ones, or as 0 where the machine says nothing of
 * it: then it looks like a device that was reset. */
static bool is_gone(struct vio_device *dev, uint8_t status)
{
    return status == STATUS_GONE || (status == 0 && vio_ops(dev)->is_there &&
                                     !vio_ops(dev)->is_there(dev));
}

int vio_device_read_status(struct vio_device *dev)
{
    uint8_t status = vio_ops(dev)->get_status(dev);

    if (!is_gone(dev, status))
        return status;
    dev->state = VIO_DEVICE_UNKNOWN;
    return vio_device_why(dev, VIO_WHY_DEVICE_GONE, status);
}

int vio_device_add_status(struct vio_device *dev, uint8_t bits)
{
    int status = vio_device_read_status(dev);

    if (status < 0)
        return status;
    vio_ops(dev)->set_status(dev, (uint8_t)status | bits);
    return 0;
}

/* The same, and look what the device says to it: the status, or an error. */
static int advance(struct vio_device *dev, uint8_t bits)
{
    int status = vio_device_add_status(dev, bits);

    if (status == 0)
        status = vio_device_read_status(dev);
    if (status >= 0 && (status & VIRTIO_CONFIG_S_NEEDS_RESET))
        return vio_device_why(dev, VIO_WHY_NEEDS_RESET, (uint8_t)status);
    return status;
}

static int set_failed(struct vio_device *dev)
{
    int gone = vio_device_add_status(dev, VIRTIO_CONFIG_S_FAILED);

    if (!gone)
        dev->state = VIO_DEVICE_FAILED;
    return gone;
}

/* The device must not be touched any more, or can be given up properly. Of one
 * that turns out to be gone everything else that was read is void. */
static __attribute__((noinline)) int give_up(struct vio_device *dev, int err)
{
    int gone = dev->state == VIO_DEVICE_UNKNOWN ? 0 : set_failed(dev);

    return gone ? gone : err;
}

void vio_device_fail(struct vio_device *dev)
{
    give_up(dev, 0);
}

void vio_device_deadline(const struct vio_device *dev,
                         struct vio_deadline *deadline)
{
    vio_deadline_start(deadline, dev->env, DEVICE_TIMEOUT_NS, DEVICE_LOOKS);
}

int vio_device_reset(struct vio_device *dev)
{
    struct vio_deadline deadline;
    int status;

    dev->state = VIO_DEVICE_UNKNOWN;
    dev->features = 0;
    vio_ops(dev)->set_status(dev, 0);
    vio_device_deadline(dev, &deadline);
    /* 2.4.2: the reset is complete when the status reads 0. */
    while ((status = vio_device_read_status(dev)) != 0) {
        if (status < 0)
            return status;
        if (vio_deadline_passed(&deadline))
            return vio_device_why(dev, VIO_WHY_RESET_TIMEOUT, (uint8_t)status);
    }
    dev->state = VIO_DEVICE_RESET;
    dev->resets++;
    return 0;
}

int vio_device_quiesce(struct vio_device *dev)
{
    return vio_device_reset(dev);
}

/* Which of the offered bits to accept: an allow-list (2.2.1). */
static uint64_t choose_features(const struct vio_device *dev, uint64_t wanted)
{
    uint64_t ring = vio_is_legacy(dev) ? LEGACY_RING_FEATURES
                                       : RING_FEATURES | vio_ops(dev)->features;

    return dev->offered & ((wanted & FRONTEND_FEATURES) | ring) &
           ~dev->policy.refused;
}

/* Step 4: read what is offered, once, and write the subset we understand. */
static int negotiate(struct vio_device *dev, uint64_t wanted, uint64_t required)
{
    uint64_t chosen;

    dev->offered = vio_ops(dev)->get_features(dev);
    if (vio_is_legacy(dev))
        dev->offered &= LEGACY_FEATURES;
    chosen = choose_features(dev, wanted);
    /* 6.1: VERSION_1 is accepted where it is offered, whatever the policy says;
     * a modern transport without it has no meaning. */
    if (!vio_is_legacy(dev) && !(chosen & VIRTIO_BIT(VIRTIO_F_VERSION_1)))
        return vio_device_why(dev, VIO_WHY_NEED_VERSION_1, dev->offered);
    required |= dev->policy.required | REQUIRED_FEATURES;
    if (required & ~chosen)
        return vio_device_why(dev, VIO_WHY_FEATURES_MISSING,
                              required & ~chosen);
    vio_ops(dev)->set_features(dev, chosen);
    dev->features = chosen;
    return 0;
}

/* Steps 5 and 6; a legacy device knows neither (3.1.2). */
static int confirm_features(struct vio_device *dev)
{
    int status;

    if (vio_is_legacy(dev))
        return 0;
    status = advance(dev, VIRTIO_CONFIG_S_FEATURES_OK);
    if (status < 0)
        return status;
    return status & VIRTIO_CONFIG_S_FEATURES_OK
               ? 0
               : vio_device_why(dev, VIO_WHY_FEATURES_REJECTED, dev->features);
}

int vio_device_begin(struct vio_device *dev, uint64_t wanted, uint64_t required)
{
    int err;

    if (VIO_HAS_WHY) /* of what follows, and of nothing before */
        dev->why = (struct vio_why){0};
    /* Step 1: reset the device. */
    err = vio_device_reset(dev);
    /* Step 2: the guest has noticed the device. */
    if (!err)
        err = vio_device_add_status(dev, VIRTIO_CONFIG_S_ACKNOWLEDGE);
    /* Step 3: it knows how to drive it. */
    if (!err)
        err = vio_device_add_status(dev, VIRTIO_CONFIG_S_DRIVER);
    /* Step 4: features. */
    if (!err)
        err = negotiate(dev, wanted, required);
    /* Steps 5 and 6: the device agrees. */
    if (!err)
        err = confirm_features(dev);
    if (err)
        return give_up(dev, err);
    /* Step 7 begins: the set-up of the bus. */
    if (vio_ops(dev)->prepare)
        vio_ops(dev)->prepare(dev);
    dev->state = VIO_DEVICE_NEGOTIATED;
    return 0;
}

int vio_device_bad_state(struct vio_device *dev)
{
    return vio_device_why(dev, VIO_WHY_BAD_STATE, dev->state);
}

int vio_device_abandon(struct vio_device *dev, int err)
{
    int lost;

    if (dev->state == VIO_DEVICE_NEGOTIATED)
        err = give_up(dev, err);
    lost = vio_device_reset(dev);
    return lost ? lost : err;
}

int vio_device_start(struct vio_device *dev)
{
    int status;

    if (dev->state != VIO_DEVICE_NEGOTIATED)
        return vio_device_bad_state(dev);
    /* Step 8: the device is live. */
    status = advance(dev, VIRTIO_CONFIG_S_DRIVER_OK);
    if (status < 0)
        return give_up(dev, status);
    dev->state = VIO_DEVICE_RUNNING;
    return 0;
}

int vio_device_check(struct vio_device *dev)
{
    int status;

    if (dev->state != VIO_DEVICE_RUNNING)
        return vio_device_bad_state(dev);
    status = vio_device_read_status(dev);
    if (status < 0)
        return status;
    return vio_status_is_live((uint8_t)status)
               ? 0
               : vio_device_why(dev, VIO_WHY_NEEDS_RESET, (uint8_t)status);
}

int vio_device_queue_max(struct vio_device *dev, uint16_t index, uint32_t *max)
{
    int err = vio_ops(dev)->queue_max(dev, index, max);

    if (!err && vio_is_legacy(dev) &&
        (*max > VIRTQ_SIZE_MAX || (*max & (*max - 1))))
        err = vio_device_why(dev, VIO_WHY_QUEUE_BAD_SIZE, *max);
    /* Of a device that is gone every queue reads as busy. */
    if (err) {
        int gone = vio_device_read_status(dev);

        return gone < 0 ? gone : err;
    }
    if (*max > VIRTQ_SIZE_MAX)
        *max = VIRTQ_SIZE_MAX;
    return 0;
}

/* Is there such a queue, free and as large as the one that is to be it? */
static int check_queue(struct vio_device *dev, const struct vio_virtq *vq)
{
    uint32_t max;
    int err = vio_device_queue_max(dev, vq->index, &max);

    if (err)
        return err;
    if (vq->size - 1u >= max) /* an empty one was never initialised */
        return max ? vio_fail(&dev->why, VIO_WHY_QUEUE_TOO_SMALL, max, vq->size)
                   : vio_device_why(dev, VIO_WHY_QUEUE_ABSENT, vq->index);
    if (vio_size_fixed(dev) && vq->size != max)
        return vio_fail(&dev->why, VIO_WHY_QUEUE_SIZE_FIXED, max, vq->size);
    return 0;
}

/* A queue is set up before DRIVER_OK, or again after it was reset (2.6.1.2). */
int vio_device_queue_start(struct vio_device *dev, struct vio_virtq *vq)
{
    bool again = dev->state == VIO_DEVICE_RUNNING &&
                 vio_device_has(dev, VIRTIO_F_RING_RESET);
    int err;

    if (dev->state != VIO_DEVICE_NEGOTIATED && !again)
        return vio_device_bad_state(dev);
    err = check_queue(dev, vq);
    if (!err) {
        /* The device may look at the ring as soon as it knows it. */
        vio_mb_platform();
        err = vio_ops(dev)->queue_start(dev, vq);
    }
    /* What is the caller's fault was found before anything was told. */
    return err == VIO_EPROTO ? give_up(dev, err) : err;
}

int vio_device_queue_reset(struct vio_device *dev, struct vio_virtq *vq)
{
    struct vio_deadline deadline;

    if (dev->state != VIO_DEVICE_RUNNING)
        return vio_device_bad_state(dev);
    if (!vio_device_has(dev, VIRTIO_F_RING_RESET))
        return VIO_ENOTSUP;
    vio_virtq_break(vq); /* nobody touches the ring meanwhile */
    vio_device_deadline(dev, &deadline);
    /* 2.6.1.1.2: it is reset when the device says so. */
    for (bool ask = true; vio_ops(dev)->queue_reset(dev, vq->index, ask);
         ask = false)
        if (vio_deadline_passed(&deadline))
            return vio_device_why(dev, VIO_WHY_QUEUE_RESET_TIMEOUT, vq->index);
    return 0;
}

/* Is the field there: on offer and agreed upon, and within reach? */
static bool has_field(const struct vio_device *dev,
                      const struct vio_config_field *f)
{
    return (f->feature == VIO_CONFIG_ALWAYS ||
            vio_device_has(dev, f->feature)) &&
           (uint32_t)f->offset + f->width <= dev->config_len;
}

/* 2.5.1: fields of 64 bits are read as two of 32. */
static uint64_t read_field(struct vio_device *dev,
                           const struct vio_config_field *f)
{
    unsigned width = f->width;
    uint32_t first, second;

    if (width != 8)
        return vio_ops(dev)->config_read(dev, f->offset, width);
    first = vio_ops(dev)->config_read(dev, f->offset, 4);
    second = vio_ops(dev)->config_read(dev, f->offset + 4u, 4);
    if (VIO_BIG_ENDIAN && vio_is_legacy(dev)) /* 2.5.3 */
        return (uint64_t)first << 32 | second;
    return (uint64_t)second << 32 | first;
}

/* Read every field into values; true if any is not what it was, which the first
 * time means nothing. */
static bool read_fields(struct vio_device *dev,
                        const struct vio_config_field *fields, unsigned n,
                        uint64_t *values)
{
    bool changed = false;

    for (unsigned i = 0; i < n; i++) {
        uint64_t value =
            has_field(dev, &fields[i]) ? read_field(dev, &fields[i]) : 0;

        changed |= value != values[i];
        values[i] = value;
    }
    return changed;
}

int vio_device_config_get(struct vio_device *dev,
                          const struct vio_config_field *fields, unsigned n,
                          uint64_t *values)
{
    /* 2.5.2: the generation is the same before and after. A legacy device has
     * none: two readings in a row have to agree (2.5.3). */
    for (unsigned tries = 0; tries < CONFIG_TRIES; tries++) {
        uint32_t before = vio_ops(dev)->generation(dev);
        bool changed = read_fields(dev, fields, n, values);

        if (vio_is_legacy(dev) ? tries && !changed
                               : vio_ops(dev)->generation(dev) == before)
            return 0;
    }
    return vio_device_why(dev, VIO_WHY_CONFIG_UNSTABLE, 0);
}

int vio_device_config_write(struct vio_device *dev, uint32_t offset,
                            unsigned width, uint32_t value)
{
    if ((width != 1 && width != 2 && width != 4) || (offset & (width - 1)) ||
        offset > dev->config_len || width > dev->config_len - offset)
        return VIO_EINVAL;
    /* 3.1.1: nothing is written before the features are agreed upon. */
    if (dev->state != VIO_DEVICE_NEGOTIATED && dev->state != VIO_DEVICE_RUNNING)
        return vio_device_bad_state(dev);
    vio_ops(dev)->config_write(dev, offset, width, value);
    return 0;
}

uint32_t vio_device_isr(struct vio_device *dev)
{
    /* Acknowledged in any state, or the line would stay up. */
    uint32_t isr = vio_ops(dev)->isr(dev);

    /* 6.1: what it is about is read after it. To have registers in order says
     * nothing of memory; where the device is emulated the access is a trap. */
    if (!(LEFT_OUT_FEATURES & VIRTIO_BIT(VIRTIO_F_ORDER_PLATFORM)) &&
        vio_device_has(dev, VIRTIO_F_ORDER_PLATFORM))
        vio_rmb_platform();
    return vio_device_heard(dev, isr);
}
