#include "fake_store.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <set>

#include "waypost/base/overloaded.hpp"

namespace waypost::test {
namespace {

using kept = fake_store::kept_envelope;

/// One half in order, then small messages, then the rest in order.
std::vector<const kept*> due_order(const std::vector<const kept*>& rows, std::size_t limit) {
    std::map<spool::message_id, std::size_t> sizes;
    for (const kept* each : rows) ++sizes[spool::message_of(each->is.id)];
    std::vector<const kept*> chosen;
    std::set<const kept*> has;
    const auto take = [&](std::size_t most, std::size_t longest) {
        for (const kept* each : rows) {
            if (chosen.size() >= most) return;
            if (sizes[spool::message_of(each->is.id)] <= longest && has.insert(each).second) chosen.push_back(each);
        }
    };
    take(limit - limit / 2, spool::max_recipients);
    take(limit, spool::small_message);
    take(limit, spool::max_recipients);
    return chosen;
}

async::awaitable<> another_turn() { co_await boost::asio::post(boost::asio::use_awaitable); }

}  // namespace

async::awaitable<bool> fake_store::refused(verb verb) {
    ++asked[verb];
    co_await another_turn();
    co_return refuses(verb);
}

async::awaitable<> fake_store::answer_travels() {
    if (on_the_way)
        co_await on_the_way();
    else
        co_await another_turn();
}

std::shared_ptr<spool::content> fake_store::new_content(spool::message_id id) {
    return std::make_shared<spool::content>(here_.path(), spool::to_string(id), io_);
}

async::awaitable<base::result<>> fake_store::insert(const spool::queued_message& entry) {
    if (co_await refused(verb::insert)) co_return spool::errc::unavailable;
    messages.insert_or_assign(entry.message->id, *entry.message);
    for (const spool::envelope& each : entry.envelopes)
        envelopes.insert_or_assign(each.id, kept_envelope{each, entry.message->arrived});
    co_return base::result<>();
}

void fake_store::apply(spool::change change) {
    std::visit(base::overloaded{[&](const spool::remove& done) {
                                    envelopes.erase(done.id);
                                    const auto about = spool::message_of(done.id);
                                    const auto left = envelopes.lower_bound(spool::envelope_of(about, 0));
                                    if (left == envelopes.end() || spool::message_of(left->first) != about)
                                        messages.erase(about);
                                },
                                [&](const spool::defer& later) {
                                    const auto found = envelopes.find(later.id);
                                    if (found == envelopes.end()) return;
                                    found->second.is.tries = later.tries;
                                    found->second.is.warnings = later.warnings;
                                    found->second.is.last = later.last;
                                    found->second.next_try = later.until;
                                    found->second.for_host = later.for_host;
                                },
                                [&](const spool::expedite& sooner) {
                                    std::vector<kept_envelope*> waiting;
                                    for (auto& [id, each] : envelopes) {
                                        if (each.for_host && each.is.hop == sooner.hop && each.next_try > sooner.now)
                                            waiting.push_back(&each);
                                    }
                                    std::ranges::sort(waiting, {}, &kept_envelope::next_try);
                                    if (waiting.size() > sooner.most) waiting.resize(sooner.most);
                                    for (kept_envelope* each : waiting) {
                                        each->next_try = sooner.now;
                                        each->for_host = false;
                                    }
                                }},
               change);
}

void fake_store::correct_times(async::wall_time now, async::wall_time latest) {
    for (auto& [id, each] : envelopes) {
        if (each.next_try > (each.is.tries == 0 ? now : latest)) each.next_try = now;
    }
}

async::awaitable<base::result<std::vector<spool::next_hop>>> fake_store::hops_due(async::wall_time now) {
    if (co_await refused(verb::hops_due)) co_return spool::errc::unavailable;
    std::set<spool::next_hop> found;
    for (const auto& [id, each] : envelopes) {
        if (each.next_try <= now) found.insert(each.is.hop);
    }
    co_await answer_travels();
    co_return std::vector<spool::next_hop>(found.begin(), found.end());
}

async::awaitable<base::result<std::vector<spool::next_hop>>> fake_store::hops_due_since(async::wall_time start,
                                                                                        async::wall_time now) {
    if (co_await refused(verb::hops_due)) co_return spool::errc::unavailable;
    std::set<spool::next_hop> found;
    for (const auto& [id, each] : envelopes) {
        if (each.is.tries > 0 && each.next_try > start && each.next_try <= now) found.insert(each.is.hop);
    }
    co_await answer_travels();
    co_return std::vector<spool::next_hop>(found.begin(), found.end());
}

async::awaitable<base::result<std::vector<spool::queued_message>>> fake_store::due(
    spool::next_hop hop, async::wall_time now, std::size_t limit, std::vector<spool::envelope_id> known_ids) {
    if (co_await refused(verb::due)) co_return spool::errc::unavailable;
    std::vector<const kept_envelope*> rows;
    for (const auto& [id, each] : envelopes) {
        const bool is_known = std::ranges::find(known_ids, id) != known_ids.end();
        if (each.is.hop == hop && each.next_try <= now && !is_known) rows.push_back(&each);
    }
    std::ranges::sort(rows, {}, [](const kept_envelope* each) { return std::pair(each->next_try, each->is.id); });
    rows = due_order(rows, limit);
    std::vector<spool::queued_message> found;
    std::map<spool::message_id, std::size_t> places;
    for (const kept_envelope* each : rows) {
        const auto about = spool::message_of(each->is.id);
        const auto [place, is_new] = places.try_emplace(about, found.size());
        if (is_new) {
            auto without = std::make_shared<spool::message>(messages.at(about));
            without->text = nullptr;
            found.push_back({std::move(without), {}});
        }
        found[place->second].envelopes.push_back(each->is);
    }
    co_await answer_travels();
    co_return found;
}

async::awaitable<base::result<std::optional<async::wall_time>>> fake_store::next_due(async::wall_time now) {
    if (co_await refused(verb::next_due)) co_return spool::errc::unavailable;
    std::optional<async::wall_time> first;
    for (const auto& [id, each] : envelopes) {
        if (each.is.tries > 0 && each.next_try > now) first = std::min(first.value_or(each.next_try), each.next_try);
    }
    co_await answer_travels();
    co_return first;
}

async::awaitable<base::result<std::shared_ptr<const spool::content>>> fake_store::load(spool::message_id id) {
    if (co_await refused(verb::load)) co_return spool::errc::unavailable;
    const auto found = messages.find(id);
    if (found == messages.end()) co_return spool::errc::no_such_message;
    co_return found->second.text;
}

async::awaitable<base::result<std::uint64_t>> fake_store::count() {
    if (co_await refused(verb::count)) co_return spool::errc::unavailable;
    co_return envelopes.size();
}

}  // namespace waypost::test
