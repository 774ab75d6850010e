/* SPDX-License-Identifier: BSD-2-Clause */
/* A disk that is an array. */
#include "unit_oracle.h"

#include "unit.h"

static struct sector {
    uint8_t data[512];
    uint8_t safe[512];
    unsigned done; /* when the last change of it was; 0: who knows */
    bool known;    /* data is what is read, */
    bool is_safe;  /* and safe what is left by a crash */
} disk[UNIT_ORACLE_SECTORS];
static unsigned now;

static const uint8_t *on_disk(unsigned sector)
{
    return unit_disk.data + 512 * sector;
}

void unit_oracle_start(void)
{
    now = 1;
    for (unsigned i = 0; i < UNIT_ORACLE_SECTORS; i++) {
        struct sector *s = &disk[i];

        memcpy(s->data, on_disk(i), 512);
        memcpy(s->safe, unit_disk.durable + 512 * i, 512);
        s->done = now;
        s->known = s->is_safe = true;
    }
}

void unit_oracle_changing(uint64_t sector, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct sector *s = &disk[sector + i];

        s->known = s->is_safe = false;
        s->done = 0;
    }
}

void unit_oracle_changed(uint64_t sector, unsigned n, const uint8_t *data)
{
    now++;
    for (unsigned i = 0; i < n; i++) {
        struct sector *s = &disk[sector + i];

        if (data)
            memcpy(s->data, data + 512 * i, 512);
        else
            memset(s->data, 0, 512);
        s->known = true;
        s->done = now;
    }
}

void unit_oracle_read(uint64_t sector, unsigned n, const uint8_t *data)
{
    for (unsigned i = 0; i < n; i++) {
        struct sector *s = &disk[sector + i];

        if (s->known)
            assert_memory_equal(data + 512 * i, s->data, 512);
        memcpy(s->data, data + 512 * i, 512);
        s->known = true;
    }
}

unsigned unit_oracle_flushing(void)
{
    return now;
}

void unit_oracle_flushed(unsigned since)
{
    for (unsigned i = 0; i < UNIT_ORACLE_SECTORS; i++) {
        struct sector *s = &disk[i];

        if (s->done && s->done <= since) {
            memcpy(s->safe, s->data, 512);
            s->is_safe = true;
        }
    }
}

unsigned unit_oracle_crash(void)
{
    unsigned n = 0;

    for (unsigned i = 0; i < UNIT_ORACLE_SECTORS; i++) {
        if (disk[i].known)
            assert_memory_equal(on_disk(i), disk[i].data, 512);
    }
    model_disk_crash(&unit_disk);
    for (unsigned i = 0; i < UNIT_ORACLE_SECTORS; i++) {
        if (disk[i].is_safe) {
            assert_memory_equal(on_disk(i), disk[i].safe, 512);
            n++;
        }
    }
    return n;
}
