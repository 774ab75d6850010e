# SPDX-License-Identifier: BSD-2-Clause
"""Block nodes of QEMU's, and the tools that make and inspect what is behind
them."""
import json
import os
import signal
import subprocess
import tempfile
import time

from qemu import TIMEOUT, check


def tool(*args):
    """Run one of QEMU's tools; what it prints."""
    with tempfile.TemporaryFile() as said:  # a pipe would wait for a daemon
        done = subprocess.run(args, stdin=subprocess.DEVNULL, stdout=said,
                              stderr=said, timeout=TIMEOUT)
        said.seek(0)
        text = said.read().decode(errors='replace')
    check(done.returncode == 0, f'{" ".join(args)}: {text}')
    return text


def qcow2(c, name, size):
    path = c.file(name)
    tool('qemu-img', 'create', '-q', '-f', 'qcow2', path, str(size))
    return path


def attach(c, node, *options):
    """A disk of a block node, which is a dict; the guest's only one."""
    node = {'node-name': 'd0', **node}
    c.disks[:] = [['-blockdev', json.dumps(node),
                   *c.device('drive=d0', *options)]]


def file_node(path, driver='raw', **more):
    return {'driver': driver, 'file': {'driver': 'file', 'filename': path},
            **more}


def content(c, path, size):
    """What is on a qcow2 disk, as raw bytes."""
    raw = c.file('raw')
    tool('qemu-img', 'convert', '-f', 'qcow2', '-O', 'raw', path, raw)
    with open(raw, 'rb') as file:
        return file.read(size)


def allocated(path):
    """Bytes of a qcow2 disk that hold data."""
    return sum(part['length']
               for part in json.loads(tool('qemu-img', 'map', '-f', 'qcow2',
                                           '--output=json', path))
               if part['data'])


class NbdServer:
    """qemu-nbd on a socket."""

    def __init__(self, c, image):
        self.image = image
        self.socket = c.file('nbd.sock')
        self.pid_file = c.file('nbd.pid')
        self.pid = None

    def start(self):
        # With --fork it returns when the socket is ready.
        tool('qemu-nbd', '-f', 'raw', '-t', '-e', '4', '-k', self.socket,
             '--fork', '--pid-file', self.pid_file, self.image)
        with open(self.pid_file) as file:
            self.pid = int(file.read())

    def stop(self):
        """Kill it, and wait until its connections are closed."""
        if self.pid is None:
            return
        os.kill(self.pid, signal.SIGKILL)
        while is_running(self.pid):
            time.sleep(0.01)
        self.pid = None
        os.remove(self.socket)


def is_running(pid):
    try:
        with open(f'/proc/{pid}/stat') as file:
            return file.read().rsplit(')', 1)[1].split()[0] != 'Z'
    except OSError:
        return False
