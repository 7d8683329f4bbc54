// Reads the files that expansion asks for, by delivery workers: a user's under his own identity, so that nothing is
// read that he could not read himself; a list that an alias includes as nobody in particular.
//
// These delivery workers are not those of deliveries: a recipient is judged while a client waits, and that must not
// take as long as a command that is delivered to.
#pragma once

#include <memory>

#include "waypost/async/clock.hpp"
#include "waypost/async/offload.hpp"
#include "waypost/observe/log.hpp"
#include "waypost/rules/user_files.hpp"

namespace waypost::delivery_worker {

struct job;

}  // namespace waypost::delivery_worker

namespace waypost::delivery {

class worker_pool;
class negative_forward_cache;
struct process_identity;

class forward_reader final : public rules::user_files {
public:
    forward_reader(const async::executor& executor, async::clock& time, observe::log& log, async::thread_pool& io);
    /// With delivery workers of another make.
    forward_reader(async::clock& time, observe::log& log, std::unique_ptr<worker_pool> workers,
                   const process_identity& self);
    ~forward_reader() override;

    async::awaitable<base::result<std::optional<std::string>>> forward_of(table::userinfo::value user) override;
    async::awaitable<base::result<std::string>> list(std::string path,
                                                     std::optional<table::userinfo::value> user) override;
    /// Nobody asks any more. The last delivery worker has ended when it returns.
    async::awaitable<> stop();

private:
    async::awaitable<base::result<std::optional<std::string>>> read(table::userinfo::value as,
                                                                    delivery_worker::job job);

    async::clock& clock_;
    observe::log& log_;
    std::unique_ptr<const process_identity> self_;
    std::unique_ptr<negative_forward_cache> negative_forwards_;
    std::unique_ptr<worker_pool> workers_;
};

}  // namespace waypost::delivery
