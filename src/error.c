/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Errors in words. Linked only into programs that ask for the words.
 */
#include <vio/error.h>

#include "text.h"

/*
 * The texts of a table stand one behind the other, each with its NUL: what
 * chooses one is its place. That takes a quarter less than pointers to them,
 * and nothing that a loader has to relocate.
 */
#define ERRORS(X)                                         \
    X(VIO_OK, "success")                                  \
    X(VIO_EAGAIN, "no free slot: submit, reap, retry")    \
    X(VIO_ENOSPC, "virtqueue full: kick, get_buf, retry") \
    X(VIO_EBUSY, "in use already")                        \
    X(VIO_EINVAL, "invalid argument")                     \
    X(VIO_ERANGE, "past the end of the disk")             \
    X(VIO_EROFS, "the disk is read-only")                 \
    X(VIO_E2BIG, "too many segments or bytes")            \
    X(VIO_ENOTSUP, "not supported here")                  \
    X(VIO_EBADSTATE, "not in this state of the device")   \
    X(VIO_ENOMEM, "a memory block is too small")          \
    X(VIO_EFAULT, "a buffer cannot be mapped")            \
    X(VIO_ETIMEDOUT, "no answer in time")                 \
    X(VIO_ENODEV, "no device")                            \
    X(VIO_EIO, "I/O error")                               \
    X(VIO_EZONE, "not in this state of the zone")         \
    X(VIO_EPROTO, "the device broke the protocol: reset it")

#define ERROR_KEY(error, text)  -(error),
#define ERROR_TEXT(error, text) text "\0"
static const uint8_t error_keys[] = {ERRORS(ERROR_KEY)};
static const char error_texts[] = ERRORS(ERROR_TEXT) "unknown error";

#define REASON_KEY(number, name, error, text)  number,
#define REASON_TEXT(number, name, error, text) text "\0"
static const uint8_t reason_keys[] = {VIO_REASONS(REASON_KEY)};
static const char reason_texts[] =
    VIO_REASONS(REASON_TEXT) "no reason was recorded";

/* The text of a key, or the one behind the last. */
static const char *find(const uint8_t *keys, size_t n, const char *text,
                        unsigned key)
{
    for (size_t i = 0; i < n && keys[i] != key; i++)
        while (*text++)
            ;
    return text;
}

const char *vio_strerror(int error)
{
    return find(error_keys, sizeof error_keys, error_texts,
                error > 0 ? 0 : 0u - (unsigned)error);
}

static const char *reason_text(enum vio_reason reason)
{
    return find(reason_keys, sizeof reason_keys, reason_texts,
                (unsigned)reason >> 8);
}

char *vio_why_text(const struct vio_why *why, char *buf, size_t size)
{
    struct vio_text text = {buf, size, 0};

    for (const char *p = reason_text(why->reason); *p; p++) {
        if (*p != '%')
            vio_text_put(&text, *p);
        else if (*++p == 'x')
            vio_text_number(&text, why->found, 16);
        else
            vio_text_number(&text, *p == 'f' ? why->found : why->wanted, 10);
    }
    vio_text_end(&text);
    return buf;
}
