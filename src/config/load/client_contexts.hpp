// The TLS contexts of relays. Most actions share theirs, for reading the system's authorities takes its time.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <tuple>

#include "load_context.hpp"

namespace waypost::config {

class client_contexts {
public:
    explicit client_contexts(load_context& context) : now_(context) {}
    /// Gives the settings the contexts with the action's own `pki` and `ca`, if it names any.
    void add(const action& action, relay::action_settings& settings);

private:
    std::shared_ptr<const net::tls_context> find(net::client_tls_settings settings, net::peer_check check,
                                                 const location& location);

    using key = std::tuple<std::string, std::string, std::string, net::peer_check>;  // certificate, key, authority
    load_context& now_;
    std::map<key, std::shared_ptr<const net::tls_context>> contexts_;
};

}  // namespace waypost::config
