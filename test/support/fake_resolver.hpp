// A DNS of answers given by the test. What it was not told about does not exist; a domain it knows hosts for, but no MX
// records, has none. It remembers what it was asked, and how much of it at the same time.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "waypost/dns/resolver.hpp"

namespace waypost::test {

class fake_resolver final : public dns::resolver {
public:
    async::awaitable<base::result<std::vector<net::address>>> addresses(std::string name) override;
    async::awaitable<base::result<std::vector<dns::mx_record>>> mx(std::string domain) override;
    async::awaitable<base::result<std::vector<std::string>>> names(net::address ip) override;

    /// Adds addresses, written as text; none of them: the name exists without.
    fake_resolver& host(const std::string& name, const std::vector<std::string>& ips);
    fake_resolver& mail(const std::string& domain, std::vector<dns::mx_record> records);
    fake_resolver& pointer(const std::string& ip, std::vector<std::string> names);

    std::map<std::string, base::result<std::vector<net::address>>> hosts;
    std::map<std::string, base::result<std::vector<dns::mx_record>>> mail_hosts;
    std::map<std::string, base::result<std::vector<std::string>>> pointers;  // by address, as text
    std::vector<std::string> asked;  // "addresses NAME", "mx DOMAIN", "names IP"
    int most_at_once = 0;

private:
    class turn;
    int at_once_ = 0;
};

}  // namespace waypost::test
