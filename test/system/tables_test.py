"""Tables of every kind behind the real daemon, and `waypost lookup`."""
import os
import pathlib
import smtplib
import sqlite3
import unittest

from support import HERE, SystemTest, maildir, wait_until, waypost

PROGRAM = HERE.parent / "support/table_program.py"

# As the announcement of December 2012 printed it, but for the path.
SQLITE_CONF = """
# Path to database
#
dbpath {database}

# Alias lookup query
#
# rows >= 0
# fields == 1 (user varchar)
#
query_alias\t\tselect value from aliases where key=?;

# Domain lookup query
#
# rows == 1
# fields == 1 (domain varchar)
#
query_domain\t\tselect value from domains where key=?;
"""


class TablesTest(SystemTest):
    def write(self, name, text):
        path = self.directory / name
        path.write_text(text)
        return path

    def database(self, name="sqlite.db"):
        path = self.directory / name
        with sqlite3.connect(path) as database:
            database.executescript("""
                CREATE TABLE aliases(key, value); CREATE TABLE domains(key, value);
                INSERT INTO aliases VALUES ('gilles', 'root'), ('list', 'gilles'), ('list', 'gilles');
                INSERT INTO domains VALUES ('poolp.org', 'poolp.org');""")
        self.write("sqlite.conf", SQLITE_CONF.format(database=path))
        return path

    def recipient(self, daemon, address):
        """The code that RCPT is answered with."""
        with smtplib.SMTP("127.0.0.1", daemon.port) as client:
            client.helo("client.example.org")
            client.mail("sender@example.org")
            return client.rcpt(address)[0]

    def lookup(self, configuration, *words):
        done = waypost("lookup", "-f", configuration, *words)
        return done.returncode, done.stdout.rstrip("\n")

    def test_the_sqlite_table_of_2012_serves_domains_and_aliases(self):
        database = self.database()
        daemon = self.start(f"""
table mytbl sqlite:{self.directory}/sqlite.conf
listen on 127.0.0.1 port 0
accept for domain <mytbl> alias <mytbl> deliver to maildir "{self.directory}/mail"
""")
        self.assertEqual(self.recipient(daemon, "gilles@poolp.org"), 250)
        self.assertEqual(self.recipient(daemon, "gilles@example.com"), 550)
        self.assertEqual(self.recipient(daemon, "no-such-user@poolp.org"), 550)
        with sqlite3.connect(database) as rows:  # seen at once
            rows.execute("INSERT INTO domains VALUES ('example.com', 'example.com')")
        self.assertEqual(self.recipient(daemon, "gilles@example.com"), 250)

        moved = database.rename(self.directory / "elsewhere.db")  # a temporary failure, and never a no
        self.assertEqual(self.recipient(daemon, "gilles@poolp.org"), 451)
        moved.rename(database)
        self.assertEqual(self.recipient(daemon, "gilles@poolp.org"), 250)
        wait_until(lambda: daemon.events("table", "warning"), "it is logged", explain=daemon.log)
        with smtplib.SMTP("127.0.0.1", daemon.port) as client:
            client.sendmail("sender@example.org", ["list@poolp.org"], "Subject: hello\r\n\r\nworld\r\n")
        wait_until(lambda: maildir(self.directory / "mail"), "the mail is there", explain=daemon.log)
        self.assertEqual(len(maildir(self.directory / "mail")), 1)  # twice in the alias is one mailbox
        daemon.stop()

    def test_a_table_program_serves_and_its_death_costs_temporary_failures(self):
        rows = self.write("rows", "domain|poolp.org|\ndomain|*.example.org|\n")
        daemon = self.start(f"""
table domains "proc:{PROGRAM} {rows}"
listen on 127.0.0.1 port 0
action "keep" maildir "{self.directory}/mail"
match for domain <domains> action "keep"
match for domain "other.org" action "keep"
""")
        self.assertEqual(self.recipient(daemon, "root@poolp.org"), 250)
        self.assertEqual(self.recipient(daemon, "root@mx.example.org"), 250)
        self.assertEqual(self.recipient(daemon, "root@example.com"), 550)
        self.assertEqual(self.recipient(daemon, "root@die"), 451)
        wait_until(lambda: self.recipient(daemon, "root@poolp.org") == 250, "the program runs again",
                   explain=daemon.log)
        children = pathlib.Path(f"/proc/{daemon.process.pid}/task/{daemon.process.pid}/children").read_text().split()
        daemon.stop()
        for child in children:
            self.assertFalse(pathlib.Path(f"/proc/{child}").exists(), "the table program is still there")

    def test_a_table_file_is_read_again_when_it_changes(self):
        rows = self.write("domains", "poolp.org\n")
        daemon = self.start(f"""
table domains file:{rows}
listen on 127.0.0.1 port 0
action "keep" maildir "{self.directory}/mail"
match for domain <domains> action "keep"
""")
        self.assertEqual(self.recipient(daemon, "root@poolp.org"), 250)
        self.assertEqual(self.recipient(daemon, "root@example.com"), 550)
        self.write("domains", "poolp.org\nexample.com\n")
        wait_until(lambda: self.recipient(daemon, "root@example.com") == 250, "the new file is in use")
        self.write("domains", "poolp.org\nexample.com value\n")  # broken: the old rows stay
        wait_until(lambda: self.recipient(daemon, "root@poolp.org") == 250 and daemon.events("table", "warning"),
                   "the broken file is noticed")
        self.assertEqual(self.recipient(daemon, "root@example.com"), 250)
        daemon.stop()

    def test_lookup_says_what_the_daemon_would_be_told(self):
        self.database()
        secret = self.write("secret", "gilles:password\n")
        rows = self.write("rows", "alias|root|gilles\n")
        configuration = self.write("smtpd.conf", f"""
table program "proc:{PROGRAM} {rows}"
table mytbl sqlite:{self.directory}/sqlite.conf
table creds {{ bleh = "file:{secret}", gone = "a:b" }}
table sources {{ 192.0.2.1, 192.0.2.2 }}
table users getpwnam
table nets {{ 192.0.2.0/24 }}
action "out" relay host smtps://bleh@localhost auth <creds>
match for any action "out"
""")
        self.assertEqual(self.lookup(configuration, "mytbl", "alias", "list"), (0, "gilles, gilles"))
        self.assertEqual(self.lookup(configuration, "mytbl", "domain", "POOLP.ORG"), (0, "poolp.org"))
        self.assertEqual(self.lookup(configuration, "mytbl", "domain", "example.org"), (1, ""))
        self.assertEqual(self.lookup(configuration, "mytbl", "mailaddr", "a@b"), (2, ""))
        self.assertEqual(self.lookup(configuration, "creds", "credentials", "bleh"), (0, "gilles:********"))
        self.assertEqual(self.lookup(configuration, "users", "userinfo", "root")[0], 0)
        self.assertEqual(self.lookup(configuration, "users", "userinfo", "no-such-user-here"), (1, ""))
        self.assertEqual(self.lookup(configuration, "nets", "netaddr", "192.0.2.77"), (0, "192.0.2.77"))
        self.assertEqual(self.lookup(configuration, "fetch", "sources", "source"), (0, "192.0.2.1"))
        self.assertEqual(self.lookup(configuration, "program", "alias", "root+tag"), (0, "gilles"))
        self.assertEqual(self.lookup(configuration, "program", "alias", "die"), (2, ""))
        self.assertEqual(self.lookup(configuration, "nothing", "alias", "x")[0], 64)
        self.assertEqual(self.lookup(configuration, "mytbl", "nothing", "x")[0], 64)

    def test_lookup_is_answered_by_the_daemon_that_runs(self):
        """audit 46: while a table's file is broken, `lookup` says what the daemon goes by, not that it cannot load."""
        rows = self.write("domains", "poolp.org\n")
        daemon = self.start(f"""
table domains file:{rows}
listen on 127.0.0.1 port 0
action "keep" maildir "{self.directory}/mail"
match for domain <domains> action "keep"
""")
        broken = self.write("new", "poolp.org\nexample.com value\n")
        broken.rename(rows)
        configuration = daemon.configuration
        self.assertEqual(self.lookup(configuration, "domains", "domain", "poolp.org"), (0, "poolp.org"))
        self.assertEqual(self.lookup(configuration, "domains", "domain", "example.com"), (1, ""))
        self.assertEqual(self.lookup(configuration, "fetch", "domains", "domain"), (0, "poolp.org"))
        self.assertEqual(self.lookup(configuration, "nothing", "domain", "example.com")[0], 64)
        daemon.stop()
        self.assertEqual(self.lookup(configuration, "domains", "domain", "poolp.org")[0], 78)

    def test_lookup_shows_no_secret(self):
        """audit 35: a table of credentials shows none of them, whatever it is asked for as."""
        configuration = self.write("smtpd.conf", """
table creds { bleh = "gilles:hush" }
table other { a = "x:$6$saltsalt$0123456789abcdef" }
action "out" relay host smtps://bleh@localhost auth <creds>
match for domain <other> action "out"
""")
        for words in (("creds", "alias", "bleh"), ("creds", "string", "bleh"), ("creds", "relayhost", "bleh"),
                      ("creds", "mailaddrmap", "bleh"), ("fetch", "creds", "string"), ("fetch", "creds", "credentials"),
                      ("creds", "credentials", "bleh"), ("other", "string", "a"), ("other", "alias", "a")):
            code, text = self.lookup(configuration, *words)
            self.assertEqual(code, 0, words)
            self.assertIn("********", text, words)
            self.assertNotIn("hush", text)
            self.assertNotIn("saltsalt", text)

    def test_a_table_program_has_no_rights_and_no_secrets_of_ours(self):
        """audit 31: a table's program is no root, and its environment has no variable that credentials may name."""
        self.directory.chmod(0o755)
        program = self.write("program", """#!/bin/sh
while read -r line; do
    case "$line" in
        "config|ready") printf 'register|alias\\nregister|ready\\n' ;;
        table*lookup*)
            id=${line#*|alias|}
            printf 'lookup-result|%s|found|%s\\n' "${id%%|*}" "uid$(id -u),$(env | cut -d= -f1 | tr '\\n' ',')" ;;
    esac
done
""")
        program.chmod(0o755)
        configuration = self.write("smtpd.conf", f"""
table t "proc:{program}"
table r "proc:{program}" user root
table n "proc:{program}" user nobody
action "out" relay
match from any for domain <t> action "out"
match from any for domain <r> action "out"
match from any for domain <n> action "out"
""")
        words = ("lookup", "-f", configuration)
        with_secret = {"RELAY_PASSWORD": "hush", "LC_TIME": "C"}
        for table in ("t", "n", "r"):
            done = waypost(*words, table, "alias", "x", environment=with_secret)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertNotIn("RELAY_PASSWORD", done.stdout)
            for known in ("PATH", "LC_TIME"):
                self.assertIn(known, done.stdout)
            if os.geteuid() == 0:
                self.assertEqual(done.stdout.startswith("uid0,"), table == "r", done.stdout)

    def test_check_names_what_is_wrong_with_a_table_of_a_database(self):
        self.database()
        conf = self.directory / "sqlite.conf"
        conf.write_text(conf.read_text() + "query_userinfo select value from aliases where key=?\n")
        configuration = self.write("smtpd.conf", f'table t sqlite:{conf}\naction a maildir\nmatch for domain <t> action a\n')
        done = waypost("check", "-f", configuration)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{conf}:19: query_userinfo selects 1 column, not 3 or 4; select uid, gid and home, or user, uid, "
                      "gid and home", done.stderr)


if __name__ == "__main__":
    unittest.main()
