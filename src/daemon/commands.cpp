#include "commands.hpp"

#include <chrono>

#include "waypost/base/ascii.hpp"
#include "waypost/base/encoding.hpp"
#include "waypost/config/load/load.hpp"
#include "waypost/table/ask.hpp"

namespace waypost::daemon {

namespace {

using control::answer;
using control::json;

json seconds(const std::optional<async::duration>& time) {
    if (!time) return nullptr;
    return std::chrono::duration<double>(*time).count();
}

json to_json(const relay::route_view& one) {
    return {{"id", one.id},
            {"source", one.source},
            {"host", one.host},
            {"open", one.open},
            {"connecting", one.connecting},
            {"connections", one.connections},
            {"messages", one.messages},
            {"errors", one.errors},
            {"last_error", one.last_error},
            {"next_try", seconds(one.next_try)},
            {"relay", one.for_relay}};
}

json to_json(const relay::relay_view& one) {
    return {{"action", one.action},
            {"domain", one.domain},
            {"waiting", one.waiting},
            {"connecting", one.connecting},
            {"open", one.open},
            {"idle", one.idle},
            {"carried", one.carried},
            {"deferred", one.deferred},
            {"last_error", one.last_error},
            {"next_try", seconds(one.next_try)}};
}

json to_json(const relay::host_view& one) {
    return {{"host", one.host}, {"open", one.open}, {"connecting", one.connecting}, {"window", one.window}};
}

template <class View>
json list_of(const std::vector<View>& views) {
    json all = json::array();
    for (const View& each : views) all.push_back(to_json(each));
    return all;
}

/// A command that needs no waiting.
template <class Function>
control::command at_once(Function what) {
    return [what](json arguments) -> async::awaitable<answer> { co_return what(arguments); };
}

answer resume_route(relay::engine& relays, const json& arguments) {
    const auto id = arguments.at("id").get<std::uint64_t>();
    if (relays.resume_route(id)) return json::object();
    return control::refusal{"there is no route " + std::to_string(id)};
}

using generation_ptr = std::shared_ptr<const config::generation>;

async::awaitable<answer> update_table(generation_ptr settings, json arguments) {
    const auto name = arguments.at("name").get<std::string>();
    table::table* const rows = table::table_named(settings->tables, name);
    if (rows == nullptr) co_return control::refusal{"there is no table \"" + base::printable(name, 64) + "\""};
    const auto done = co_await rows->reload();
    if (done.has_value()) co_return json::object();
    co_return control::refusal{"table \"" + base::printable(name, 64) + "\" is as it was: " + done.error().message()};
}

/// What `waypost lookup` tells: the row, or null. Without a key the next in turn.
async::awaitable<answer> look_up(generation_ptr settings, json arguments) {
    const auto name = arguments.at("table").get<std::string>();
    table::table* const rows = table::table_named(settings->tables, name);
    if (rows == nullptr) co_return json{{"unknown", name}};
    const auto kind = table::service_named(arguments.at("service").get<std::string>());
    if (!kind) co_return control::refusal{"there is no such service"};
    base::result<std::optional<std::string>> row = std::optional<std::string>();
    const bool by_key = arguments.contains("key");
    if (by_key) {
        auto key = base::base64_decode(arguments.at("key").get<std::string>());
        if (!key) co_return control::refusal{"the key is no base64"};
        row = co_await table::ask(*rows, *kind, std::move(*key), settings->rules->tag_delimiter());
    } else {
        row = co_await rows->fetch(*kind);
    }
    if (row.has_error()) co_return control::refusal{row.error().message()};
    if (!row->has_value()) co_return json{{"row", nullptr}};
    // Not every key and every row is UTF-8, which JSON is.
    co_return json{{"row", base::base64_encode(config::shown_row(*settings, *rows, *kind, by_key, **row))}};
}

}  // namespace

control::commands make_commands(relay::engine& relays, const generation_ptr& current) {
    return {
        {"show routes", at_once([&relays](const json&) -> answer { return list_of(relays.routes()); })},
        {"show relays", at_once([&relays](const json&) -> answer { return list_of(relays.relays()); })},
        {"show hosts", at_once([&relays](const json&) -> answer { return list_of(relays.hosts()); })},
        {"resume route", at_once([&relays](const json& message) { return resume_route(relays, message); })},
        {"lookup", [&current](json message) { return look_up(current, std::move(message)); }},
        {"update table", [&current](json message) { return update_table(current, std::move(message)); }},
    };
}

}  // namespace waypost::daemon
