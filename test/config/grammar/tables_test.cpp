// Every option of every table, so that a new one is tested by being there: a line copied with the member of another
// option, or a value that is printed in another way than it is read, shows here.
#include <catch2/catch.hpp>

#include "grammar.hpp"
#include "option.hpp"
#include "settings.hpp"
#include "waypost/config/syntax/source.hpp"

using namespace waypost;
using namespace waypost::config;

namespace {

/// Values that are no option's default.
std::string sample(const count& format) { return std::to_string(format.most - 1); }
std::string sample(const octets&) { return "3K"; }
std::string sample(const time_span&) { return "77s"; }
std::string sample(const config::pause&) { return "77"; }
std::string sample(const percentage&) { return "7%"; }
std::string sample(const string_value&) { return "\"a b\""; }
std::string sample(const domain_name&) { return "other.example"; }
std::string sample(const sender_address&) { return "\"a@b.example\""; }
/// Secrets are shown as stars, but what only names one is shown.
std::string sample(const table_or_rows& format) {
    return format.style == shown::no_secrets ? "{ \"a\" = \"${A}\" }" : "{ \"a\", \"b\" }";
}

/// An option with a value, and how it is written.
template <class Target>
struct leaf {
    const option<Target>* entry;
    std::string text;
};

template <class Target>
void add_leaves(std::vector<leaf<Target>>& leaves, std::span<const option<Target>> options, const std::string& prefix) {
    for (const option<Target>& entry : options) {
        if (entry.description.empty()) continue;  // another word for an option that is there
        const std::string words = prefix + std::string(entry.word);
        const auto add_setting = [&](const auto& own) { leaves.push_back({&entry, words + " " + sample(own.format)}); };
        std::visit(base::overloaded{
                       [](const not_built&) {},
                       [](const custom<Target>&) {},  // they have tests of their own
                       [&](const group<Target>& own) { add_leaves(leaves, own.options(), words + " "); },
                       [&](const constant<Target, bool>&) { leaves.push_back({&entry, words}); },
                       [&](const constant<Target, address_family>&) { leaves.push_back({&entry, words}); },
                       add_setting,
                   },
                   entry.value);
    }
}

template <class Target>
std::string read_into(Target& target, std::span<const option<Target>> options, const std::string& text) {
    fault_list faults;
    cursor tokens(tokens_of_text(text, "t", {}, faults), faults);
    try {
        read_options(tokens, target, options, "option");
    } catch (const leave_directive&) {}
    const auto all = std::move(faults).take();
    return all.empty() ? std::string() : to_string(all.front());
}

/// Names of hosts may stand with or without them.
std::string without_quotes(std::string text) {
    std::erase(text, '"');
    return text;
}

/// Reads each option alone; it must be the only one that changed, and be printed as it was read. `before` is what it is
/// read into.
template <class Target, class Before>
std::size_t check_table(std::span<const option<Target>> options, Before before) {
    std::vector<leaf<Target>> leaves;
    add_leaves(leaves, options, "");
    for (const leaf<Target>& one : leaves) {
        INFO(one.text);
        const Target usual = before(*one.entry);
        Target target = usual;
        REQUIRE(read_into(target, options, one.text) == "");
        for (const leaf<Target>& other : leaves) {
            std::vector<std::string> pieces;
            std::vector<std::string> usual_pieces;
            other.entry->print(target, usual, pieces);
            other.entry->print(usual, usual, usual_pieces);
            INFO(other.text);
            CHECK((pieces != usual_pieces) == (other.entry == one.entry));
            if (other.entry == one.entry) CHECK(without_quotes(one.text).ends_with(without_quotes(joined(pieces))));
        }
    }
    return leaves.size();
}

template <class Target>
std::size_t check_table(std::span<const option<Target>> options) {
    return check_table(options, [](const option<Target>&) { return Target(); });
}

/// A way to deliver that takes the option.
action action_with(const option<action>& entry) {
    action made;
    made.by = entry.word == "rcpt-to"   ? action::method::lmtp
              : entry.word == "wrapper" ? action::method::mda
                                        : action::method::maildir;
    return made;
}

}  // namespace

TEST_CASE("each option sets one value, and is printed as it is read", "[config][tables]") {
    CHECK(check_table(daemon_settings()) > 20);
    CHECK(check_table(mta_limit_options()) > 15);
    CHECK(check_table(srs_options()) > 0);
    CHECK(check_table(listener_options()) > 5);
    CHECK(check_table(socket_listener_options()) > 2);
    CHECK(check_table(relay_options()) > 5);
    CHECK(check_table(local_options(), action_with) > 6);
}

TEST_CASE("no table has an option twice", "[config][tables]") {
    const auto words_of = [](const auto& options) {
        std::vector<std::string_view> words;
        for (const auto& entry : options) words.push_back(entry.word);
        std::ranges::sort(words);
        return words;
    };
    const auto has_doubles = [&](const auto& options) {
        const auto words = words_of(options);
        return std::ranges::adjacent_find(words) != words.end();
    };
    CHECK_FALSE(has_doubles(daemon_settings()));
    CHECK_FALSE(has_doubles(queue_settings()));
    CHECK_FALSE(has_doubles(smtp_settings()));
    CHECK_FALSE(has_doubles(mta_limit_options()));
    CHECK_FALSE(has_doubles(listener_options()));
    CHECK_FALSE(has_doubles(relay_options()));
    CHECK_FALSE(has_doubles(local_options()));
}
