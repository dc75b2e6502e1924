// SPDX-License-Identifier: Apache-2.0
#include "adapters/dependencies/dependencies.hpp"

#include <fstream>
#include <iterator>

#include "adapters/dependencies/lock_files.hpp"

namespace uprev {
namespace {

constexpr std::size_t lock_file_limit = 64U << 20U;

struct Row {
    std::string_view name;
    std::string_view lock_file;
    std::vector<std::string> argv;
    std::string shell;
    Result<std::vector<std::string>> (*unpinned)(std::string_view text, std::string_view what);
};

Result<std::string> read_lock_file(const os::Path& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) return fail(Code::not_found, "cannot read lock file '" + path.string() + "'");
    std::string text{std::istreambuf_iterator<char>(in), {}};
    if (text.size() > lock_file_limit) return fail(Code::exhausted, "lock file '" + path.string() + "' is larger than 64 MiB");
    return text;
}

class Installer final : public Dependencies {
   public:
    explicit Installer(Row row) : row_(std::move(row)) {}
    [[nodiscard]] std::string_view name() const override { return row_.name; }
    [[nodiscard]] std::string_view lock_file() const override { return row_.lock_file; }
    [[nodiscard]] CommandSpec install() const override {
        CommandSpec command;
        command.argv = row_.argv;
        command.shell = row_.shell;
        command.limit = Millis(1'800'000);
        return command;
    }
    Result<std::vector<std::string>> unpinned(const os::Path& folder) const override {
        if (row_.unpinned == nullptr) return std::vector<std::string>{};
        const auto path = folder / row_.lock_file;
        return row_.unpinned(TRY(read_lock_file(path)), path.string());
    }

   private:
    Row row_;
};

std::vector<Row> rows() {
    return {
        {"npm", "package-lock.json", {"npm", "ci", "--no-audit", "--no-fund"}, {}, unpinned_npm},
        {"pnpm", "pnpm-lock.yaml", {"pnpm", "install", "--frozen-lockfile"}, {}, unpinned_pnpm},
        {"yarn", "yarn.lock", {"yarn", "install", "--frozen-lockfile"}, {}, unpinned_yarn},
        // An environment inside the release: Debian refuses installs into its own Python, and a shared one would outlive the release.
        {"pip",
         "requirements.txt",
         {},
         "python3 -m venv .venv && exec .venv/bin/python -m pip install --require-hashes --no-input --disable-pip-version-check "
         "-r requirements.txt",
         unpinned_pip},
        {"command", "", {}, {}, nullptr},
    };
}

}  // namespace

std::vector<std::unique_ptr<Dependencies>> make_dependencies() {
    std::vector<std::unique_ptr<Dependencies>> all;
    for (auto& row : rows()) all.push_back(std::make_unique<Installer>(std::move(row)));
    return all;
}

}  // namespace uprev
