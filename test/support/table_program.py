#!/usr/bin/env python3
"""A table program of the text protocol 0.1 (smtpd-tables(7)), good and bad.

    table_program.py ROWS [LOG] [--mute]

ROWS is a file of lines `service|key|value`, read again for each question; every service in it at the start is registered,
and `fetch` goes round the values of one.
LOG takes a copy of each line that comes in. A few keys make it misbehave: late, twice, never, newline, lie, error, die.
"""
import os
import sys


def main():
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    def rows_now():
        return [line.rstrip("\n").split("|", 2) for line in open(words[0]) if line.strip()]
    rows = rows_now()
    sys.stdin.reconfigure(errors="surrogateescape")  # a key may be any bytes
    log = open(words[1], "a", errors="surrogateescape") if len(words) > 1 else None
    turn = 0
    held_back = []

    def say(line):
        os.write(1, (line + "\n").encode(errors="surrogateescape"))

    for line in iter(sys.stdin.readline, ""):
        line = line.rstrip("\n")
        if log:
            log.write(line + "\n")
            log.flush()
        if line == "config|ready" and "--mute" not in sys.argv:
            for service in sorted({row[0] for row in rows}):
                say(f"register|{service}")
            say("register|ready")
        if not line.startswith("table|0.1|"):
            continue
        verb, rest = line.split("|", 5)[4:]
        if verb == "update":
            say(f"update-result|{rest}|ok")
            continue
        service, ident, key = (rest.split("|", 2) + [""])[:3]
        rows = rows_now()
        found = [row[2] for row in rows if row[0] == service and (verb == "fetch" or row[1] == key)]
        reply = f"{verb}-result|{ident}|not-found"
        if verb == "fetch" and found:
            reply = f"{verb}-result|{ident}|found|{found[turn % len(found)]}"
            turn += 1
        elif found:
            reply = f"{verb}-result|{ident}|found" + (f"|{found[0]}" if verb == "lookup" else "")
        if key == "die":
            print("I die", file=sys.stderr, flush=True)
            sys.exit(1)
        if key == "error":
            reply = f"{verb}-result|{ident}|error|the directory is closed"
        if key == "newline":
            reply = f"{verb}-result|{ident}|found|one\ntwo"
        if key == "lie":
            reply = "lookup-result|"
        if key == "late":
            held_back.append(reply)
        elif key != "never":
            say(reply)
            if key == "twice":
                say(reply)
            while held_back and key != "late":
                say(held_back.pop())


main()
