"""waypost explain shows how a recipient expands, by the tables and files themselves."""
import unittest

from support import SystemTest, waypost

CONFIGURATION = """
hostname mx.example.org
queue path "{queue}"
table aliases {{ staff = "alice, carol@else.example, nobody, :include:{list}", lost = ":include:{list}.not" }}
table users {{ alice = "{uid}:{gid}:/nonexistent", bob = "{uid}:{gid}:/nonexistent" }}
action "here" maildir alias <aliases> userbase <users>
action "box" mbox userbase <users>
action "run" mda "/usr/bin/procmail -a %{{dest.domain}}" userbase <users> user bob
action "out" relay host "smtp://127.0.0.1:1"
match from any for domain "example.org" action "here"
match from any for domain "box.example" action "box"
match from any for domain "run.example" action "run"
match from local for any action "out"
"""


class ExplainExpansion(SystemTest):
    def setUp(self):
        super().setUp()
        self.directory.chmod(0o755)  # whoever reads the list for the administrator has to get there
        self.list = self.directory / "list"
        self.list.write_text("# members\nbob+lists\nalice\n")
        self.list.chmod(0o644)
        self.file = self.directory / "smtpd.conf"
        owner = self.directory.stat()
        self.file.write_text(CONFIGURATION.format(
            queue=self.directory / "queue", list=self.list, uid=owner.st_uid, gid=owner.st_gid))

    def explain(self, to):
        return waypost("explain", "-f", self.file, "me@example.org", to)

    def test_every_node_says_what_became_of_it(self):
        done = self.explain("staff@example.org")
        self.assertEqual(done.returncode, 0, done.stderr)
        tree = [line for line in done.stdout.splitlines() if line.startswith(("expands", "   "))]
        self.assertEqual(tree, [
            f'expands  staff@example.org: action "here" ({self.file}:10), alias',
            "           alice: the mailbox of alice",
            f'           carol@else.example: action "out" ({self.file}:13), relayed',
            "           nobody: 550 5.1.1 No such user here",
            f"           :include:{self.list}: list",
            "             bob+lists: the mailbox of bob+lists",
            "             alice: already followed",
        ])
        self.assertIn("user     bob\ntag      lists\n", done.stdout)

    def test_a_list_that_cannot_be_read_defers(self):
        done = self.explain("lost@example.org")
        self.assertEqual(done.returncode, 75)
        self.assertIn(f":include:{self.list}.not: 451 4.3.0", done.stdout)
        self.assertIn("refused  451 4.3.0", done.stdout)

    def test_where_the_mail_would_be_put(self):
        self.assertTrue(self.explain("alice@example.org").stdout.endswith(
            "user     alice\nmaildir  Maildir in the user's home\n"))
        self.assertTrue(self.explain("alice@box.example").stdout.endswith("user     alice\nmbox     /var/mail/alice\n"))
        self.assertTrue(self.explain("alice@run.example").stdout.endswith(
            "user     alice\nas       bob\ncommand  /usr/bin/procmail -a %{dest.domain}\n"))

    def test_who_is_a_destination_as_he_stands_has_no_tree(self):
        self.assertNotIn("expands", self.explain("alice@example.org").stdout)


if __name__ == "__main__":
    unittest.main()
