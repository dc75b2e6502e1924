// SPDX-License-Identifier: Apache-2.0
#include "observe.hpp"

#include <sqlite3.h>

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

class Observer {
   public:
    explicit Observer(fs::path root) : root_(std::move(root)) {}

    Observed all() {
        journal();
        releases();
        pointer();
        for (const auto* name : {"settings.env", "left/note", "right/note"}) file(name);
        return std::move(seen_);
    }

   private:
    void problem(const std::string& what) { seen_.problems.push_back(what); }

    using Row = std::function<void(const std::function<std::string(int)>&)>;
    void query(sqlite3* db, const char* sql, const Row& row) {
        sqlite3_stmt* statement = nullptr;
        int code = sqlite3_prepare_v2(db, sql, -1, &statement, nullptr);
        if (code == SQLITE_OK) {
            while ((code = sqlite3_step(statement)) == SQLITE_ROW)
                row([&](int column) {
                    const auto* text = sqlite3_column_text(statement, column);
                    return text == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(text));
                });
        }
        sqlite3_finalize(statement);
        if (code != SQLITE_DONE) problem(std::string("journal: ") + sqlite3_errmsg(db) + ": " + sql);
    }

    void journal() {
        const auto path = root_ / "state/journal.db";
        // An empty file is a journal of which nothing was promised yet.
        if (!fs::exists(path) || fs::file_size(path) == 0) return;
        sqlite3* db = nullptr;
        if (sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE, nullptr) != SQLITE_OK)
            problem("journal: it does not open");
        else
            journal_rows(db);
        sqlite3_close(db);
    }

    void journal_rows(sqlite3* db) {
        auto& facts = seen_.facts;
        query(db, "PRAGMA integrity_check", [&](const auto& at) {
            if (at(0) != "ok") problem("journal: integrity_check: " + at(0));
        });
        query(db, "PRAGMA foreign_key_check", [&](const auto& at) { problem("journal: foreign_key_check: " + at(0)); });
        bool empty = true;  // the schema is one transaction, so it is there or not
        query(db, "SELECT 1 FROM sqlite_schema", [&](const auto&) { empty = false; });
        if (empty) return;
        query(db, "SELECT id, result, direction, json_extract(nullif(plan, ''), '$.text') FROM operations", [&](const auto& at) {
            facts["operation/" + at(0)] = at(1).empty() ? "unfinished" : at(1);
            facts["direction/" + at(0)] = at(2);
            if (!at(3).empty())
                facts["plan/" + at(0)] = at(3) == content(std::stoull(at(0).substr(3)), 50, 6'000) ? "whole" : "torn";
        });
        query(db, "SELECT operation, id, status FROM steps",
              [&](const auto& at) { facts["step/" + at(0) + "/" + at(1)] = at(2); });
        query(db, "SELECT number, state FROM generations", [&](const auto& at) { facts["generation/" + at(0)] = at(1); });
        query(db, "SELECT version, operation FROM failed_versions", [&](const auto& at) { facts["failed/" + at(0)] = at(1); });
        query(db, "SELECT key, value FROM settings", [&](const auto& at) { facts["setting/" + at(0)] = at(1); });
    }

    [[nodiscard]] std::string state_of(const fs::path& folder, std::uint64_t number) const {
        std::size_t files = 0;
        for (const auto& entry : fs::recursive_directory_iterator(folder)) files += entry.is_directory() ? 0 : 1;
        const auto expected = release_files(number);
        for (const auto& [path, bytes] : expected)
            if (bytes_of(folder / path) != bytes) return "torn at " + path.string();
        return files == expected.size() ? "complete" : "torn: " + std::to_string(files) + " files";
    }

    void releases() {
        if (!fs::exists(root_ / "releases")) return;
        for (const auto& entry : fs::directory_iterator(root_ / "releases")) {
            const auto name = entry.path().filename().string();
            if (name.starts_with('.')) continue;  // staging, or half removed: nothing is promised of it
            const auto number = release_number(name);
            if (!number)
                problem("releases: '" + name + "' was never made");
            else
                seen_.facts["release/" + name] = state_of(entry.path(), *number);
        }
    }

    void pointer() {
        std::error_code error;
        const auto link = fs::read_symlink(root_ / "current", error);
        if (error == std::errc::no_such_file_or_directory) return;
        if (error) return problem("pointer: " + error.message());
        const auto name = link.filename().string();
        seen_.facts["pointer"] = name;
        if (link != fs::path("releases") / name) problem("pointer: it leads to " + link.string());
        const auto release = seen_.facts.find("release/" + name);
        if (release == seen_.facts.end())
            problem("pointer: it leads to " + name + ", which is not there");
        else if (release->second != "complete")
            problem("pointer: it leads to " + name + ", which is " + release->second);
    }

    void file(const std::string& name) {
        const auto path = root_ / "shared" / name;
        if (!fs::exists(path)) return;
        const auto stamp = stamp_of(bytes_of(path));
        seen_.facts["file/" + name] = stamp ? std::to_string(*stamp) : "torn";
        if (!stamp) problem("file: " + name + " is torn");
    }

    fs::path root_;
    Observed seen_;
};
}  // namespace

Observed observe(const fs::path& root) { return Observer(root).all(); }

}  // namespace powercut
