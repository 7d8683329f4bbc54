#include "proc_table.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "lookup_one.hpp"
#include "table_program.hpp"
#include "waypost/base/ascii.hpp"
#include "waypost/base/encoding.hpp"

namespace waypost::table {

namespace {

using std::chrono::seconds;

constexpr seconds time_limit{5};
// A program that has lived so long died of something new: it is started again at once.
constexpr seconds long_life{10};
constexpr async::backoff::limits pauses{.first = seconds(1), .longest = seconds(60)};

}  // namespace

proc_table::proc_table(std::string name, std::vector<std::string> command, dependencies& context,
                       std::optional<process::user_identity> user)
    : name_(std::move(name)), command_(std::move(command)), user_(std::move(user)), context_(&context) {}

proc_table::~proc_table() = default;

void proc_table::say(const std::string& text) {
    if (text == reply_) return;
    reply_ = text;
    context_->warn(name_, text);
}

/// The dead program's process is waited for on a thread that may wait.
void proc_table::bury() {
    say("its program " + base::printable(command_.front()) + " is started again: " + program_->end());
    const auto now = context_->clock.now();
    if (now - born_ >= long_life)
        pause_ = {};
    else
        pause_.begin(now, pauses);
    const auto process = std::make_shared<running_program>(program_->take_process());
    program_.reset();
    boost::asio::post(context_->io.pool(), [process] {});
}

async::awaitable<> proc_table::start() {
    auto job = [command = command_, user = user_] { return running_program::start(command, user); };
    auto begun = co_await async::offload(context_->io, std::move(job));
    born_ = context_->clock.now();
    if (begun.has_error()) {
        say("its program " + base::printable(command_.front()) + " cannot be started: " + begun.error().message());
        pause_.begin(born_, pauses);
        co_return;
    }
    program_ =
        std::make_shared<table_program>(std::move(*begun), name_, [this](const std::string& text) { say(text); });
}

async::awaitable<> proc_table::wait(std::shared_ptr<table_program> program, std::function<bool()> until,
                                    async::time_point deadline) {
    using namespace boost::asio::experimental::awaitable_operators;
    co_await (program->until(std::move(until)) || context_->clock.sleep_until(deadline));
}

/// The program, ready to be asked; null if it is not to be had now.
async::awaitable<std::shared_ptr<table_program>> proc_table::running(async::time_point deadline) {
    if (program_ != nullptr) {
        program_->look();
        if (!program_->end().empty()) bury();
    }
    if (program_ == nullptr) {
        const auto permit = co_await starting_.acquire();
        // Somebody else may have started it meanwhile, or tried to.
        if (program_ == nullptr && context_->clock.now() < pause_.until()) co_return nullptr;
        if (program_ == nullptr) co_await start();
    }
    const auto mine = program_;
    if (mine == nullptr || mine->is_ready()) co_return mine;
    co_await wait(mine, [mine] { return mine->is_ready(); }, deadline);
    if (mine->is_ready() && mine->end().empty()) co_return mine;
    if (is_over(deadline)) mine->give_up("it does not get ready");
    if (!mine->end().empty() && program_ == mine) bury();
    co_return nullptr;
}

async::awaitable<std::vector<proc_table::row>> proc_table::ask(std::vector<request> requests) {
    const auto deadline = context_->clock.now() + time_limit;
    std::vector<row> answers(requests.size(), row(errc::unavailable));
    const auto program = co_await running(deadline);
    if (program == nullptr) co_return answers;
    if (requests.front().service && !program->serves(*requests.front().service)) {
        const service about = *requests.front().service;
        if (missing_.insert(about).second) {
            context_->warn(name_, "its program does not serve " + std::string(name_of(about)));
        }
        co_return answers;
    }

    struct asked {
        explicit asked(std::shared_ptr<table_program> of) : program(std::move(of)) {}
        ~asked() {
            for (const std::string& id : ids) program->forget(id);
        }
        std::shared_ptr<table_program> program;
        std::vector<std::string> ids;
        std::vector<std::shared_ptr<program_question>> questions;
    };
    asked mine(program);
    const std::size_t heard = program->lines_heard();
    for (const request& one : requests) {
        std::string id = std::to_string(next_id_++);
        auto& question = mine.questions.emplace_back(std::make_shared<program_question>());
        const auto line = protocol::line_of(name_, context_->clock.wall(), {one.verb, one.service, id, one.key});
        if (!line) {
            question->answered = true;  // as one that could not be asked
            continue;
        }
        program->ask(id, *line, question);
        mine.ids.push_back(std::move(id));
    }
    const auto all_answered = [questions = mine.questions] {
        return std::ranges::all_of(questions, [](const auto& entry) { return entry->answered; });
    };
    co_await wait(program, all_answered, deadline);
    // Not when it is only that this question was given up, by who asked it.
    if (!all_answered() && is_over(deadline) && program->lines_heard() == heard) program->give_up("it does not answer");
    if (!program->end().empty() && program_ == program) bury();
    for (std::size_t i = 0; i < requests.size(); ++i) answers[i] = std::move(mine.questions[i]->row);
    co_return answers;
}

async::awaitable<base::result<std::optional<found>>> proc_table::lookup_first(service kind,
                                                                              std::vector<std::string> keys) {
    if (keys.empty()) co_return std::optional<found>();
    std::vector<request> all;
    all.reserve(keys.size());
    for (const std::string& key : keys) all.push_back({protocol::verb_for(kind), kind, key});
    auto rows = co_await ask(std::move(all));
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (rows[i].has_error()) co_return rows[i].error();
        if (rows[i]->has_value()) co_return std::optional(found{std::move(keys[i]), std::move(**rows[i])});
    }
    co_return std::optional<found>();
}

async::awaitable<base::result<std::optional<std::string>>> proc_table::lookup(service kind, std::string key) {
    return lookup_one(*this, kind, std::move(key));
}

async::awaitable<base::result<std::optional<std::string>>> proc_table::lookup_pattern(service, pattern_match) {
    co_return std::nullopt;
}

async::awaitable<base::result<std::optional<std::string>>> proc_table::fetch(service kind) {
    std::vector<request> only;
    only.push_back({"fetch", kind, {}});
    auto rows = co_await ask(std::move(only));
    co_return std::move(rows.front());
}

async::awaitable<base::result<>> proc_table::reload() {
    std::vector<request> only;
    only.push_back({"update", std::nullopt, {}});
    const auto rows = co_await ask(std::move(only));
    if (rows.front().has_error()) co_return rows.front().error();
    co_return base::result<>();
}

}  // namespace waypost::table
