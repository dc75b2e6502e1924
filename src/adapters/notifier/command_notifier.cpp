// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "adapters/notifier/make_notifier.hpp"
#include "os/secrets.hpp"

namespace uprev {

namespace {

constexpr std::chrono::milliseconds longest{60'000};

// A private folder for one run's record; empty and gone afterwards.
class RecordFolder {
   public:
    RecordFolder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "uprev-notify-XXXXXX").string();
        if (mkdtemp(pattern.data()) != nullptr) path_ = pattern;
    }
    RecordFolder(const RecordFolder&) = delete;
    RecordFolder& operator=(const RecordFolder&) = delete;
    // File by file: what a run leaves is a handful of plain files in one folder.
    ~RecordFolder() {
        std::error_code ignored;
        if (path_.empty()) return;
        for (const auto& entry : std::filesystem::directory_iterator(run(), ignored))
            std::filesystem::remove(entry.path(), ignored);
        std::filesystem::remove(run(), ignored);
        std::filesystem::remove(path_, ignored);
    }
    [[nodiscard]] bool made() const { return !path_.empty(); }
    [[nodiscard]] os::Path run() const { return path_ / "run"; }

   private:
    os::Path path_;
};

std::string word(const Json& report, const char* key) {
    const auto it = report.is_object() ? report.find(key) : report.end();
    return it != report.end() && it->is_string() ? it->get<std::string>() : std::string{};
}

class CommandNotifier final : public Notifier {
   public:
    CommandNotifier(NotifierSpec spec, os::Processes& processes) : spec_(std::move(spec)), processes_(processes) {}

    Result<> tell(const Json& report) override {
        if (spec_.command.empty())
            return fail(Code::invalid, "the notifier names no command", "set notify.command.argv in the site file");
        const RecordFolder folder;
        if (!folder.made()) return fail(Code::failed, "cannot make a temporary folder for the notifier");
        os::Command command = TRY(make_command(report));
        command.record = folder.run();
        const os::Outcome outcome = TRY(processes_.run(command));
        if (!outcome.ok())
            return fail(Code::failed, "the notifier's command failed: " + outcome.describe(),
                        "run it by hand with a report on its standard input");
        return {};
    }

   private:
    Result<os::Command> make_command(const Json& report) const {
        const CommandSpec& spec = spec_.command;
        os::Command command;
        command.argv = spec.argv.empty() ? std::vector<std::string>{"/bin/sh", "-c", spec.shell} : spec.argv;
        command.env["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        for (const char* key : {"result", "operation", "from", "to"}) command.env["UPREV_" + upper(key)] = word(report, key);
        for (const auto& [name, value] : spec.env) {
            const os::Revealed revealed = TRY(os::reveal(value).within("the notifier's variable '" + name + "'"));
            command.env[name] = revealed.value;
            if (revealed.secret) command.masked.push_back(revealed.value);
        }
        if (!spec.cwd.empty()) command.cwd = spec.cwd;
        command.limit = std::min<std::chrono::milliseconds>(spec.limit, longest);
        command.input = report.dump(-1, ' ', false, Json::error_handler_t::replace);
        return command;
    }

    static std::string upper(std::string text) {
        for (char& c : text)
            if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
        return text;
    }

    NotifierSpec spec_;
    os::Processes& processes_;
};

}  // namespace

std::unique_ptr<Notifier> make_command_notifier(const NotifierSpec& spec, os::Processes& processes) {
    return std::make_unique<CommandNotifier>(spec, processes);
}

}  // namespace uprev
