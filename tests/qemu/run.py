#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Boot the examples and the test guests under QEMU and look at what they do.

Each case runs on several machines, and by several transports. Exit status: 0
all passed, 1 something failed, 77 nothing failed but something was skipped.
"""
import fcntl
import hashlib
import os
import re
import struct
import sys

from qemu import (AARCH64, FAULT, MIB, MICROVM, MMIO, PC, PCI, PCI_MODERN,
                  PCI_ROOT_PORT, PCI_TRANSITIONAL, Q35, RISCV64, RISCV64_AIA,
                  check, main, noise, sha256)
from session import pattern, ready


CLUSTER = 64 * 1024


def qcow2_of_odd_clusters(content):
    """A qcow2 image with the odd clusters of content; the others it leaves to
    its backing file. Version 2, one L2 table, no snapshots."""
    count = -(-len(content) // CLUSTER)
    header, l1, l2, refcounts, data = (n * CLUSTER for n in range(5))
    copied = 1 << 63
    l2_table = [copied | data + n // 2 * CLUSTER if n % 2 else 0
                for n in range(count)]
    image = bytearray(data)
    struct.pack_into('>4sIQIIQIIQQIIQ', image, header, b'QFI\xfb', 2, 0, 0, 16,
                     len(content), 0, 1, l1, refcounts, 1, 0, 0)
    struct.pack_into('>Q', image, l1, copied | l2)
    struct.pack_into(f'>{count}Q', image, l2, *l2_table)
    for n in range(1, count, 2):
        cluster = content[n * CLUSTER:(n + 1) * CLUSTER]
        image += cluster.ljust(CLUSTER, b'\0')
    return bytes(image)


def half_slow_disk(c, content):
    """Every second 64 KiB come from a slow backing file, 50 a second."""
    slow = c.image('slow', content)
    fast = c.image('fast', qcow2_of_odd_clusters(content))
    c.disks.append(
        ['-object', 'throttle-group,id=slow,x-iops-total=50',
         '-drive', 'if=none,id=d0,driver=qcow2,readonly=on,'
         f'file.driver=file,file.filename={fast},backing.driver=throttle,'
         'backing.throttle-group=slow,backing.file.driver=file,'
         f'backing.file.filename={slow}',
         *c.device('drive=d0', 'request-merging=off')])
    return slow


# The cases. Each takes a Context, and raises Failure where something is wrong.

def read_hash(c):
    """disk_hash: every byte, many requests"""
    path = c.image('disk', noise(9 * MIB + 513 * 512, 1))
    c.disk(path, readonly=True)
    output = c.boot('examples/disk_hash')
    output.has(f'sha256 {sha256(path)}')
    output.matches(c.transport.says)
    sectors = os.path.getsize(path) // 512
    output.matches(f'^capacity: {sectors} sectors, 9 MiB, read-only$')
    output.matches('^offered: .* RO .*EVENT_IDX')
    output.matches('^agreed: .* RO ')
    check(len(c.traced('virtio_blk_handle_read')) == (sectors + 127) // 128,
          'not one read per 64 KiB')


def one_sector(c):
    """disk_hash: a disk of one sector"""
    path = c.image('disk', noise(512, 2))
    c.disk(path)
    output = c.boot('examples/disk_hash')
    output.has(f'sha256 {sha256(path)}')
    output.matches('^capacity: 1 sectors, 0 MiB, read-write$')


def short_end(c):
    """disk_hash: one sector more than whole requests"""
    path = c.image('disk', noise(64 * 1024 * 3 + 512, 3))
    c.disk(path)
    c.boot('examples/disk_hash').has(f'sha256 {sha256(path)}')


def out_of_order(c):
    """disk_hash: requests that finish out of order"""
    path = half_slow_disk(c, noise(40 * CLUSTER, 11))
    c.boot('examples/disk_hash').has(f'sha256 {sha256(path)}')
    # No slot is used twice here, so a request is known by its place in memory.
    read = c.traced('virtio_blk_handle_read')
    done = c.traced('virtio_blk_req_complete')
    check(len(set(read)) == 40 and sorted(read) == sorted(done),
          f'{len(read)} reads, {len(done)} completions')
    check(read != done, 'they finished in order')


def two_disks(c):
    """disk_hash: two disks, each at its slot"""
    sizes = [300 * 1024, 200 * 1024]
    paths = [c.image(f'disk{i}', noise(sizes[i], 4 + i)) for i in range(2)]
    for bus, path in ((5, paths[1]), (2, paths[0])):
        c.disk(path, bus=bus)
    text = c.boot('examples/disk_hash').text
    found = re.findall(r'^virtio-mmio at (0x\w+): disk (\d)\n(?:.*\n)*?'
                       r'capacity: (\d+) .*\n(?:.*\n)*?sha256 (\w+)$', text,
                       re.MULTILINE)
    # disk_hash numbers them in the order of the slots that it was told of.
    got = {(int(at, 16), int(sectors), sha) for at, _, sectors, sha in found}
    want = {(c.machine.slot(bus), sizes[i] // 512, sha256(paths[i]))
            for i, bus in ((0, 2), (1, 5))}
    check(got == want, f'{want} is not in:\n{text}')
    check([n for _, n, _, _ in found] == ['0', '1'], f'numbers in:\n{text}')


def no_disk(c):
    """disk_hash: no disk"""
    c.boot('examples/disk_hash', status=1).matches('^no disk found: ')


def not_a_disk(c):
    """disk_hash: another device, no disk"""
    output = c.boot('examples/disk_hash', status=1,
                    devices=['-device', 'virtio-rng-device'])
    output.matches('device type 4, not a disk$')
    output.matches('^no disk found: ')


def first_sector(c):
    """first_sector: the shortest program"""
    c.disk(c.image('disk', b'\x01\x23\xab\x00' + noise(508, 6)), readonly=True)
    c.boot('examples/first_sector').has('sector 0 begins with 01 23 ab 00')


def write_pattern(c):
    """write a pattern, flush, compare the image"""
    size = 5 * MIB + 512
    path = c.image('disk', noise(size, 7))
    c.disk(path)
    c.boot('tests/qemu/write_pattern').has(
        'write: success', 'flush: success', 'fini: success',
        'read back: success', 'fini again: success')
    want = b''.join(struct.pack('<Q', (n + 1) * 0x9e3779b97f4a7c15 % (1 << 64))
                    for n in range(size // 8))
    with open(path, 'rb') as file:
        got = file.read()
    check(len(got) == size, 'the image changed its size')
    differ = next((n for n in range(size) if got[n] != want[n]), None) \
        if got != want else None
    check(differ is None, f'the image differs from byte {differ} on')
    # The trace tells writes from none: read_only and bad_requests rely on it.
    writes = len(c.traced('virtio_blk_handle_write'))
    reads = len(c.traced('virtio_blk_handle_read'))
    check(writes > 0 and reads > 0, 'no write or no read in the trace')
    flushes = len(c.traced('virtio_blk_req_complete')) - writes - reads
    check(flushes == 1, f'{flushes} flushes reached the device')


def read_only(c):
    """a read-only disk: no write reaches the device"""
    path = c.image('disk', noise(8 * 512, 8))
    before = sha256(path)
    c.disk(path, readonly=True)
    output = c.boot('tests/qemu/read_only')
    refused = 'the disk is read-only'
    with open(path, 'rb') as file:
        word = struct.unpack_from('<Q', file.read(), 512)[0]
    output.has('read-only: 1', f'write: {refused}', f'queue: {refused}',
               'read: success', f'word {word:x}', 'fini: success')
    only_one_read(c)
    check(sha256(path) == before, 'the image has changed')


def only_one_read(c):
    for event, want in (('virtio_blk_handle_write', 0),
                        ('virtio_blk_handle_read', 1)):
        got = len(c.traced(event))
        check(got == want, f'{got} times {event} instead of {want}')


def bad_requests(c):
    """bad requests are refused, none reaches the device"""
    c.disk(c.image('disk', noise(16 * 512, 9)))
    end, odd = 'past the end of the disk', 'invalid argument'
    c.boot('tests/qemu/bad_requests').has(
        f'read at the end: {end}', f'read over the end: {end}',
        f'read far out: {end}', f'write at the end: {end}',
        f'read 511 bytes: {odd}', f'read 1 byte: {odd}',
        f'write 513 bytes: {odd}', f'queue 500 + 11 bytes: {odd}',
        f'queue an empty buffer: {odd}', f'queue without a buffer: {odd}',
        'queue 3 segments: too many segments or bytes',
        f'queue at the end: {end}', f'queue over the end: {end}',
        'queue: success', 'queue twice: in use already', 'wait: success',
        'fini: success')
    only_one_read(c)


def small_memory(c):
    """too little memory is refused, the least works"""
    c.disk(c.image('disk', noise(512, 10)))
    output = c.boot('tests/qemu/small_memory')
    least = output.matches(
        r'^wants (\d+) and (\d+), least (\d+) and (\d+)$').groups()
    shared, priv = int(least[2]), int(least[3])
    small = 'a memory block is too small'
    output.has(
        f'shared: {small}: shared memory of {shared - 1} bytes where {shared} '
        'are needed',
        f'private: {small}: private memory of {priv - 1} bytes where {priv} '
        'are needed')
    output.matches('^misaligned: invalid argument: memory at ')
    output.has('init with the least: success', 'read: success',
               'fini: success')


def wrong_type(c):
    """a device that is not a disk is refused"""
    output = c.boot('tests/qemu/wrong_type',
                    devices=['-device', 'virtio-rng-device'])
    output.has('device type 4', 'init: no device: virtio device type 4 where '
               'type 2 is wanted')


def policy(c):
    """the caller's policy is obeyed"""
    c.disk(c.image('disk', size=512))
    output = c.boot('tests/qemu/policy')
    kind = 'legacy' if c.transport.legacy else 'modern'
    output.matches(f'^other interface: .*: a {kind} device, refused by policy')
    output.has('same interface: success')
    output.matches(r'^missing feature: .*not offered \(0x200000000\)')


def high_sector(c):
    """sectors beyond 4 GiB"""
    path = c.image('disk', size=(4 << 30) + 5 * MIB)
    last = os.path.getsize(path) // 512 - 1
    words = {(1 << 23) - 1: 0x11, 1 << 23: 0x22, (1 << 23) + 1: 0x33,
             0: 0x44, 1: 0x55, last: 0x66}
    with open(path, 'r+b') as file:
        for sector, word in words.items():
            file.seek(sector * 512)
            file.write(struct.pack('<Q', word))
    c.disk(path, readonly=True)
    c.boot('tests/qemu/high_sector').has(
        'read: success', 'sector 8388607: 11', 'sector 8388608: 22',
        'sector 8388609: 33', 'read the last: success', f'sector {last}: 66',
        'fini: success')


def exception(c):
    """an exception ends the guest"""
    output = c.boot('tests/qemu/exception', status=FAULT)
    output.has('writing to nowhere')
    output.matches('^exception [0-9]+ at [0-9a-f]+, address 123456789000,')
    check('still here' not in output.text, 'the guest went on')


def interrupts(c):
    """guests that sleep: interrupts for one and for 32 requests at a time"""
    # A millisecond a request: longer than the guest looks before it sleeps.
    c.disks.append(['-blockdev', 'null-co,node-name=d0,size=67108864,'
                    'latency-ns=1000000', *c.device('drive=d0')])
    with ready(c) as s:
        for depth, requests, most in ((1, 200, 200), (32, 3200, 800)):
            found = s.do(f'reads {requests} {depth}').matches(
                r'^interrupts (\d+) messages \d+ queue (\d+) config 0 '
                r'nobodys (\d+)$')
            taken, queue, nobodys = map(int, found.groups())
            check(0 < queue <= most and taken == queue + nobodys,
                  f'{requests} requests at depth {depth}: {found[0]}')
            check(nobodys <= requests // 100, found[0])


def sleeping(c):
    """a guest really sleeps while a slow disk is at work"""
    slow = 'throttle-group=slow,file.driver=null-co,file.size=67108864'
    c.disks.append(['-object', 'throttle-group,id=slow,x-iops-total=25',
                    '-blockdev', f'throttle,node-name=d0,{slow}',
                    *c.device('drive=d0')])
    with ready(c) as s:
        found = s.do('reads 25 1').matches(
            r'^sleeps (\d+) slept (\d+) of (\d+) ms$')
        sleeps, slept, took = map(int, found.groups())
        check(sleeps <= 50, found[0])
        check(took >= 800 and slept * 10 >= took * 9, found[0])


def event_loop(c):
    """two disks, and one sleep until either interrupts, as asked"""
    paths = [c.image(f'disk{i}', noise(128 * 1024, 50 + i)) for i in range(2)]
    for i, path in enumerate(paths):
        c.disks.append(
            ['-object', f'throttle-group,id=slow{i},x-iops-total=200',
             '-blockdev', f'throttle,node-name=d{i},throttle-group=slow{i},'
             f'file.driver=raw,file.file.driver=file,file.file.filename={path}',
             *c.device(f'drive=d{i}', 'request-merging=off')])
    output = c.boot('tests/qemu/event_loop')
    found = re.findall(r'^disk \d: sha256 (\w+), renotified 0$', output.text,
                       re.MULTILINE)
    check(sorted(found) == sorted(map(sha256, paths)), f'read {found}')
    queue, sleeps = map(int, output.matches(
        r'^interrupts \d+ queue (\d+) sleeps (\d+)$').groups())
    # An interrupt ends each sleep, and no clock.
    check(0 < sleeps <= queue <= 64, f'{queue} interrupts, {sleeps} sleeps')


def two_cpus(c):
    """two processors, a queue each: copy and hash without a lock"""
    half = 3 * MIB
    content = noise(half, 12)
    path = c.image('disk', content, size=2 * half)
    c.smp = '2'
    c.options = ('num-queues=2',)
    c.disk(path)
    output = c.boot('tests/qemu/two_cpus')
    halves = [sha256(c.image(f'half{i}', content[i * half // 2:][:half // 2]))
              for i in range(2)]
    output.has(f'processor 0: success, sha256 {halves[0]}',
               f'processor 1: success, sha256 {halves[1]}')
    with open(path, 'rb') as file:
        check(file.read() == content * 2, 'the copy is not the original')
    queues = set(c.traced('virtio_queue_notify', 'vq'))
    check(len(queues) == 2, f'{len(queues)} queues were notified')


def short_queue(c, depth):
    """A queue that is full all the time: that many requests fit."""
    chunks, passes = 300, 2
    path = c.image('short', size=chunks * 4096)
    if c.transport in PCI and c.transport.legacy:
        c.options += ('queue-size=16',)  # which the device dictates there
    c.disk(path)
    with ready(c) as s:
        s.do('reinit 16 32')
        s.do('info').matches(f' depth {depth}$')
        s.do(f'stream {chunks} {passes}')
    with open(path, 'rb') as file:
        check(file.read() == pattern(0, chunks * 8, passes - 1),
              'the image is not what was written')


def worded(features, between):
    """Each feature, and whether it is on."""
    return tuple(f'{key}{between}{"on" if on else "off"}'
                 for key, on in features.items())


def with_features(packed, event_idx, indirect):
    """The case of one combination of ring features."""
    features = {'packed': packed, 'event_idx': event_idx,
                'indirect_desc': indirect}
    names = {'packed': 'RING_PACKED', 'event_idx': 'EVENT_IDX',
             'indirect_desc': 'INDIRECT_DESC'}

    def case(c):
        c.options = worded(features, '=')
        path = c.image('read', noise(2 * MIB + 512, 13))
        c.disk(path, readonly=True)
        output = c.boot('examples/disk_hash')
        output.has(f'sha256 {sha256(path)}')
        agreed = output.matches('^agreed: .*$')[0].split()
        for key, on in features.items():
            check((names[key] in agreed) == on, f'{key} is not {on}: {agreed}')
        c.disks.clear()
        write_pattern(c)
        c.disks.clear()
        short_queue(c, 16 if indirect else 4)

    case.__doc__ = 'read and write: ' + ', '.join(worded(features, ' '))
    return case


ENTROPY = 64 * 1024  # what examples/entropy.c wants


def full_pipe(path, content):
    """A pipe that gives the content in its order, until it is closed."""
    os.mkfifo(path)
    pipe = os.open(path, os.O_RDWR)
    fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, len(content))
    os.write(pipe, content)
    return pipe


def entropy(packed, event_idx, indirect):
    """The case of a device that is no disk, by its queue alone."""
    features = {'packed': packed, 'event_idx': event_idx,
                'indirect_desc': indirect}

    def case(c):
        path, content = c.file('noise'), noise(2 * ENTROPY, 40)
        pipe = full_pipe(path, content)
        c.options = worded(features, '=')
        output = c.boot('examples/entropy', devices=[
            '-object', f'rng-random,id=rng0,filename={path}',
            *c.device('rng=rng0', kind='rng')])
        os.close(pipe)
        want = hashlib.sha256(content[:ENTROPY]).hexdigest()
        output.has(f'sha256 {want}')

    case.__doc__ = 'entropy: ' + ', '.join(worded(features, ' '))
    return case


def vectors(c):
    """a vector for each event, shared ones, or the line"""
    messages = c.machine is not RISCV64  # which has nobody to take them
    for n_vectors, n_queues, by in (
            (0, 1, 'line'), (1, 1, 'line'), (2, 1, 'a vector each'),
            (2, 2, 'shared vectors'), (3, 2, 'a vector each'),
            (None, 2, 'a vector each')):
        c.options = (f'num-queues={n_queues}',) + (
            () if n_vectors is None else (f'vectors={n_vectors}',))
        path = c.image('disk', size=2 * MIB)
        c.disks[:] = [['-object', 'throttle-group,id=slow,x-iops-total=400',
                       '-blockdev', 'throttle,node-name=d0,'
                       'throttle-group=slow,file.driver=raw,'
                       f'file.file.driver=file,file.file.filename={path}',
                       *c.device('drive=d0')]]
        with ready(c) as s:
            s.do(f'queues {n_queues}')
            s.do('interrupts').has('by ' + (by if messages else 'line'))
            found = s.do('reads 100 1').matches(
                r'^interrupts (\d+) messages (\d+) queue (\d+) config 0 ')
            taken, by_message, queue = map(int, found.groups())
            want = taken if messages and by != 'line' else 0
            check(0 < queue <= 100 and by_message == want, found[0])
            s.qmp.command('block_resize', **{'node-name': 'd0', 'size': MIB})
            s.do('config_change 20000')
            s.do('refresh').has('changed 1')


def one_line(c):
    """two disks that share an interrupt line"""
    c.options = ('vectors=0',)
    paths = [c.image(f'disk{i}', noise(128 * 1024, 30 + i)) for i in range(2)]
    for place, path in ((8, paths[0]), (12, paths[1])):
        c.disk(path, bus=place)
    output = c.boot('tests/qemu/two_disks')
    line = output.matches(r'^disk 0: line (\d+)')[1]
    output.has(*(f'disk {i}: line {line}, sha256 {sha256(path)}'
                 for i, path in enumerate(paths)))
    output.matches(r'^interrupts [1-9]\d* messages 0 nobodys ')


def combinations(transport):
    for packed in (False,) if transport.legacy else (False, True):
        for event_idx in (True, False):
            for indirect in (True, False):
                yield with_features(packed, event_idx, indirect)
                yield entropy(packed, event_idx, indirect)


DISK_CASES = [read_hash, one_sector, short_end, out_of_order, first_sector,
              write_pattern, read_only, bad_requests, small_memory,
              high_sector, interrupts, sleeping, event_loop]
MMIO_CASES = [two_disks, no_disk, not_a_disk, wrong_type, policy, exception]
PCI_CASES = [read_hash, out_of_order, write_pattern, read_only, interrupts,
             sleeping, event_loop, vectors, one_line]


def on_mmio():
    yield interrupts, RISCV64_AIA, MMIO[2]
    for machine in (MICROVM, RISCV64, AARCH64):
        for transport in MMIO.values():
            for case in (*DISK_CASES, *MMIO_CASES, *combinations(transport)):
                yield case, machine, transport
            yield two_cpus, machine, transport


def on_pci():
    for machine in (Q35, PC, RISCV64, AARCH64):
        for transport in PCI:
            for case in PCI_CASES:
                yield case, machine, transport
            if transport is not PCI_TRANSITIONAL:  # driven as a modern one
                for case in (policy, *combinations(transport)):
                    yield case, machine, transport
            yield two_cpus, machine, transport
        yield no_disk, machine, PCI_MODERN
    for transport in PCI:
        for case in (interrupts, sleeping, vectors, one_line):
            yield case, RISCV64_AIA, transport
    for machine in (Q35, RISCV64, RISCV64_AIA, AARCH64):
        for case in (read_hash, write_pattern, interrupts):
            yield case, machine, PCI_ROOT_PORT


def table():
    """Every (case, machine, transport)."""
    yield from on_mmio()
    yield from on_pci()


if __name__ == '__main__':
    sys.exit(main(__doc__, table()))
