#include "orphan_cleanup.hpp"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <filesystem>
#include <optional>

#include "bound_statement.hpp"
#include "file_system.hpp"
#include "schema.hpp"
#include "waypost/base/encoding.hpp"
#include "waypost/spool/content.hpp"

namespace waypost::spool::sqlite {
namespace {

namespace fs = std::filesystem;

struct cleaned {
    std::size_t removed = 0;
    std::size_t moved = 0;
};

/// The message of a body file, where the name is one that we give.
std::optional<message_id> message_of_file(std::string_view name) {
    if (name.ends_with(content::unfinished)) name.remove_suffix(content::unfinished.size());
    const auto id = base::from_hex(name);
    if (!id || to_string(message_id(*id)) != name) return std::nullopt;
    return message_id(*id);
}

class cleaner {
public:
    explicit cleaner(const std::string& directory)
        : directory_(directory), lost_(directory + "/lost"), db_(schema::open_for_reading(directory)) {}

    cleaned run(message_id first_new, const std::stop_token& stopped) {
        for (const fs::directory_entry& each : fs::directory_iterator(directory_ + "/body")) {
            if (stopped.stop_requested()) break;
            const std::string name = each.path().filename().string();
            const auto id = message_of_file(name);
            // Other names are not ours to judge.
            if (!id || *id >= first_new) continue;
            if (name.ends_with(content::unfinished))
                done_.removed += fs::remove(each.path()) ? 1 : 0;
            else if (!is_named(*id))
                set_aside(each.path());
        }
        return done_;
    }

private:
    /// By a message, or as one that the writer is about to remove.
    bool is_named(message_id id) {
        const std::string file = to_string(id);
        bound_statement row(is_named_);
        row << static_cast<std::int64_t>(id.value()) << file;
        return row.next() && row.number(0) != 0;
    }

    void set_aside(const fs::path& file) {
        file_system::make_private_directory(lost_);
        std::error_code failed;  // gone, perhaps: the writer removes files too
        fs::rename(file, fs::path(lost_) / file.filename(), failed);
        if (!failed) ++done_.moved;
    }

    std::string directory_;
    std::string lost_;
    SQLite::Database db_;
    SQLite::Statement is_named_{db_,
                                "SELECT EXISTS (SELECT 1 FROM messages WHERE id = ? AND file IS NOT NULL) OR EXISTS "
                                "(SELECT 1 FROM removals WHERE file = ?)"};
    cleaned done_;
};

}  // namespace

orphan_cleanup::orphan_cleanup(std::string directory, message_id first_new,
                               std::function<void(const std::string&)> warn)
    : thread_([directory = std::move(directory), first_new, warn = std::move(warn)](const std::stop_token& stopped) {
          try {
              const cleaned done = cleaner(directory).run(first_new, stopped);
              if (done.removed > 0)
                  warn("removed " + std::to_string(done.removed) + " body files of messages that were never accepted");
              if (done.moved > 0)
                  warn("moved " + std::to_string(done.moved) + " body files that no message names to " + directory +
                       "/lost; look at them before you remove them");
          } catch (const std::exception& error) {
              warn(directory + "/body cannot be cleaned: " + error.what());
          }
      }) {}

}  // namespace waypost::spool::sqlite
