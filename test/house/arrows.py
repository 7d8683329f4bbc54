#!/usr/bin/env python3
"""Refuses an #include that a room's arrows do not allow.

    arrows.py --arrows BUILD/arrows.txt SOURCE_DIR
    arrows.py --self-check

The arrows are those of the waypost_room() calls in CMakeLists.txt, which write arrows.txt at each configuration, a line
a room: `name: used rooms : packages`. A file in src/<room>/ or include/waypost/<room>/ may include
  - headers waypost/<own or used room>/...,
  - private headers of its own folder,
  - outside libraries of its PACKAGES (Asio: also when a used room has it).
A room's name may have a slash, as spool/sqlite: what is in the folder of such a sub-room is the sub-room's and not the
room's above it.
"""
import argparse
import pathlib
import re
import sys
import tempfile

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')

# Where an outside library is recognised by the path it is included with.
PACKAGE_HEADERS = {
    "asio": ("boost/asio",),
    "openssl": ("openssl/",),
    "cares": ("ares",),
    "sqlite": ("SQLiteCpp/", "sqlite3.h"),
    "spdlog": ("spdlog/", "fmt/"),
    "crypt": ("crypt.h",),
    "cli11": ("CLI/",),
    "json": ("nlohmann/",),
}


def read_arrows(text):
    """{room: (allowed rooms in order, set of packages)}"""
    rooms = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, uses, packages = (part.strip() for part in line.split(":"))
        rooms[name] = (uses.split(), set(packages.split()))
    for uses, packages in rooms.values():
        if any("asio" in rooms[used][1] for used in uses):
            packages.add("asio")
    return rooms


def room_of(path, rooms):
    """The room of a file by its path below src/ or include/waypost/: the innermost folder of it that is one."""
    return next((folder.as_posix() for folder in path.parents if folder.as_posix() in rooms), None)


def is_private_header(root, path, room, rooms):
    for top in (root / "src", root / "include" / "waypost"):
        if path.is_relative_to(top) and path.exists():
            return room_of(path.relative_to(top), rooms) == room
    return False


def faults_of_file(root, path, room, rooms):
    uses, packages = rooms[room]
    may = f"{room} may include: {' '.join([room, *uses])}"
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        found = INCLUDE.match(line)
        if not found:
            continue
        name = found[1] or found[2]
        where = f"{path.relative_to(root)}:{number}: "
        for package, prefixes in PACKAGE_HEADERS.items():
            if name.startswith(prefixes) and package not in packages:
                has = " ".join(sorted(packages)) or "none"
                yield where + f"'{name}' is {package}, which is not among {room}'s PACKAGES ({has})"
        if name.startswith("waypost/"):
            target = room_of(pathlib.PurePosixPath(name).relative_to("waypost"), rooms)
            if target is None:
                yield where + f"'{name}' names no room"
            elif target != room and target not in uses:
                yield where + f"'{name}' is of room {target}; {may}"
        elif found[1]:
            beside = (path.parent / name).resolve()
            if not beside.is_relative_to(path.parent.resolve()):
                yield where + f"'{name}' leaves the folder of its room; {may}"
            elif not any(is_private_header(root, each, room, rooms) for each in (beside, root / "src" / room / name)):
                yield where + f"'{name}' is no private header of {room}; {may}"


def faults(root, rooms):
    root = root.resolve()
    for top in (root / "include" / "waypost", root / "src"):
        for folder in sorted(p for p in top.rglob("*") if p.is_dir()):
            room = folder.relative_to(top).as_posix()
            if room not in rooms:
                if not any(other.startswith(room + "/") for other in rooms):
                    yield f"{folder.relative_to(root)}: no waypost_room({room}) in CMakeLists.txt"
                continue
            for path in sorted(folder.glob("*")):
                if path.suffix in (".hpp", ".cpp", ".ipp"):
                    yield from faults_of_file(root, path, room, rooms)


def self_check():
    rooms = read_arrows("base: :\nasync: base : asio\nmail: base :\nspool: base async mail :\n"
                        "spool/sqlite: base spool : sqlite\n")
    good = {
        "include/waypost/base/result.hpp": "#include <string>\n",
        "include/waypost/async/clock.hpp": '#include "waypost/base/result.hpp"\n#include <boost/asio/awaitable.hpp>\n',
        "src/spool/store.hpp": '#include "waypost/mail/x.hpp"\n',
        "src/spool/store.cpp": '#include "store.hpp"\n#include <boost/asio/post.hpp>\n',
        "include/waypost/spool/content.hpp": "",
        "include/waypost/spool/sqlite/open.hpp": '#include "waypost/spool/content.hpp"\n',
        "src/spool/sqlite/rows.hpp": '#include <SQLiteCpp/Database.h>\n',
        "src/spool/sqlite/open.cpp": '#include "waypost/spool/sqlite/open.hpp"\n#include "rows.hpp"\n',
    }
    bad = {
        'src/base/a.cpp': ('#include "waypost/mail/x.hpp"\n', "src/base/a.cpp:1: 'waypost/mail/x.hpp' is of room mail"),
        'src/mail/a.cpp': ('\n#include <boost/asio/post.hpp>\n', "src/mail/a.cpp:2: 'boost/asio/post.hpp' is asio"),
        'src/mail/b.cpp': ('#include "../spool/store.hpp"\n', "leaves the folder"),
        'src/mail/c.cpp': ('#include "spool/store.hpp"\n', "is no private header of mail"),
        'src/mail/d.cpp': ('#include <waypost/nowhere/x.hpp>\n', "names no room"),
        'src/attic/a.cpp': ('', "no waypost_room(attic)"),
        'src/spool/attic/a.cpp': ('', "no waypost_room(spool/attic)"),
        'src/spool/a.cpp': ('#include "waypost/spool/sqlite/open.hpp"\n', "is of room spool/sqlite"),
        'src/spool/b.cpp': ('#include "sqlite/rows.hpp"\n', "is no private header of spool;"),
        'src/spool/c.cpp': ('#include <SQLiteCpp/Database.h>\n', "is sqlite, which is not among spool's PACKAGES"),
        'src/spool/sqlite/a.cpp': ('#include "store.hpp"\n', "is no private header of spool/sqlite"),
        'src/spool/sqlite/b.cpp': ('#include "../store.hpp"\n', "leaves the folder"),
        'src/spool/sqlite/c.cpp': ('#include "waypost/mail/x.hpp"\n', "is of room mail"),
        'src/mail/e.cpp': ('#include "waypost/spool/sqlite/open.hpp"\n', "is of room spool/sqlite"),
    }

    def run(files):
        with tempfile.TemporaryDirectory() as name:
            root = pathlib.Path(name)
            for path, text in files.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(text)
            return list(faults(root, rooms))

    wrong = [f"a good tree is refused: {fault}" for fault in run(good)]
    for path, (text, expected) in bad.items():
        said = run({**good, path: text})
        if len(said) != 1 or expected not in said[0]:
            wrong.append(f"{path}: expected one fault with '{expected}', got {said}")
    return wrong


def main():
    parser = argparse.ArgumentParser(description="Refuses an #include that a room's arrows do not allow.")
    parser.add_argument("--arrows", type=pathlib.Path)
    parser.add_argument("--self-check", action="store_true")
    parser.add_argument("source", nargs="?", type=pathlib.Path)
    options = parser.parse_args()
    if options.self_check:
        found = self_check()
    elif options.arrows and options.source:
        found = list(faults(options.source, read_arrows(options.arrows.read_text())))
    else:
        parser.error("give --arrows FILE SOURCE_DIR, or --self-check")
    for fault in found:
        print(fault)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
