#include "passwd_table.hpp"

#include "waypost/base/ascii.hpp"

namespace waypost::table {

namespace {

constexpr std::size_t fields_of_a_line = 7;
constexpr std::size_t largest_file = 1U << 30;

watched_file<passwd_users>::read_result read_users(const std::string& path, last_line end, std::vector<file_fault>&) {
    const auto text = read_text(path, largest_file, end);
    if (const auto* fault = std::get_if<file_fault>(&text)) return *fault;
    auto parsed = parse_passwd(std::get<std::string>(text));
    if (auto* fault = std::get_if<file_fault>(&parsed)) return std::move(*fault);
    return std::make_shared<const passwd_users>(std::get<passwd_users>(std::move(parsed)));
}

}  // namespace

std::variant<passwd_users, file_fault> parse_passwd(std::string_view text) {
    passwd_users users;
    std::size_t number = 0;
    for (std::string_view line : base::split(text, '\n')) {
        ++number;
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty() || line.front() == '#') continue;
        if (line.find('\0') != std::string_view::npos) return file_fault{number, "a NUL byte: this is no text file"};
        const auto fields = base::split(line, ':');
        if (fields.size() != fields_of_a_line || fields[0].empty()) {
            return file_fault{number, "not of the form user:hash:uid:gid:gecos:home:shell"};
        }
        const std::string user(fields[0]);
        passwd_user one;
        one.info = std::string(fields[2]) + ":" + std::string(fields[3]) + ":" + std::string(fields[5]);
        if (!fields[1].empty()) one.login = user + ":" + std::string(fields[1]);
        users.try_emplace(base::to_lower(user), std::move(one));
    }
    return users;
}

std::variant<std::unique_ptr<passwd_table>, file_fault> passwd_table::open(std::string name, std::string path,
                                                                           dependencies& context) {
    auto opened = watched_file<passwd_users>::open(name, std::move(path), &read_users, context);
    if (auto* fault = std::get_if<file_fault>(&opened)) return std::move(*fault);
    return std::unique_ptr<passwd_table>(
        new passwd_table(std::move(name), std::get<watched_file<passwd_users>>(std::move(opened)), context));
}

async::awaitable<base::result<std::optional<std::string>>> passwd_table::lookup(service kind, std::string key) {
    if (kind != service::userinfo && kind != service::credentials) co_return errc::unavailable;
    if (file_.is_due()) co_await look(false);
    const auto at = file_.content().find(key);
    if (at == file_.content().end()) co_return std::nullopt;
    if (kind == service::userinfo) co_return at->second.info;
    if (at->second.login.empty()) co_return std::nullopt;
    co_return at->second.login;
}

async::awaitable<base::result<std::optional<std::string>>> passwd_table::lookup_pattern(service, pattern_match) {
    co_return errc::unavailable;
}

async::awaitable<base::result<std::optional<std::string>>> passwd_table::fetch(service) { co_return errc::unavailable; }

async::awaitable<base::result<>> passwd_table::look(bool in_any_case) {
    const auto replaced = co_await file_.look(in_any_case);
    if (replaced.has_error()) co_return replaced.error();
    if (*replaced == nullptr) co_return base::result<>();
    complaints_.forget();
    if (file_.content().empty() && !(**replaced).empty()) file_.warn({0, "it has no users any more"}, {});
    co_return base::result<>();
}

async::awaitable<base::result<>> passwd_table::reload() { co_return co_await look(true); }

}  // namespace waypost::table
