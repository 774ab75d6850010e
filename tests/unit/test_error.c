/* SPDX-License-Identifier: BSD-2-Clause */
/* Errors and reasons in words. */
#include "unit.h"

static const int errors[] = {
    VIO_OK,        VIO_EAGAIN,    VIO_ENOSPC, VIO_EBUSY,
    VIO_EINVAL,    VIO_ERANGE,    VIO_EROFS,  VIO_E2BIG,
    VIO_ENOTSUP,   VIO_EBADSTATE, VIO_ENOMEM, VIO_EFAULT,
    VIO_ETIMEDOUT, VIO_ENODEV,    VIO_EIO,    VIO_EPROTO,
};

#define NAME(number, name, error, text)     VIO_WHY_##name,
#define ERROR_OF(number, name, error, text) error,
static const enum vio_reason reasons[] = {VIO_REASONS(NAME)};
static const int reason_errors[] = {VIO_REASONS(ERROR_OF)};

static void every_error_has_words_of_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(errors); i++) {
        const char *text = vio_strerror(errors[i]);

        assert_true(strlen(text) > 3);
        assert_string_not_equal(text, vio_strerror(-9999));
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(text, vio_strerror(errors[k]));
    }
    /* A good result may be any number from 0 on. */
    assert_string_equal(vio_strerror(1), vio_strerror(0));
    assert_string_equal(vio_strerror(INT32_MAX), vio_strerror(0));
    assert_non_null(vio_strerror(INT32_MIN));
}

/* Every reason tells apart, carries its error, and fits what is promised. */
static void every_reason_has_words_and_an_error(void **state)
{
    char text[200], other[200];

    (void)state;
    for (size_t i = 0; i < COUNT(reasons); i++) {
        struct vio_why why = {reasons[i], ~(uint64_t)0, ~(uint64_t)0};

        assert_int_equal(-(int)((unsigned)reasons[i] & 0xff), reason_errors[i]);
        memset(text, 'x', sizeof(text));
        assert_ptr_equal(vio_why_text(&why, text, sizeof(text)), text);
        assert_non_null(memchr(text, '\0', sizeof(text)));
        assert_true(strlen(text) > 10 && strlen(text) < sizeof(text) - 1);
        assert_null(strchr(text, '%'));
        for (size_t k = 0; k < i; k++) {
            struct vio_why another = {reasons[k], ~(uint64_t)0, ~(uint64_t)0};

            assert_int_not_equal(reasons[i], reasons[k]);
            vio_why_text(&another, other, sizeof(other));
            assert_string_not_equal(text, other);
        }
    }
}

static void numbers_are_written_out(void **state)
{
    static const struct {
        struct vio_why why;
        const char *part;
    } table[] = {
        {{VIO_WHY_NOT_VIRTIO, 0xdeadbeef, 0}, "deadbeef"},
        {{VIO_WHY_NOT_VIRTIO, 0, 0}, "0x0"},
        {{VIO_WHY_BAD_VERSION, 4711, 0}, "4711"},
        {{VIO_WHY_BAD_VERSION, 0, 0}, "version 0 "},
        {{VIO_WHY_WRONG_TYPE, 1, 2}, "type 1 where type 2"},
        {{VIO_WHY_NEED_SHARED_MEMORY, 100, 18446744073709551615u},
         "of 100 bytes where 18446744073709551615 are"},
        {{VIO_WHY_FEATURES_MISSING, 0x8000000000000001u, 0},
         "8000000000000001"},
    };
    char text[200];

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        vio_why_text(&table[i].why, text, sizeof(text));
        if (!strstr(text, table[i].part))
            fail_msg("\"%s\" does not say \"%s\"", text, table[i].part);
    }
}

/* Cut where the room ends, always with a NUL, never beyond. */
static void text_is_cut_to_the_room_that_there_is(void **state)
{
    struct vio_why why = {VIO_WHY_WRONG_TYPE, 12345, 67890};
    char whole[200];

    (void)state;
    vio_why_text(&why, whole, sizeof(whole));
    for (size_t size = 1; size <= strlen(whole) + 1; size++) {
        char *room;

        unit_setup(NULL);
        room = unit_alloc(size, 1);
        vio_why_text(&why, room, size);
        assert_int_equal(strlen(room), size - 1);
        assert_memory_equal(room, whole, size - 1);
        unit_teardown(NULL);
    }
    assert_ptr_equal(vio_why_text(&why, whole, 0), whole);
    assert_int_equal(whole[0], 'v');
}

static void no_reason_has_words_too(void **state)
{
    struct vio_why why = {VIO_WHY_NONE, 0, 0};
    char text[200];

    (void)state;
    assert_true(strlen(vio_why_text(&why, text, sizeof(text))) > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_case(every_error_has_words_of_its_own),
        unit_case(every_reason_has_words_and_an_error),
        unit_case(numbers_are_written_out),
        unit_case(text_is_cut_to_the_room_that_there_is),
        unit_case(no_reason_has_words_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
