// SPDX-License-Identifier: Apache-2.0
#include "services_world.hpp"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "base/text.hpp"
#include "os/identity.hpp"

namespace uprev::test {
namespace {

constexpr const char* path = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";

std::string output_of(std::vector<std::string> argv, const std::string& user, const os::Path& cwd,
                      std::map<std::string, std::string> env = {}) {
    os::Command command;
    command.argv = std::move(argv);
    command.user = user;
    command.cwd = cwd;
    command.env = std::move(env);
    command.env.emplace("PATH", path);
    command.env.emplace("HOME", os::find_user(user)->home);
    command.limit = std::chrono::minutes(10);
    command.keep_stragglers = true;
    const auto done = os::capture(command);
    if (!done) throw std::runtime_error(done.error().text());
    if (!done->outcome.ok())
        throw std::runtime_error(command.argv[0] + " " + done->outcome.describe() + ": " + done->output + done->errors);
    return done->output;
}

// The Python half of the test support keeps the cache and the user.
std::string workplace(const std::string& expression) {
    return std::string(
        trim(output_of({"python3", "-c",
                        "import sys; sys.path.insert(0, '" UPREV_TEST_SUPPORT "'); import workplace; print(" + expression + ")"},
                       "", "/")));
}

}  // namespace

const std::string& application_user() {
    static const std::string name = workplace("workplace.application_user()");
    return name;
}

const std::string& pm2_command() {
    static const std::string command =
        workplace("workplace.npm_folder('pm2', workplace.application_user())") + "/node_modules/.bin/pm2";
    return command;
}

int free_port() {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(fd, reinterpret_cast<sockaddr*>(&address), size);
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    ::close(fd);
    return ntohs(address.sin_port);
}

World::World() : user(os::is_root() ? application_user() : "") {
    std::string pattern = (fs::temp_directory_path() / "uprev-services-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    root = pattern;
    fs::permissions(root, fs::perms(0755));
    if (os::is_root()) output_of({"chown", user, root.string()}, "", "/");
    run({"mkdir", "-p", (root / "releases").string(), (root / "shared").string()});
    site.id = "shop";
    site.root = root.string();
    site.user = user;
    site.services.settle = Millis(20'000);
    add_release("1.0.0");
    add_release("1.1.0");
    swap("1.0.0");
}

World::~World() {
    if (!testing::Test::HasFailure())
        fs::remove_all(root);
    else
        std::cerr << "kept: " << root << '\n';
}

void World::write(const os::Path& file, const std::string& text) {
    os::Command command;
    command.argv = {"/bin/sh", "-c", "cat >\"$1\"", "sh", file.string()};
    command.user = user;
    command.env = {{"PATH", path}};
    command.input = text;
    if (const auto done = os::capture(command); !done || !done->outcome.ok())
        throw std::runtime_error("cannot write " + file.string());
}

std::string World::read(const os::Path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::string World::run(std::vector<std::string> argv, const os::Path& cwd) { return output_of(std::move(argv), user, cwd); }

void World::add_release(const std::string& version, const std::string& script) {
    const auto folder = release(version);
    run({"mkdir", "-p", folder.string()});
    write(folder / "VERSION", version + "\n");
    write(folder / "app.js", script.empty() ? read(UPREV_TEST_SUPPORT "/pm2_app.js") : script);
    write(folder / "app.py", read(UPREV_TEST_SUPPORT "/pm2_app.py"));
    run({"ln", "-sfn", "../../shared/ecosystem.config.js", (folder / "ecosystem.config.js").string()});
}

void World::swap(const std::string& version) {
    run({"ln", "-sfn", "releases/" + version, (root / "next").string()});
    run({"mv", "-T", (root / "next").string(), (root / "current").string()});
}

nlohmann::json World::ask(int of_port) const {
    os::HttpRequest request;
    request.url = "http://127.0.0.1:" + std::to_string(of_port != 0 ? of_port : port) + "/";
    request.limits.allow_plain_http = request.limits.allow_private = true;
    request.limits.total = std::chrono::seconds(3);
    const auto answer = http->fetch(request);
    return answer && answer->status == 200 ? nlohmann::json::parse(answer->body) : nlohmann::json();
}

std::string World::served() const {
    const auto answer = ask();
    return answer.is_null() ? "" : answer.at("version").get<std::string>();
}

std::string World::served_soon() {
    for (int i = 0; i < 50 && served().empty(); ++i) clock.sleep(os::Milliseconds(100));
    return served();
}

ServiceState World::state(const std::string& name) {
    const auto rows = services().observe();
    if (!rows) throw std::runtime_error(rows.error().text());
    for (const auto& row : *rows) {
        if (row.name == name) return row;
    }
    throw std::runtime_error("no row for " + name);
}

Pm2World::Pm2World() : home(root / "pm2") {
    run({"mkdir", "-p", home.string()});
    site.services.kind = "pm2";
    site.services.pm2.bin = pm2_command();
    site.services.pm2.home = home.string();
    site.services.pm2.ecosystem = "ecosystem.config.js";
    ServiceSpec web;
    web.name = "web";
    ProbeSpec health;
    health.name = "health";
    health.url = "http://127.0.0.1:" + std::to_string(port) + "/";
    web.health.push_back(health);
    specs.push_back(web);
    ecosystem();
}

Pm2World::~Pm2World() {
    try {
        pm2({"kill"});
    } catch (const std::exception&) {
        // the test may have killed the daemon itself
    }
    if (daemon() != 0) kill_daemon();
}

Services& Pm2World::made_anew() {
    auto made = make_pm2_services(site, specs, *files, *processes, clock);
    if (!made) throw std::runtime_error(made.error().text());
    services_ = std::move(*made);
    return *services_;
}

Services& Pm2World::services() { return services_ ? *services_ : made_anew(); }

std::string Pm2World::pm2(std::vector<std::string> arguments, const os::Path& cwd) {
    arguments.insert(arguments.begin(), pm2_command());
    return output_of(std::move(arguments), user, cwd,
                     {{"PM2_HOME", home.string()}, {"PM2_DISABLE_VERSION_CHECK", "true"}, {"PORT", std::to_string(port)}});
}

nlohmann::json Pm2World::jlist() {
    const auto text = pm2({"jlist", "--silent"});
    return nlohmann::json::parse(text.substr(text.find('[')));
}

nlohmann::json Pm2World::app(const std::string& name) {
    for (const auto& row : jlist()) {
        if (row.at("name") == name) return row;
    }
    return {};
}

int Pm2World::daemon() const {
    const auto text = read(home / "pm2.pid");
    const int pid = text.empty() ? 0 : std::stoi(text);
    return pid != 0 && ::kill(pid, 0) == 0 ? pid : 0;
}

void Pm2World::kill_daemon() {
    const int pid = daemon();
    ::kill(pid, SIGKILL);
    while (::kill(pid, 0) == 0) std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

void Pm2World::ecosystem(const std::string& more) {
    write(root / "shared" / "ecosystem.config.js",
          "const fs = require('fs'), root = '" + root.string() +
              "';\n"
              "module.exports = {apps: [Object.assign({name: 'web', script: 'app.js', cwd: root + '/current', exec_mode: "
              "'cluster', instances: 2, wait_ready: true,\n"
              "  listen_timeout: 5000, kill_timeout: 3000, min_uptime: 1000, max_restarts: 4, env: {PORT: " +
              std::to_string(port) + ", WORD: 'one'}}, " + more + ")]};\n");
}

void Pm2World::start_foreign(bool python) {
    const auto folder = root / "elsewhere" / "app";
    run({"mkdir", "-p", folder.string()});
    write(folder / "VERSION", "9\n");
    for (const auto* name : {"app.js", "app.py"})
        write(folder / name, read(os::Path(UPREV_TEST_SUPPORT) / (std::string("pm2_") + name)));
    write(folder / "foreign.config.js", std::string("module.exports = {apps: [{name: 'foreign', script: '") +
                                            (python ? "app.py', interpreter: 'python3" : "app.js") + "', cwd: '" +
                                            folder.string() + "', env: {PORT: ''}}]};\n");
    pm2({"start", (folder / "foreign.config.js").string()});
}

std::string Pm2World::foreign_identity() {
    const auto row = app("foreign");
    return row.is_null() ? "gone"
                         : row.at("pid").dump() + " " + row.at("pm2_env").at("restart_time").dump() + " " +
                               row.at("pm2_env").at("status").dump();
}

CommandWorld::CommandWorld() {
    site.services.kind = "command";
    CommandServiceSpec web;
    web.name = "web";
    const auto command = [&](const std::string& verb) {
        CommandSpec spec;
        spec.argv = {UPREV_TEST_SUPPORT "/command_service.sh", verb, "${root}/web.pid", "${release_dir}"};
        spec.env = {{"PORT", std::to_string(port)}};
        spec.limit = Millis(10'000);
        return spec;
    };
    web.start = command("start");
    web.stop = command("stop");
    web.status = command("status");
    site.services.commands.push_back(web);
}

CommandWorld::~CommandWorld() {
    if (services_) static_cast<void>(services_->stop({}).has_value());
}

Services& CommandWorld::services() {
    if (services_) return *services_;
    auto made = make_command_services(site, {}, *processes, clock);
    if (!made) throw std::runtime_error(made.error().text());
    services_ = std::move(*made);
    return *services_;
}

}  // namespace uprev::test
