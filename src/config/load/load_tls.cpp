// Certificates, keys and authorities.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include "load_context.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/config/syntax/words.hpp"
#include "waypost/net/certificates.hpp"

namespace waypost::config {
namespace {

template <class Definition>
const Definition* find_or_fault(const std::vector<Definition>& definitions, const located_string& name,
                                std::string_view kind, fault_list& faults) {
    if (const Definition* const found = find_named(definitions, name.text)) return found;
    const std::string shown = base::printable(name.text, 64);
    std::string hint = did_you_mean(name.text, names_of(definitions));
    if (hint.empty()) hint = "define it: " + std::string(kind) + " \"" + shown + "\" cert \"/path\"";
    faults.fault(name.location, "there is no " + std::string(kind) + " \"" + shown + "\"", std::move(hint));
    return nullptr;
}

net::key_pair self_signed_pair(const model& model) {
    const std::filesystem::path directory = model.queue_path.text;
    return {(directory / "self-signed.crt").string(), (directory / "self-signed.key").string()};
}

/// As the spool makes it; what is wrong with it shows when the first file is written there.
void make_state_directory(const std::filesystem::path& path) {
    std::error_code ignored;
    if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), ignored);
    ::mkdir(path.c_str(), 0700);
}

/// The pair in the state directory, made now if that is allowed; none, without a fault, if there is none yet.
std::optional<net::key_pair> find_self_signed(load_context& context, const listener& acceptor) {
    net::key_pair pair = self_signed_pair(context.model);
    if (!std::exchange(context.warned_of_self_signed, true)) {
        context.faults.warn(acceptor.location, "TLS without a pki: clients see a self-signed certificate",
                            "write pki NAME cert \"/path\", pki NAME key \"/path\", and pki NAME on this listener");
    }
    if (context.for_serving) {
        make_state_directory(context.model.queue_path.text);
        net::ensure_self_signed(pair, context.result.host);
        return pair;
    }
    const bool there = ::access(pair.certificate_file.c_str(), F_OK) == 0 && ::access(pair.key_file.c_str(), F_OK) == 0;
    return there ? std::optional(std::move(pair)) : std::nullopt;
}

}  // namespace

std::optional<net::key_pair> find_key_pair(load_context& context, const located_string& pki) {
    const pki_definition* const found = find_or_fault(context.model.pki, pki, "pki", context.faults);
    if (found == nullptr) return std::nullopt;
    if (found->cert && found->key) return net::key_pair{found->cert->text, found->key->text};
    const std::string missing = found->cert ? "key" : "cert";
    context.faults.fault(found->location, "the pki \"" + base::printable(found->name, 64) + "\" has no " + missing,
                         "write pki " + base::printable(found->name, 64) + " " + missing + " \"/path\"");
    return std::nullopt;
}

std::string find_ca(load_context& context, const located_string& ca) {
    const ca_definition* const found = find_or_fault(context.model.ca, ca, "ca", context.faults);
    return found == nullptr ? std::string() : found->cert.text;
}

std::vector<std::string> watched_certificate::weaknesses(std::chrono::system_clock::time_point now) const {
    try {
        std::vector<std::string> all = net::weaknesses(pair, now);
        if (!host_name.empty() && !net::is_certificate_for(pair.certificate_file, host_name))
            all.push_back("the certificate " + pair.certificate_file + " is not for " + host_name);
        return all;
    } catch (const std::runtime_error& unreadable) {
        return {unreadable.what()};
    }
}

void keep_watch(load_context& context, watched_certificate certificate, const location& place) {
    const auto is_same = [&certificate](const watched_certificate& other) {
        return other.pair.certificate_file == certificate.pair.certificate_file &&
               other.pair.key_file == certificate.pair.key_file && other.host_name == certificate.host_name;
    };
    if (std::ranges::any_of(context.result.certificates, is_same)) return;
    for (const std::string& weakness : certificate.weaknesses(std::chrono::system_clock::now()))
        context.faults.warn(place, base::printable(weakness));
    context.result.certificates.push_back(std::move(certificate));
}

namespace {

/// Of several, which clients choose from by name, one at least must be for the name that the listener greets with.
void keep_watch(load_context& context, const listener& settings, const std::vector<net::key_pair>& pairs) {
    const std::string& name = settings.hostname ? settings.hostname->text : context.result.host;
    const bool any_fits = std::ranges::any_of(
        pairs, [&](const net::key_pair& pair) { return net::is_certificate_for(pair.certificate_file, name); });
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        const location& place = i < settings.pki.size() ? settings.pki[i].location : settings.location;
        keep_watch(context, {pairs[i], i == 0 && !any_fits ? name : std::string()}, place);
    }
}

}  // namespace

std::shared_ptr<const net::tls_context> server_context(load_context& context, const listener& listener) {
    try {
        net::server_tls_settings settings;
        for (const located_string& name : listener.pki) {
            if (auto pair = find_key_pair(context, name)) settings.identities.push_back(std::move(*pair));
        }
        if (settings.identities.size() != listener.pki.size()) return nullptr;
        if (settings.identities.empty()) {
            auto pair = find_self_signed(context, listener);
            if (!pair) return nullptr;
            settings.identities.push_back(std::move(*pair));
        }
        if (listener.ca) {
            settings.ca_file = find_ca(context, *listener.ca);
            if (settings.ca_file.empty()) return nullptr;
        }
        settings.demand_client_certificate = listener.verify_client;
        auto made = net::tls_context::server(settings);
        keep_watch(context, listener, settings.identities);
        return made;
    } catch (const std::runtime_error& why) {
        context.faults.fault(listener.pki.empty() ? listener.location : listener.pki.front().location,
                             base::printable(why.what()));
        return nullptr;
    }
}

}  // namespace waypost::config
