#include "sender.hpp"

#include <catch2/catch.hpp>

using namespace waypost;
using namespace std::chrono_literals;

namespace {

const async::wall_time today{std::chrono::days(20'000)};

/// The reverse-path of mail from `from` that was given to `given` ("": to whom it goes).
std::string sent_from(const std::string& sender, const std::string& original, const relay::action_settings& settings) {
    spool::message about;
    about.sender.address = mail::reverse_path::from_text(sender).value();
    const spool::envelope to{.id = {},
                             .hop = {},
                             .recipient = {.address = mail::mailbox::parse("bob@elsewhere.example").value()},
                             .original = original};
    return relay::sender_of(about, to, settings, today).text();
}

relay::action_settings with_srs() {
    return {.name = "out",
            .srs = std::make_shared<const mail::srs>(mail::srs_settings{.key = base::secret("secret"), .backup = {}})};
}

}  // namespace

TEST_CASE("mail leaves as it came unless its action says otherwise", "[relay][sender]") {
    const relay::action_settings plain{.name = "out"};
    CHECK(sent_from("ada@origin.example", "list@here.example", plain) == "ada@origin.example");
    CHECK(sent_from("", "", plain) == "");
}

TEST_CASE("mail-from replaces its part of the reverse-path, but never the null one", "[relay][sender]") {
    const auto with = [](const std::string& pattern) {
        return relay::action_settings{.name = "out", .mail_from = pattern};
    };
    CHECK(sent_from("ada@origin.example", "", with("us@here.example")) == "us@here.example");
    CHECK(sent_from("ada@origin.example", "", with("@here.example")) == "ada@here.example");
    CHECK(sent_from("ada@origin.example", "", with("us")) == "us@origin.example");
    CHECK(sent_from("", "", with("us@here.example")) == "");
}

TEST_CASE("srs speaks for what is sent on, in the name of the domain to which it came", "[relay][sender]") {
    const auto sent = sent_from("ada@origin.example", "list@here.example", with_srs());
    CHECK(sent.starts_with("SRS0="));
    CHECK(sent.ends_with("=origin.example=ada@here.example"));
    CHECK(sent_from("ada@origin.example", "", with_srs()) == "ada@origin.example");
    CHECK(sent_from("", "list@here.example", with_srs()) == "");
    auto both = with_srs();
    both.mail_from = "us@here.example";
    CHECK(sent_from("ada@origin.example", "list@here.example", both) == "us@here.example");
}
