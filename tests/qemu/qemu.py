# SPDX-License-Identifier: BSD-2-Clause
"""What the suites under QEMU share: machines, booting a guest, comparing, and
running a table of cases. session.py has guests that are talked to."""
import argparse
import concurrent.futures
import hashlib
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

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
Q35 = pc('x86_64 q35', 'q35')
PC = pc('x86_64 pc', 'pc')


def riscv64(name, machine):
    return Machine('qemu-riscv64', name, ['-machine', machine, '-bios', 'none'],
                   lambda status: status,
                   lambda bus: 0x10001000 + bus * 0x1000)


RISCV64 = riscv64('riscv64 virt', 'virt')
RISCV64_AIA = riscv64('riscv64 virt aia', 'virt,aia=aplic-imsic')
AARCH64 = Machine('qemu-aarch64', 'aarch64 virt',
                  ['-machine', 'virt,gic-version=2', '-cpu', 'cortex-a53',
                   '-semihosting'],
                  lambda status: status,
                  lambda bus: 0x0a000000 + bus * 0x200)


class Failure(Exception):
    """A case did not go as it has to."""


class Transport:
    """How a disk is reached: the device's name, and what goes with it."""

    def __init__(self, name, says, options=(), args=(), where=()):
        self.name = name
        self.says = says        # disk_hash, about the device; a pattern
        self.options = options  # of the device
        self.args = args        # of QEMU
        self.where = where      # the bus of the device
        self.bus = name.split()[0]
        self.device = {'mmio': 'device', 'pci': 'pci'}[self.bus]
        self.legacy = 'legacy' in says


def mmio(version):
    legacy = version == 1
    return Transport(
        f'mmio v{version}',
        f'^virtio-mmio version {version} \\({"legacy" if legacy else "modern"}',
        args=('-global', 'virtio-mmio.force-legacy='
              + ('true' if legacy else 'false')))


def pci(name, device_id, modern, legacy, args=(), where=()):
    def off(on):
        return 'off' if on else 'on'

    return Transport(
        f'pci {name}', f'^virtio-pci device id {device_id} \\('
        + ('modern' if modern else 'legacy'),
        (f'disable-modern={off(modern)}', f'disable-legacy={off(legacy)}'),
        args, where)


MMIO = {version: mmio(version) for version in (1, 2)}
PCI_LEGACY = pci('legacy', 1001, False, True)
PCI_TRANSITIONAL = pci('transitional', 1001, True, True)
PCI_MODERN = pci('modern', 1042, True, False)
PCI = (PCI_LEGACY, PCI_TRANSITIONAL, PCI_MODERN)
PCI_ROOT_PORT = pci('root port', 1042, True, False,
                    ('-device', 'pcie-root-port,id=root,chassis=1'),
                    ('bus=root',))


class Context:
    """One case on one machine: its files, and a way to boot."""

    def __init__(self, machine, transport, guests, folder):
        self.machine = machine
        self.transport = transport
        self.guests = guests  # the build folder of the port
        self.folder = folder
        self.disks = []
        self.smp = '1,maxcpus=2'  # with one possible, QEMU drops barriers
        self.options = ()         # of each disk's device
        self.trace = os.path.join(folder, 'trace')

    def file(self, name):
        return os.path.join(self.folder, name)

    def image(self, name, content=b'', size=None):
        path = self.file(name)
        with open(path, 'wb') as file:
            file.write(content)
            if size is not None:
                file.truncate(size)
        return path

    def device(self, *options, kind='blk'):
        """A device, else the virtio-blk one of the last drive."""
        parts = [f'virtio-{kind}-{self.transport.device}', *options,
                 *self.transport.options, *self.transport.where, *self.options]
        return ['-device', ','.join(parts)]

    def disk(self, path, readonly=False, bus=None):
        n = len(self.disks)
        at = ()
        if bus is not None:
            at = (f'bus=virtio-mmio-bus.{bus}' if self.transport.bus == 'mmio'
                  else f'addr={bus:#x}',)
        self.disks.append(
            ['-drive', f'if=none,id=d{n},driver=raw,file.driver=file,'
             f'file.filename={path},readonly={"on" if readonly else "off"}',
             *self.device(f'drive=d{n}', *at)])

    def command(self, guest, devices):
        return [self.machine.qemu, *self.machine.args, *self.transport.args,
                '-smp', self.smp, '-accel', 'tcg', '-display', 'none',
                '-serial', 'stdio', '-monitor', 'none', '-nodefaults',
                '-kernel', os.path.join(self.guests, guest),
                '-trace', 'virtio_blk_handle_read',
                '-trace', 'virtio_blk_handle_write',
                '-trace', 'virtio_blk_req_complete',
                '-trace', 'virtio_queue_notify', '-D', self.trace,
                *sum(self.disks, []), *devices]

    def boot(self, guest, status=0, devices=()):
        """Run a guest to its end, check its status, return what it printed."""
        try:
            done = subprocess.run(
                self.command(guest, ['-no-reboot', *devices]),
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, timeout=TIMEOUT)
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

    def traced(self, event, field='req'):
        """A field, the request, of each line traced of an event."""
        with open(self.trace) as file:
            return re.findall(rf'\b{event} .*\b{field} (\w+)', file.read())

    def events(self, *names):
        """The events of these names, in the order of the trace."""
        with open(self.trace) as file:
            return [name for name in (line.split(' ', 1)[0] for line in file)
                    if name in names]


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


def run(case, machine, transport, guests, keep):
    """Run one case; what went wrong, or None."""
    with tempfile.TemporaryDirectory(prefix='vio-qemu-') as folder:
        try:
            case(Context(machine, transport, guests, folder))
            return None
        except Failure as failure:
            if keep:
                shutil.copytree(folder, keep, dirs_exist_ok=True,
                                ignore=shutil.ignore_patterns('*.sock'))
            return str(failure)


def arguments(text):
    parser = argparse.ArgumentParser(description=text)
    parser.add_argument('--guests', metavar='PORT=FOLDER', action='append',
                        default=[], help='build folder of a port; only the '
                        'named ports are tested (default: build/PORT of all)')
    parser.add_argument('--only', metavar='REGEX', default='',
                        help='only the cases whose line matches')
    parser.add_argument('--no-skip', action='store_true',
                        help='a missing QEMU is a failure')
    parser.add_argument('--jobs', type=int, default=os.cpu_count(),
                        help='cases at a time (default: processors)')
    parser.add_argument('--keep', metavar='FOLDER',
                        help='copy the files of failed cases there')
    return parser.parse_args()


def result_of(case, machine, transport, folders, args):
    """One of the words that a line begins with, and why."""
    if not shutil.which(machine.qemu):
        return ('not ok' if args.no_skip else 'skip',
                f'{machine.qemu} is not installed')
    reason = run(case, machine, transport, folders[machine.port], args.keep)
    return 'not ok' if reason else 'ok', reason


def report(result, number, case, machine, transport, reason):
    first, _, rest = (reason or '').partition('\n')
    print(f'{result} {number} - {machine.name} {transport.name} {case.__doc__}'
          + (f': {first}' if first else ''))
    for line in rest.splitlines():
        print('    ' + line)
    sys.stdout.flush()


def main(text, table):
    """Run a table of (case, machine, transport); the exit status."""
    args = arguments(text)
    folders = dict(pair.split('=', 1) for pair in args.guests) or {
        port: os.path.join(ROOT, 'build', port)
        for port in ('qemu-x86_64', 'qemu-riscv64', 'qemu-aarch64')}
    begin = time.monotonic()
    chosen = [(case, machine, transport) for case, machine, transport in table
              if machine.port in folders and re.search(
                  args.only, f'{machine.name} {transport.name} {case.__doc__}')]
    count = {'ok': 0, 'not ok': 0, 'skip': 0}
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        runs = [pool.submit(result_of, *entry, folders, args)
                for entry in chosen]
        for number, (entry, future) in enumerate(zip(chosen, runs), 1):
            result, reason = future.result()
            count[result] += 1
            report(result, number, *entry, reason)
    print(f"{count['ok']} passed, {count['not ok']} failed, "
          f"{count['skip']} skipped, in {time.monotonic() - begin:.0f} s")
    if count['not ok'] or not chosen:
        return 1
    return 77 if count['skip'] else 0
