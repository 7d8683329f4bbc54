"""The command line about configurations: check, config, explain and encrypt."""
import sqlite3
import unittest

from support import HERE, SystemTest, waypost

HASH = "$6$waypost2012$bekR1y3qTOE/qxxw/n.yb3lU6iWSNrUbSFEWg7i7H.ogZ8UG306YUcJgi.Bw8khTjEPQt0H2T.FQl09FOmWc2/"
OF_2012 = f"""table in_auth {{ gilles => "gilles:{HASH}" }}
table out_auth {{ bleh => gilles:cleartextpasswd }}
listen on 127.0.0.1 port 2525 tls auth <in_auth>
accept for domain poolp.org deliver to maildir
accept for any relay via tls+auth://bleh@mail.poolp.org:587 auth <out_auth>
"""
NO_DNS = "resolver 127.0.0.1:1\n"  # answers at once that nobody is there
TABLE = 'table secrets { bleh = "gilles:cleartextpasswd" }\n'

# What stands behind TABLE, the fault's line and column, and words of it.
FAULTS = [
    ("listn on all", 2, 1, 'did you mean "listen"'),
    ("listen on 127.0.0.1 prot 25", 2, 21, 'did you mean "port"'),
    ("listen on 127.0.0.1 port 65536", 2, 26, "65536"),
    ("listen on 127.0.0.1 auth", 2, 21, "not built yet"),
    ("listen on all auth <secrets>", 2, 11, "write tls"),
    ("listen on 127.0.0.1 tls pki nowhere", 2, 29, "nowhere"),
    ("admd example.org", 2, 1, "not built yet"),
    ('action "x" mda "/bin/true | x %{sender}"', 2, 16, '"$SENDER"'),
    ('action "x" relay host smtp+tls://bleh@h:587 auth <secret>', 2, 50, 'did you mean "secrets"'),
    ('action "x" relay host tls+auth://h auth <secrets>', 2, 23, "write tls+auth://label@host"),
    ('action "x" relay host smtps://bleh@h', 2, 23, "auth <table>"),
    ('action "x" relay host smtps://h auth <secrets>', 2, 23, "label"),
    ('action "x" relay host smtp://bleh@h auth <secrets>', 2, 23, "clear text"),
    ('action "x" relay host smtps://bleh@h:99999 auth <secrets>', 2, 23, "port"),
    ('action "x" relay host smtps://bleh@h:465/x auth <secrets>', 2, 23, ""),
    ('action "x" relay host smtq://h', 2, 23, "smtq"),
    ('match for any action "nowhere"', 2, 22, "nowhere"),
    ("match from nowhere for any reject", 2, 12, "nowhere"),
    ('action "x" maildir "/unfinished', 2, 20, ""),
    ("accept for any relay via tls+auth://bleh@h", 2, 26, "auth <table>"),
    ("accept for any", 2, 1, "deliver"),
]


class ConfigTest(SystemTest):
    def write(self, text, name="smtpd.conf"):
        file = self.directory / name
        file.write_text(text)
        return file

    def expect(self, code, *arguments, **more):
        done = waypost(*arguments, **more)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done


class Check(ConfigTest):
    def test_a_good_configuration_is_ok(self):
        done = self.expect(0, "check", "-f", self.write(OF_2012))
        self.assertEqual(done.stdout, "configuration OK\n")
        self.assertIn("smtpd.conf:3:11: warning: ", done.stderr)  # the certificate will be self-signed

    def test_each_fault_is_named_with_its_place_and_what_to_write(self):
        for text, line, column, words in FAULTS:
            with self.subTest(text):
                file = self.write(TABLE + text + "\nmatch for any reject\n")
                done = self.expect(1, "check", "-f", file)
                self.assertEqual(done.stdout, "")
                faults = [each for each in done.stderr.splitlines() if " warning: " not in each]
                self.assertEqual(len(faults), 1, done.stderr)
                self.assertTrue(faults[0].startswith(f"{file}:{line}:{column}: "), faults[0])
                self.assertIn(words, faults[0])

    def test_every_fault_of_a_file_is_printed(self):
        done = self.expect(1, "check", "-f", self.write("listn on all\nmatch for any action\nadmd x\n"))
        self.assertEqual([line.split(":")[1] for line in done.stderr.splitlines()], ["1", "2", "3"])

    def test_a_file_that_is_not_there_is_a_fault(self):
        self.assertIn("/nowhere/smtpd.conf", self.expect(1, "check", "-f", "/nowhere/smtpd.conf").stderr)

    def test_the_environment_names_the_file_and_d_defines_macros(self):
        file = self.write('url = "smtq://relay.example"\naccept for any relay via $url\n')
        environment = {"WAYPOST_CONFIG": str(file)}
        self.expect(1, "check", environment=environment)
        self.expect(0, "check", "-D", "url=smtp://relay.example", environment=environment)

    def test_a_secret_comes_from_the_environment_or_a_file(self):
        secret = self.write("gilles:filepasswd\n", "secret")
        file = self.write(f'table t {{ a = "${{RELAY_LOGIN}}", b = "file:{secret}" }}\n'
                          "accept for any relay via smtps+auth://a@h auth <t>\n")
        done = self.expect(1, "check", "-f", file)
        self.assertIn("RELAY_LOGIN", done.stderr)
        self.expect(0, "check", "-f", file, environment={"RELAY_LOGIN": "gilles:envpasswd"})

    def test_the_configurations_that_are_shipped_are_good(self):
        for name in ("try.conf", "2012.conf", "relay.conf"):
            with self.subTest(name):
                self.expect(0, "check", "-f", HERE.parents[1] / "config" / name)


class Config(ConfigTest):
    def test_it_prints_todays_grammar_without_secrets(self):
        text = self.expect(0, "config", "-f", self.write(OF_2012)).stdout
        self.assertIn('match from auth for any action ', text)
        self.assertIn("tls+auth://bleh@mail.poolp.org:587", text)
        self.assertNotIn("accept", text)
        for secret in ("cleartextpasswd", HASH, HASH[:20]):
            self.assertNotIn(secret, text)

    def test_what_it_prints_is_a_configuration(self):
        text = self.expect(0, "config", "-f", self.write(OF_2012)).stdout
        again = self.write(text.replace('"********"', '"gilles:x"'), "again.conf")
        self.expect(0, "check", "-f", again)
        self.assertEqual(self.expect(0, "config", "-f", again).stdout, text)

    def test_no_fault_shows_a_secret(self):
        for text in ('table t { a = "gilles:cleartextpasswd" b = "gilles:cleartextpasswd" }',
                     "table t { a = gilles:cleartextpasswd!x }",
                     'table t { a = "cleartextpasswd\x01" }\naction "x" relay host smtps://a@h auth <t>'):
            with self.subTest(text):
                done = self.expect(1, "check", "-f", self.write(text + "\n"))
                self.assertNotIn("cleartextpasswd", done.stderr)


class Explain(ConfigTest):
    def explain(self, code, *arguments):
        return self.expect(code, "explain", "-f", self.write(OF_2012 + NO_DNS), *arguments).stdout

    def test_it_says_the_way_of_a_mail(self):
        text = self.explain(0, "--auth", "gilles", "--from-ip", "192.0.2.1", "me@x.example", "you@else.example")
        for words in ("smtpd.conf:5", "bleh", "<out_auth>", "mail.poolp.org:587", "STARTTLS demanded, verified"):
            self.assertIn(words, text)
        self.assertNotIn("cleartextpasswd", text)

    def relay_of(self, tables, options, to="you@mx.else.example"):
        file = self.write(f'{tables}\naction "out" relay {options}\nmatch for any action "out"\n{NO_DNS}')
        text = self.expect(0, "explain", "-f", file, "me@x.example", to).stdout
        return [line.split(None, 1) for line in text.splitlines() if line.startswith(("relay", "tls"))]

    def test_it_lists_all_relays_in_their_order(self):
        hubs = "table hubs { smtp://a.example, smtp://a.example, lmtp://b.example:24 }"
        open_to_all = ["tls", "STARTTLS if offered, unverified"]
        self.assertEqual(self.relay_of(hubs, "host <hubs> ordered"),
                         [["relay", "smtp://a.example"], open_to_all, ["relay", "lmtp://b.example:24"], open_to_all])

    def test_it_finds_the_relay_of_a_domain_as_the_daemon_does(self):
        ways = 'table ways { "*.else.example" = smtp+tls://gateway.example }'
        self.assertEqual(self.relay_of(ways, "domain <ways>")[0], ["relay", "smtp+tls://gateway.example"])
        self.assertEqual(self.relay_of(ways, "domain <ways>", "you@other.example"),
                         [["relay", "none for other.example in table <ways>"]])

    def test_a_row_that_the_daemon_passes_over_is_shown_as_a_fault(self):
        with sqlite3.connect(self.directory / "rows.db") as rows:
            rows.execute("CREATE TABLE t AS SELECT 'smtp+tls://bleh@h.example' AS url")
        rows.close()
        queries = self.write(f"dbpath {self.directory}/rows.db\nfetch_relayhost select url from t\n", "sqlite.conf")
        file = self.write(f'table hubs sqlite:{queries}\naction "out" relay host <hubs>\nmatch for any action "out"\n'
                          f"{NO_DNS}")
        text = self.expect(0, "explain", "-f", file, "me@x.example", "you@mx.else.example").stdout
        self.assertIn("fault    a row that this action cannot use is passed over: the label 'bleh' has no table", text)
        self.assertNotIn("relay ", text)

    def test_it_says_why_a_mail_is_refused(self):
        self.assertIn("refused  530 5.7.0 Authentication required (to MAIL)",
                      self.explain(1, "--from-ip", "192.0.2.1", "me@x.example", "you@else.example"))
        self.assertIn("Relaying denied", self.expect(
            1, "explain", "-f", self.write(OF_2012.replace("tls auth <in_auth>", "") + NO_DNS),
            "--from-ip", "192.0.2.1", "me@x.example", "you@else.example").stdout)
        self.assertIn("smtpd.conf:4", self.explain(1, "<>", "nobody-of-this-name@poolp.org"))

    def test_what_is_no_address_is_wrong_usage(self):
        self.explain(64, "me@x.example", "you")
        self.explain(64, "--from-ip", "here", "me@x.example", "you@else.example")


class Encrypt(ConfigTest):
    def test_each_hash_has_its_own_salt(self):
        # That people can log in with it is seen elsewhere: dialog_test takes it from standard input, relay_2012_test not.
        hashes = {self.expect(0, "encrypt", "a secret").stdout for _ in range(2)}
        hashes.add(self.expect(0, "encrypt", stdin="a secret\n").stdout)
        self.assertEqual(len(hashes), 3)
        for each in hashes:
            self.assertRegex(each, r"^\$\w+\$[^:\s]+\n$")

    def test_no_password_is_wrong_usage(self):
        self.expect(64, "encrypt")


class Usage(ConfigTest):
    def test_every_command_has_help(self):
        for command in ((), ("serve",), ("check",), ("config",), ("explain",), ("encrypt",)):
            with self.subTest(command):
                self.assertIn("Usage: waypost", self.expect(0, *command, "--help").stdout)

    def test_wrong_usage_is_an_exit_code(self):
        for arguments in ((), ("nonsense",), ("check", "--nonsense"), ("explain", "only@one.example")):
            with self.subTest(arguments):
                self.assertNotEqual(self.expect(64, *arguments).stderr, "")

    def test_serve_refuses_a_configuration_with_faults(self):
        done = self.expect(78, "serve", "-f", self.write("listn on all\n"))
        self.assertIn(":1:1: ", done.stderr)

    def test_nothing_to_do_is_a_fault(self):
        self.assertIn("no rules", self.expect(1, "check", "-f", self.write("listen on 127.0.0.1 port 0\n")).stderr)

    def test_serve_says_why_it_cannot_start(self):
        queue = self.directory / "queue"
        queue.write_text("a file is in the way")
        done = self.expect(69, "serve", "-f", self.write(f'queue path "{queue}"\nmatch for any reject\n'))
        self.assertIn(str(queue), done.stderr)

    def test_a_queue_has_one_daemon(self):
        daemon = self.start("match for any reject\n")
        done = self.expect(69, "serve", "-f", daemon.configuration)
        self.assertIn(f"in use by process {daemon.process.pid}", done.stderr)
        daemon.stop()


if __name__ == "__main__":
    unittest.main()
