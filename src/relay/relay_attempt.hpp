// What the engine keeps of one connection while the dialer works on it: the places it holds in the ledger, and its
// work.
#pragma once

#include <vector>

#include "relay_engine.hpp"

namespace waypost::relay {

/// Mail of one relay, for one session at one host.
class relay_engine::relay_task_source final : public task_source {
public:
    relay_task_source(relay_engine& relay_engine, relay_ptr mail_of, const route& route, unsigned preference);

    std::optional<queue::queued_message> take(std::size_t recipients) override;
    async::awaitable<bool> wait() override;
    void give_back(queue::queued_message task) override;
    void settle(const std::shared_ptr<const spool::message>& message, const spool::envelope& envelope,
                const mail::status& status, const queue::carrier& carrier, bool takes_dsn) override;
    void transaction_ended(bool host_is_well, const mail::status& status) override;
    async::awaitable<base::result<std::shared_ptr<const spool::content>>> content_of(
        std::shared_ptr<const spool::message> message) override;

    /// It has carried nothing since it last waited for mail.
    [[nodiscard]] bool was_idle() const noexcept { return was_idle_; }
    [[nodiscard]] bool host_was_well() const noexcept { return host_was_well_; }

private:
    [[nodiscard]] bool must_make_room() const;

    relay_engine& engine_;
    relay_ptr relay_;
    const route& route_;
    unsigned preference_;  // of the server
    std::optional<counted> not_asked_yet_;
    std::size_t carried_ = 0;  // transactions
    bool was_idle_ = false;
    bool host_was_well_ = false;  // with one of them at least
};

class relay_engine::relay_attempt final : public connection_attempt {
public:
    relay_attempt(relay_engine& relay_engine, relay_ptr mail_of, const open_session& decision);
    ~relay_attempt() override;

    [[nodiscard]] const candidate& who() const override { return candidate_; }
    [[nodiscard]] const relay::settings& settings() const override { return *relay_->settings; }
    [[nodiscard]] const action_settings& action() const override { return relay_->action; }
    [[nodiscard]] const limits& allowed() const override { return relay_->bounds; }
    [[nodiscard]] const route& via() const override { return route_; }
    [[nodiscard]] const std::optional<route>& fallback() const override { return fallback_; }

    bool begin_fallback() override;
    void failed(const route& route, blame blame, const mail::status& status) override;
    void given_up(const route& route) override;
    task_source& ready(const route& route) override;
    void lost(const mail::status& reason) override;

    [[nodiscard]] bool was_ready() const noexcept { return place_.has_value(); }

private:
    void begin(const route& route);
    void end(const route& route, bool was_ready);

    relay_engine& engine_;
    relay_ptr relay_;
    candidate candidate_;
    route route_;  // once ready: the one in use
    std::optional<route> fallback_;
    std::vector<route> begun_;
    std::optional<counted> connecting_;
    std::optional<counted> ready_;
    std::optional<relay_task_source> place_;
};

}  // namespace waypost::relay
