// Reads messages back on worker threads, beside the writer: what is in the spool never changes, so it does not matter
// which connection reads it. Connections are made when needed and used again.
#pragma once

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "sqlite_store.hpp"

namespace waypost::spool::sqlite {

class readers {
public:
    readers(std::string directory, async::thread_pool& io);
    ~readers();
    readers(const readers&) = delete;
    readers& operator=(const readers&) = delete;

    /// Blocks; for a worker thread.
    [[nodiscard]] base::result<std::shared_ptr<const content>> load(message_id id);

private:
    struct connection;

    [[nodiscard]] std::unique_ptr<connection> take();
    [[nodiscard]] base::result<std::shared_ptr<const content>> load_from(connection& connection, message_id id);

    std::string directory_;
    async::thread_pool* io_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<connection>> idle_;
};

}  // namespace waypost::spool::sqlite
