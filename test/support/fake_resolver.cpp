#include "support/fake_resolver.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "waypost/async/event.hpp"

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

struct fake_resolver::gate {
    bool open = false;
    std::vector<std::shared_ptr<async::event>> waiting;
};

async::awaitable<> fake_resolver::pass(std::string name) {
    co_await boost::asio::post(boost::asio::use_awaitable);
    const auto found = gates_.find(name);
    if (found == gates_.end()) co_return;
    const std::shared_ptr<gate> mine = found->second;
    if (mine->open) co_return;
    mine->waiting.push_back(std::make_shared<async::event>(co_await boost::asio::this_coro::executor));
    const std::shared_ptr<async::event> opened = mine->waiting.back();
    co_await opened->wait();
}

async::awaitable<base::result<dns::address_answer>> fake_resolver::find_addresses(std::string name) {
    const turn mine(*this);
    questions.push_back("addresses " + name);
    co_await pass(name);
    const auto found = hosts.find(name);
    if (found == hosts.end()) co_return dns::errc::not_found;
    if (found->second.has_error()) co_return found->second.error();
    co_return dns::address_answer{*found->second, authentic.contains(name)};
}

async::awaitable<base::result<dns::mx_answer>> fake_resolver::find_mx(std::string domain) {
    const turn mine(*this);
    questions.push_back("mx " + domain);
    co_await pass(domain);
    const bool is_authentic = authentic.contains(domain);
    if (const auto found = mail_hosts.find(domain); found != mail_hosts.end()) {
        if (found->second.has_error()) co_return found->second.error();
        co_return dns::mx_answer{*found->second, is_authentic};
    }
    if (hosts.contains(domain)) co_return dns::mx_answer{{}, is_authentic};
    co_return dns::errc::not_found;
}

async::awaitable<base::result<dns::tlsa_answer>> fake_resolver::tlsa(std::string name) {
    const turn mine(*this);
    questions.push_back("tlsa " + name);
    co_await pass(name);
    const auto found = tlsa_records.find(name);
    if (found == tlsa_records.end()) co_return dns::errc::not_found;
    if (found->second.has_error()) co_return found->second.error();
    co_return dns::tlsa_answer{*found->second, authentic.contains(name)};
}

async::awaitable<base::result<std::vector<std::string>>> fake_resolver::texts(std::string name) {
    const turn mine(*this);
    questions.push_back("texts " + name);
    co_await pass(name);
    const auto found = txt.find(name);
    if (found == txt.end()) co_return dns::errc::not_found;
    co_return found->second;
}

async::awaitable<base::result<std::vector<std::string>>> fake_resolver::names(net::address ip) {
    const turn mine(*this);
    questions.push_back("names " + ip.to_string());
    co_await pass(ip.to_string());
    const auto found = pointers.find(ip.to_string());
    if (found == pointers.end()) co_return std::vector<std::string>();
    co_return found->second;
}

fake_resolver& fake_resolver::text(const std::string& name, std::vector<std::string> texts) {
    txt.insert_or_assign(name, std::move(texts));
    return *this;
}

fake_resolver& fake_resolver::tlsa(const std::string& name, std::vector<dns::tlsa_record> records) {
    tlsa_records.insert_or_assign(name, std::move(records));
    return *this;
}

fake_resolver& fake_resolver::sign(const std::string& name) {
    authentic.insert(name);
    return *this;
}

fake_resolver& fake_resolver::hold(const std::string& name) {
    gates_.insert_or_assign(name, std::make_shared<gate>());
    return *this;
}

void fake_resolver::let_go(const std::string& name) {
    const auto held = gates_.extract(name);
    if (held.empty()) return;
    held.mapped()->open = true;
    for (const auto& each : held.mapped()->waiting) each->notify();
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
