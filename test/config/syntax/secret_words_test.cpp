#include "waypost/config/syntax/secret_words.hpp"

#include <catch2/catch.hpp>

using waypost::config::without_secrets;

TEST_CASE("audit 35: what looks like a secret is shown as stars, wherever it stands", "[config][secret_words]") {
    CHECK(without_secrets("$6$saltsalt$0123456789abcdef") == "********");
    CHECK(without_secrets("ada:$2b$10$0123456789abcdefghijkl") == "ada:********");
    CHECK(without_secrets("ada:$y$j9T$6H1kzZr8yWqXcVbNmLpQs.$nD3P6f0") == "ada:********");
    CHECK(without_secrets("{PLAIN}open") == "********");
    CHECK(without_secrets("ada:{SSHA}abc=") == "ada:********");
    CHECK(without_secrets("smtps://user:pass@h.example:465") == "smtps://user:********@h.example:465");
    CHECK(without_secrets("proc:/bin/t --dsn postgres://u:p@db/x y") ==
          "proc:/bin/t --dsn postgres://u:********@db/x y");
    CHECK(without_secrets("/bin/deliver --password hush --to %{dest}") ==
          "/bin/deliver --password ******** --to %{dest}");
    CHECK(without_secrets("/bin/deliver --db-password=hush -x") == "/bin/deliver --db-password=******** -x");
    CHECK(without_secrets("API_TOKEN=hush exec /bin/x") == "API_TOKEN=******** exec /bin/x");
    CHECK(without_secrets("curl 'https://h/x?token=hush&y=1'") == "curl 'https://h/x?token=********&y=1'");
    CHECK(without_secrets("x --secret \"two words\"") == "x --secret \"********\"");
}

TEST_CASE("a secret is hidden whole, whatever signs it holds and however it is given", "[config][secret_words]") {
    using waypost::config::command_without_secrets;
    for (const std::string text :
         {"/bin/true --password=hush&hush", "/bin/true postgres://u:hush&hush@db.example/x",
          "/bin/true postgres://u:hush,hush@db.example/x", "x postgres://u:hush/hush@db.example/x",
          "/bin/true --db-key hush", "/bin/true -u alice:hush", "x --user 'alice:hush'", "/bin/true --token:hush",
          "x password:hush", "x Password=hush;hush", "ldap:/etc/x?bindpw=hush", "curl --oauth2-bearer hush",
          "curl -H 'Authorization: Bearer hush' https://x.example", "curl -H \"Authorization: Basic hush\"",
          "curl https://h/x?key=hush&y=1", "x --secret \"hush \\\" hush\""}) {
        CHECK_THAT(without_secrets(text), !Catch::Matchers::Contains("hush"));
        CHECK_THAT(command_without_secrets(text), !Catch::Matchers::Contains("hush"));
    }
    CHECK(command_without_secrets("/bin/x password hush -v") == "/bin/x password ******** -v");
    CHECK(command_without_secrets("/usr/bin/get-token -v") == "/usr/bin/get-token -v");
    CHECK(without_secrets("x https://u:hush@h:8080/a@b") == "x https://u:********@h:8080/a@b");
    CHECK(without_secrets("https://h:8080/a@b") == "https://h:8080/a@b");
    CHECK(without_secrets("curl -u alice https://h") == "curl -u alice https://h");
}

TEST_CASE("audit 35: what is no secret is shown as it is", "[config][secret_words]") {
    for (const std::string text :
         {"smtps://label@h:465", "smtp+tls://label@h", "127.0.0.0/8", "2001:db8::/32", "user:10:100:/home/user",
          "spamc -u %{user.username}", "\"$SENDER\" \"$RECIPIENT\"", "exec sh -c 'cat >> $HOME/x'", "${NAME}",
          "/usr/bin/pass show mail", "joe@example.org, @example.net", "^[a-z]+$", "a password is no word of an option",
          "file:/run/secret", "key = value", "lmtp:///run/dovecot/lmtp", "%{rcpt.domain:lowercase}", ""}) {
        CHECK(without_secrets(text) == text);
    }
}
