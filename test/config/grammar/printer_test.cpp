#include <catch2/catch.hpp>
#include <random>

#include "config/texts.hpp"

using namespace waypost::config;

namespace {

constexpr const char* defaults = R"(queue path "/var/spool/waypost"
queue ttl 4d
queue retry base 400s local-base 10s max 4h jitter 10%
bounce warn-interval 4h
smtp max-message-size 35M
smtp limit max-rcpt 1000
)";

/// What is printed behind the settings, which are the defaults.
std::string printed(const std::string& text) {
    std::string all = print(model_of(text));
    REQUIRE(all.starts_with(defaults));
    all.erase(0, std::string_view(defaults).size());
    while (all.starts_with('\n')) all.erase(0, 1);
    return all;
}

}  // namespace

TEST_CASE("settings are printed with their defaults", "[config][printer]") {
    CHECK(print(model_of("")) == defaults);
    CHECK(print(model_of(lines({"hostname h.example", "queue path q", "queue ttl 90m", "queue reserve 1G",
                                "queue retry base 5m max 1h jitter 0%", "bounce warn-interval 90s, 1d",
                                "smtp max-message-size 1000", "smtp limit max-rcpt 1 max-mails 2",
                                "resolver 192.0.2.1, \"[::1]:53\"", "log format text"}))) ==
          lines({"hostname h.example", "queue path \"q\"", "queue reserve 1G", "queue ttl 90m",
                 "queue retry base 5m local-base 10s max 1h jitter 0%", "bounce warn-interval 90s, 1d",
                 "smtp max-message-size 1000", "smtp limit max-rcpt 1 max-mails 2", "resolver 192.0.2.1, [::1]:53",
                 "log format text"}));
}

TEST_CASE("today's grammar is printed as it is", "[config][printer]") {
    const std::string text = R"(table nets { "192.0.2.0/24", "::1" }
table people { "a" = "b, c" }
table more "file:/etc/more"

pki "p" cert "/c"
pki "p" key "/k"
ca "r" cert "/r"

listen on all inet6 port 587 tls-require verify pki "p" ca "r" auth <users> hostname h.example tag "T" mask-src received-auth no-dsn bare-lf refuse
listen on "lo" tls smtps verify auth-optional { "a" = "${NAME}" }
listen on socket tag "L" bare-lf refuse

action "a" maildir "/m" alias <people> ttl 1d
action "b" maildir virtual { "@" = "joe" }
action "c" relay host { "smtps://l@a.example", "smtps://l@b.example" } auth <secrets> tls no-verify src "192.0.2.1" helo "h.example" mail-from "@x.example" pki "p" ca "r"

match !tag regex "^x" from src <nets> for domain { "a", "b" } helo "h" auth tls mail-from regex <more> rcpt-to "r@x" action "a"
match from rdns regex "x" !for rcpt-to "a@b" reject
match from socket for local action "c"
)";
    const std::string expected = [&] {
        std::string all = text;
        all.replace(all.find("\"lo\""), 4, "lo");
        return all;
    }();
    CHECK(printed(text) == expected);
}

TEST_CASE("local delivery is printed as it is", "[config][printer]") {
    const std::string text = R"(smtp sub-addr-delim "-"
mda limit max-session 9 max-session-per-user 3
srs key "********"
srs key backup "${OLD_KEY}"
srs ttl 2d

mda wrapper "slow" "nice %{mda}"
action "a" mbox alias <t> userbase <u>
action "b" maildir "~/Mail/%{dest.user}" junk user "joe" virtual <t>
action "c" lmtp "localhost:24" rcpt-to
action "d" mda "sh -c 'x \"$1\"' sh %{rcpt}" user "joe" wrapper "slow" ttl 1h
action "e" expand-only alias <t>
action "f" forward-only
action "g" relay srs
)";
    CHECK(printed(text) == text);
}

TEST_CASE("macros, includes and defaults of the grammar are resolved", "[config][printer]") {
    CHECK(printed("d = example.org\naction a relay\nmatch for domain $d action a") ==
          "action \"a\" relay\n\nmatch from local for domain \"example.org\" action \"a\"\n");
}

TEST_CASE("an old rule that an authenticated session passes becomes two", "[config][printer]") {
    CHECK(printed("accept tagged T for domain x relay\nreject from <n> for any\naccept from any for any deliver to "
                  "maildir") ==
          R"(action "relay" relay
action "maildir" maildir

match tag "T" from local for domain "x" action "relay"
match tag "T" from auth for domain "x" action "relay"
match from src <n> for any reject
match from auth for any reject
match from any for any action "maildir"
)");
}

TEST_CASE("credentials are masked, wherever they stand", "[config][printer]") {
    const std::string all = print(model_of(
        lines({"table in { a = \"a:secret\" }", "table out { l = \"l:secret\" }", "table unused { x = \"x:secret\" }",
               "table wrong { \"l:secret\" }", "listen on lo auth <in>", "listen on all tls auth { b = \"b:secret\" }",
               "listen on eth0 tls auth \"c:secret\"", "action a relay host smtps://l@h auth <out>",
               "action b relay host smtps://l@h auth { l = \"l:secret\" }",
               "action c relay host smtps://l@h auth <wrong>", "action d relay host \"smtps://u:secret@h\"",
               "accept for any relay via smtps+auth://l@h auth { l = \"l:secret\" }",
               "table urls { \"smtps://u:secret@h\" }", "action e relay host <urls>"})));
    CHECK(all.find("secret") == std::string::npos);
    CHECK(all.find(R"(table in { "a" = "********" })") != std::string::npos);
    CHECK(all.find(R"(auth { "l" = "********" })") != std::string::npos);
    CHECK(all.find(R"(auth "********")") != std::string::npos);
}

TEST_CASE("a reference to a secret is no secret", "[config][printer]") {
    const std::string all =
        print(model_of(lines({"table t { a = \"${A}\", b = \"file:/run/b\", c = \"u:${C}\", d = \"u:d\" }",
                              "action a relay host smtps://a@h auth <t>"})));
    CHECK(all.find(R"(table t { "a" = "${A}", "b" = "file:/run/b", "c" = "u:${C}", "d" = "********" })") !=
          std::string::npos);
}

TEST_CASE("long lists are printed a row a line", "[config][printer]") {
    CHECK(printed("table t { " + std::string(50, 'a') + ", " + std::string(50, 'b') + " }") ==
          "table t {\n    \"" + std::string(50, 'a') + "\",\n    \"" + std::string(50, 'b') + "\",\n}\n");
}

TEST_CASE("strings of any kind survive being printed", "[config][printer]") {
    for (const std::string text :
         {R"("it's")", R"('say "x"')", R"("both \" and '")", R"("a\b")", R"(a\)", R"("^\(a\|b\)$")", R"("a\\ b")",
          R"("$x")", R"("# { } = ,")", "\"tab\there\"", "\"\xc3\xa4\"", R"("\d\'\"")"}) {
        const model what = model_of("table t { " + text + " }");
        const model again = model_of(print(what));
        CHECK(again.tables[0].rows.rows[0].key == what.tables[0].rows.rows[0].key);
    }
}

namespace {

/// Writes configurations that are right, by chance.
class writer {
public:
    explicit writer(unsigned seed) : chance_(seed) {}

    std::string run() {
        std::string text;
        for (int i = 0; i < 12; ++i) text += line(i) + "\n";
        return text;
    }

private:
    std::size_t below(std::size_t n) { return chance_() % n; }
    std::string one_of(std::initializer_list<const char*> all) { return *(all.begin() + below(all.size())); }
    std::string maybe(const std::string& text) { return below(2) == 0 ? " " + text : ""; }

    std::string string() {
        return one_of({"plain", "\"in quotes\"", "'it is \"so\"'", "\"it's\"", "\"tls\"", "\"a\\b\"", "a\\",
                       "x.example.org", "\"a, b\"", "\"${ENV}\"", "\"\xc3\xa4\"", "expire", "\"$macro\"", "u:$6$x$y"}) +
               " ";
    }
    std::string table() { return one_of({"<t>", "<\"relay\">", "<users>"}); }
    std::string list() {
        std::string text = "{ " + string();
        for (std::size_t i = below(12); i > 0; --i) text += one_of({", ", "\n", ",\n"}) + string();
        return text + "}";
    }
    std::string map() {
        std::string text = "{ " + string() + "= " + string();
        for (std::size_t i = below(5); i > 0; --i) text += ", " + string() + "=> " + string();
        return text + "}";
    }
    std::string values() {
        return below(3) == 0 ? table() : below(2) == 0 ? list() : "\"" + one_of({"a", "b c"}) + "\"";
    }
    std::string delay() { return std::to_string(1 + below(100'000)) + one_of({"s", "m", "h"}); }

    std::string condition(std::size_t index) {
        const std::string no = below(4) == 0 ? "!" : "";
        const std::string regex = below(4) == 0 ? "regex " : "";
        switch (index) {
            case 0: return no + "tag " + regex + values();
            case 1: return no + "from " + one_of({"any", "local", "socket", "rdns", "auth"});
            case 2: return no + "for " + one_of({"any", "local"});
            case 3: return no + "helo " + regex + values();
            case 4: return no + "auth";
            case 5: return no + "tls";
            case 6: return no + "mail-from " + regex + values();
            default: return no + "rcpt-to " + regex + values();
        }
    }
    std::string conditions() {
        std::string text;
        for (std::size_t i = 0; i < 8; ++i) text += maybe(condition(i));
        return text;
    }
    std::string local_method() {
        switch (below(6)) {
            case 0: return "maildir" + maybe("/m") + maybe("junk") + maybe("user " + string());
            case 1: return "mbox";
            case 2: return "mda " + one_of({"x", "\"a 'b c' | d\"", "'x \"%{dest}\"'"}) + maybe("wrapper " + string());
            case 3: return "lmtp " + one_of({"/run/l", "localhost:24"}) + maybe("rcpt-to");
            case 4: return "expand-only";
            default: return "forward-only";
        }
    }
    std::string line(int number) {
        const std::string name = "n" + std::to_string(number);
        switch (below(10)) {
            case 0: return "table " + name + " " + list();
            case 1: return "table " + name + " " + map();
            case 2:
                return "listen on " + one_of({"all", "lo", "::1", "\"all\""}) + maybe("port 25") + maybe("tls") +
                       maybe("pki " + string()) + maybe("auth " + (below(2) == 0 ? table() : map())) +
                       maybe("tag " + string()) + maybe("no-dsn") + maybe("bare-lf " + one_of({"normalize", "refuse"}));
            case 3:
                return "action " + name + " " + local_method() + maybe("alias " + map()) +
                       maybe("userbase " + table()) + maybe("ttl " + delay());
            case 4:
                return "action " + name + " relay host " + values() + maybe("auth " + map()) + maybe("tls no-verify") +
                       maybe("src " + values()) + maybe("mail-from \"@x\"");
            case 5: return "match" + conditions() + " " + (below(2) == 0 ? "reject" : "action " + string());
            case 6:
                return "accept" + maybe("tagged " + values()) +
                       maybe("from " + one_of({"any", "local", "<t>", "! <t>"})) + " for " +
                       one_of({"any", "local", "domain <d>", "domain { a, b }"}) +
                       one_of({" relay", " deliver to maildir", " deliver to mbox",
                               " deliver to mda \"x %{rcpt}\" as joe", " deliver to lmtp /run/l rcpt-to",
                               " forward-only", " relay via smtps+auth://l@h auth { l = \"u:p\" }"}) +
                       maybe("expire " + delay());
            case 7: return "reject" + maybe("from any") + " for any";
            default:
                return one_of({"queue ttl 2h", "expire 3d", "resolver ::1", "log format json",
                               "smtp limit { max-rcpt 5 }", "mda limit { max-session 5 }", "smtp sub-addr-delim -",
                               "srs key \"file:/k\"", "srs key s"});
            case 9: return "mda wrapper " + name + " \"a | b 'c' %{mda}\"";
        }
    }

    std::mt19937 chance_;
};

}  // namespace

TEST_CASE("what is printed reads back as the same", "[config][printer]") {
    for (unsigned seed = 0; seed < 500; ++seed) {
        const std::string text = writer(seed).run();
        INFO(text);
        const std::string once = print(model_of(text));
        INFO(once);
        REQUIRE(faults_of(once).empty());
        REQUIRE(print(model_of(once)) == once);
    }
}
