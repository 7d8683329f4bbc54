// mda limit KEY N ...              also in braces
// mda wrapper NAME "COMMAND"
// srs key SECRET | key backup SECRET | ttl TIME
#include "grammar.hpp"
#include "settings.hpp"

namespace waypost::config {
namespace {

using delivery::delivery_limits;

void refuse_task_limit(cursor& cursor, model&, const token& word) {
    cursor.fail(word, cursor.show(word) + " has no meaning here",
                "remove it: the queue hands out what \"max-session\" leaves room for");
}

template <auto Member>
constexpr auto in_limits = field<&model::delivery, &delivery::settings::limits, Member>;

constexpr option<model> limit_options[] = {
    {"max-session", setting{in_limits<&delivery_limits::max_sessions>, count{"a number", 1, 10'000}},
     "deliveries at a time"},
    {"max-session-per-user", setting{in_limits<&delivery_limits::max_sessions_per_user>, count{"a number", 1, 10'000}},
     "deliveries at a time for one user"},
    {"task-hiwat", custom{&refuse_task_limit}},
    {"task-lowat", custom{&refuse_task_limit}},
    {"task-release", custom{&refuse_task_limit}},
};

void read_wrapper(cursor& cursor, model& model, const token&) {
    wrapper_definition made;
    const located_string name = take_new_name(cursor, model.wrappers, "a wrapper");
    made.name = name.text;
    made.location = name.location;
    made.command = cursor.take_string("a command");
    model.wrappers.push_back(std::move(made));
}

constexpr option<model> mda_options[] = {
    {"limit", group{limit_options, "limit of \"mda\"", layout::listing}, "how many deliveries there may be at a time"},
    {"wrapper", custom<model>{&read_wrapper, nullptr, "NAME \"COMMAND\""},
     "a command that runs the commands of actions"},
};

void read_key(cursor& cursor, srs_definition& definition, const token&) {
    const bool is_backup = cursor.skip_word("backup");
    const cursor::redact secrets(cursor);
    const located_string given = cursor.take_string("a secret");
    (is_backup ? definition.settings.backup : definition.settings.key) = base::secret(given.text);
    (is_backup ? definition.backup_location : definition.key_location) = given.location;
}

void print_keys(const srs_definition& definition, const srs_definition&, std::vector<std::string>& pieces) {
    const auto add = [&pieces](const std::string& word, const base::secret& key) {
        if (!key.empty()) pieces.push_back(word + masked(std::string(key.reveal())));
    };
    add("key ", definition.settings.key);
    add("key backup ", definition.settings.backup);
}

constexpr option<srs_definition> srs_table[] = {
    {"key", custom{&read_key, &print_keys, "[backup] SECRET"},
     "the secret that proves rewritten addresses; as backup the one before it"},
    {"ttl", setting{field<&srs_definition::settings, &mail::srs_settings::ttl>, time_span()},
     "how long bounces find their way back"},
};

}  // namespace

std::span<const option<model>> mda_settings() { return mda_options; }
std::span<const option<srs_definition>> srs_options() { return srs_table; }

void read_srs(cursor& cursor, model& model, const token&) {
    const std::string_view kind = "setting of \"srs\"";
    if (cursor.at_line_end()) cursor.fail_unexpected(cursor.peek(), "a " + std::string(kind));
    if (!model.srs) model.srs.emplace();
    read_options<srs_definition>(cursor, *model.srs, srs_table, kind, layout::single);
}

void print_srs(const model& model, const config::model&, std::vector<std::string>& pieces) {
    if (!model.srs) return;
    for (const std::string& piece : print_options<srs_definition>(*model.srs, {}, srs_table))
        pieces.push_back("srs " + piece);
}

}  // namespace waypost::config
