#include "hosts_file.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "waypost/base/ascii.hpp"

namespace waypost::dns {

namespace {

constexpr std::chrono::seconds between_looks{1};
constexpr std::size_t longest_name = 255;
constexpr std::string_view blanks = " \t\r\v\f";

std::string_view take_word(std::string_view& line) {
    line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
    const std::string_view word = line.substr(0, line.find_first_of(blanks));
    line.remove_prefix(word.size());
    return word;
}

std::string_view without_dot(std::string_view name) {
    if (name.size() > 1 && name.ends_with('.')) name.remove_suffix(1);
    return name;
}

/// What could not be a name in a log line or in a Received field is none.
bool is_name(std::string_view word) {
    return !word.empty() && word.size() <= longest_name &&
           std::ranges::all_of(word, [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\\'; });
}

}  // namespace

host_table::host_table(std::string_view text) {
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        add(line.substr(0, line.find('#')));
    }
}

void host_table::add(std::string_view line) {
    const auto ip = net::parse_address(take_word(line));
    if (!ip) return;
    for (std::string_view word = take_word(line); !word.empty(); word = take_word(line)) {
        word = without_dot(word);
        if (!is_name(word)) continue;
        by_address_.try_emplace(net::unmapped(*ip), word);
        auto& all = by_name_[base::to_lower(word)];
        if (std::ranges::find(all, *ip) == all.end()) all.push_back(*ip);
    }
}

std::vector<net::address> host_table::addresses(std::string_view name) const {
    if (by_name_.empty()) return {};
    const auto known = by_name_.find(base::to_lower(without_dot(name)));
    return known == by_name_.end() ? std::vector<net::address>() : known->second;
}

std::vector<std::string> host_table::names(const net::address& ip) const {
    const auto known = by_address_.find(net::unmapped(ip));
    return known == by_address_.end() ? std::vector<std::string>() : std::vector{known->second};
}

hosts_file::state hosts_file::read(const std::string& path, state previous) {
    // Looked at before it is read: a change in between is seen the next time.
    struct stat file = {};
    if (::stat(path.c_str(), &file) != 0 || !S_ISREG(file.st_mode)) return {};
    const stamp there{file.st_dev, file.st_ino, file.st_size, file.st_mtim.tv_sec, file.st_mtim.tv_nsec};
    if (there == previous.last_stamp) return previous;
    std::ifstream in(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    return {there, std::make_shared<const host_table>(text)};
}

async::awaitable<std::shared_ptr<const host_table>> hosts_file::look(std::shared_ptr<hosts_file> file) {
    // Nobody does without having looked once; later what is known serves while it is read again.
    while (!file->has_looked_ && file->reading_) co_await file->reading_->wait();
    if (file->clock_.now() >= file->fresh_until_ && !file->reading_) co_await refresh(file);
    co_return file->now_.table;
}

async::awaitable<> hosts_file::refresh(std::shared_ptr<hosts_file> mine) {
    mine->reading_.emplace(co_await boost::asio::this_coro::executor);
    struct reading {
        hosts_file& file;
        ~reading() {
            file.reading_->notify();
            file.reading_.reset();
        }
    } const on_exit{*mine};
    auto work = [path = mine->path_, before = mine->now_] { return read(path, before); };
    mine->now_ = co_await async::offload(mine->reader_, std::move(work));
    mine->has_looked_ = true;
    mine->fresh_until_ = mine->clock_.now() + between_looks;
}

}  // namespace waypost::dns
