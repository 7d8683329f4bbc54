// Reads the files that expansion asks for, by deputies: a user's under his own identity, so that nothing is read that
// he could not read himself; a list that an alias includes as nobody in particular.
//
// These deputies are not those of deliveries: a recipient is judged while a client waits, and that must not take as
// long as a command that is delivered to.
#pragma once

#include <memory>

#include "waypost/async/clock.hpp"
#include "waypost/async/offload.hpp"
#include "waypost/observe/log.hpp"
#include "waypost/rules/user_files.hpp"

namespace waypost::delivery {

class deputies;
class forwardless;
struct job;
struct ourselves;

class deputy_files final : public rules::user_files {
public:
    deputy_files(const async::executor& executor, async::clock& time, observe::log& log, async::workers& io);
    /// With deputies of another make.
    deputy_files(async::clock& time, observe::log& log, std::unique_ptr<deputies> crew, const ourselves& self);
    ~deputy_files() override;

    async::awaitable<base::result<std::optional<std::string>>> forward_of(table::userinfo::value user) override;
    async::awaitable<base::result<std::string>> list(std::string path,
                                                     std::optional<table::userinfo::value> user) override;
    /// Nobody asks any more. The last deputy has ended when it returns.
    async::awaitable<> stop();

private:
    async::awaitable<base::result<std::optional<std::string>>> read(table::userinfo::value as, job job);

    async::clock& clock_;
    observe::log& log_;
    std::unique_ptr<const ourselves> self_;
    std::unique_ptr<forwardless> forwardless_;
    std::unique_ptr<deputies> deputies_;
};

}  // namespace waypost::delivery
