# SPDX-License-Identifier: BSD-2-Clause
"""A guest that is told what to do over its serial line (console.c), and QEMU
that is told what to do to the guest (QMP)."""
import contextlib
import json
import os
import select
import socket
import struct
import subprocess
import time

from qemu import Failure, Output, TIMEOUT, check


class Qmp:
    """QEMU's control socket."""

    def __init__(self, path, process):
        self.socket = socket.socket(socket.AF_UNIX)
        self.buffer = b''
        self.events = []
        end = time.monotonic() + TIMEOUT
        while True:  # QEMU makes the socket when it starts
            try:
                self.socket.connect(path)
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > end:
                    raise Failure('QEMU did not start')
                time.sleep(0.01)
        self.socket.settimeout(TIMEOUT)
        # What happens while QEMU starts may be told before it greets.
        while 'QMP' not in (said := self.receive()):
            self.events.append(said)
        self.command('qmp_capabilities')

    def receive(self):
        while b'\n' not in self.buffer:
            try:
                data = self.socket.recv(65536)
            except OSError as error:
                raise Failure(f'QEMU does not answer: {error}')
            if not data:
                raise Failure('QEMU closed its control socket')
            self.buffer += data
        line, self.buffer = self.buffer.split(b'\n', 1)
        return json.loads(line)

    def command(self, name, **arguments):
        text = json.dumps({'execute': name, 'arguments': arguments})
        self.socket.sendall(text.encode() + b'\n')
        while True:
            reply = self.receive()
            if 'event' in reply:
                self.events.append(reply)
            elif 'error' in reply:
                raise Failure(f'{text}: {reply["error"]["desc"]}')
            else:
                return reply['return']

    def event(self, name):
        """Wait for an event, which may have come already."""
        while True:
            for n, event in enumerate(self.events):
                if event['event'] == name:
                    del self.events[n]
                    return event
            reply = self.receive()
            if 'event' in reply:
                self.events.append(reply)

    def human(self, line):
        """A command of the human monitor, which says nothing on success."""
        said = self.command('human-monitor-command', **{'command-line': line})
        check(not said.strip(), f'{line}: {said}')


class Session:
    """The console guest on a machine; ends with the with statement."""

    def __init__(self, context, *devices):
        self.context = context
        path = context.file('qmp.sock')
        if os.path.exists(path):
            os.remove(path)
        args = context.command('tests/qemu/console', [
            '-qmp', f'unix:{path},server=on,wait=off', *devices])
        self.process = subprocess.Popen(
            args, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        self.text = ''
        self.at = 0  # of text, what has been looked at
        try:
            self.qmp = Qmp(path, self.process)
        except Failure as failure:
            self.process.kill()
            said = self.process.communicate()[1].decode(errors='replace')
            raise Failure(f'{failure}\n{said}')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.process.kill()
        self.process.communicate()

    def line(self):
        """The next line that the guest prints."""
        end = time.monotonic() + TIMEOUT
        while '\n' not in self.text[self.at:]:
            left = end - time.monotonic()
            out = self.process.stdout
            ready = left > 0 and select.select([out], [], [], left)[0]
            data = os.read(out.fileno(), 65536) if ready else b''
            if not data:
                why = ('' if self.process.poll() is None
                       else self.process.stderr.read().decode())
                raise Failure('the guest says no more:\n' + self.text + why)
            self.text += data.decode(errors='replace').replace('\r', '')
        line, _ = self.text[self.at:].split('\n', 1)
        self.at += len(line) + 1
        return line

    def printed(self):
        """All that the guest has printed, of which lines may be unread."""
        out = self.process.stdout
        while select.select([out], [], [], 0)[0]:
            data = os.read(out.fileno(), 65536)
            if not data:
                break
            self.text += data.decode(errors='replace').replace('\r', '')
        return self.text

    def until(self, want):
        """Wait for a line; what was printed before it."""
        lines = []
        while True:
            lines.append(self.line())
            if lines[-1] == want:
                return lines

    def begin(self, command):
        try:
            self.process.stdin.write(command.encode() + b'\n')
            self.process.stdin.flush()
        except OSError as error:
            raise Failure(f'QEMU is gone: {error}\n' + self.text)

    def answer(self, command):
        """The lines of a command's answer."""
        name = command.split()[0]
        lines = []
        while not lines or not lines[-1].startswith(name + ': '):
            lines.append(self.line())
        return lines

    def ask(self, command):
        self.begin(command)
        return self.answer(command)

    def end(self, command, want='success'):
        """Wait for a command's answer, which has to be the wanted one."""
        lines = self.answer(command)
        name = command.split()[0]
        check(lines[-1] == f'{name}: {want}',
              f'"{lines[-1]}" instead of "{want}" in:\n{self.text}')
        return Output('\n'.join(lines))

    def do(self, command, want='success'):
        self.begin(command)
        return self.end(command, want)

    def quit(self):
        self.begin('quit')
        self.wait()

    def wait(self):
        """QEMU ends as a guest's success ends it."""
        try:
            status = self.process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            raise Failure('QEMU does not end:\n' + self.text)
        want = self.context.machine.exit_status(0)
        check(status == want, f'QEMU ended with {status}, not {want}:\n'
              + self.text + self.process.stderr.read().decode())


@contextlib.contextmanager
def ready(context):
    """The console guest, told to quit in the end."""
    with Session(context) as s:
        s.until('ready')
        yield s
        s.quit()


ALL = (1 << 64) - 1


def pattern(sector, sectors, seed):
    """What the console writes."""
    return struct.pack(f'<{sectors * 64}Q', *(
        ((n + 1) * 0x9e3779b97f4a7c15 + seed) & ALL
        for n in range(sector * 64, (sector + sectors) * 64)))


def total(data):
    """The sum that the console prints, as it prints it."""
    value = 0
    for word in struct.unpack(f'<{len(data) // 8}Q', data):
        value = (value * 31 + word) & ALL
    return f'{value:x}'
