#include "support/fake_resolver.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

namespace waypost::test {

/// Counts the questions that are being asked.
class fake_resolver::turn {
public:
    explicit turn(fake_resolver& of) : of_(of) { of_.most_at_once = std::max(of_.most_at_once, ++of_.at_once_); }
    ~turn() { --of_.at_once_; }
    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;

private:
    fake_resolver& of_;
};

async::awaitable<base::result<std::vector<net::address>>> fake_resolver::addresses(std::string name) {
    const turn mine(*this);
    asked.push_back("addresses " + name);
    co_await boost::asio::post(boost::asio::use_awaitable);  // as the real one, it never answers at once
    const auto found = hosts.find(name);
    if (found == hosts.end()) co_return dns::errc::not_found;
    co_return found->second;
}

async::awaitable<base::result<std::vector<dns::mx_record>>> fake_resolver::mx(std::string domain) {
    const turn mine(*this);
    asked.push_back("mx " + domain);
    co_await boost::asio::post(boost::asio::use_awaitable);
    if (const auto found = mail_hosts.find(domain); found != mail_hosts.end()) co_return found->second;
    if (hosts.contains(domain)) co_return std::vector<dns::mx_record>();
    co_return dns::errc::not_found;
}

async::awaitable<base::result<std::vector<std::string>>> fake_resolver::names(net::address ip) {
    const turn mine(*this);
    asked.push_back("names " + ip.to_string());
    co_await boost::asio::post(boost::asio::use_awaitable);
    const auto found = pointers.find(ip.to_string());
    if (found == pointers.end()) co_return std::vector<std::string>();
    co_return found->second;
}

fake_resolver& fake_resolver::host(const std::string& name, const std::vector<std::string>& ips) {
    std::vector<net::address> list;
    for (const std::string& each : ips) list.push_back(boost::asio::ip::make_address(each));
    hosts.insert_or_assign(name, std::move(list));
    return *this;
}

fake_resolver& fake_resolver::mail(const std::string& domain, std::vector<dns::mx_record> records) {
    mail_hosts.insert_or_assign(domain, std::move(records));
    return *this;
}

fake_resolver& fake_resolver::pointer(const std::string& ip, std::vector<std::string> names) {
    pointers.insert_or_assign(ip, std::move(names));
    return *this;
}

}  // namespace waypost::test
