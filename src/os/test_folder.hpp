// SPDX-License-Identifier: Apache-2.0
// For this folder's tests: a temporary folder that removes itself, file contents, and a look for processes by command line.
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace uprev::os {

class TestFolder {
   public:
    TestFolder() {
        char name[] = "/tmp/uprev-os-XXXXXX";
        path_ = ::mkdtemp(name);
    }
    TestFolder(const TestFolder&) = delete;
    TestFolder& operator=(const TestFolder&) = delete;
    ~TestFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    std::filesystem::path put(const std::string& name, const std::string& text, unsigned mode = 0644) const {
        const auto file = path_ / name;
        std::ofstream(file) << text;
        ::chmod(file.c_str(), mode);
        return file;
    }

   private:
    std::filesystem::path path_;
};

inline std::string content_of(const std::filesystem::path& file) {
    std::stringstream out;
    out << std::ifstream(file).rdbuf();
    return out.str();
}

// Process ids other than ours whose command line (words end in NUL) holds `text`.
inline std::vector<int> commands_matching(std::string_view text) {
    std::vector<int> out;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const std::string name = entry.path().filename();
        if (std::isdigit(static_cast<unsigned char>(name[0])) == 0 || std::stoi(name) == ::getpid()) continue;
        if (content_of(entry.path() / "cmdline").find(text) != std::string::npos) out.push_back(std::stoi(name));
    }
    return out;
}

}  // namespace uprev::os
