"""Tables that change while mail flows: the next connection, login or message goes by what they say now."""
import contextlib
import os
import smtplib
import sqlite3
import subprocess
import threading
import time
import unittest

from sink import Sink
from smart_host import Authority, SmartHost
from support import HERE, SystemTest, maildir, wait_until

PROGRAM = HERE.parent / "support/table_program.py"
OLD, NEW = "old secret", "new secret"


class Flow:
    """Sends mail all the time until it is ended."""

    def __init__(self, port):
        self.over = threading.Event()
        self.sent = 0
        self.thread = threading.Thread(target=self.run, args=(port,), daemon=True)
        self.thread.start()

    def run(self, port):
        with smtplib.SMTP("127.0.0.1", port) as client:
            while not self.over.wait(0.01):
                self.sent += 1
                client.sendmail("ada@example.org", [f"n{self.sent}@example.net"], "Subject: x\r\n\r\nx\r\n")

    def end(self):
        self.over.set()
        self.thread.join(timeout=10)


class Outgoing(SystemTest):
    def setUp(self):
        super().setUp()
        self.host = self.ending(SmartHost(Authority(self.directory), {"gilles": (OLD, NEW)}))

    def relay(self, table):
        return self.start(f"""
            table secrets {table}
            ca smart cert "{self.directory}/ca.crt"
            listen on 127.0.0.1 port 0
            mta limit session-mail-max 3
            action "out" relay host "smtp+tls://bleh@localhost:{self.host.port}" auth <secrets> ca smart
            match from any for any action "out"
            """)

    def check_that_a_change_is_seen(self, daemon, change):
        flow = self.ending(Flow(daemon.port))
        wait_until(lambda: len(self.host.attempts) > 3, "mail flows with the old password", explain=daemon.log)
        self.assertEqual(set(self.host.attempts), {("gilles", OLD)})
        # The smart host takes both, so no mail waits meanwhile. Files are looked at once a second.
        change()
        # A connection that had its password before the change may come behind one that asked after it.
        wait_until(lambda: self.host.attempts[-3:] == [("gilles", NEW)] * 3, "the new password is used",
                   explain=daemon.log)
        more = len(self.host.attempts)
        wait_until(lambda: len(self.host.attempts) > more + 2, "and by those that follow", explain=daemon.log)
        self.assertEqual(set(self.host.attempts[more:]), {("gilles", NEW)})
        flow.end()
        wait_until(lambda: len(self.host.mails) == flow.sent, "every mail is there", explain=daemon.log)

    def test_a_password_that_sqlite3_changes_is_used_by_the_next_connection(self):
        database = self.directory / "secrets.db"
        conf = self.directory / "sqlite.conf"
        conf.write_text(f"dbpath {database}\nquery_credentials select user, password from secrets where label=?;\n")

        def sqlite3(statement):
            subprocess.run(["sqlite3", str(database), ".timeout 5000", statement], check=True, timeout=20)
        sqlite3(f"create table secrets (label, user, password); insert into secrets values ('bleh', 'gilles', '{OLD}')")
        daemon = self.relay(f'"sqlite:{conf}"')
        self.check_that_a_change_is_seen(daemon, lambda: sqlite3(f"update secrets set password = '{NEW}'"))

        # A label that is gone defers, and says which label, table and relay.
        sqlite3("delete from secrets")
        flow = self.ending(Flow(daemon.port))  # connections that are open still may take any number
        waits = wait_until(lambda: daemon.deliveries("TempFail"), "mail waits for the label", explain=daemon.log)
        flow.end()
        for word in ("bleh", "secrets", f"localhost:{self.host.port}"):
            self.assertIn(word, waits[0]["stat"])
        self.assertFalse(daemon.deliveries("PermFail"))

    def test_a_password_in_a_changed_table_file_is_used(self):
        table = self.directory / "secrets"
        table.write_text(f"bleh gilles:{OLD}\n")
        daemon = self.relay(f'"file:{table}"')
        self.check_that_a_change_is_seen(daemon, lambda: table.write_text(f"bleh gilles:{NEW}\n"))

    def test_a_password_in_a_changed_secret_file_is_used(self):
        secret = self.directory / "secret"
        secret.write_text(f"gilles:{OLD}")
        daemon = self.relay(f'{{ bleh = "file:{secret}" }}')
        self.check_that_a_change_is_seen(daemon, lambda: secret.write_text(f"gilles:{NEW}"))


class LiveRows(SystemTest):
    """Rows that change to what a configuration with them would be refused for, while mail flows."""

    def setUp(self):
        super().setUp()
        self.sink = self.ending(Sink())
        self.changes = 0

    def replace(self, path, text):
        self.changes += 1
        other = path.with_suffix(f".{self.changes}")
        other.write_text(text)
        other.rename(path)

    def backend(self, kind, service, key, value):
        """A table of one row behind `kind`, and what changes it."""
        if kind == "file":
            path = self.directory / "rows"
            def change(row):
                self.replace(path, f"# @list\n{row}\n" if service == "relayhost" else f"{key} {row}\n")
        elif kind == "proc":
            path = self.directory / "program_rows"
            def change(row):
                self.replace(path, f"{service}|{key}|{row}\n")
        else:
            path = self.directory / "sqlite.conf"
            database = self.directory / "rows.db"
            path.write_text(f"dbpath {database}\nquery_{service} select v from t where k = ?;\n"
                            "fetch_relayhost select v from t;\nfetch_source_expire 1\n")
            def change(row):
                with contextlib.closing(sqlite3.connect(database, timeout=10)) as rows, rows:
                    rows.execute("create table if not exists t (k, v)")
                    rows.execute("delete from t")
                    rows.execute("insert into t values (?, ?)", (key, row))
        change(value)
        return f"proc:{PROGRAM} {path}" if kind == "proc" else f"{kind}:{path}", change

    def check_that_bad_rows_defer(self, daemon, change, good, bad_rows, word):
        """Mail with a good row is sent; with a bad one it waits, and nothing of it leaves."""
        flow = self.ending(Flow(daemon.port))
        wait_until(lambda: len(self.sink.mails) > 3, "mail flows", explain=daemon.log)
        for bad in bad_rows:
            with self.subTest(row=bad):
                before = len(daemon.deliveries("TempFail"))
                warnings = len(daemon.events("table", "warning"))
                change(bad)
                waits = wait_until(lambda before=before: daemon.deliveries("TempFail")[before + 3:], "mail waits",
                                   explain=daemon.log)
                self.assertIn("4.3.5", waits[-1]["stat"])  # what is wrong is for the log alone
                told = wait_until(lambda: daemon.events("table", "warning")[warnings:], "it is told", explain=daemon.log)
                self.assertEqual(told[0]["table"], "hosts")
                self.assertIn(word, told[0]["what"])
                sent = len(self.sink.mails)
                change(good)
                wait_until(lambda: len(self.sink.mails) > sent + 3, "mail flows again", 90, daemon.log)
        flow.end()
        self.assertFalse(daemon.deliveries("PermFail"))
        daemon.stop()

    def test_a_label_without_an_auth_table_defers(self):
        """audit 1: a live relay URL with a label, in an action without `auth`, defers its mail and ends nothing."""
        for kind in ("file", "sqlite", "proc"):
            with self.subTest(backend=kind):
                good = f"smtp://127.0.0.1:{self.sink.port}"
                table, change = self.backend(kind, "relayhost", "example.net", good)
                daemon = self.start(f"""
                    table hosts "{table}"
                    listen on 127.0.0.1 port 0
                    mta limit session-mail-max 1
                    action "out" relay host <hosts>
                    match from any for any action "out"
                    """, name=kind)
                self.sink.mails.clear()
                self.check_that_bad_rows_defer(
                    daemon, change, good, [f"smtp+tls://lab@127.0.0.1:{self.sink.port}", "gopher://x"], "cannot be used")

    def test_mail_that_must_not_go_in_clear_waits(self):
        """audit 1: a live relay URL that would send in clear what the action protects defers its mail."""
        host = self.ending(SmartHost(Authority(self.directory), {"gilles": (NEW,)}))
        good = f"smtp+tls://lab@localhost:{host.port}"
        table, change = self.backend("file", "relayhost", "example.net", good)
        daemon = self.start(f"""
            table hosts "{table}"
            table secrets {{ lab = "gilles:{NEW}" }}
            ca smart cert "{self.directory}/ca.crt"
            listen on 127.0.0.1 port 0
            mta limit session-mail-max 1
            action "out" relay host <hosts> tls auth <secrets> ca smart
            match from any for any action "out"
            """)
        flow = self.ending(Flow(daemon.port))
        wait_until(lambda: len(host.mails) > 2, "mail flows", explain=daemon.log)
        change(f"smtp+notls://127.0.0.1:{self.sink.port}")
        wait_until(lambda: len(daemon.deliveries("TempFail")) > 3, "mail waits", explain=daemon.log)
        told = wait_until(lambda: daemon.events("table", "warning"), "it is told", explain=daemon.log)
        self.assertEqual(told[0]["table"], "hosts")
        self.assertIn("smtp+notls", told[0]["what"])
        flow.end()
        self.assertEqual(self.sink.sessions, 0)
        daemon.stop()

    def test_a_helo_name_with_commands_in_it_is_never_said(self):
        """audit 19: a live helo-src row with a line end in it is no command to the next host; the mail waits."""
        table, change = self.backend("sqlite", "addrname", "127.0.0.1", "one.example.org")
        daemon = self.start(f"""
            table names "{table}"
            listen on 127.0.0.1 port 0
            mta limit session-mail-max 1
            action "out" relay host "smtp://127.0.0.1:{self.sink.port}" helo-src <names>
            match from any for any action "out"
            """)
        flow = self.ending(Flow(daemon.port))
        wait_until(lambda: self.sink.mails, "mail flows", explain=daemon.log)
        change("two.example.org\r\nMAIL FROM:<evil@example.org>")
        waits = wait_until(lambda: daemon.deliveries("TempFail"), "mail waits", explain=daemon.log)
        self.assertIn("names", waits[0]["stat"])
        told = wait_until(lambda: daemon.events("table", "warning"), "it is told", explain=daemon.log)
        self.assertIn("127.0.0.1", told[0]["what"])
        flow.end()
        self.assertEqual({line for _, line in self.sink.commands if line.startswith("EHLO")}, {"EHLO one.example.org"})
        self.assertFalse([line for _, line in self.sink.commands if "evil" in line])
        daemon.stop()

    def recipient(self, daemon, address="bob@example.net"):
        with smtplib.SMTP("127.0.0.1", daemon.port) as client:
            client.helo("client.example.org")
            client.mail("sender@example.org")
            return client.rcpt(address)[0]

    def test_a_reject_rule_stays_shut_when_its_file_is_broken(self):
        """audit 29: a broken line in the file of a condition keeps the rows from before it, with a warning."""
        for condition, good, bad in (("from src <rows> for any", "127.0.0.1", "127.0.0.1/33"),
                                     ("from any mail-from regex <rows> for any", "^send", "^send("),
                                     ("from any for domain <rows>", "example.net", "bob@example.net")):
            with self.subTest(condition=condition):
                path = self.directory / "rows"
                self.replace(path, f"# @list\n{good}\n")
                daemon = self.start(f"""
                    table rows "file:{path}"
                    listen on 127.0.0.1 port 0
                    action "keep" maildir "{self.directory}/mail"
                    match {condition} reject
                    match from any for any action "keep"
                    """, name=f"daemon{self.changes}")
                self.assertEqual(self.recipient(daemon, "root@example.net"), 550)
                self.replace(path, f"# @list\nunused.example\n{bad}\n" if "src" not in condition
                             else f"# @list\n192.0.2.1\n{bad}\n")
                def told(daemon=daemon):
                    self.assertEqual(self.recipient(daemon, "root@example.net"), 550)
                    return daemon.events("table", "warning")
                [warning] = wait_until(told, "it is told", explain=daemon.log)
                self.assertEqual(warning["table"], "rows")
                self.assertIn(f"{path}:3: ", warning["what"])
                daemon.stop()

    def test_users_stay_while_a_script_rewrites_their_file(self):
        """audit 23: while 3,000 rows are written in place, valid users stay valid; an emptied file counts late."""
        path = self.directory / "users"
        rows = "".join(f"u{i} {os.getuid()}:{os.getgid()}:{self.directory}\n" for i in range(3000))
        path.write_text(rows)
        daemon = self.start(f"""
            table users "file:{path}"
            listen on 127.0.0.1 port 0
            action "keep" maildir "{self.directory}/mail" userbase <users>
            match from any for domain "example.org" action "keep"
            """)
        self.assertEqual(self.recipient(daemon, "u2999@example.org"), 250)
        with smtplib.SMTP("127.0.0.1", daemon.port) as client:
            client.helo("client.example.org")
            client.mail("sender@example.org")
            end = time.monotonic() + 3.5
            with open(path, "w") as file:
                for number, row in enumerate(rows.splitlines()):
                    file.write(row + "\n")
                    file.flush()
                    if number % 20 == 0:
                        self.assertEqual(client.rcpt("u2999@example.org")[0], 250, f"after {number} rows")
                        client.rset()
                        client.mail("sender@example.org")
                        time.sleep(max(0, (end - time.monotonic()) / (3000 - number) * 20))
                file.write(f"new {os.getuid()}:{os.getgid()}:{self.directory}\n")
        wait_until(lambda: self.recipient(daemon, "new@example.org") == 250, "the new rows are in use")
        self.assertEqual(self.recipient(daemon, "u2999@example.org"), 250)
        self.assertFalse(daemon.events("table", "warning"))
        path.write_text("")
        wait_until(lambda: self.recipient(daemon, "new@example.org") == 550, "the empty file counts")
        [warning] = wait_until(lambda: daemon.events("table", "warning"), "it is told", explain=daemon.log)
        self.assertIn("no entries", warning["what"])
        daemon.stop()


class Incoming(SystemTest):
    def login(self, daemon, user, password):
        client = smtplib.SMTP("127.0.0.1", daemon.port)
        self.addCleanup(client.close)
        client.ehlo()
        try:
            client.login(user, password)
        except smtplib.SMTPAuthenticationError as error:
            return error.smtp_code, None
        return 235, client

    def test_logins_and_senders_go_by_what_the_tables_say_now(self):
        sink = self.ending(Sink())
        passwords, senders = self.directory / "passwords", self.directory / "senders"
        passwords.write_text(f"ada ada:{{PLAIN}}{OLD}\n")
        senders.write_text("ada ada@example.org, @ada.example\n")
        daemon = self.start(f"""
            table in "file:{passwords}"
            table who "file:{senders}"
            listen on 127.0.0.1 port 0 auth <in> senders <who> masquerade
            action "out" relay host "smtp://127.0.0.1:{sink.port}"
            match auth from any for any action "out"
            """)
        code, client = self.login(daemon, "ada", OLD)
        self.assertEqual(code, 235)
        client.sendmail("x@ada.example", ["bob@example.net"], "From: Boss <boss@example.org>\r\nSubject: x\r\n\r\nFrom: me\r\n")
        with self.assertRaises(smtplib.SMTPSenderRefused) as refused:
            client.sendmail("boss@example.org", ["bob@example.net"], "Subject: x\r\n\r\nx\r\n")
        self.assertEqual(refused.exception.smtp_code, 550)
        wait_until(lambda: sink.mails, "the mail is there", explain=daemon.log)
        self.assertEqual(sink.mails[0].field("From"), "x@ada.example")
        self.assertIn(b"\r\n\r\nFrom: me\r\n", sink.mails[0].content)

        passwords.write_text(f"ada ada:{{PLAIN}}{NEW}\n")
        wait_until(lambda: self.login(daemon, "ada", NEW)[0] == 235, "the new password is right", explain=daemon.log)
        self.assertEqual(self.login(daemon, "ada", OLD)[0], 535)
        # Nobody learns who exists; and the log says who tried, and from where.
        self.assertEqual(self.login(daemon, "nobody", OLD)[0], 535)
        def failures():
            return [each for each in daemon.events("smtp", "authentication") if each["result"] == "permfail"]
        wait_until(lambda: ("nobody", 1) in {(each["user"], each["failures"]) for each in failures()}, "it is logged",
                   explain=daemon.log)
        self.assertTrue(all(each["address"].startswith("127.0.0.1:") for each in failures()))

    def test_the_same_name_in_two_domains_is_two_users(self):
        homes = [self.directory / name for name in ("one", "two")]
        for home in homes:
            home.mkdir()
        uid, gid = homes[0].stat().st_uid, homes[0].stat().st_gid
        daemon = self.start(f"""
            table bleh1 {{ vuser => "vuser:{uid}:{gid}:{homes[0]}" }}
            table bleh2 {{ vuser => "{uid}:{gid}:{homes[1]}" }}
            listen on 127.0.0.1 port 0
            accept from any for domain poolp.org users <bleh1> deliver to maildir
            accept from any for domain opensmtpd.org users <bleh2> deliver to maildir
            """)
        with smtplib.SMTP("127.0.0.1", daemon.port) as client:
            client.sendmail("a@example.org", ["vuser@poolp.org"], "Subject: first\r\n\r\nx\r\n")
            client.sendmail("a@example.org", ["vuser@opensmtpd.org"], "Subject: second\r\n\r\nx\r\n")
            with self.assertRaises(smtplib.SMTPRecipientsRefused) as refused:
                client.sendmail("a@example.org", ["root@poolp.org"], "Subject: x\r\n\r\nx\r\n")
            self.assertEqual(refused.exception.recipients["root@poolp.org"][0], 550)
        for home, subject in zip(homes, (b"first", b"second")):
            [mail] = wait_until(lambda home=home: maildir(home / "Maildir"), "the mail is there", explain=daemon.log)
            self.assertIn(b"Subject: " + subject, mail)


if __name__ == "__main__":
    unittest.main()
