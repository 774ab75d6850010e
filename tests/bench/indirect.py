#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What an indirect table costs: processor time a request, with direct and with
indirect descriptors, in turns. The rules of when to use tables (vio/virtq.h,
src/dev/blk_plan.c) stand on this.

    split, packed   all of QEMU, device and emulated guest (examples/disk_bench)
    vhost-user      the device alone (tests/host/speed, qemu-storage-daemon)

usage: indirect.py GUEST SPEED [ROUNDS]     prints a Markdown table
"""
import os
import subprocess
import sys
import tempfile
import time

MACHINE = ["qemu-system-x86_64", "-machine", "q35", "-smp", "1,maxcpus=2",
           "-accel", "tcg", "-display", "none", "-serial", "stdio",
           "-monitor", "none", "-nodefaults", "-no-reboot",
           "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
           "-blockdev", "driver=null-co,node-name=n,size=1073741824"]
SUCCESS = 33
FEW, MANY = 64, 200000  # requests
# Segments of a request, and how many are in flight: as many chains fit.
SHAPES = ((1, 32), (2, 32), (4, 32), (8, 16), (16, 8))


def boot(guest, packed, indirect, shape, requests):
    """Processor time of one boot, in seconds."""
    segments, depth = shape
    # A wish for more than there are chains is a wish for tables.
    words = (f"queue=256,{256 if indirect else depth},{segments} "
             f"run={depth},{512 * 32},random,interrupt,{requests}")
    device = ("virtio-blk-pci,drive=n"
              f",packed={'on' if packed else 'off'}"
              f",indirect_desc={'on' if indirect else 'off'}")
    with subprocess.Popen(
            [*MACHINE, "-device", device, "-kernel", guest, "-append", words],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        output = process.stdout.read().decode(errors="replace")
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != SUCCESS or "a second" not in output:
        sys.exit(output + "indirect.py: the guest failed")
    return usage.ru_utime + usage.ru_stime


class Daemon:
    """A vhost-user-blk device with a disk that does nothing."""

    def __init__(self, folder):
        self.socket = os.path.join(folder, "socket")
        self.process = subprocess.Popen(
            ["qemu-storage-daemon", "--blockdev",
             "driver=null-co,node-name=n,size=1073741824", "--export",
             "type=vhost-user-blk,id=e,node-name=n,writable=on,"
             f"addr.type=unix,addr.path={self.socket}"])
        end = time.monotonic() + 10
        while not os.path.exists(self.socket):
            if self.process.poll() is not None or time.monotonic() > end:
                sys.exit("indirect.py: the daemon does not listen")
            time.sleep(0.01)

    def seconds(self):
        """Processor time so far: of all its threads, in nanoseconds."""
        return sum(int(open(f"/proc/{self.process.pid}/task/{task}/schedstat")
                       .read().split()[0])
                   for task in os.listdir(f"/proc/{self.process.pid}/task"))

    def run(self, speed, indirect, segments, requests):
        before = self.seconds()
        subprocess.run([speed, self.socket, str(segments),
                        "indirect" if indirect else "direct", str(requests)],
                       check=True, timeout=100)
        return (self.seconds() - before) / 1e9


def best(rounds, cases, run):
    """Of each case the least time of its rounds, a request, in microseconds:
    that of many requests less that of a few."""
    least = {}
    for _ in range(rounds):
        for case in cases:
            for n in (FEW, MANY):
                seconds = run(case, n)
                least[case, n] = min(seconds, least.get((case, n), seconds))
    return {case: (least[case, MANY] - least[case, FEW]) / (MANY - FEW) * 1e6
            for case in cases}


def print_rows(name, us):
    for shape in sorted({shape for shape, _ in us}):
        direct, indirect = us[shape, False], us[shape, True]
        print(f"| {name} | {shape[0]} | {direct:.2f} | {indirect:.2f} "
              f"| {indirect / direct:.2f} |", flush=True)


def main():
    guest, speed = sys.argv[1:3]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    print("| microseconds a request | segments | direct | indirect | ratio |\n"
          "| --- | ---: | ---: | ---: | ---: |")
    for packed in (False, True):
        print_rows("packed" if packed else "split", best(
            rounds, [(shape, i) for shape in SHAPES for i in (False, True)],
            lambda case, n: boot(guest, packed, case[1], case[0], n)))
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(folder)
        try:
            print_rows("vhost-user", best(
                rounds, [((s, 16), i) for s in (1, 2, 4, 8)
                         for i in (False, True)],
                lambda case, n: daemon.run(speed, case[1], case[0][0], n)))
        finally:
            daemon.process.terminate()
            daemon.process.wait()


main()
