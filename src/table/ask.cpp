#include "waypost/table/ask.hpp"

#include "waypost/table/services.hpp"

namespace waypost::table {

namespace {

using text = base::result<std::optional<std::string>>;

std::string shown(const std::string& value) { return value; }
std::string shown(const credentials::value& value) { return value.user + ":********"; }
std::string shown(const userinfo::value& value) {
    return std::to_string(value.uid) + ":" + std::to_string(value.gid) + ":" + value.home;
}

template <class Service>
async::awaitable<text> ask_for(table& rows, std::string key, Service service_type = {}) {
    auto found = co_await find(service_type, rows, std::move(key));
    if (found.has_error()) co_return found.error();
    if (!found->has_value()) co_return std::nullopt;
    co_return shown(**found);
}

}  // namespace

async::awaitable<text> ask(table& rows, service kind, std::string key, char tag_delimiter) {
    switch (kind) {
        case service::alias:
            if (key.find('@') != std::string::npos) return ask_for(rows, std::move(key), virtual_alias{tag_delimiter});
            return ask_for(rows, std::move(key), alias{tag_delimiter});
        case service::domain: return ask_for<domain>(rows, std::move(key));
        case service::credentials: return ask_for<credentials>(rows, std::move(key));
        case service::netaddr: return ask_for<netaddr>(rows, std::move(key));
        case service::userinfo: return ask_for<userinfo>(rows, std::move(key));
        case service::source: return ask_for<source>(rows, std::move(key));
        case service::mailaddr: return ask_for(rows, std::move(key), mailaddr{tag_delimiter});
        case service::addrname: return ask_for<addrname>(rows, std::move(key));
        case service::mailaddrmap: return ask_for<mailaddrmap>(rows, std::move(key));
        case service::relayhost: return ask_for<relayhost>(rows, std::move(key));
        case service::string: return ask_for<string>(rows, std::move(key));
        case service::regex: break;
    }
    return ask_for<regex>(rows, std::move(key));
}

}  // namespace waypost::table
