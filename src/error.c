/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Errors in words. Linked only into programs that ask for the words.
 */
#include <vio/error.h>

#include "divide.h"

static const struct {
    int error;
    const char *text;
} error_texts[] = {
    {VIO_OK, "success"},
    {VIO_EAGAIN, "no request slot is free: submit, reap, and try again"},
    {VIO_ENOSPC, "the virtqueue is full: kick, get_buf, and try again"},
    {VIO_EBUSY, "in use already"},
    {VIO_EINVAL, "invalid argument"},
    {VIO_ERANGE, "past the end of the disk"},
    {VIO_EROFS, "the disk is read-only"},
    {VIO_E2BIG, "too many segments or bytes for one request"},
    {VIO_ENOTSUP, "not supported by this device or this configuration"},
    {VIO_EBADSTATE, "not possible in this state of the device"},
    {VIO_ENOMEM, "a memory block is too small"},
    {VIO_EFAULT, "a buffer could not be mapped for the device"},
    {VIO_ETIMEDOUT, "the device did not answer in time"},
    {VIO_ENODEV, "no device"},
    {VIO_EIO, "the device reports an I/O error"},
    {VIO_EZONE, "the state of the zone does not allow it"},
    {VIO_EPROTO, "the device broke the virtio protocol: reset it"},
};

static const struct {
    enum vio_reason reason;
    const char *text;
} reason_texts[] = {
#define VIO_REASON_TEXT(number, name, error, text) {VIO_WHY_##name, text},
    VIO_REASONS(VIO_REASON_TEXT)
#undef VIO_REASON_TEXT
};

const char *vio_strerror(int error)
{
    for (size_t i = 0; i < sizeof error_texts / sizeof *error_texts; i++)
        if (error_texts[i].error == error || (i == 0 && error > 0))
            return error_texts[i].text;
    return "unknown error";
}

static const char *reason_text(enum vio_reason reason)
{
    for (size_t i = 0; i < sizeof reason_texts / sizeof *reason_texts; i++)
        if (reason_texts[i].reason == reason)
            return reason_texts[i].text;
    return "no reason was recorded";
}

/* Where the text goes; what does not fit is counted and dropped. */
struct out {
    char *buf;
    size_t size;
    size_t used;
};

static void put(struct out *out, char c)
{
    if (out->used + 1 < out->size)
        out->buf[out->used++] = c;
}

static void put_number(struct out *out, uint64_t value, unsigned base)
{
    char digits[20];
    unsigned n = 0;

    if (base == 16) {
        put(out, '0');
        put(out, 'x');
    }
    do {
        digits[n++] = "0123456789abcdef"[vio_divide(&value, base)];
    } while (value);
    while (n)
        put(out, digits[--n]);
}

char *vio_why_text(const struct vio_why *why, char *buf, size_t size)
{
    struct out out = {buf, size, 0};

    for (const char *p = reason_text(why->reason); *p; p++) {
        if (*p != '%')
            put(&out, *p);
        else if (*++p == 'x')
            put_number(&out, why->found, 16);
        else
            put_number(&out, *p == 'f' ? why->found : why->wanted, 10);
    }
    if (size)
        buf[out.used] = '\0';
    return buf;
}
