// An engine with all that it needs: scripted servers on loopback, a DNS and tables of given answers, and a queue over a
// store in memory.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "support/captured_stderr.hpp"
#include "support/fake_resolver.hpp"
#include "support/fake_table.hpp"
#include "support/mail_house.hpp"
#include "support/scripted_server.hpp"
#include "waypost/relay/engine.hpp"

namespace waypost::test {

struct relay_house {
    captured_stderr output;
    temporary_directory directory;
    mail_house house;
    fake_resolver dns;
    fake_table hosts;
    fake_table credentials;
    relay::settings how{.host = "mx.example.org"};
    std::vector<std::unique_ptr<scripted_server>> servers;
    std::unique_ptr<relay::engine> engine;

    relay_house() {
        dns.host("relay.example", {"127.0.0.1"});
        relay::action_settings out{.name = "out", .hosts = &hosts, .credentials = &credentials};
        out.verified = trusting({});
        out.unverified = net::tls_context::client({.check = net::peer_check::none, .ca_file = {}, .identity = {}});
        how.actions.emplace("out", std::move(out));
    }
    ~relay_house() {
        try {
            if (engine != nullptr) finish(house.loop, engine->stop(std::chrono::seconds(0)));
            finish(house.loop, house.queue.stop());
        } catch (const std::exception& hangs) {
            FAIL_CHECK("the engine does not stop: " << hangs.what());
        }
    }

    relay::action_settings& action() { return how.actions.at("out"); }
    static std::shared_ptr<const net::tls_context> trusting(const std::string& ca_file) {
        return net::tls_context::client({.check = net::peer_check::verified, .ca_file = ca_file, .identity = {}});
    }
    /// Another server, whose URL comes behind those of the servers before it.
    scripted_server& serve(const std::string& scheme = "smtp://", const std::string& host = "relay.example") {
        servers.push_back(std::make_unique<scripted_server>(house.loop));
        hosts.rows["host" + std::to_string(servers.size())] = scheme + host + ":" + servers.back()->port();
        return *servers.back();
    }
    /// A certificate for this name.
    net::key_pair certificate(const std::string& name = "relay.example") const {
        const net::key_pair pair{directory / (name + ".crt"), directory / (name + ".key")};
        net::ensure_self_signed(pair, name);
        return pair;
    }
    static std::shared_ptr<const net::tls_context> serving(const net::key_pair& pair) {
        return net::tls_context::server({.identities = {pair}, .ca_file = {}, .demand_client_certificate = false});
    }

    void open() {
        // An auth table goes with URLs that have a label.
        const auto has_label = [](const auto& row) { return row.second.find('@') != std::string::npos; };
        if (std::ranges::none_of(hosts.rows, has_label)) action().credentials = nullptr;
        engine =
            relay::make_engine(house.loop.get_executor(), relay::dependencies{house.clock, house.log, dns, house.queue},
                               std::make_shared<const relay::settings>(how));
        for (const auto& [name, each] : how.actions) house.queue.assign(name, *engine, false);
    }
    spool::message_id send(const std::vector<std::string>& recipients = {"bob@example.net"},
                           const std::string& text = "Subject: x\r\n\r\nbody\r\n") {
        if (engine == nullptr) open();
        std::vector<spool::envelope> envelopes;
        for (const std::string& each : recipients) envelopes.push_back(mail_house::envelope("out", each));
        return house.send("ada@example.org", std::move(envelopes), text);
    }
    void until(const std::function<bool()>& holds) { house.until(holds); }
    void until_done(std::size_t remove, std::size_t defer = 0) {
        house.until([&, remove, defer] { return house.remove() >= remove && house.defer() >= defer; });
        settle(house.loop);
        CHECK(house.remove() == remove);
        CHECK(house.defer() == defer);
    }
};

}  // namespace waypost::test
