// The relays that wait at limits which they share with others, in a line for each limit: first in, first out.
// Bookkeeping only, but for one alarm a line: a pause between connections ends by itself. The alarm is the line's, and
// ends with it.
//
// A relay has one place in time: its ticket, which it draws when it first waits and keeps, in every line, until it gets
// a connection. So one that was asked too early returns to the front, and one domain with much mail cannot keep the
// others of its host waiting for ever: a session leaves after a share of messages when another relay waits for its
// place.
//
// When a place came free, the first of each line is asked, then the next, until one of them comes back to the line:
// then the limit is reached, and all others of the line would find it so (shared_limit.hpp). An event costs as much as
// the places that it set free, however many wait.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "alarms.hpp"
#include "relay_queue.hpp"
#include "shared_limit.hpp"

namespace waypost::relay {

class host_wait_queue {
public:
    using visitor = std::shared_ptr<relay_queue>;

    /// `on_alarm` is called when a moment has come of which wait() spoke.
    host_wait_queue(alarms& moments, std::function<void(const shared_limit&)> on_alarm)
        : alarms_(moments), on_alarm_(std::move(on_alarm)) {}

    /// `until`: when the limit ends by itself (a pause between connections).
    void wait(const visitor& waiting, const shared_limit& limit, std::optional<async::time_point> until = {});
    /// Leaves every line. The ticket stays.
    void leave(relay_queue& relay);
    /// It got what it waited for.
    static void serve(relay_queue& relay) {
        relay.ticket = 0;
        relay.has_asked_for_room = false;
    }

    /// The first moment at which a line of this relay is to be asked; max: it waits for events alone.
    [[nodiscard]] async::time_point next_moment_of(const relay_queue& relay) const;

    /// The first that still has mail for a connection. The others before it are taken out of their lines.
    [[nodiscard]] visitor first(const shared_limit& limit);
    [[nodiscard]] bool waits_at(const relay_queue& relay, const shared_limit& limit) const;
    /// The lines in which somebody may wait for a connection along this route, for this domain; oldest first.
    [[nodiscard]] std::vector<shared_limit> lines_for(const route& route, const std::string& domain) const;
    [[nodiscard]] std::vector<shared_limit> lines_at(const host& host) const;
    /// Somebody else waits for the place of a connection along this route. Who waits for the end of a pause would have
    /// nothing of the place.
    [[nodiscard]] bool someone_else_waits(const route& route, const relay_queue& asking_relay);
    void clear();

private:
    struct alarm {
        async::time_point time;
        std::uint64_t number;
    };
    struct line {
        std::map<std::uint64_t, visitor> waiting;  // by ticket
        bool lacks_place = false;  // when it was last asked; otherwise a moment alone is waited for
        std::optional<alarm> next;  // set, and not over yet
    };
    using lines = std::map<shared_limit, line>;

    void wake_by(line& line, const shared_limit& key, async::time_point time);
    void cancel_alarm(line& line);
    template <class Visit>
    void visit_lines(const route& route, const std::string& domain, Visit visit) const;
    template <class Visit>
    void visit_lines_at(const host& host, Visit visit) const;
    void sort_by_age(std::vector<shared_limit>& limits) const;

    alarms& alarms_;
    std::function<void(const shared_limit&)> on_alarm_;
    lines lines_;
    std::uint64_t last_ticket_ = 0;
};

}  // namespace waypost::relay
