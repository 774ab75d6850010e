#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Count what a request costs in notifications and interrupts, with the events
that QEMU traces: examples/disk_bench on a disk that does nothing.

Exit status as run.py's.
"""
import sys

from qemu import (MICROVM, MMIO, PCI_LEGACY, PCI_MODERN, Q35, check, main)

START = 2  # notifications of QEMU's own when it begins to watch a doorbell


class Counts:
    """What one run of disk_bench did: as the guest counts, and as QEMU does."""

    def __init__(self, c, run, latency_ns=0):
        c.disks[:] = [['-blockdev', 'driver=null-co,node-name=n,size=16777216,'
                       f'latency-ns={latency_ns}', *c.device('drive=n')]]
        requests = int(run.split(',')[4])
        output = c.boot('examples/disk_bench', devices=[
            '-append', 'run=' + run, '-trace', 'virtio_notify',
            '-trace', 'virtio_notify_irqfd'])
        found = output.matches(
            r'(\d+) requests, (\d+) notifications, (\d+) suppressed, '
            r'(\d+) interrupts, (\d+) sleeps$')
        (self.requests, self.notifications, suppressed, self.interrupts,
         self.sleeps) = map(int, found.groups())
        self.submits = self.notifications + suppressed
        self.events = c.events('virtio_queue_notify', 'virtio_blk_handle_read',
                               'virtio_notify', 'virtio_notify_irqfd')
        self.raised = (self.count('virtio_notify')
                       + self.count('virtio_notify_irqfd'))
        check(self.requests == self.count('virtio_blk_handle_read')
              >= requests, f'{self.requests} requests: {found[0]}')

    def count(self, event):
        return self.events.count(event)


def doorbells(c, counts):
    """Every write of a doorbell is seen by QEMU only where it handles them
    itself (ioeventfd=off): then the guest's count is right."""
    seen = counts.count('virtio_queue_notify')
    check(seen == counts.notifications,
          f'{seen} doorbell writes, the guest says {counts.notifications}')


def depth_1(c):
    """depth 1: one notification and at most one interrupt a request"""
    c.options += ('ioeventfd=off',) if c.transport.bus == 'pci' else ()
    # Slow enough that the guest sleeps before it is answered.
    n = Counts(c, '1,4096,random,interrupt,500', 1000000)
    doorbells(c, n)
    check(n.notifications == n.requests,
          f'{n.notifications} notifications of {n.requests} requests')
    check(0 < n.raised <= n.requests,
          f'{n.raised} interrupts of {n.requests} requests')
    check(n.sleeps > n.requests / 2, f'{n.sleeps} sleeps: this was polling')


def depth_32(c):
    """depth 32: a notification a batch, an interrupt for four requests"""
    c.options += ('ioeventfd=off',) if c.transport.bus == 'pci' else ()
    n = Counts(c, '32,4096,random,interrupt,12800')
    doorbells(c, n)
    check(n.notifications <= n.submits,
          f'{n.notifications} notifications of {n.submits} batches')
    check(0 < 4 * n.raised <= n.requests,
          f'{n.raised} interrupts of {n.requests} requests')


def polling(c):
    """polling: no interrupts"""
    for event_idx in ('on', 'off'):
        c.options += (f'event_idx={event_idx}',)
        n = Counts(c, '32,4096,random,poll,6400')
        # A device that has not interrupted yet does so once, wanted or not.
        check(n.raised <= 1, f'{n.raised} interrupts of {n.requests} requests')


def at_work(c):
    """no notification while the device works through the ring"""
    # One by one, and faster than the device.
    n = Counts(c, '32,4096,random,poll,12800,32,1')
    check(n.notifications < n.submits, 'every submit was notified of')
    # What QEMU is notified of until it comes round to look counts as one, so
    # that the driver is not to do it again before; but for the few times that
    # the device finds the buffers by itself, just before.
    seen = n.count('virtio_queue_notify') - START
    check(abs(n.notifications - seen) <= START + n.submits / 50,
          f'{n.notifications} doorbell writes, {seen} were seen')
    # One that finds nothing to do was needless: the same few.
    order = [e for e in n.events if not e.startswith('virtio_notify')]
    needless = sum(a == b == 'virtio_queue_notify'
                   for a, b in zip(order, order[1:]))
    check(needless <= START + n.submits / 50,
          f'{needless} of {n.notifications} notifications were needless')


def ring(case, packed):
    """The case with one ring format."""
    def run(c):
        c.options = (f'packed={"on" if packed else "off"}',)
        case(c)

    run.__doc__ = f'{"packed" if packed else "split"}, {case.__doc__}'
    return run


def table():
    """Every (case, machine, transport): only x86-64 has a command line."""
    places = [(Q35, PCI_MODERN), (Q35, PCI_LEGACY),
              *((MICROVM, transport) for transport in MMIO.values())]
    for machine, transport in places:
        for packed in (False,) if transport.legacy else (False, True):
            for case in (depth_1, depth_32, polling):
                yield ring(case, packed), machine, transport
    for packed in (False, True):
        yield ring(at_work, packed), Q35, PCI_MODERN


if __name__ == '__main__':
    sys.exit(main(__doc__, table()))
