"""The relay engine over real sockets: MX hosts on addresses of 127.0.0.0/8, a DNS that says what the test wants."""
import json
import random
import smtplib
import socket
import unittest

from dns_server import SERVFAIL, DnsServer
from sink import CLOSE, Sink
from support import ReservedPort, SystemTest, wait_until, waypost


def addresses(count):
    """Addresses where nobody else listens at port 25."""
    net = f"127.{random.randint(2, 254)}.{random.randint(0, 255)}"
    return [f"{net}.{i + 1}" for i in range(count)]


def may_listen_at_port_25():
    with socket.socket() as probe:
        try:
            probe.bind((addresses(1)[0], 25))
        except PermissionError:
            return False
    return True


class EngineTest(SystemTest):
    def setUp(self):
        super().setUp()
        self.dns = self.ending(DnsServer())

    def sink_at(self, address, answer=lambda step, argument: None, port=25):
        return self.ending(Sink(answer, at=(address, port)))

    def serve(self, action="relay", more=""):
        self.daemon = self.start(f"""
            resolver {self.dns.address}
            listen on 127.0.0.1 port 0
            {more}
            action "out" {action}
            match from any for any action "out"
            """)
        return self.daemon

    def send(self, *recipients, sender="ada@example.net"):
        with smtplib.SMTP("127.0.0.1", self.daemon.port) as client:
            client.sendmail(sender, recipients, "Subject: x\r\n\r\nbody\r\n")

    def show(self, what):
        said = waypost("show", what, "--json", "-f", self.daemon.configuration)
        self.assertEqual(said.returncode, 0, said.stderr)
        return json.loads(said.stdout)

    def until(self, condition, what):
        return wait_until(condition, what, explain=self.daemon.log)


@unittest.skipUnless(may_listen_at_port_25(), "MX hosts listen at port 25, which needs root")
class MxHosts(EngineTest):
    def test_mail_goes_to_the_best_host_before_a_worse_one_is_known(self):
        best, worse = addresses(2)
        self.dns.set("example.org", "MX 10 best.example.org", "MX 20 worse.example.org")
        self.dns.set("best.example.org", f"A {best}")
        self.dns.set("worse.example.org", f"A {worse}")
        self.dns.delays["worse.example.org"] = 4
        sink = self.sink_at(best)
        self.serve()
        self.send("bob@example.org")
        self.until(lambda: sink.mails, "the mail is there")
        # The DNS is still being asked: nothing has come of the worse host yet.
        delay = float(self.until(lambda: self.daemon.deliveries("Ok"), "it is logged")[0]["delay"].rstrip("s"))
        self.assertLess(delay, 3)

    def test_a_broken_route_shows_its_error_while_its_neighbour_carries(self):
        broken, well = addresses(2)
        self.dns.set("example.org", "MX 10 mail.example.org")
        self.dns.set("mail.example.org", f"A {broken}", f"A {well}")
        throws_out = [True]
        bad = self.sink_at(
            broken, lambda step, argument: "421 4.3.2 not today" if throws_out[0] and step == "CONNECT" else None)
        good = self.sink_at(well)
        self.serve()
        for i in range(5):
            self.send(f"n{i}@example.org")
        self.until(lambda: len(good.mails) == 5, "the good host has all")
        self.until(lambda: len(self.show("routes")) == 2, "both routes are known")
        routes = {each["host"]: each for each in self.show("routes")}
        self.assertIn("not today", routes[f"{broken}:25"]["last_error"])
        self.assertGreaterEqual(routes[f"{broken}:25"]["errors"], 1)
        self.assertEqual(routes[f"{broken}:25"]["messages"], 0)
        self.assertEqual(routes[f"{well}:25"]["errors"], 0)
        self.assertEqual(routes[f"{well}:25"]["messages"], 5)
        text = waypost("show", "routes", "-f", self.daemon.configuration).stdout
        self.assertIn("not today", text)
        [relay] = self.show("relays")
        self.assertEqual((relay["action"], relay["domain"], relay["carried"]), ("out", "example.org", 5))
        self.assertEqual({each["host"] for each in self.show("hosts")}, {f"{broken}:25", f"{well}:25"})

        # It rests for longer each time; who knows better ends the rest.
        throws_out[0] = False
        number = routes[f"{broken}:25"]["id"]
        self.assertEqual(waypost("resume", "route", number, "-f", self.daemon.configuration).returncode, 0)
        self.assertIsNone({each["id"]: each for each in self.show("routes")}[number]["next_try"])
        self.assertEqual(waypost("resume", "route", 4711, "-f", self.daemon.configuration).returncode, 1)
        self.assertEqual(len(bad.mails), 0)

    def test_a_worse_host_serves_while_the_best_is_broken_and_no_longer(self):
        ways_to_break = {
            "refused": None,
            "421": lambda step, argument: "421 4.3.2 not today" if step == "CONNECT" else None,
            "closed": lambda step, argument: CLOSE if step == "CONNECT" else None,
            "no EHLO": lambda step, argument: "550 5.7.1 go away" if step in ("EHLO", "HELO") else None,
        }
        hosts = addresses(2 * len(ways_to_break))
        self.serve()
        for i, (how, answer) in enumerate(ways_to_break.items()):
            with self.subTest(how):
                best, worse = hosts[2 * i], hosts[2 * i + 1]
                domain = f"d{i}.example"
                self.dns.set(domain, f"MX 10 a.{domain}", f"MX 20 b.{domain}")
                self.dns.set(f"a.{domain}", f"A {best}")
                self.dns.set(f"b.{domain}", f"A {worse}")
                broken = [True]
                if answer is not None:
                    first = self.sink_at(best, lambda *what, answer=answer, broken=broken:
                                         answer(*what) if broken[0] else None)
                second = self.sink_at(worse)
                self.send(f"one@{domain}")
                self.until(lambda: second.mails, "the worse host has it")
                if answer is None:
                    first = self.sink_at(best)
                broken[0] = False
                number = [0]

                def best_is_used():
                    number[0] += 1
                    self.send(f"n{number[0]}@{domain}")
                    return first.mails
                # The session at the worse host may carry a few more; it is not renewed while the best one works.
                self.until(best_is_used, "the best host is used again")

    def test_a_domain_without_mail_fails_at_once_and_one_that_cannot_be_asked_waits(self):
        [good] = addresses(1)
        self.dns.set("null.example", "MX 0 .")
        self.dns.faults["broken.example"] = SERVFAIL
        self.dns.set("example.net", "MX 10 mx.example.net")
        self.dns.set("mx.example.net", f"A {good}")
        reports = self.sink_at(good)
        self.serve()
        self.send("a@null.example")
        self.send("b@gone.example")
        self.send("c@broken.example")
        self.until(lambda: len(reports.mails) == 2, "two reports are there")
        self.assertEqual({each.sender for each in reports.mails}, {""})
        self.assertTrue(any(b"does not accept mail" in each.content for each in reports.mails))
        self.assertTrue(any(b"does not exist" in each.content for each in reports.mails))
        [waiting] = self.until(lambda: self.daemon.deliveries("TempFail"), "the third waits")
        self.assertIn("broken.example", waiting["to"])

    def test_a_backup_uses_better_hosts_only_and_a_loop_is_seen(self):
        best, ours, worse = addresses(3)
        self.dns.set("example.org", "MX 10 a.example.org", "MX 20 mx2.example.org", "MX 30 c.example.org")
        for name, address in zip(("a", "mx2", "c"), (best, ours, worse)):
            self.dns.set(f"{name}.example.org", f"A {address}")
        others = [self.sink_at(ours), self.sink_at(worse)]
        self.serve("relay backup mx mx2.example.org")
        self.send("bob@example.org")
        self.until(lambda: self.daemon.deliveries("TempFail"), "the mail waits for the best host")
        sink = self.sink_at(best)

        # `mx.example.org` is what the daemon calls itself.
        self.dns.set("loop.example", "MX 10 mx.example.org", "MX 20 c.example.org")
        daemon = self.daemon
        self.serve_second = self.start(f"""
            resolver {self.dns.address}
            listen on 127.0.0.1 port 0
            action "out" relay
            match from any for any action "out"
            """, name="second")
        self.daemon = self.serve_second
        self.send("bob@loop.example")
        lost = self.until(lambda: self.daemon.deliveries("PermFail"), "the loop is seen")
        self.assertIn("loops back", lost[0]["stat"])
        self.daemon = daemon
        self.send("carol@example.org")
        self.until(lambda: sink.mails, "the best host has mail")
        self.assertEqual([each.mails for each in others], [[], []])


class Urls(EngineTest):
    def test_the_first_of_ordered_urls_is_used_whenever_it_works(self):
        first_port = self.ending(ReservedPort())
        second = self.ending(Sink())
        self.serve(f'relay host {{ "smtp://127.0.0.1:{first_port.number}", "smtp://127.0.0.1:{second.port}" }} ordered')
        self.send("a@example.org")
        self.until(lambda: second.mails, "the second has it")
        first_port.end()
        first = self.sink_at("127.0.0.1", port=first_port.number)
        number = [0]

        def first_is_used():
            number[0] += 1
            self.send(f"n{number[0]}@example.org")
            return first.mails
        self.until(first_is_used, "the first is used again")

    def test_the_url_is_looked_up_by_the_domain(self):
        one, other = self.ending(Sink()), self.ending(Sink())
        self.serve("relay domain <urls>", more=f'''
            table urls {{ one.example = "smtp://127.0.0.1:{one.port}", "*.other.example" = "smtp://127.0.0.1:{other.port}" }}''')
        self.send("a@one.example")
        self.send("b@sub.other.example")
        self.send("c@neither.example")
        self.until(lambda: one.mails and other.mails, "both have theirs")
        waiting = self.until(lambda: self.daemon.deliveries("TempFail"), "the third waits")
        self.assertIn("neither.example", waiting[0]["stat"])

    def test_sources_take_turns_with_their_names_and_a_foreign_one_is_passed_over(self):
        seen = []
        sink = self.ending(Sink(lambda step, argument: seen.append(argument) if step == "EHLO" else None))
        self.serve(f'relay host "smtp://127.0.0.1:{sink.port}" src {{ 127.0.0.5, 192.0.2.99, 127.0.0.6 }} helo-src <names>',
                   more='''table names { 127.0.0.5 = five.example.org, 127.0.0.6 = six.example.org }
            mta limit session-mail-max 1''')
        for i in range(6):
            self.send(f"n{i}@example.org")
        self.until(lambda: len(sink.mails) == 6, "all are there")
        self.assertEqual(set(seen), {"EHLO five.example.org", "EHLO six.example.org"})
        failed = self.until(lambda: self.daemon.events("mta", "connect-failed"), "it is logged")
        self.assertEqual({each["source"] for each in failed}, {"192.0.2.99"})

    def test_small_mail_overtakes_a_long_list(self):
        sink = self.ending(Sink())
        self.serve(f'relay host "smtp://127.0.0.1:{sink.port}"',
                   more="mta limit max-conn-per-host 1 session-rcpt-max 10 session-transaction-delay 1\n"
                        "smtp limit max-rcpt 5000")
        with smtplib.SMTP("127.0.0.1", self.daemon.port) as client:
            client.sendmail("list@example.net", [f"n{i}@example.org" for i in range(2000)], "Subject: list\r\n\r\nx\r\n")
        self.until(lambda: sink.mails, "the list has begun")
        self.send("bob@example.org")
        self.until(lambda: any("bob@example.org" in each.recipients for each in sink.mails), "the letter is there")
        self.assertLess(len(sink.mails), 60)  # of 201 transactions, and by far


class Control(EngineTest):
    def test_a_table_is_read_anew_on_demand(self):
        table = self.directory / "domains"
        table.write_text("old.example\n")
        self.daemon = self.start(f"""
            table domains "file:{table}"
            listen on 127.0.0.1 port 0
            action "out" relay host "smtp://127.0.0.1:9"
            match from any for domain <domains> action "out"
            """)
        self.send("a@old.example")
        table.write_text("new.example\n")
        self.assertEqual(waypost("update", "table", "domains", "-f", self.daemon.configuration).returncode, 0)
        self.send("a@new.example")
        with self.assertRaises(smtplib.SMTPRecipientsRefused):
            self.send("a@old.example")
        self.assertEqual(waypost("update", "table", "nope", "-f", self.daemon.configuration).returncode, 1)


if __name__ == "__main__":
    unittest.main()
