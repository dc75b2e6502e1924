// SPDX-License-Identifier: Apache-2.0
#include "shop.hpp"

#include <sqlite3.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <functional>
#include <sstream>

#include "content.hpp"

namespace powercut {

namespace {
namespace fs = std::filesystem;

std::string bytes_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

// READS holds the schemas that the release can serve on, each a digit.
bool reads(const fs::path& release, const std::string& schema) {
    return schema.size() == 1 && bytes_of(release / "READS").find(schema) != std::string::npos;
}

class Database {
   public:
    explicit Database(const fs::path& file) {
        sqlite3_open(file.c_str(), &db_);
        sqlite3_busy_timeout(db_, 10'000);
        // EXTRA, not FULL: what commits is that the rollback journal is deleted, and only EXTRA flushes that.
        run("PRAGMA synchronous=EXTRA");
    }
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;
    ~Database() { sqlite3_close(db_); }

    bool run(const std::string& sql) const { return sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK; }
    // False when it could not be asked to the end.
    bool each(const char* sql, const std::function<void(const std::string&, const std::string&)>& row) const {
        sqlite3_stmt* statement = nullptr;
        int code = sqlite3_prepare_v2(db_, sql, -1, &statement, nullptr);
        const auto text = [&](int column) {
            const auto* bytes = column < sqlite3_column_count(statement) ? sqlite3_column_text(statement, column) : nullptr;
            return bytes == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(bytes));
        };
        if (code == SQLITE_OK)
            while ((code = sqlite3_step(statement)) == SQLITE_ROW) row(text(0), text(1));
        sqlite3_finalize(statement);
        return code == SQLITE_DONE;
    }
    [[nodiscard]] std::string one(const char* sql) const {
        std::string found;
        each(sql, [&](const auto& value, const auto&) { found = value; });
        return found;
    }

   private:
    sqlite3* db_ = nullptr;
};
}  // namespace

int serve(const fs::path& release, const fs::path& database, const fs::path& health, Promises& promises) {
    const auto version = bytes_of(release / "VERSION");
    const Database db(database);
    if (!reads(release, db.one("PRAGMA user_version"))) return 1;
    const auto aside = health.string() + ".new";
    for (auto next = std::stoull("0" + db.one("SELECT max(id) FROM note")) + 1;; ++next) {
        const auto id = std::to_string(next);
        const auto kept = promises.keep({{"row/" + id, version}}, [&]() -> uprev::Result<> {
            if (!db.run("INSERT INTO note (id, text) VALUES (" + id + ", '" + version + "')"))
                return uprev::fail(uprev::Code::unavailable, "row " + id);
            return {};
        });
        std::ofstream(aside) << "{\"ok\": " << (kept ? "true" : "false") << ", \"version\": \"" << version << "\"}\n";
        fs::rename(aside, health);
        ::usleep(kept ? 30'000 : 300'000);
    }
}

int migrate(const fs::path& database, int wanted) {
    const Database db(database);
    const int found = std::stoi("0" + db.one("PRAGMA user_version"));
    const auto to = "PRAGMA user_version = " + std::to_string(wanted) + "; COMMIT";
    if (found < 1 &&
        !db.run("BEGIN; CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL); PRAGMA user_version = 1; COMMIT"))
        return 1;
    if (found < 2 && wanted == 2 &&
        !db.run("BEGIN; ALTER TABLE note ADD COLUMN colour TEXT; UPDATE note SET colour = 'blue'; " + to))
        return 1;
    return 0;
}

void write_release(const fs::path& folder, std::uint64_t number) {
    for (const auto& [path, bytes] : release_files(number)) {
        fs::create_directories((folder / path).parent_path());
        std::ofstream(folder / path, std::ios::binary) << bytes;
    }
}

Observed look(const fs::path& root) {
    Observed seen;
    std::error_code error;
    const auto release = root / fs::read_symlink(root / "current", error);
    const auto version = bytes_of(release / "VERSION");
    seen.facts["version"] = version;
    if (version.empty())
        seen.problems.push_back("pointer: it leads to no release");
    else
        for (const auto& [path, bytes] : release_files(std::stoull(version.substr(version.rfind('.') + 1))))
            if (bytes_of(release / path) != bytes) seen.problems.push_back("pointer: the release is torn at " + path.string());
    const Database db(root / "shared/notes.db");
    if (db.one("PRAGMA integrity_check") != "ok") seen.problems.push_back("database: " + db.one("PRAGMA integrity_check"));
    seen.facts["schema"] = db.one("PRAGMA user_version");
    if (!reads(release, seen.facts["schema"]))
        seen.problems.push_back("database: schema " + seen.facts["schema"] + " under " + version);
    if (!db.each("SELECT id, text FROM note", [&](const auto& id, const auto& text) { seen.facts["row/" + id] = text; }))
        seen.problems.push_back("database: its rows can't be read");
    return seen;
}

}  // namespace powercut
