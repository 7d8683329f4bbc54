#include <catch2/catch.hpp>

#include "support/run_to_end.hpp"
#include "waypost/table/services.hpp"

using namespace waypost::table;
using waypost::test::run_to_end;

namespace {

using words = std::vector<std::string>;

/// A backend that can only be asked by key, and counts how often it has to go for an answer.
class keyed_table final : public table {
public:
    explicit keyed_table(words keys) : keys_(std::move(keys)) {}
    const std::string& name() const noexcept override { return name_; }
    waypost::async::awaitable<waypost::base::result<std::optional<std::string>>> lookup(service, std::string) override {
        throw std::logic_error("one by one");
    }
    waypost::async::awaitable<waypost::base::result<std::optional<found>>> lookup_first(service, words keys) override {
        ++trips;
        for (const std::string& key : keys) {
            if (std::ranges::find(keys_, key) != keys_.end()) co_return std::optional(found{key, ""});
        }
        co_return std::optional<found>();
    }
    bool holds_patterns() const noexcept override { return false; }
    waypost::async::awaitable<waypost::base::result<std::optional<std::string>>> lookup_pattern(
        service, pattern_match) override {
        throw std::logic_error("it has none");
    }
    waypost::async::awaitable<waypost::base::result<std::optional<std::string>>> fetch(service) override {
        co_return std::nullopt;
    }
    int trips = 0;

private:
    words keys_;
    std::string name_ = "keyed";
};

template <class Service>
std::optional<std::string> find_in(words keys, std::string key) {
    keyed_table in(std::move(keys));
    auto answer = run_to_end(find<Service>(in, std::move(key))).value();
    CHECK(in.trips == 1);
    return answer;
}

}  // namespace

TEST_CASE("wildcards are found in a backend that is asked by key, the nearest first", "[table][patterns]") {
    CHECK(find_in<domain>({"*", "*.org", "*.example.org"}, "MX.example.org") == "*.example.org");
    CHECK(find_in<domain>({"*", "*.org"}, "mx.example.org.") == "*.org");
    CHECK(find_in<domain>({"*.example.org", "mx.example.org"}, "mx.example.org") == "mx.example.org");
    CHECK_FALSE(find_in<domain>({"*.example.org"}, "example.org"));
    CHECK(mailaddr{}.patterns("A+b@x.example.org") == words{"a+b@*.example.org", "a+b@*.org", "a+b@*",
                                                            "a@*.example.org", "a@*.org", "a@*", "@*.example.org",
                                                            "@*.org", "@*"});
    CHECK(mailaddr{.tag_delimiter = '-'}.patterns("a-b@x") == words{"a-b@*", "a@*", "@*"});
    CHECK(find_in<mailaddr>({"joe@*.org"}, "joe+tag@example.org") == "joe@*.org");
    CHECK(find_in<mailaddr>({"<>"}, "") == "<>");
}

TEST_CASE("networks are found in a backend that is asked by key, the narrowest first", "[table][patterns]") {
    CHECK(find_in<netaddr>({"0.0.0.0/0", "192.0.2.0/24"}, "192.0.2.7") == "192.0.2.0/24");
    CHECK(find_in<netaddr>({"192.0.2.7", "192.0.2.7/32"}, "192.0.2.7") == "192.0.2.7");
    CHECK(find_in<netaddr>({"192.0.2.0/23"}, "192.0.3.255") == "192.0.2.0/23");
    CHECK(find_in<netaddr>({"2001:db8::/32"}, "2001:DB8:1::9") == "2001:db8::/32");
    CHECK(find_in<netaddr>({"::/0"}, "::1") == "::/0");
    CHECK_FALSE(find_in<netaddr>({"192.0.2.0/24"}, "192.0.3.1"));
    CHECK(find_in<netaddr>({"local"}, "local") == "local");
    CHECK(netaddr::patterns("192.0.2.7").size() == 33);
}

TEST_CASE("a name of a hundred labels makes few questions", "[table][patterns]") {
    std::string name = "org";
    for (int i = 0; i < 100; ++i) name = "a." + name;
    CHECK(domain::patterns(name).size() == 17);
    CHECK(mailaddr{}.patterns("x+y@" + name).size() == 51);
}
