#include "sqlite_table.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "lookup_one.hpp"
#include "sqlite_batch.hpp"
#include "waypost/async/event.hpp"

namespace waypost::table {

namespace {

// Of worker threads that have other things to do too.
constexpr std::size_t connections = 2;
// A batch keeps its snapshot, and its thread, for about a tenth of a millisecond.
constexpr std::size_t largest_batch = 64;

}  // namespace

struct sqlite_table::question {
    question(const async::executor& executor, sqlite_question of) : asked(std::move(of)), changed(executor) {}

    sqlite_question asked;
    sqlite_answer answer = errc::unavailable;
    bool answered = false;
    async::event changed;
};

/// Questions taken by one coroutine, with a connection. However that ends, the connection's place is free again, the
/// questions have an answer and who waits is woken.
struct sqlite_table::batch {
    explicit batch(sqlite_table& table) : owner(table), connection(std::move(table.idle_.back())) {
        table.idle_.pop_back();
        const std::size_t size = std::min(table.waiting_.size(), largest_batch);
        std::move(table.waiting_.begin(), table.waiting_.begin() + static_cast<std::ptrdiff_t>(size),
                  std::back_inserter(questions));
        table.waiting_.erase(table.waiting_.begin(), table.waiting_.begin() + static_cast<std::ptrdiff_t>(size));
    }
    ~batch() {
        owner.idle_.push_back(std::move(connection));
        for (const auto& each : questions) {
            each->answered = true;
            each->changed.notify();
        }
        owner.wake_one();
    }
    batch(const batch&) = delete;
    batch& operator=(const batch&) = delete;

    sqlite_table& owner;
    std::unique_ptr<sqlite_connection> connection;
    std::vector<std::shared_ptr<question>> questions;
};

/// A place in the queue. Who was woken to work and has gone instead wakes another.
struct sqlite_table::place {
    place(sqlite_table& table, std::shared_ptr<question> one) : owner(table), question(std::move(one)) {
        owner.waiting_.push_back(question);
    }
    ~place() {
        if (question->answered) return;
        std::erase(owner.waiting_, question);
        owner.wake_one();
    }
    place(const place&) = delete;
    place& operator=(const place&) = delete;

    sqlite_table& owner;
    std::shared_ptr<question> question;
};

sqlite_table::sqlite_table(std::string name, std::shared_ptr<const sqlite_settings> settings, dependencies& context)
    : name_(std::move(name)), settings_(std::move(settings)), context_(&context), idle_(connections) {}

sqlite_table::~sqlite_table() = default;

sqlite_table::opened sqlite_table::open(std::string name, const std::string& file, dependencies& context) {
    auto read = read_sqlite_settings(file);
    if (auto* faults = std::get_if<std::vector<fault>>(&read)) return {nullptr, std::move(*faults)};
    const auto settings = std::make_shared<const sqlite_settings>(std::get<sqlite_settings>(std::move(read)));
    opened answer;
    std::unique_ptr<sqlite_table> made(new sqlite_table(std::move(name), settings, context));
    auto tried = sqlite_connection::open(settings);
    if (auto* faults = std::get_if<std::vector<fault>>(&tried)) {
        answer.faults = std::move(*faults);
        if (std::ranges::any_of(answer.faults, [](const fault& fault) { return !fault.warning; })) return answer;
    } else {
        made->idle_.back() = std::get<std::unique_ptr<sqlite_connection>>(std::move(tried));
    }
    answer.table = std::move(made);
    return answer;
}

void sqlite_table::wake_one() {
    if (!waiting_.empty() && !idle_.empty()) waiting_.front()->changed.notify();
}

void sqlite_table::say(const std::string& trouble) {
    if (trouble == reply_) return;
    reply_ = trouble;
    if (!trouble.empty()) context_->warn(name_, "it cannot be asked: " + trouble);
}

void sqlite_table::say_missing(const std::string& query) {
    if (!missing_.insert(query).second) return;
    context_->warn(name_, "it cannot be asked: its file " + settings_->file + " has no " + query);
}

/// Whoever finds a connection idle takes everything that waits and works for all of them; the others sleep.
async::awaitable<> sqlite_table::answer(std::shared_ptr<question> mine) {
    const place in_the_queue(*this, mine);
    while (!mine->answered) {
        if (idle_.empty() || waiting_.empty()) {
            co_await mine->changed.wait();
        } else {
            co_await work();
        }
    }
}

async::awaitable<> sqlite_table::work() {
    batch now(*this);
    std::vector<sqlite_question> questions;
    questions.reserve(now.questions.size());
    for (const auto& each : now.questions) questions.push_back(each->asked);
    const auto settings = settings_;
    auto job = [over = std::move(now.connection), settings, questions = std::move(questions)]() mutable {
        return ask(std::move(over), std::move(settings), questions);
    };
    sqlite_answers given = co_await async::offload(context_->io, std::move(job));
    if (settings == settings_) now.connection = std::move(given.used);  // else they were read anew meanwhile
    for (std::size_t i = 0; i < now.questions.size(); ++i) now.questions[i]->answer = std::move(given.answers[i]);
    say(given.trouble);
}

async::awaitable<base::result<std::optional<found>>> sqlite_table::lookup_first(service kind,
                                                                                std::vector<std::string> keys) {
    if (!settings_->lookups.contains(kind)) {
        say_missing("query_" + std::string(name_of(kind)));
        co_return errc::unavailable;
    }
    if (keys.empty()) co_return std::optional<found>();
    const auto mine =
        std::make_shared<question>(co_await boost::asio::this_coro::executor, sqlite_question{kind, std::move(keys)});
    co_await answer(mine);
    if (mine->answer.has_error()) co_return mine->answer.error();
    if (mine->answer->empty()) co_return std::optional<found>();
    co_return std::optional(std::move(mine->answer->front()));
}

async::awaitable<base::result<std::optional<std::string>>> sqlite_table::lookup(service kind, std::string key) {
    return lookup_one(*this, kind, std::move(key));
}

async::awaitable<base::result<std::optional<std::string>>> sqlite_table::lookup_pattern(service, pattern_match) {
    co_return std::nullopt;
}

/// One use of what a fetch query gives, asked for anew when that has been used or known for long enough.
async::awaitable<base::result<sqlite_table::turns*>> sqlite_table::use_of_turns(service kind) {
    if (!settings_->fetches.contains(kind)) {
        say_missing("fetch_" + std::string(name_of(kind)));
        co_return errc::unavailable;
    }
    if (turns& known = fetched_[kind]; known.calls_left == 0 || known.good_until <= context_->clock.now()) {
        const auto mine =
            std::make_shared<question>(co_await boost::asio::this_coro::executor, sqlite_question{kind, {}});
        co_await answer(mine);
        if (mine->answer.has_error()) co_return mine->answer.error();
        std::vector<std::string> values;
        for (found& each : *mine->answer) values.push_back(std::move(each.row));
        // Whose turn it was shall have been the last: the next is the one behind it, wherever that stands now.
        if (const auto last = known.turn.last(); last && *last < known.values.size()) {
            const auto at = std::ranges::find(values, known.values[*last]);
            if (at != values.end()) known.turn.go_on_after(static_cast<std::size_t>(at - values.begin()));
        }
        known.values = std::move(values);
        known.calls_left = settings_->fetch_refresh;
        known.good_until = context_->clock.now() + settings_->fetch_expire;
    }
    turns& now = fetched_[kind];
    --now.calls_left;
    co_return &now;
}

async::awaitable<base::result<std::optional<std::string>>> sqlite_table::fetch(service kind) {
    const auto now = co_await use_of_turns(kind);
    if (now.has_error()) co_return now.error();
    turns& known = **now;
    if (known.values.empty()) co_return std::nullopt;
    co_return known.values[known.turn.take(known.values.size())];
}

async::awaitable<base::result<std::vector<std::string>>> sqlite_table::list(service kind, std::size_t up_to) {
    const auto now = co_await use_of_turns(kind);
    if (now.has_error()) co_return now.error();
    const auto& all = (**now).values;
    co_return std::vector(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(std::min(all.size(), up_to)));
}

async::awaitable<base::result<>> sqlite_table::reload() {
    auto job = [file = settings_->file] { return read_sqlite_settings(file); };
    auto read = co_await async::offload(context_->io, std::move(job));
    if (const auto* faults = std::get_if<std::vector<fault>>(&read)) {
        context_->warn(name_, "its file is left as it was: line " + std::to_string(faults->front().line) + ": " +
                                  faults->front().text);
        co_return errc::unavailable;
    }
    settings_ = std::make_shared<const sqlite_settings>(std::get<sqlite_settings>(std::move(read)));
    missing_.clear();
    for (auto& each : idle_) each.reset();
    for (auto& [kind, known] : fetched_) known.calls_left = 0;
    co_return base::result<>();
}

}  // namespace waypost::table
