#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Boot the examples and the test guests under QEMU and look at what they do.

Each case runs on each machine and with each version of virtio-mmio. Exit
status: 0 all passed, 1 something failed, 77 nothing failed but something was
skipped.
"""
import argparse
import hashlib
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
TIMEOUT = 60       # seconds of one boot, on a busy machine
FAULT = 100        # PORT_EXIT_FAULT of ports/common/port.h
MIB = 1 << 20


class Machine:
    """How a port's machine is started, and how its exit status reads."""

    def __init__(self, port, name, args, exit_status, slot):
        self.port = port
        self.name = name
        self.qemu = 'qemu-system-' + port.split('-')[1]
        self.args = args
        self.exit_status = exit_status  # of QEMU, by the guest's
        self.slot = slot                # address, by the number of the bus


DEBUG_EXIT = ['-device', 'isa-debug-exit,iobase=0xf4,iosize=4']


def pc(name, machine):
    return Machine('qemu-x86_64', name, ['-machine', machine] + DEBUG_EXIT,
                   lambda status: (16 + status) * 2 + 1,
                   lambda bus: 0xfeb00000 + bus * 0x200)


MICROVM = pc('x86_64 microvm', 'microvm,acpi=off')
PCS = [pc('x86_64 q35', 'q35'), pc('x86_64 pc', 'pc')]
RISCV64 = Machine('qemu-riscv64', 'riscv64 virt',
                  ['-machine', 'virt', '-bios', 'none'],
                  lambda status: status,
                  lambda bus: 0x10001000 + bus * 0x1000)
AARCH64 = Machine('qemu-aarch64', 'aarch64 virt',
                  ['-machine', 'virt,gic-version=2', '-cpu', 'cortex-a53',
                   '-semihosting'],
                  lambda status: status,
                  lambda bus: 0x0a000000 + bus * 0x200)


class Failure(Exception):
    """A case did not go as it has to."""


class Context:
    """One case on one machine: its files, and a way to boot."""

    def __init__(self, machine, version, guests, folder):
        self.machine = machine
        self.version = version  # of virtio-mmio
        self.guests = guests    # the build folder of the port
        self.folder = folder
        self.disks = []
        self.trace = os.path.join(folder, 'trace')

    def image(self, name, content=b'', size=None):
        path = os.path.join(self.folder, name)
        with open(path, 'wb') as file:
            file.write(content)
            if size is not None:
                file.truncate(size)
        return path

    def disk(self, path, readonly=False, bus=None):
        n = len(self.disks)
        at = '' if bus is None else f',bus=virtio-mmio-bus.{bus}'
        self.disks.append(
            ['-drive', f'if=none,id=d{n},driver=raw,file.driver=file,'
             f'file.filename={path},readonly={"on" if readonly else "off"}',
             '-device', f'virtio-blk-device,drive=d{n}{at}'])

    def half_slow_disk(self, content):
        """Every second 64 KiB come from a slow backing file, 50 a second."""
        slow = self.image('slow', content)
        fast = self.image('fast', qcow2_of_odd_clusters(content))
        self.disks.append(
            ['-object', 'throttle-group,id=slow,x-iops-total=50',
             '-drive', 'if=none,id=d0,driver=qcow2,readonly=on,'
             f'file.driver=file,file.filename={fast},backing.driver=throttle,'
             'backing.throttle-group=slow,backing.file.driver=file,'
             f'backing.file.filename={slow}',
             '-device', 'virtio-blk-device,drive=d0,request-merging=off'])
        return slow

    def command(self, guest, devices):
        legacy = 'true' if self.version == 1 else 'false'
        # Two possible processors: with one, QEMU leaves out barriers.
        return [self.machine.qemu, *self.machine.args,
                '-smp', '1,maxcpus=2', '-accel', 'tcg', '-display', 'none',
                '-serial', 'stdio', '-monitor', 'none', '-nodefaults',
                '-no-reboot', '-kernel', os.path.join(self.guests, guest),
                '-global', f'virtio-mmio.force-legacy={legacy}',
                '-trace', 'virtio_blk_handle_read',
                '-trace', 'virtio_blk_handle_write',
                '-trace', 'virtio_blk_req_complete', '-D', self.trace,
                *sum(self.disks, []), *devices]

    def boot(self, guest, status=0, devices=()):
        """Run a guest to its end, check its status, return what it printed."""
        try:
            done = subprocess.run(
                self.command(guest, devices), stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                timeout=TIMEOUT)
        except subprocess.TimeoutExpired as late:
            raise Failure(f'no end after {TIMEOUT} s; printed:\n'
                          + (late.stdout or b'').decode(errors='replace'))
        output = done.stdout.decode(errors='replace').replace('\r', '')
        want = self.machine.exit_status(status)
        if done.returncode != want:
            raise Failure(f'QEMU ended with {done.returncode} instead of '
                          f'{want}; printed:\n' + output
                          + done.stderr.decode(errors='replace'))
        return Output(output)

    def traced(self, event):
        """The request of each line that QEMU has traced of an event."""
        with open(self.trace) as file:
            return re.findall(rf'\b{event} .*\breq (\w+)', file.read())


class Output:
    """What a guest printed."""

    def __init__(self, text):
        self.text = text

    def has(self, *lines):
        """Each of these is a whole line, in this order."""
        rest = iter(self.text.splitlines())
        for line in lines:
            if not any(line == other for other in rest):
                raise Failure(f'no line "{line}" in order in:\n{self.text}')

    def matches(self, pattern):
        found = re.search(pattern, self.text, re.MULTILINE)
        if not found:
            raise Failure(f'no match of "{pattern}" in:\n{self.text}')
        return found


def check(condition, text):
    if not condition:
        raise Failure(text)


def noise(size, seed):
    return random.Random(seed).randbytes(size)


def sha256(path):
    with open(path, 'rb') as file:
        return hashlib.sha256(file.read()).hexdigest()


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


# The cases. Each takes a Context, and raises Failure where something is wrong.

def read_hash(c):
    """disk_hash: every byte, many requests"""
    path = c.image('disk', noise(9 * MIB + 513 * 512, 1))
    c.disk(path, readonly=True)
    output = c.boot('examples/disk_hash')
    output.has(f'sha256 {sha256(path)}')
    output.matches(f'virtio-mmio version {c.version} ')
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
    path = c.half_slow_disk(noise(40 * CLUSTER, 11))
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
        'queue 3 segments: too many segments or bytes for one request',
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
        f'shared: {small}: the shared memory block has {shared - 1} bytes and '
        f'at least {shared} are needed',
        f'private: {small}: the private memory block has {priv - 1} bytes and '
        f'at least {priv} are needed')
    output.matches('^misaligned: invalid argument: the memory block at ')
    output.has('init with the least: success', 'read: success',
               'fini: success')


def wrong_type(c):
    """a device that is not a disk is refused"""
    output = c.boot('tests/qemu/wrong_type',
                    devices=['-device', 'virtio-rng-device'])
    output.has('device type 4', 'init: no device: virtio device type 4 where '
               'type 2 is wanted: this is another kind of device')


def policy(c):
    """the caller's policy is obeyed"""
    c.disk(c.image('disk', size=512))
    output = c.boot('tests/qemu/policy')
    kind = 'legacy' if c.version == 1 else 'modern'
    output.matches(f"^other interface: .*: a {kind} device, which the caller's "
                   'policy refuses: ')
    output.has('same interface: success')
    output.matches('^missing feature: .*missing 0x200000000')


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


CASES = [read_hash, one_sector, short_end, out_of_order, two_disks, no_disk,
         not_a_disk, first_sector, write_pattern, read_only, bad_requests,
         small_memory, wrong_type, policy, high_sector, exception]


def table():
    """Every (case, machine, version of virtio-mmio)."""
    for machine in (MICROVM, RISCV64, AARCH64):
        for version in (1, 2):
            for case in CASES:
                yield case, machine, version
    # No virtio-mmio there: the same image starts and says so.
    for machine in PCS:
        yield no_disk, machine, 2


def run(case, machine, version, guests, keep):
    with tempfile.TemporaryDirectory(prefix='vio-qemu-') as folder:
        try:
            case(Context(machine, version, guests, folder))
            return None
        except Failure as failure:
            if keep:
                shutil.copytree(folder, keep, dirs_exist_ok=True)
            return str(failure)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--guests', metavar='PORT=FOLDER', action='append',
                        default=[], help='build folder of a port; only the '
                        'named ports are tested (default: build/PORT of all)')
    parser.add_argument('--only', metavar='REGEX', default='',
                        help='only the cases whose line matches')
    parser.add_argument('--no-skip', action='store_true',
                        help='a missing QEMU is a failure')
    parser.add_argument('--keep', metavar='FOLDER',
                        help='copy the files of failed cases there')
    return parser.parse_args()


def main():
    args = arguments()
    folders = dict(pair.split('=', 1) for pair in args.guests) or {
        port: os.path.join(ROOT, 'build', port)
        for port in ('qemu-x86_64', 'qemu-riscv64', 'qemu-aarch64')}
    count = {'ok': 0, 'not ok': 0, 'skip': 0}
    number = 0
    for case, machine, version in table():
        what = f'{machine.name} mmio v{version} {case.__doc__}'
        if machine.port not in folders or not re.search(args.only, what):
            continue
        number += 1
        result, reason = 'ok', None
        if not shutil.which(machine.qemu):
            result = 'not ok' if args.no_skip else 'skip'
            reason = f'{machine.qemu} is not installed'
        else:
            reason = run(case, machine, version, folders[machine.port],
                         args.keep)
            result = 'not ok' if reason else 'ok'
        count[result] += 1
        first, _, rest = (reason or '').partition('\n')
        print(f'{result} {number} - {what}' + (f': {first}' if first else ''))
        for line in rest.splitlines():
            print('    ' + line)
        sys.stdout.flush()
    print(f"{count['ok']} passed, {count['not ok']} failed, "
          f"{count['skip']} skipped")
    if count['not ok'] or number == 0:
        return 1
    return 77 if count['skip'] else 0


if __name__ == '__main__':
    sys.exit(main())
