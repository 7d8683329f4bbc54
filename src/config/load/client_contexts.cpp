#include "client_contexts.hpp"

#include <stdexcept>

#include "waypost/base/ascii.hpp"

namespace waypost::config {

void client_contexts::add(const action& action, relay::action_settings& settings) {
    net::client_tls_settings tls;
    if (action.pki) {
        tls.identity = find_key_pair(now_, *action.pki);
        if (!tls.identity) return;
    }
    if (action.ca) {
        tls.ca_file = find_ca(now_, *action.ca);
        if (tls.ca_file.empty()) return;
    }
    const location& where = action.pki ? action.pki->location : action.ca ? action.ca->location : action.location;
    settings.verified = find(tls, net::peer_check::verified, where);
    if (settings.verified) settings.unverified = find(tls, net::peer_check::none, where);
}

std::shared_ptr<const net::tls_context> client_contexts::find(net::client_tls_settings settings, net::peer_check check,
                                                              const location& location) {
    settings.check = check;
    const auto pair = settings.identity.value_or(net::key_pair{});
    auto& made = contexts_[{pair.certificate_file, pair.key_file, settings.ca_file, check}];
    if (made) return made;
    try {
        made = net::tls_context::client(settings);
        // Once for a pair, of which both kinds of context are made.
        if (settings.identity && check == net::peer_check::verified)
            keep_watch(now_, {*settings.identity, {}}, location);
    } catch (const std::runtime_error& why) {
        now_.faults.fault(location, base::printable(why.what()));
    }
    return made;
}

}  // namespace waypost::config
