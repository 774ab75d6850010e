/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The other side of examples/disk_bench: the same runs under Linux, as the one
 * process that there is (linux.sh makes an initramfs of it). It talks to
 * io_uring without a library between, with everything registered beforehand, so
 * that it is Linux which is measured.
 *
 * Reads the same words of the command line and prints the same lines, and sums
 * up the interrupts of the disk.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "disk_bench.h"

/* From <linux/io_uring.h> of kernels from 6.1 on. */
#ifndef IORING_SETUP_COOP_TASKRUN
#define IORING_SETUP_COOP_TASKRUN (1U << 8)
#endif
#ifndef IORING_SETUP_SINGLE_ISSUER
#define IORING_SETUP_SINGLE_ISSUER (1U << 12)
#endif
#ifndef IORING_SETUP_DEFER_TASKRUN
#define IORING_SETUP_DEFER_TASKRUN (1U << 13)
#endif

#define ENTRIES 64u

struct ring {
    int fd;
    unsigned mask;
    unsigned *sq_tail;
    unsigned *sq_array;
    unsigned *cq_head;
    unsigned *cq_tail;
    struct io_uring_sqe *sqe;
    struct io_uring_cqe *cqe;
};

static int disk;
static uint64_t disk_bytes;
static unsigned char *data;

static void must(int good, const char *what)
{
    if (good)
        return;
    perror(what);
    fflush(stdout);
    reboot(RB_AUTOBOOT);
}

/* In the order of their dependencies; what the kernel has built in is not in
 * the initramfs. */
static void load_modules(unsigned poll_queues)
{
    static const char *const name[] = {
        "virtio_ring",           "virtio",     "virtio_pci_modern_dev",
        "virtio_pci_legacy_dev", "virtio_pci", "virtio_blk",
    };
    char path[64], parameter[32];

    for (unsigned i = 0; i < sizeof name / sizeof *name; i++) {
        int fd;

        snprintf(path, sizeof path, "/%s.ko", name[i]);
        snprintf(parameter, sizeof parameter,
                 strcmp(name[i], "virtio_blk") ? "" : "poll_queues=%u",
                 poll_queues);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            continue;
        must(syscall(SYS_finit_module, fd, parameter, 0) == 0, path);
        close(fd);
    }
}

static void open_disk(void)
{
    disk = open("/dev/vda", O_RDONLY | O_DIRECT);
    must(disk >= 0, "/dev/vda");
    must(ioctl(disk, BLKGETSIZE64, &disk_bytes) == 0, "BLKGETSIZE64");
}

static void *map_ring(int fd, size_t len, uint64_t offset)
{
    void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
                   fd, (off_t)offset);

    must(p != MAP_FAILED, "mmap");
    return p;
}

static void ring_map(struct ring *r, const struct io_uring_params *p)
{
    size_t sq_len = p->sq_off.array + p->sq_entries * sizeof(unsigned);
    size_t cq_len = p->cq_off.cqes + p->cq_entries * sizeof *r->cqe;
    char *sq = map_ring(r->fd, sq_len, IORING_OFF_SQ_RING);
    char *cq = map_ring(r->fd, cq_len, IORING_OFF_CQ_RING);

    r->mask = ENTRIES - 1;
    r->sq_tail = (unsigned *)(sq + p->sq_off.tail);
    r->sq_array = (unsigned *)(sq + p->sq_off.array);
    r->cq_head = (unsigned *)(cq + p->cq_off.head);
    r->cq_tail = (unsigned *)(cq + p->cq_off.tail);
    r->cqe = (struct io_uring_cqe *)(cq + p->cq_off.cqes);
    r->sqe = map_ring(r->fd, p->sq_entries * sizeof *r->sqe, IORING_OFF_SQES);
}

/* The disk and the memory are registered: nothing is looked up per request. */
static void ring_open(struct ring *r, const struct bench_run *run)
{
    struct io_uring_params p = {
        .flags =
            IORING_SETUP_SINGLE_ISSUER |
            (run->sleep ? IORING_SETUP_DEFER_TASKRUN : IORING_SETUP_IOPOLL),
    };
    struct iovec memory = {data, (size_t)run->depth * run->bytes};

    r->fd = (int)syscall(SYS_io_uring_setup, ENTRIES, &p);
    must(r->fd >= 0, "io_uring_setup");
    ring_map(r, &p);
    must(syscall(SYS_io_uring_register, r->fd, IORING_REGISTER_FILES, &disk,
                 1) == 0,
         "register the disk");
    must(syscall(SYS_io_uring_register, r->fd, IORING_REGISTER_BUFFERS, &memory,
                 1) == 0,
         "register memory");
}

/* Nothing but what differs from one read to the next. */
static void ring_prepare(struct ring *r, const struct bench_run *run)
{
    memset(r->sqe, 0, ENTRIES * sizeof *r->sqe);
    for (unsigned i = 0; i < ENTRIES; i++) {
        r->sq_array[i] = i;
        r->sqe[i].opcode = IORING_OP_READ_FIXED;
        r->sqe[i].flags = IOSQE_FIXED_FILE;
        r->sqe[i].len = run->bytes;
    }
}

struct reading {
    struct ring ring;
    struct bench_run run;
    struct bench_place place;
    uint64_t queued;
    uint64_t finished;
    unsigned n_free; /* pieces of memory that no request uses */
    unsigned free[BENCH_DEPTH];
};

/* Fill in what is free, and enter the kernel once to submit and to wait. */
static void submit(struct reading *r, unsigned wait_for)
{
    unsigned tail = *r->ring.sq_tail, n = r->n_free;
    long done;

    while (r->n_free) {
        struct io_uring_sqe *sqe = &r->ring.sqe[tail++ & r->ring.mask];
        unsigned piece = r->free[--r->n_free];

        sqe->off = bench_next(&r->place);
        sqe->addr = (uintptr_t)data + (size_t)piece * r->run.bytes;
        sqe->user_data = piece;
        r->queued++;
    }
    __atomic_store_n(r->ring.sq_tail, tail, __ATOMIC_RELEASE);
    done = syscall(SYS_io_uring_enter, r->ring.fd, n, wait_for,
                   IORING_ENTER_GETEVENTS, NULL, 0);
    must(done == (long)n, "io_uring_enter");
}

static void reap(struct reading *r)
{
    unsigned head = *r->ring.cq_head;
    unsigned tail = __atomic_load_n(r->ring.cq_tail, __ATOMIC_ACQUIRE);

    for (; head != tail; head++) {
        const struct io_uring_cqe *cqe = &r->ring.cqe[head & (2 * ENTRIES - 1)];

        must(cqe->res == (int)r->run.bytes, "read");
        r->free[r->n_free++] = (unsigned)cqe->user_data;
        r->finished++;
    }
    __atomic_store_n(r->ring.cq_head, head, __ATOMIC_RELEASE);
}

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void read_many(struct reading *r, uint64_t start)
{
    while (r->run.ns || r->finished < r->run.requests) {
        submit(r, r->run.refill);
        reap(r);
        if (r->run.ns && (r->finished & 255) < r->run.depth &&
            now_ns() - start >= r->run.ns)
            break;
    }
    r->run.refill = 1;
    while (r->finished < r->queued) {
        unsigned kept = r->n_free; /* they stay free */

        r->n_free = 0;
        submit(r, 1);
        r->n_free = kept;
        reap(r);
    }
}

/* Of all queues of the disk, as /proc/interrupts has them. */
static unsigned long interrupts(void)
{
    FILE *f = fopen("/proc/interrupts", "r");
    unsigned long sum = 0, n;
    char line[512];

    while (f && fgets(line, sizeof line, f))
        if (strstr(line, "virtio") && strstr(line, "req") &&
            sscanf(line, "%*s %lu", &n) == 1)
            sum += n;
    if (f)
        fclose(f);
    return sum;
}

static void measure(const struct bench_run *run)
{
    static struct reading r;
    unsigned long before = interrupts();
    uint64_t start, us;

    r = (struct reading){.run = *run, .n_free = run->depth};
    r.place = (struct bench_place){run->random, run->bytes,
                                   disk_bytes / run->bytes, 0};
    for (unsigned i = 0; i < run->depth; i++)
        r.free[i] = i;
    ring_open(&r.ring, run);
    ring_prepare(&r.ring, run);
    start = now_ns();
    read_many(&r, start);
    us = (now_ns() - start) / 1000 + 1;
    close(r.ring.fd);
    printf("depth %u, %u bytes, %s, %s: %llu a second, %llu requests, "
           "%lu interrupts\n",
           run->depth, run->bytes, run->random ? "random" : "sequential",
           run->sleep ? "interrupt" : "poll",
           (unsigned long long)(r.finished * 1000000 / us),
           (unsigned long long)r.finished, interrupts() - before);
}

static void read_command_line(struct bench_plan *plan)
{
    static char line[4096];
    FILE *f;

    must(mount("proc", "/proc", "proc", 0, NULL) == 0, "/proc");
    f = fopen("/proc/cmdline", "r");
    must(f && fgets(line, sizeof line, f), "/proc/cmdline");
    line[strcspn(line, "\n")] = '\0';
    must(bench_parse(plan, line) == 0, "command line");
}

int main(void)
{
    static struct bench_plan plan;
    bool poll = false;

    read_command_line(&plan);
    must(mount("dev", "/dev", "devtmpfs", 0, NULL) == 0, "/dev");
    for (unsigned i = 0; i < plan.n_runs; i++)
        poll |= !plan.run[i].sleep;
    load_modules(poll);
    open_disk();
    data = mmap(NULL, 8u << 20, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    must(data != MAP_FAILED, "memory");
    for (unsigned i = 0; i < plan.n_runs; i++)
        measure(&plan.run[i]);
    fflush(stdout);
    reboot(RB_AUTOBOOT);
    return 1;
}
