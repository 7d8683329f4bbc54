#include "readers.hpp"

#include <filesystem>

#include "rows.hpp"
#include "schema.hpp"

namespace waypost::spool::sqlite {

struct readers::connection {
    explicit connection(const std::string& directory) : db(schema::open_for_reading(directory)) {}

    SQLite::Database db;
    SQLite::Statement read{db, "SELECT size, file, trace, text FROM messages WHERE id = ?"};
};

readers::readers(std::string directory, async::thread_pool& io) : directory_(std::move(directory)), io_(&io) {}
readers::~readers() = default;

base::result<std::shared_ptr<const content>> readers::load(message_id id) {
    try {
        std::unique_ptr<connection> from = take();
        auto loaded = load_from(*from, id);
        // The read must end before the connection rests: it would keep the log from being used again.
        from->read.reset();
        const std::lock_guard held(mutex_);
        idle_.push_back(std::move(from));
        return loaded;
    } catch (const SQLite::Exception&) {
        return errc::unavailable;  // and the connection is not used again
    }
}

std::unique_ptr<readers::connection> readers::take() {
    {
        const std::lock_guard held(mutex_);
        if (!idle_.empty()) {
            auto last = std::move(idle_.back());
            idle_.pop_back();
            return last;
        }
    }
    return std::make_unique<connection>(directory_);
}

base::result<std::shared_ptr<const content>> readers::load_from(connection& connection, message_id id) {
    connection.read.bind(1, static_cast<std::int64_t>(id.value()));
    if (!connection.read.executeStep()) return errc::no_such_message;
    const std::int64_t size = connection.read.getColumn(0).getInt64();
    std::string trace = connection.read.getColumn(2).getString();
    if (connection.read.isColumnNull(1)) {
        std::string text = connection.read.getColumn(3).getString();
        return std::make_shared<const content>(std::move(trace), std::move(text));
    }

    const std::string file = connection.read.getColumn(1).getString();
    if (!rows::is_file_of(id, file)) return errc::damaged;
    const std::string bodies = directory_ + "/body";
    std::error_code failed;
    const std::uintmax_t length = std::filesystem::file_size(bodies + '/' + file, failed);
    if (failed || size < 0 || length + trace.size() != static_cast<std::uintmax_t>(size)) return errc::damaged;
    return std::make_shared<const content>(std::move(trace), bodies, file, length, *io_);
}

}  // namespace waypost::spool::sqlite
