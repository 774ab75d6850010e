#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Disks that fail, stall, change, are reset or moved, under a guest that has to
notice and go on (console.c).

Exit status: 0 all passed, 1 something failed, 77 nothing failed but something
was skipped.
"""
import sys
import time

from qemu import (AARCH64, MIB, MICROVM, MMIO, PC, PCI, PCI_MODERN,
                  PCI_ROOT_PORT, Q35, RISCV64, TIMEOUT, check, main, noise)
from session import Session, pattern, ready, total
from storage import NbdServer, allocated, attach, content, file_node, qcow2

EIO = 5
REPORT = ('rerror=report', 'werror=report')


def failing(c, rules):
    """A disk of noise that fails as rules say; errors go to the guest."""
    data = noise(MIB, 20)
    path = c.image('disk', data)
    attach(c, {'driver': 'raw', 'file': {
        'driver': 'blkdebug', 'inject-error': rules,
        'image': {'driver': 'file', 'filename': path}}}, *REPORT)
    return data


def rule(iotype, sector, once):
    return {'event': 'none', 'iotype': iotype, 'sector': sector,
            'errno': EIO, 'once': once}


FAILED = 'I/O error'
GONE = 'no device'
LATE = 'no answer in time'
UNSUPPORTED = 'not supported here'


def sum_of(data, sector):
    """What a read of eight sectors prints of such a disk."""
    return f'sum {total(data[sector * 512:(sector + 8) * 512])}'


def queue_reads(s, n, step=8):
    """So many reads in flight, of eight sectors each."""
    for slot in range(n):
        s.do(f'queue {slot} {slot * step} 8')


def wait_reads(s, n, data, ms):
    for slot in range(n):
        s.do(f'wait {slot} {ms}').has(sum_of(data, slot * 8))


def read_errors(c):
    """a read that fails once, and one that always fails"""
    data = failing(c, [rule('read', 64, True), rule('read', 128, False)])
    good = sum_of(data, 64)
    with ready(c) as s:
        s.do('read 64 8', FAILED)
        s.do('read 64 8').has(good)
        for _ in range(3):
            s.do('read 128 8', FAILED)
        s.do('read 64 8').has(good)
        s.do('check')


def write_errors(c):
    """a write that fails once, one that always fails, a flush that fails"""
    data = failing(c, [rule('write', 64, True), rule('write', 128, False),
                       {'event': 'flush_to_disk', 'iotype': 'flush',
                        'errno': EIO, 'once': True}])
    with ready(c) as s:
        s.do('write 64 8 1', FAILED)
        s.do('read 64 8').has(sum_of(data, 64))
        s.do('write 64 8 2')
        for _ in range(3):
            s.do('write 128 8 3', FAILED)
        s.do('read 64 8').has(f'sum {total(pattern(64, 8, 2))}')
        s.do('flush', FAILED)
        s.do('flush')


def error_in_flight(c):
    """one failing request among many in flight"""
    data = failing(c, [rule('read', 128, False)])
    with ready(c) as s:
        queue_reads(s, 8, 64)
        for slot in reversed(range(8)):
            if slot == 2:
                s.do('wait 2 10000', FAILED)
                continue
            s.do(f'wait {slot} 10000').has(sum_of(data, slot * 64))


def resize(c):
    """block_resize: an interrupt tells, refresh finds the new capacity"""
    path = c.image('disk', size=MIB)
    attach(c, file_node(path))
    with ready(c) as s:
        s.do('read 2048 1', 'past the end of the disk')
        s.do('refresh').has('changed 0')
        s.qmp.command('block_resize', **{'node-name': 'd0', 'size': 3 * MIB})
        s.do('config_change 20000')
        s.do('refresh').has('changed 1')
        s.do('info').matches('^capacity 6144 ')
        s.do('write 6136 8 1')
        s.qmp.command('block_resize', **{'node-name': 'd0', 'size': MIB})
        s.do('check')  # by polling
        s.do('refresh').has('changed 1')
        s.do('read 6136 8', 'past the end of the disk')
        s.do('read 0 8')


def slow_disk(c, iops):
    """A disk of noise behind a throttle that can be changed."""
    data = noise(MIB, 21)
    path = c.image('disk', data)
    attach(c, {'driver': 'throttle', 'throttle-group': 'slow',
               'file': file_node(path)}, 'request-merging=off')
    c.disks[0] = ['-object',
                  f'throttle-group,id=slow,x-iops-total={iops}'] + c.disks[0]
    return data


def set_iops(s, iops):
    s.qmp.command('qom-set', path='/objects/slow', property='limits',
                  value={'iops-total': iops})


def deadline(c):
    """a deadline that passes in time, and recovery with the request done"""
    data = slow_disk(c, 1)
    with ready(c) as s:
        queue_reads(s, 4)
        # The longer one is several sleeps, each ended by the port's timer; and
        # neither ends with the disk's next request, which it does in a second.
        for ms in (20, 400):
            found = s.do(f'wait 3 {ms}', LATE).matches(r'^after (\d+) ms$')
            check(ms <= int(found[1]) < 900, f'{ms} ms became: {found[0]}')
        set_iops(s, 0)
        s.do('recover 1').has('another disk: 0')
        wait_reads(s, 4, data, 10000)
        s.do('read 0 8').has(sum_of(data, 0))


def hand_back(c):
    """a deadline that passes, and recovery that hands back"""
    data = slow_disk(c, 1)
    with ready(c) as s:
        queue_reads(s, 4)
        s.do('wait 3 50', LATE)
        set_iops(s, 0)
        s.do('recover 0').has('another disk: 0')
        s.do('wait 3 0', FAILED)
        s.do('read 24 8').has(sum_of(data, 24))


def frozen_and_resized(c):
    """a disk that has changed while it was frozen"""
    path = c.image('disk', size=MIB)
    attach(c, file_node(path))
    with ready(c) as s:
        s.do('queue 0 2040 8')
        s.do('freeze')
        s.do('read 0 8', 'not in this state of the device')
        s.qmp.command('block_resize', **{'node-name': 'd0',
                                         'size': MIB // 2})
        s.do('restore 1').has('another disk: 1')
        s.do('info').matches('^capacity 1024 ')
        s.do('wait 0 10000', 'past the end of the disk')
        s.do('read 1016 8')


CHUNKS = 512   # of 4 KiB
PASSES = 30    # more than there is time for before the first disturbance


def streaming(c, s, passes, disturb):
    """Disturb a stream of writes and reads, which has to end well."""
    s.begin(f'stream {CHUNKS} {passes}')
    s.until('pass 0')
    disturb()
    s.end('stream')


def stop_and_go(c):
    """stop and cont in mid-I/O"""
    path = c.image('disk', size=CHUNKS * 4096)
    attach(c, file_node(path))

    def disturb():
        for _ in range(10):
            s.qmp.command('stop')
            status = s.qmp.command('query-status')['status']
            check(status == 'paused', status)
            s.qmp.command('cont')

    with ready(c) as s:
        streaming(c, s, 6, disturb)


def system_reset(c):
    """system_reset in mid-I/O: the next guest starts on a clean device"""
    path = c.image('disk', size=CHUNKS * 4096)
    attach(c, file_node(path))
    with Session(c) as s:
        for _ in range(5):
            s.until('ready')
            s.begin(f'stream {CHUNKS} 1000')
            s.until('pass 0')
            s.qmp.command('system_reset')
            s.qmp.event('RESET')
        s.until('ready')
        s.do(f'stream {CHUNKS} 2')
        s.quit()


def snapshot(c):
    """savevm and loadvm in mid-I/O: guest and disk go back together"""
    path = qcow2(c, 'disk', CHUNKS * 4096)
    attach(c, file_node(path, 'qcow2'))

    def disturb():
        s.qmp.human('savevm one')
        s.until('pass 3')
        for _ in range(2):
            s.qmp.human('loadvm one')
            s.until('pass 3')

    with ready(c) as s:
        streaming(c, s, PASSES, disturb)
        s.do('flush')
    check(content(c, path, CHUNKS * 4096)
          == pattern(0, CHUNKS * 8, PASSES - 1),
          'the disk is not what was written last')


def migration(c):
    """migration to a file and back in mid-I/O"""
    path = c.image('disk', size=CHUNKS * 4096)
    attach(c, file_node(path))
    state = c.file('state')
    with Session(c) as s:
        s.until('ready')
        s.begin(f'stream {CHUNKS} {PASSES}')
        s.until('pass 0')
        s.qmp.command('stop')
        s.qmp.command('migrate', uri=f'exec:cat > {state}')
        while True:
            status = s.qmp.command('query-migrate')['status']
            check(status != 'failed', 'the migration has failed')
            if status == 'completed':
                break
        check('stream: ' not in s.printed(), 'the stream was over')
    with Session(c, '-incoming', f'exec:cat {state}') as s:
        while s.qmp.command('query-status')['status'] != 'paused':
            pass
        s.qmp.command('cont')
        s.end('stream')
        s.do('check')
        s.quit()
    with open(path, 'rb') as file:
        check(file.read() == pattern(0, CHUNKS * 8, PASSES - 1),
              'the disk is not what was written last')


def discard(c):
    """discard frees blocks, write-zeroes zeroes them"""
    size = 8 * MIB
    path = qcow2(c, 'disk', size)

    def with_disk(commands):
        attach(c, file_node(path, 'qcow2', discard='unmap'))
        with ready(c) as s:
            for command in commands:
                s.do(command)

    with_disk([f'write {at} 128 7' for at in range(0, size // 512, 128)]
              + ['flush'])
    check(allocated(path) == size, f'{allocated(path)} bytes, not all')
    with_disk(['discard 2048 4096', 'zeroes 8192 2048 0',
               'zeroes 12288 2048 1', 'flush'])
    free = size - allocated(path)
    check(free >= 3 * MIB, f'only {free} bytes were given up')
    data = content(c, path, size)
    want = bytearray(pattern(0, size // 512, 7))
    want[4 * MIB:5 * MIB] = bytes(MIB)
    want[6 * MIB:7 * MIB] = bytes(MIB)
    want[MIB:3 * MIB] = data[MIB:3 * MIB]  # undefined
    check(data == want, 'the disk has other content')


def large_blocks(c):
    """blocks of 4096 bytes"""
    path = c.image('disk', size=4 * MIB)
    attach(c, file_node(path), 'logical_block_size=4096',
           'physical_block_size=4096', 'max-write-zeroes-sectors=2047')
    with ready(c) as s:
        s.do('info').matches('^capacity 8192 block 4096 physical 4096 ')
        s.do('write 8 16 1')
        s.do('write 8176 16 2')
        s.do('flush')
        s.do('read 8 16').has(f'sum {total(pattern(8, 16, 1))}')
        s.do('read 1 8', FAILED)  # not at a block's beginning
        s.do('read 8176 16').has(f'sum {total(pattern(8176, 16, 2))}')
        s.do('zeroes 32 8128 0')  # in parts that are whole blocks
    with open(path, 'rb') as file:
        data = file.read()
    check(data[4096:12288] == pattern(8, 16, 1) and
          data[-8192:] == pattern(8176, 16, 2), 'not what was written')


def huge(c):
    """a disk of 5 TiB: sectors beyond 32 bits"""
    size = 5 << 40
    path = qcow2(c, 'disk', size)
    attach(c, file_node(path, 'qcow2'))
    places = [0, (1 << 32) - 8, 1 << 32, (1 << 32) + 8, size // 512 - 8]
    with ready(c) as s:
        s.do('info').matches(f'^capacity {size // 512} ')
        for place in places:
            s.do(f'write {place} 8 {place % 1000}')
        for place in places:
            s.do(f'read {place} 8').has(
                f'sum {total(pattern(place, 8, place % 1000))}')
        s.do(f'read {size // 512 - 4} 8', 'past the end of the disk')


def nbd(c, reconnect_delay):
    """An NBD disk of noise; its server runs."""
    data = noise(MIB, 22)
    server = NbdServer(c, c.image('disk', data))
    attach(c, {'driver': 'nbd', 'reconnect-delay': reconnect_delay,
               'server': {'type': 'unix', 'path': server.socket}}, *REPORT)
    server.start()
    return data, server


def nbd_error(c):
    """an NBD disk whose server goes away: errors, until it is back"""
    data, server = nbd(c, 0)
    try:
        with ready(c) as s:
            s.do('read 0 8').has(sum_of(data, 0))
            server.stop()
            for _ in range(3):
                s.do('read 8 8', FAILED)
            s.do('write 8 8 1', FAILED)
            server.start()
            # QEMU looks for the server now and then; until then it says no.
            end = time.monotonic() + TIMEOUT
            while s.ask('read 8 8')[-1] != 'read: success':
                check(time.monotonic() < end, 'QEMU does not connect again')
                time.sleep(0.05)
            s.do('read 8 8').has(sum_of(data, 8))
            s.do('write 8 8 1')
            s.do('read 8 8').has(f'sum {total(pattern(8, 8, 1))}')
    finally:
        server.stop()


def nbd_wait(c):
    """an NBD disk whose server goes away: requests wait until it is back"""
    data, server = nbd(c, TIMEOUT)
    try:
        with ready(c) as s:
            s.do('read 0 8').has(sum_of(data, 0))
            server.stop()
            queue_reads(s, 8)
            s.do('wait 7 50', LATE)
            server.start()
            wait_reads(s, 8, data, 30000)
    finally:
        server.stop()


def serial(c):
    """the serial number: none, short, and of all 20 bytes"""
    path = c.image('disk', size=MIB)
    for text in ('', 'libvio 7', 'exactly-twenty-bytes'):
        attach(c, file_node(path), *([f'serial={text}'] if text else []))
        with ready(c) as s:
            s.do('id').has(f"id '{text}'")


def cache_switch(c):
    """the switch between write-back and write-through"""
    path = c.image('disk', size=MIB)
    attach(c, file_node(path))
    with ready(c) as s:
        for on in (0, 1, 0):
            s.do(f'writeback {on}')
            s.do('info').matches(f' writeback {on} ')
            cache = s.qmp.command('query-block')[0]['inserted']['cache']
            check(cache['writeback'] == bool(on), str(cache))
            s.do(f'write 0 8 {on}')
            s.do('flush')
    attach(c, file_node(path), 'config-wce=off')
    with ready(c) as s:
        s.do('writeback 0', UNSUPPORTED)


def unplug(c):
    """device_del in mid-I/O: no hang, everything is handed back"""
    data = slow_disk(c, 1)
    port = c.transport is PCI_ROOT_PORT
    c.disks[0][-1] += ',id=disk' + ('' if port else ',addr=5')
    # By the port's registers, not by the firmware's.
    native = ['-global', 'ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off']
    if c.machine is Q35:
        c.disks[0] += native
    with ready(c) as s:
        s.do('read 0 8').has(sum_of(data, 0))
        queue_reads(s, 8)
        s.do('submit')
        s.qmp.command('device_del', id='disk')
        # Either takes it off the bus before it returns.
        s.do('unplug' if port else 'eject 5')
        # Nothing there reads as ones in I/O space, and in QEMU's memory as
        # zeroes.
        s.do('check', GONE)
        s.do('recover 1', GONE)
        for slot in range(8):  # QEMU finishes what it has begun
            answer = s.ask(f'wait {slot} 100')
            check(answer[-1] == f'wait: {FAILED}' or
                  sum_of(data, slot * 8) in answer, str(answer))
        s.do('read 0 8', 'not in this state of the device')
        check(s.ask('info')[-1] == 'info: success', 'the guest is not well')


CASES = [read_errors, write_errors, error_in_flight, resize, deadline,
         hand_back, frozen_and_resized, stop_and_go, system_reset, snapshot,
         migration, discard, large_blocks, huge, nbd_error,
         nbd_wait, serial, cache_switch]


def packed(case):
    """The same case with packed queues."""
    def with_option(c):
        c.options = ('packed=on',)
        case(c)
    with_option.__doc__ = f'{case.__doc__}; packed queues'
    return with_option


# What moves, stops or gives up a queue with requests in it.
IN_FLIGHT = [error_in_flight, deadline, hand_back, stop_and_go, system_reset,
             snapshot, migration]


def table():
    for machine, version in ((MICROVM, 2), (RISCV64, 1), (AARCH64, 2)):
        for case in CASES:
            yield case, machine, MMIO[version]
    for case in CASES:
        yield case, Q35, PCI_MODERN
    for case in IN_FLIGHT:
        yield packed(case), MICROVM, MMIO[2]
        yield packed(case), Q35, PCI_MODERN
    for transport in PCI:
        yield unplug, PC, transport
    for machine in (Q35, RISCV64, AARCH64):
        yield unplug, machine, PCI_ROOT_PORT


if __name__ == '__main__':
    sys.exit(main(__doc__, table()))
