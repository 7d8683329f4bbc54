"""A signed zone (Knot) and a resolver that validates it (Unbound), both on free ports of 127.0.0.1.

    dns = SignedDns(directory, "example.test", ["@ MX 10 mx", "mx A 127.0.0.2"])
    dns.address                                  # of the resolver, as the `resolver` directive takes it
    dns.end()

With `forged` the resolver trusts another key than the zone's, so all that the zone says is bogus to it.
"""
import contextlib
import pathlib
import shutil
import socket
import subprocess

from dnslib import DNSRecord

from support import wait_until

PROGRAMS = [shutil.which(name, path="/usr/sbin:/usr/bin") for name in ("knotd", "keymgr", "unbound")]
INSTALLED = all(PROGRAMS)


def free_port():
    """One that was free for UDP and TCP a moment ago."""
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        udp.bind(tcp.getsockname())
        return tcp.getsockname()[1]


class SignedDns:
    def __init__(self, directory, zone, records, forged=False):
        self.directory = pathlib.Path(directory)
        self.processes = []
        try:
            anchor = self.serve(zone, records)
            self.resolve(zone, anchor[:-1] + "01"[anchor[-1] == "0"] if forged else anchor)
        except BaseException:
            self.end()
            raise

    def serve(self, zone, records):
        knot = self.directory / "knot"
        knot.mkdir()
        self.authority = free_port()
        (knot / f"{zone}.zone").write_text(
            f"$ORIGIN {zone}.\n$TTL 60\n@ SOA ns root 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n"
            + "\n".join(records) + "\n")
        configuration = knot / "knot.conf"
        configuration.write_text(f"""
server:
    rundir: "{knot}"
    listen: 127.0.0.1@{self.authority}
database:
    storage: "{knot}"
template:
  - id: default
    storage: "{knot}"
    zonefile-sync: -1
    zonefile-load: difference
    journal-content: all
    dnssec-signing: on
zone:
  - domain: {zone}
""")
        self.start("knotd", PROGRAMS[0], "-c", configuration)
        wait_until(lambda: "successfully signed" in self.log(), "the zone is signed", explain=self.log)
        keys = subprocess.run([PROGRAMS[1], "-c", configuration, zone, "ds"], capture_output=True, text=True, check=True)
        return keys.stdout.strip().splitlines()[-1]

    def resolve(self, zone, anchor):
        unbound = self.directory / "unbound"
        unbound.mkdir()
        port = free_port()
        (unbound / "anchor").write_text(anchor + "\n")
        configuration = unbound / "unbound.conf"
        configuration.write_text(f"""
server:
    directory: "{unbound}"
    chroot: ""
    username: ""
    pidfile: ""
    use-syslog: no
    interface: 127.0.0.1
    port: {port}
    num-threads: 1
    do-daemonize: no
    do-not-query-localhost: no
    module-config: "validator iterator"
    trust-anchor-file: "{unbound}/anchor"
    local-zone: "test." nodefault
remote-control:
    control-enable: no
stub-zone:
    name: "{zone}"
    stub-addr: 127.0.0.1@{self.authority}
""")
        self.start("unbound", PROGRAMS[2], "-d", "-c", configuration)
        self.address = f"127.0.0.1:{port}"
        wait_until(lambda: self.answers(zone, port), "the resolver answers", explain=self.log)

    @staticmethod
    def answers(zone, port):
        with contextlib.suppress(OSError):
            return DNSRecord.question(zone, "SOA").send("127.0.0.1", port, timeout=0.3)

    def start(self, name, *command):
        with open(self.directory / f"{name}.log", "wb") as log:
            self.processes.append(subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *map(str, command)], stdin=subprocess.DEVNULL, stdout=log, stderr=log))

    def log(self):
        return "\n".join(each.read_text() for each in self.directory.glob("*.log"))

    def end(self):
        for each in self.processes:
            each.kill()
            each.wait()
