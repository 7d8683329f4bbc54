#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "config/load/loads.hpp"

using namespace waypost;
using namespace waypost::config;

namespace {

std::string faults(const std::string& text) { return load_faults(text + "\n" + a_rule); }

/// A directory with a key pair in it.
struct key_pair_on_disk {
    key_pair_on_disk() { net::ensure_self_signed({here.file("crt"), here.file("key")}, "mx.example.org"); }
    [[nodiscard]] std::string pki(const std::string& name) const {
        return "pki " + name + " cert \"" + here.file("crt") + "\" key \"" + here.file("key") + "\"\n";
    }
    scratch_directory here;
};

}  // namespace

TEST_CASE("a listener shows the certificate of its pki", "[config][load_tls]") {
    const key_pair_on_disk pair;
    const generation made =
        settings_of(pair.pki("p") + "listen on 127.0.0.1 tls pki p hostname mx.example.org\n" + a_rule);
    CHECK(made.inbound.listeners[0].tls != nullptr);
    CHECK(load_text(pair.pki("p") + "listen on 127.0.0.1 tls pki p hostname mx.example.org\n" + a_rule).faults.empty());
}

TEST_CASE("without a pki a pair is made in the state directory, once, and only for serving", "[config][load_tls]") {
    const scratch_directory here;
    const std::string text =
        "queue path \"" + here.file("state") + "\"\nlisten on 127.0.0.1 tls\nlisten on 127.0.0.2 tls smtps\n" + a_rule;
    const load_result checked = load_text(text);
    REQUIRE(checked.settings);
    CHECK(checked.faults.size() == 1);
    CHECK(checked.settings->inbound.listeners[0].tls == nullptr);
    CHECK_FALSE(std::filesystem::exists(here.file("state")));

    const load_result served = load_text(text, true);
    REQUIRE(served.settings);
    CHECK(served.settings->inbound.listeners[0].tls != nullptr);
    CHECK(served.settings->inbound.listeners[2].tls != nullptr);
    struct stat about{};
    REQUIRE(::stat(here.file("state/self-signed.key").c_str(), &about) == 0);
    CHECK((about.st_mode & 0777U) == 0600U);
    REQUIRE(::stat(here.file("state").c_str(), &about) == 0);
    CHECK((about.st_mode & 0777U) == 0700U);

    const auto written_at = std::filesystem::last_write_time(here.file("state/self-signed.crt"));
    const load_result again = load_text(text);
    CHECK(again.settings->inbound.listeners[0].tls != nullptr);
    CHECK(std::filesystem::last_write_time(here.file("state/self-signed.crt")) == written_at);
}

TEST_CASE("a state directory that cannot be written is a fault of the listener", "[config][load_tls]") {
    const load_result result = load_text("queue path \"/proc/none\"\nlisten on 127.0.0.1 tls\n" + a_rule, true);
    REQUIRE(result.faults.size() == 2);
    CHECK(to_string(result.faults[1]).starts_with("t:2:11: /proc/none/self-signed.key cannot be written"));
}

TEST_CASE("faults of pki and ca are found before anything is served", "[config][load_tls]") {
    const key_pair_on_disk pair;
    CHECK(faults("pki main cert /c key /k\nlisten on 127.0.0.1 tls pki mian") ==
          "t:2:29: there is no pki \"mian\"; did you mean \"main\"?");
    CHECK(faults("listen on 127.0.0.1 tls pki p") ==
          "t:1:29: there is no pki \"p\"; define it: pki \"p\" cert \"/path\"");
    CHECK(faults("pki p cert /c\nlisten on 127.0.0.1 tls pki p") ==
          "t:1:1: the pki \"p\" has no key; write pki p key \"/path\"");
    CHECK(faults("pki p key /k\nlisten on 127.0.0.1 tls pki p") ==
          "t:1:1: the pki \"p\" has no cert; write pki p cert \"/path\"");
    CHECK(faults("pki p cert /nonexistent key /k\nlisten on 127.0.0.1 tls pki p").starts_with("t:2:29: /nonexistent "));
    CHECK(faults(pair.pki("p") + "listen on 127.0.0.1 tls pki p ca c") ==
          "t:2:34: there is no ca \"c\"; define it: ca \"c\" cert \"/path\"");
    CHECK(faults("pki p cert \"" + pair.here.file("crt") + "\" key \"" + pair.here.write("junk", "junk") +
                 "\"\nlisten on 127.0.0.1 tls pki p")
              .starts_with("t:2:29: " + pair.here.file("junk")));
}

TEST_CASE("relays have contexts that verify and that do not, shared where they are the same", "[config][load_tls]") {
    const key_pair_on_disk pair;
    const generation made =
        settings_of(pair.pki("p") + "ca c cert \"" + pair.here.file("crt") + "\"\n" +
                    lines({"action a relay", "action b relay host smtps://h", "action c relay pki p ca c",
                           "match for any action a", "match for any action b", "match for any action c"}));
    const auto& of = made.relay.actions;
    CHECK(of.at("a").verified->check() == net::peer_check::verified);
    CHECK(of.at("a").unverified->check() == net::peer_check::none);
    CHECK(of.at("a").verified == of.at("b").verified);
    CHECK(of.at("a").verified != of.at("c").verified);
}

TEST_CASE("faults of a relay's pki and ca", "[config][load_tls]") {
    CHECK(load_faults("action a relay pki p\nmatch for any action a") ==
          "t:1:20: there is no pki \"p\"; define it: pki \"p\" cert \"/path\"");
    CHECK(load_faults("action a relay ca c\nmatch for any action a") ==
          "t:1:19: there is no ca \"c\"; define it: ca \"c\" cert \"/path\"");
    CHECK(load_faults("ca c cert /nonexistent\naction a relay ca c\nmatch for any action a")
              .starts_with("t:2:19: /nonexistent"));
}

TEST_CASE("audit 34: a certificate for another name than the listener's is warned of", "[config][load_tls]") {
    const key_pair_on_disk pair;
    const auto warned = [&](const std::string& listener) {
        const load_result result = load_text(pair.pki("p") + listener + "\n" + a_rule);
        REQUIRE(result.settings);
        return result.faults.empty() ? std::string() : to_string(result.faults[0]);
    };
    CHECK(warned("listen on 127.0.0.1 tls pki p hostname mx.example.org").empty());
    CHECK_THAT(warned("listen on 127.0.0.1 tls pki p hostname mail.example.org"),
               Catch::Contains(pair.here.file("crt")) && Catch::Contains("is not for mail.example.org"));
}

TEST_CASE("audit 34: of certificates that clients choose from by name one must be for the listener's",
          "[config][load_tls]") {
    const key_pair_on_disk pair;
    net::ensure_self_signed({pair.here.file("other.crt"), pair.here.file("other.key")}, "other.example.org");
    const std::string other =
        "pki q cert \"" + pair.here.file("other.crt") + "\" key \"" + pair.here.file("other.key") + "\"\n";
    CHECK(load_text(pair.pki("p") + other + "listen on 127.0.0.1 tls pki q pki p hostname mx.example.org\n" + a_rule)
              .faults.empty());
}
