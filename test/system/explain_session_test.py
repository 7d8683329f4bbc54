"""waypost explain answers for the session that it is told about, as the daemon would, and names what it cannot know."""
import unittest

from dns_server import SERVFAIL, DnsServer
from support import SystemTest, waypost

HEAD = """hostname mx.example.org
queue path "{queue}"
resolver {dns}
"""
ACTIONS = """
action "out" relay host "smtp://127.0.0.1:1"
action "named" relay host "smtp://{host}"
"""
ZONE = {
    "1.2.0.192.in-addr.arpa": ["PTR client.example"],
    "client.example": ["A 192.0.2.1"],
    "2.2.0.192.in-addr.arpa": ["PTR liar.example"],
    "liar.example": ["A 192.0.2.99"],
    "hub.example": ["A 192.0.2.25"],
}


class ExplainSession(SystemTest):
    def setUp(self):
        super().setUp()
        self.dns = self.ending(DnsServer(ZONE))
        self.file = self.directory / "smtpd.conf"

    def configure(self, rules, listeners="listen on 127.0.0.1 port 25", host="hub.example"):
        head = HEAD.format(queue=self.directory / "queue", dns=self.dns.address)
        self.first_line = 1 + (head + listeners + ACTIONS.format(host=host)).count("\n") + 1
        self.file.write_text(head + listeners + "\n" + ACTIONS.format(host=host) + rules)

    def explain(self, *options, sender="me@else.example", to="you@any.example"):
        return waypost("explain", "-f", self.file, *options, sender, to)

    def expect_rule(self, number, *options, **more):
        """The number of the rule that decides, from 0."""
        done = self.explain(*options, **more)
        self.assertIn(f"rule     {self.file}:{self.first_line + number}\n", done.stdout, done.stderr)
        return done.stdout

    def test_helo(self):
        """audit 32: a rule about HELO is judged by --helo, and doubted without it"""
        self.configure('match from any helo "good.example" for any action "out"\nmatch from any for any reject\n')
        self.assertNotIn("unsure", self.expect_rule(0, "--from-ip", "192.0.2.1", "--helo", "good.example"))
        self.assertNotIn("unsure", self.expect_rule(1, "--from-ip", "192.0.2.1", "--helo", "bad.example"))
        doubtful = self.expect_rule(1, "--from-ip", "192.0.2.1")
        self.assertRegex(doubtful, rf"unsure   {self.file}:{self.first_line}: .*--helo")
        self.assertNotIn(f"unsure   {self.file}:{self.first_line + 1}", doubtful)

    def test_tls(self):
        """audit 32: a rule about TLS is judged by --tls, and doubted where the session could be either"""
        listeners = "listen on 127.0.0.1 port 25 tls"
        self.configure('match from any tls for any action "out"\nmatch from any for any reject\n', listeners)
        self.assertNotIn("unsure", self.expect_rule(0, "--from-ip", "192.0.2.1", "--tls"))
        self.assertNotIn("unsure", self.expect_rule(1, "--from-ip", "192.0.2.1", "--no-tls"))
        self.assertRegex(self.expect_rule(1, "--from-ip", "192.0.2.1"), r"unsure .*TLS.*--tls")

    def test_tls_where_there_is_no_choice(self):
        self.configure('match from any tls for any action "out"\nmatch from any for any reject\n')
        self.assertNotIn("unsure", self.expect_rule(1, "--from-ip", "192.0.2.1"))
        refused = self.explain("--from-ip", "192.0.2.1", "--tls")
        self.assertIn("refused  502 5.5.1 STARTTLS is not available (to STARTTLS)", refused.stdout)
        self.assertEqual(refused.returncode, 1)

    def test_tag_and_listener(self):
        """audit 32: a rule about a tag is judged by the listener"""
        self.configure('match tag inside from any for any action "out"\nmatch from any for any reject\n',
                       "listen on 127.0.0.1 port 25\nlisten on 127.0.0.1 port 587 tag inside")
        for options in (("--listener", "587"), ("--listener", "127.0.0.1:587"), ("--tag", "inside")):
            self.assertNotIn("unsure", self.expect_rule(0, "--from-ip", "192.0.2.1", *options))
        self.assertNotIn("unsure", self.expect_rule(1, "--from-ip", "192.0.2.1", "--listener", "25"))
        self.assertRegex(self.expect_rule(1, "--from-ip", "192.0.2.1"), r"unsure .*tag.*--listener")
        # sendmail's mail comes by the socket, whose tag is known.
        self.assertNotIn("unsure", self.expect_rule(1))
        wrong = self.explain("--from-ip", "192.0.2.1", "--listener", "26")
        self.assertEqual(wrong.returncode, 64)
        self.assertIn("127.0.0.1:587", wrong.stderr)

    def test_the_only_listener_has_its_tag(self):
        self.configure('match tag inside from any for any action "out"\n', "listen on 127.0.0.1 port 25 tag inside")
        self.assertNotIn("unsure", self.expect_rule(0, "--from-ip", "192.0.2.1"))

    def test_rdns(self):
        """audit 32: the client's name is asked for as the daemon asks, both ways"""
        self.configure('match from rdns "client.example" for any action "out"\n'
                       'match from rdns for any reject\nmatch from any for any action "named"\n')
        self.expect_rule(0, "--from-ip", "192.0.2.1")
        self.expect_rule(2, "--from-ip", "192.0.2.2")  # a name that is not confirmed is none
        self.expect_rule(2, "--from-ip", "192.0.2.3")
        self.expect_rule(1, "--from-ip", "127.0.0.1")  # localhost, without asking
        self.assertEqual(self.dns.asked("PTR", "1.0.0.127.in-addr.arpa"), 0)

    def test_rdns_that_cannot_be_asked(self):
        """audit 32: where a rule could not be judged, it says which and why"""
        self.configure('match from rdns "client.example" for any action "out"\nmatch from any for any action "out"\n')
        self.dns.faults["1.2.0.192.in-addr.arpa"] = SERVFAIL
        done = self.explain("--from-ip", "192.0.2.1")
        self.assertEqual(done.returncode, 75)
        self.assertRegex(done.stdout, rf"unsure   {self.file}:{self.first_line}: could not be judged: \w+")
        self.assertIn("refused  451 4.3.0", done.stdout)

    def test_srs(self):
        """audit 32: of an SRS address the line is that of the rule which its first sender meets"""
        self.configure('match from any for domain "here.example" reject\nmatch from local for any action "out"\n',
                       'listen on 127.0.0.1 port 25\nsrs key "a long secret"')
        # No address that was made here: the rule of its domain.
        self.expect_rule(0, "--from-ip", "192.0.2.1", sender="<>", to="SRS0=abcdef=ab=origin.example=eve@here.example")

    def test_senders(self):
        """audit 32: what a user may not send as is refused, as at MAIL"""
        self.configure('match from auth for any action "out"\n',
                       'table logins { ada = "ada:{PLAIN}x" }\ntable allowed { ada = "ada@home.example" }\n'
                       "listen on 127.0.0.1 port 587 auth <logins> senders <allowed>")
        self.expect_rule(0, "--from-ip", "192.0.2.1", "--auth", "ada", sender="ada@home.example")
        refused = self.explain("--from-ip", "192.0.2.1", "--auth", "ada", sender="eve@home.example")
        self.assertIn("refused  550 5.7.1 You may not send as this address (to MAIL)\n", refused.stdout)
        self.assertEqual(refused.returncode, 1)

    def test_a_smart_host_has_to_resolve(self):
        """audit 32: a smart host that does not resolve is shown as a fault"""
        rules = 'match from any for any action "named"\n'
        self.configure(rules)
        self.assertIn("host     192.0.2.25\n", self.expect_rule(0))
        self.configure(rules, host="typo.example")
        self.assertRegex(self.expect_rule(0), r"(?m)^fault    cannot find typo\.example: ")


if __name__ == "__main__":
    unittest.main()
