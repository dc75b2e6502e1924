// SPDX-License-Identifier: Apache-2.0
#include "adapters/database/pg_tools.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <sstream>

#include "adapters/database/dump_file.hpp"
#include "os/identity.hpp"
#include "os/process.hpp"
#include "os/secrets.hpp"

namespace uprev {

namespace {
constexpr const char* debian_root = "/usr/lib/postgresql";
constexpr const char* search_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr std::chrono::milliseconds version_limit{10'000};
constexpr const char* lock_wait = "--lock-wait-timeout=60000";  // a table that somebody holds must not hang us for ever

std::vector<os::Path> folders(const std::string& bin) {
    if (!bin.empty()) return {bin};
    std::vector<os::Path> out;
    std::istringstream path(search_path);
    for (std::string folder; std::getline(path, folder, ':');) out.emplace_back(folder);
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(debian_root, ignored)) out.push_back(entry.path() / "bin");
    return out;
}

// Debian's /usr/bin/pg_dump is a wrapper that picks a version by clusters of this machine; the versioned folders hold the real ones.
bool is_wrapper(const os::Path& tool) {
    std::error_code ignored;
    return std::filesystem::canonical(tool, ignored).filename() == "pg_wrapper";
}

os::Command command_of(const PgReach& reach, std::vector<std::string> argv) {
    os::Command command;
    command.argv = std::move(argv);
    command.env = reach.environment;
    command.env.insert({{"PATH", search_path}, {"LC_ALL", "C"}, {"TZ", "UTC"}});
    if (const auto user = os::find_user(reach.user)) command.env.insert({"HOME", user->home});
    command.user = reach.user;
    command.masked = reach.secrets;
    return command;
}

std::string conninfo(const std::string& database) {
    std::string out = "--dbname=dbname='";
    for (const char c : database) {
        if (c == '\'' || c == '\\') out += '\\';
        out += c;
    }
    return out + "'";
}

struct Version {
    int major = 0;
    std::string text;
};

// "pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"
std::optional<Version> version_of(const PgReach& reach, const os::Path& tool) {
    std::error_code ignored;
    if (!std::filesystem::exists(tool, ignored) || is_wrapper(tool)) return std::nullopt;
    PgReach plain;
    plain.user = reach.user;
    auto command = command_of(plain, {tool.string(), "--version"});
    command.limit = version_limit;
    const auto answer = os::capture(command);
    if (!answer || !answer->outcome.ok()) return std::nullopt;
    std::istringstream words(answer->output);
    Version version;
    std::string ignored_word;
    words >> ignored_word >> ignored_word >> version.text;
    version.major = std::atoi(version.text.c_str());
    if (version.major <= 0) return std::nullopt;
    return version;
}

struct Symptom {
    std::string_view text;
    Code code;
    std::string_view hint;
};
constexpr std::array symptoms{
    Symptom{"No space left on device", Code::exhausted, "free disk space, then run the same command again"},
    Symptom{"Disk quota exceeded", Code::exhausted, "raise the quota, then run the same command again"},
    Symptom{"server version mismatch", Code::unavailable,
            "install the client tools of the server's version, or set postgresql.bin"},
    Symptom{"permission denied", Code::permission,
            "give the role the right to read everything, or set postgresql.as to an OS user that may"},
    Symptom{"must be owner", Code::permission, "connect as the owner, or set postgresql.as: postgres"},
    Symptom{"must be superuser", Code::permission, "set postgresql.as: postgres"},
    Symptom{"must be member of role", Code::permission, "set postgresql.as: postgres"},
    Symptom{"lock timeout", Code::timeout, "a session holds a table; end it, then run the same command again"},
    Symptom{"connection to server", Code::unavailable, "is the server running?"},
    Symptom{"server closed the connection", Code::unavailable, "is the server running?"},
    Symptom{"terminating connection", Code::unavailable, "is the server running?"},
    Symptom{"input file is too short", Code::corrupt, ""},
    Symptom{"did not find magic string", Code::corrupt, ""},
    Symptom{"could not read from input file", Code::corrupt, ""},
    Symptom{"unexpected end of file", Code::corrupt, ""},
};

// The first line that says "error", without the tool's name; the tools print what they were doing before it.
std::string essence(const std::string& errors) {
    std::istringstream lines(errors);
    std::string first;
    for (std::string line; std::getline(lines, line);) {
        if (first.empty() && !line.empty()) first = line;
        if (const auto at = line.find("error: "); at != std::string::npos) return line.substr(at + 7);
    }
    return first;
}

Result<> judged(const std::string& tool, const Result<os::Captured>& answer) {
    if (!answer) return Error(answer.error()).within("running " + tool);
    if (answer->outcome.ok()) return {};
    const std::string why = essence(answer->errors);
    const std::string message = tool + " failed: " + (why.empty() ? answer->outcome.describe() : why);
    for (const auto& symptom : symptoms)
        if (answer->errors.find(symptom.text) != std::string::npos) return fail(symptom.code, message, std::string(symptom.hint));
    return fail(answer->outcome.expired ? Code::timeout : Code::failed, message);
}
}  // namespace

Result<PgTools> PgTools::find(const std::string& bin, int server_version, const PgReach& reach) {
    const int wanted = server_version / 10'000;
    std::optional<PgTools> best;
    int best_major = 0;
    std::string seen;
    for (const auto& folder : folders(bin)) {
        const auto version = version_of(reach, folder / "pg_dump");
        if (!version) continue;
        seen = version->text;
        // A newer pg_restore may speak of settings that an older server lacks, so the nearest version is taken.
        if (version->major < wanted || (best && best_major <= version->major)) continue;
        best = PgTools(folder, version->text);
        best_major = version->major;
    }
    if (best) return *std::move(best);
    const std::string hint = "install postgresql-client-" + std::to_string(wanted) + ", or set postgresql.bin to its folder";
    if (seen.empty()) return fail(Code::not_found, "pg_dump is not installed" + (bin.empty() ? "" : " in '" + bin + "'"), hint);
    return fail(Code::not_found, "pg_dump " + seen + " is too old for the server's version " + std::to_string(wanted), hint);
}

Result<> PgTools::dump(const PgReach& reach, const std::string& database, const std::string& snapshot, int fd) const {
    // Level 1: backup time is downtime, and the default level spends three times the time on a tenth of the size.
    auto command = command_of(reach, {(folder_ / "pg_dump").string(), "--format=custom", "--compress=1", "--no-password",
                                      "--no-subscriptions", lock_wait, "--snapshot=" + snapshot, conninfo(database)});
    command.output_fd = fd;
    return judged("pg_dump", os::capture(command));
}

Result<std::string> PgTools::schema(const PgReach& reach, const std::string& database, const std::string& snapshot) const {
    std::vector<std::string> argv{(folder_ / "pg_dump").string(), "--schema-only", "--no-password",
                                  "--no-subscriptions",           lock_wait,       conninfo(database)};
    if (!snapshot.empty()) argv.push_back("--snapshot=" + snapshot);
    auto command = command_of(reach, std::move(argv));
    const DumpFile output = TRY(memory_file());
    command.output_fd = output.descriptor();
    TRY_VOID(judged("pg_dump", os::capture(command)));
    return content(output);
}

Result<> PgTools::restore(const PgReach& reach, const std::string& database, int fd) const {
    // Two jobs rather than one transaction: indexes are built side by side, and thousands of tables or large objects would need
    // more locks in one transaction than a server allows. The database is a fresh one, so half a restore harms nobody.
    auto command = command_of(reach, {(folder_ / "pg_restore").string(), "--exit-on-error", "--jobs=2", "--no-password",
                                      conninfo(database), "/dev/stdin"});
    auto& options = command.env["PGOPTIONS"];
    options += " -c default_transaction_read_only=off -c synchronous_commit=off";
    command.input_fd = fd;
    return judged("pg_restore", os::capture(command));
}

}  // namespace uprev
