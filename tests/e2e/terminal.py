"""A program on a pseudo-terminal, and the screen that its output makes."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

PATIENCE_S = 15
SEQUENCE = re.compile(r"\x1b\[([?<-=]?)([0-9;]*)([@-~])|([\x00-\x1f\x7f])|([^\x00-\x1f\x7f]+)")


class Screen:
    """Knows what luapex writes: the cursor's place, erasing, colours, the other buffer."""

    def __init__(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.clear()
        self.is_other = False
        self.has_cursor = True
        self.unknown = []

    def clear(self):
        self.cells = [[" "] * self.columns for _ in range(self.rows)]
        self.row = self.column = 0

    @property
    def text(self):
        return "\n".join("".join(row).rstrip() for row in self.cells)

    def feed(self, text):
        at = 0
        while at < len(text):
            match = SEQUENCE.match(text, at)
            if not match:
                return text[at:]
            at = match.end()
            private, numbers, final, control, plain = match.groups()
            if final:
                self.sequence(private, [int(n) for n in numbers.split(";") if n], final)
            elif control:
                self.control(control)
            else:
                self.write(plain)
        return ""

    def write(self, plain):
        for char in plain:
            if self.column == self.columns:
                self.control("\r")
                self.control("\n")
            self.cells[self.row][self.column] = char
            self.column += 1

    def control(self, control):
        if control == "\r":
            self.column = 0
        elif control == "\b":
            self.column = max(0, self.column - 1)
        elif control == "\n" and self.row == self.rows - 1:
            self.cells = [*self.cells[1:], [" "] * self.columns]
        elif control == "\n":
            self.row += 1
        else:
            self.unknown.append(control)

    def sequence(self, private, numbers, final):
        first = numbers[0] if numbers else 0
        if private == "?" and first == 1049:
            self.is_other = final == "h"
        elif private == "?" and first == 25:
            self.has_cursor = final == "h"
        elif final == "H":
            self.row = (first or 1) - 1
            self.column = (numbers[1] if len(numbers) > 1 else 1) - 1
        elif final in "CD":
            step = max(1, first) if final == "C" else -max(1, first)
            self.column = min(self.columns - 1, max(0, self.column + step))
        elif final in "AB":
            step = max(1, first) if final == "B" else -max(1, first)
            self.row = min(self.rows - 1, max(0, self.row + step))
        elif final == "J" and first == 2:
            row, column = self.row, self.column
            self.clear()
            self.row, self.column = row, column
        elif final == "J" and first == 0:
            self.erase_line()
            for row in range(self.row + 1, self.rows):
                self.cells[row] = [" "] * self.columns
        elif final == "K" and first == 0:
            self.erase_line()
        elif final != "m":
            self.unknown.append((private, numbers, final))

    def erase_line(self):
        self.cells[self.row][self.column :] = [" "] * (self.columns - self.column)


class Terminal:
    """One program; `screen` is what it shows."""

    def __init__(self, words, columns=100, rows=30, env=None):
        self.master, self.slave = pty.openpty()
        self.resize_only(columns, rows)
        self.before = termios.tcgetattr(self.slave)
        self.screen = Screen(columns, rows)
        self.raw = ""
        self.rest = ""
        self.process = subprocess.Popen(
            [str(word) for word in words],
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm", **(env or {})},
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )

    def resize_only(self, columns, rows):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, columns, rows):
        self.screen = Screen(columns, rows)
        self.rest = ""
        self.resize_only(columns, rows)
        self.process.send_signal(signal.SIGWINCH)

    def read(self, seconds):
        if select.select([self.master], [], [], seconds)[0]:
            text = os.read(self.master, 65536).decode(errors="replace")
            self.raw += text
            self.rest = self.screen.feed(self.rest + text)
            return True
        return False

    def wait_until(self, is_so, what):
        end = time.monotonic() + PATIENCE_S
        while not is_so():
            self.read(0.1)
            assert time.monotonic() < end, f"{what}:\n{self.screen.text}"

    def wait_for(self, wanted):
        self.wait_until(lambda: re.search(wanted, self.screen.text), f"no {wanted}")

    def keys(self, text):
        os.write(self.master, text.encode())

    @property
    def is_raw(self):
        return not termios.tcgetattr(self.slave)[3] & termios.ICANON

    def end(self):
        """The exit status."""
        end = time.monotonic() + PATIENCE_S
        while self.process.poll() is None:
            self.read(0.05)
            assert time.monotonic() < end, f"does not end:\n{self.screen.text}"
        while self.read(0):
            pass
        return self.process.returncode

    def is_restored(self):
        return (
            termios.tcgetattr(self.slave) == self.before
            and not self.screen.is_other
            and self.screen.has_cursor
        )

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)
