// SPDX-License-Identifier: Apache-2.0
#include "support/postgres.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "os/identity.hpp"
#include "os/process.hpp"

namespace uprev::tests {

namespace {
namespace fs = std::filesystem;
using namespace std::chrono_literals;

Result<os::Path> binaries() {
    os::Path best;
    for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql"))
        if (fs::exists(entry.path() / "bin/initdb") && entry.path() > best) best = entry.path();
    if (best.empty()) return fail(Code::not_found, "no PostgreSQL server is installed", "apt install postgresql");
    return best / "bin";
}

Result<> tool(std::vector<std::string> argv, const std::string& user) {
    os::Command command;
    command.argv = std::move(argv);
    command.env = {{"PATH", "/usr/bin:/bin"}, {"LC_ALL", "C.UTF-8"}, {"HOME", "/"}};
    command.user = user;
    const auto answer = TRY(os::capture(command));
    if (!answer.outcome.ok())
        return fail(Code::failed, command.argv[0] + ": " + answer.outcome.describe() + ": " + answer.errors);
    return {};
}

os::Path fresh_folder(const std::string& stem) {
    std::string name = (fs::temp_directory_path() / (stem + ".XXXXXX")).string();
    if (!mkdtemp(name.data())) std::abort();
    fs::permissions(name, fs::perms(0755));
    return name;
}

Result<> own(const os::Path& path, const os::User& user) {
    if (::chown(path.c_str(), user.uid, user.gid) != 0)
        return fail(Code::permission, "cannot give '" + path.string() + "' to " + user.name);
    return {};
}

// initdb once per machine, user and version; others copy it. Whoever is second throws its own away.
Result<os::Path> initialised(const os::Path& bin, const os::User& user) {
    const os::Path done =
        fs::temp_directory_path() / ("uprev-tests-postgres-" + bin.parent_path().filename().string() + "-" + user.name);
    if (fs::exists(done / "data/PG_VERSION")) return done;
    const os::Path aside = fresh_folder("uprev-tests-initdb");
    std::ofstream(aside / "password") << ScratchPostgres::password << "\n";
    TRY_VOID(own(aside, user));
    const char* local = os::is_root() ? "--auth-local=peer" : "--auth-local=trust";
    TRY_VOID(tool({(bin / "initdb").string(), "-D", (aside / "data").string(), "-U", "postgres", "--auth-host=scram-sha-256",
                   local, "--pwfile=" + (aside / "password").string(), "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"},
                  user.name));
    std::error_code lost;
    fs::rename(aside, done, lost);
    if (lost) fs::remove_all(aside);
    return done;
}

int free_port() {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    int port = 0;
    if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
        getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0)
        port = ntohs(address.sin_port);
    close(fd);
    return port;
}

// Between fork and exec only system calls: the test program may have threads.
[[noreturn]] void become_server(const os::User& user, bool drop, int log, char* const* argv) {
    if (drop && (setgroups(0, nullptr) != 0 || setresgid(user.gid, user.gid, user.gid) != 0 ||
                 setresuid(user.uid, user.uid, user.uid) != 0))
        _exit(126);
    prctl(PR_SET_PDEATHSIG, SIGQUIT);
    setsid();
    dup2(log, 1);
    dup2(log, 2);
    execv(argv[0], argv);
    _exit(127);
}
}  // namespace

Result<std::unique_ptr<ScratchPostgres>> ScratchPostgres::start() {
    std::unique_ptr<ScratchPostgres> server(new ScratchPostgres());
    const auto user = TRY(os::find_user(os::is_root() ? "postgres" : ""));
    const auto bin = TRY(binaries());
    const auto from = TRY(initialised(bin, user));
    server->user_ = user.name;
    server->folder_ = fresh_folder("uprev-tests-pg");
    TRY_VOID(own(server->folder_, user));
    TRY_VOID(tool({"cp", "-a", "--reflink=auto", (from / "data").string(), server->data().string()}, user.name));
    for (int attempt = 0;; ++attempt) {
        server->port_ = free_port();
        const auto started = server->launch();
        if (started) return server;
        if (attempt == 3) return started.error();
    }
}

Result<> ScratchPostgres::resume() { return pid_ > 0 ? Result<>{} : launch(); }

Result<> ScratchPostgres::launch() {
    const auto user = TRY(os::find_user(user_));
    const auto bin = TRY(binaries());
    std::vector<std::string> words{(bin / "postgres").string(), "-D", data().string(), "-p",
                                   std::to_string(port_),       "-k", folder_.string()};
    for (const auto* setting :
         {"listen_addresses=127.0.0.1", "fsync=off", "full_page_writes=off", "shared_buffers=32MB", "max_connections=60"})
        words.insert(words.end(), {"-c", setting});
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const int log = open((folder_ / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    const bool drop = os::is_root();
    pid_ = fork();
    if (pid_ == 0) become_server(user, drop, log, argv.data());
    close(log);
    const std::string probe = "host=127.0.0.1 port=" + std::to_string(port_);
    for (int i = 0; i < 1500; ++i) {
        if (PQping(probe.c_str()) == PQPING_OK) return {};
        if (waitpid(pid_, nullptr, WNOHANG) == pid_) break;
        std::this_thread::sleep_for(20ms);
    }
    stop();
    std::ifstream text(folder_ / "log");
    return fail(Code::unavailable, "the scratch server did not start: " + std::string(std::istreambuf_iterator<char>(text), {}));
}

void ScratchPostgres::stop() {
    if (pid_ <= 0) return;
    kill(pid_, SIGINT);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
}

ScratchPostgres::~ScratchPostgres() {
    stop();
    std::error_code ignored;
    if (!folder_.empty()) fs::remove_all(folder_, ignored);
}

std::string ScratchPostgres::url(const std::string& database, const std::string& role, const std::string& secret) const {
    return "postgresql://" + role + ":" + secret + "@127.0.0.1:" + std::to_string(port_) + "/" + database;
}

std::string ScratchPostgres::socket_url(const std::string& database, const std::string& role) const {
    return "postgresql:///" + database + "?user=" + role + "&port=" + std::to_string(port_) + "&host=" + folder_.string();
}

Result<std::vector<std::vector<std::string>>> run_sql(const std::string& url, const std::string& statements) {
    const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(url.c_str()), PQfinish);
    if (PQstatus(connection.get()) != CONNECTION_OK) return fail(Code::unavailable, PQerrorMessage(connection.get()));
    PQsetNoticeProcessor(
        connection.get(), [](void*, const char*) {}, nullptr);
    const std::unique_ptr<PGresult, decltype(&PQclear)> answer(PQexec(connection.get(), statements.c_str()), PQclear);
    const auto status = PQresultStatus(answer.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) return fail(Code::failed, PQerrorMessage(connection.get()));
    std::vector<std::vector<std::string>> rows;
    for (int row = 0; row < PQntuples(answer.get()); ++row) {
        rows.emplace_back();
        for (int column = 0; column < PQnfields(answer.get()); ++column)
            rows.back().emplace_back(PQgetvalue(answer.get(), row, column));
    }
    return rows;
}

Result<std::vector<std::vector<std::string>>> ScratchPostgres::sql(const std::string& database,
                                                                   const std::string& statements) const {
    // As key=value: a database's name may hold anything.
    std::string name;
    for (const char c : database) {
        if (c == '\'' || c == '\\') name += '\\';
        name += c;
    }
    return run_sql(
        "host=127.0.0.1 port=" + std::to_string(port_) + " user=postgres password=" + password + " dbname='" + name + "'",
        statements);
}

Result<std::string> ScratchPostgres::value(const std::string& database, const std::string& query) const {
    const auto rows = TRY(sql(database, query));
    return rows.empty() || rows[0].empty() ? std::string() : rows[0][0];
}

}  // namespace uprev::tests
