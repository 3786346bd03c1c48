"""Runs a program in a pseudo-terminal: run_in_terminal.py ROWS COLUMNS SCRIPT COMMAND...

What the terminal shows goes to stdout. SCRIPT is a list of steps, separated by ";", each carried out when the text
before "=>" has been seen: "pattern=>send:\\x03" types, "pattern=>resize:ROWSxCOLUMNS" changes the size,
"pattern=>signal:TERM" signals the program. The exit code is the program's.
"""

import fcntl
import os
import pty
import signal
import struct
import sys
import termios
import time


def set_size(fd, rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def carry_out(action, fd, pid):
    verb, _, value = action.partition(":")
    if verb == "send":
        os.write(fd, value.encode().decode("unicode_escape").encode("latin-1"))
    elif verb == "resize":
        rows, columns = value.split("x")
        set_size(fd, int(rows), int(columns))
    elif verb == "signal":
        os.kill(pid, getattr(signal, "SIG" + value))


def main():
    rows, columns, script, *command = sys.argv[1:]
    steps = [step.split("=>", 1) for step in script.split(";") if step]
    pid, fd = pty.fork()
    if pid == 0:
        # The size has to be there before the program asks for it.
        set_size(0, int(rows), int(columns))
        os.execvp(command[0], command)
    seen = b""
    while True:
        try:
            chunk = os.read(fd, 65536)
        except OSError:
            break
        if not chunk:
            break
        sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
        seen += chunk
        while steps and steps[0][0].encode() in seen:
            action = steps.pop(0)[1]
            seen = b""
            time.sleep(0.05)
            carry_out(action, fd, pid)
    _, status = os.waitpid(pid, 0)
    sys.exit(os.waitstatus_to_exitcode(status) & 0xFF)


main()
