// What the scheduler keeps of one connection while the crew works on it: the places it holds in the ledger, and its
// work.
#pragma once

#include <vector>

#include "scheduler.hpp"

namespace waypost::relay {

/// Mail of one relay, for one session at one host.
class scheduler::workplace final : public work {
public:
    workplace(scheduler& of, relay_ptr mail_of, const route& via, unsigned preference);

    std::optional<queue::task> take(std::size_t recipients) override;
    async::awaitable<bool> wait() override;
    void give_back(queue::task what) override;
    void settle(const std::shared_ptr<const spool::message>& about, const spool::envelope& which,
                const mail::status& said, const queue::carrier& by, bool takes_dsn) override;
    void transaction_ended(bool host_is_well, const mail::status& said) override;
    async::awaitable<base::result<std::shared_ptr<const spool::content>>> content_of(
        std::shared_ptr<const spool::message> about) override;

    /// It has carried nothing since it last waited for mail.
    [[nodiscard]] bool was_idle() const noexcept { return was_idle_; }
    [[nodiscard]] bool host_was_well() const noexcept { return host_was_well_; }

private:
    [[nodiscard]] bool must_make_room() const;

    scheduler& all_;
    relay_ptr relay_;
    const route& via_;
    unsigned preference_;  // of the server
    std::optional<counted> not_asked_yet_;
    std::size_t carried_ = 0;  // transactions
    bool was_idle_ = false;
    bool host_was_well_ = false;  // with one of them at least
};

class scheduler::one_opening final : public opening {
public:
    one_opening(scheduler& of, relay_ptr mail_of, const open_session& how);
    ~one_opening() override;

    [[nodiscard]] const candidate& who() const override { return who_; }
    [[nodiscard]] const action_settings& action() const override { return relay_->action; }
    [[nodiscard]] const limits& allowed() const override { return relay_->allowed; }
    [[nodiscard]] const route& via() const override { return via_; }
    [[nodiscard]] const std::optional<route>& instead() const override { return instead_; }

    bool begin_instead() override;
    void failed(const route& along, blame whose, const mail::status& why) override;
    void given_up(const route& along) override;
    work& ready(const route& along) override;
    void lost(const mail::status& why) override;

    [[nodiscard]] bool was_ready() const noexcept { return place_.has_value(); }

private:
    void begin(const route& along);
    void end(const route& along, bool was_ready);

    scheduler& all_;
    relay_ptr relay_;
    candidate who_;
    route via_;  // once ready: the one in use
    std::optional<route> instead_;
    std::vector<route> begun_;
    std::optional<counted> connecting_;
    std::optional<counted> ready_;
    std::optional<workplace> place_;
};

}  // namespace waypost::relay
