#include "leftovers.hpp"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <filesystem>

#include "schema.hpp"
#include "waypost/base/encoding.hpp"

namespace waypost::spool {
namespace {

namespace fs = std::filesystem;

std::size_t remove_leftovers(const std::string& directory, message_id first_new, const std::stop_token& stopped) {
    SQLite::Database db = schema::open_for_reading(directory);
    SQLite::Statement is_named(db, "SELECT EXISTS (SELECT 1 FROM messages WHERE id = ? AND file IS NOT NULL)");
    std::size_t removed = 0;
    for (const fs::directory_entry& each : fs::directory_iterator(directory + "/body")) {
        if (stopped.stop_requested()) break;
        const auto id = base::from_hex(each.path().filename().string());
        // Other names are not ours to judge.
        if (!id || *id >= first_new.value() || to_string(message_id(*id)) != each.path().filename().string()) continue;
        is_named.bind(1, static_cast<std::int64_t>(*id));
        const bool named = is_named.executeStep() && is_named.getColumn(0).getInt() != 0;
        is_named.reset();
        if (!named && fs::remove(each.path())) ++removed;
    }
    return removed;
}

}  // namespace

leftovers::leftovers(std::string directory, message_id first_new, std::function<void(const std::string&)> warn)
    : thread_([directory = std::move(directory), first_new, warn = std::move(warn)](const std::stop_token& stopped) {
          try {
              const std::size_t removed = remove_leftovers(directory, first_new, stopped);
              if (removed > 0)
                  warn("removed " + std::to_string(removed) + " body files of messages that were never accepted");
          } catch (const std::exception& error) {
              warn(directory + "/body cannot be cleaned: " + error.what());
          }
      }) {}

}  // namespace waypost::spool
