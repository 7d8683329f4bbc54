// A DNS of answers given by the test. What it was not told about does not exist; a domain it knows hosts for, but no MX
// records, has none. It remembers what it was asked, and how much of it at the same time.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "waypost/dns/resolver.hpp"

namespace waypost::test {

class fake_resolver final : public dns::resolver {
public:
    async::awaitable<base::result<dns::address_answer>> find_addresses(std::string name) override;
    async::awaitable<base::result<dns::mx_answer>> find_mx(std::string domain) override;
    async::awaitable<base::result<dns::tlsa_answer>> tlsa(std::string name) override;
    async::awaitable<base::result<std::vector<std::string>>> texts(std::string name) override;
    async::awaitable<base::result<std::vector<std::string>>> names(net::address ip) override;

    /// Adds addresses, written as text; none of them: the name exists without.
    fake_resolver& host(const std::string& name, const std::vector<std::string>& ips);
    fake_resolver& mail(const std::string& domain, std::vector<dns::mx_record> records);
    fake_resolver& pointer(const std::string& ip, std::vector<std::string> names);
    fake_resolver& text(const std::string& name, std::vector<std::string> texts);
    fake_resolver& tlsa(const std::string& name, std::vector<dns::tlsa_record> records);
    /// Answers about this name (or domain) are validated.
    fake_resolver& sign(const std::string& name);
    /// Questions about this name or domain wait until it is answered for.
    fake_resolver& hold(const std::string& name);
    void let_go(const std::string& name);

    std::map<std::string, base::result<std::vector<net::address>>> hosts;
    std::map<std::string, base::result<std::vector<dns::mx_record>>> mail_hosts;
    std::map<std::string, base::result<std::vector<std::string>>> pointers;  // by address, as text
    std::map<std::string, base::result<std::vector<std::string>>> txt;
    std::map<std::string, base::result<std::vector<dns::tlsa_record>>> tlsa_records;
    std::set<std::string> authentic;
    std::vector<std::string> questions;  // "addresses NAME", "mx DOMAIN", "tlsa NAME", "texts NAME", "names IP"
    int most_at_once = 0;

private:
    class turn;
    struct gate;
    /// Never at once, as the real one; and not before let_go() where there was a hold().
    async::awaitable<> pass(std::string name);

    std::map<std::string, std::shared_ptr<gate>> gates_;
    int at_once_ = 0;
};

}  // namespace waypost::test
