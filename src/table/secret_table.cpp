#include "waypost/table/secret_table.hpp"

#include "waypost/base/ascii.hpp"

namespace waypost::table {

async::awaitable<base::result<std::optional<std::string>>> secret_table::lookup(service kind, std::string key) {
    auto row = co_await rows_->lookup(kind, key);
    const bool refers = kind == service::credentials && row.has_value() && row->has_value() && may_refer(**row);
    if (!refers) co_return row;
    auto job = [value = std::move(**row), env = env_] { return resolve_reference(value, env); };
    auto secret = co_await async::offload(context_->io, std::move(job));
    if (const auto* none = std::get_if<no_secret>(&secret)) {
        context_->warn(name(), "no credentials for \"" + base::printable(key, 64) + "\": " + none->reason);
        co_return errc::unavailable;
    }
    co_return std::move(std::get<std::string>(secret));
}

async::awaitable<base::result<std::optional<std::string>>> secret_table::lookup_pattern(service kind,
                                                                                        pattern_match matches) {
    return rows_->lookup_pattern(kind, std::move(matches));
}

async::awaitable<base::result<std::optional<std::string>>> secret_table::fetch(service kind) {
    return rows_->fetch(kind);
}

async::awaitable<base::result<std::vector<std::string>>> secret_table::list(service kind, std::size_t up_to) {
    return rows_->list(kind, up_to);
}

async::awaitable<base::result<>> secret_table::reload() { return rows_->reload(); }

}  // namespace waypost::table
