// SPDX-License-Identifier: Apache-2.0
// The verifier against the minisign program itself, both ways of signing.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "adapters/verifier/minisign.hpp"
#include "os/process.hpp"

namespace uprev {
namespace {

std::string slurp(const std::filesystem::path& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

class MinisignTool : public testing::Test {
   protected:
    MinisignTool() : folder(std::filesystem::temp_directory_path() / ("uprev-minisign-" + std::to_string(getpid()))) {
        std::filesystem::create_directories(folder);
        minisign({"-G", "-W", "-f", "-p", folder / "key.pub", "-s", folder / "key.sec"});
        std::ofstream(folder / "app-1.4.2.tar.xz") << std::string(5'000'000, 'q') << "end";
        std::string key = slurp(folder / "key.pub");
        key = key.substr(key.find('\n') + 1);
        trust.minisign.keys = {key.substr(0, key.find('\n'))};
        trust.minisign.trusted_comment = "version:${version}";
    }
    ~MinisignTool() override { std::filesystem::remove_all(folder); }

    static void minisign(std::vector<std::string> words) {
        words.insert(words.begin(), "minisign");
        os::Command command;
        command.argv = std::move(words);
        command.env = {{"PATH", "/usr/bin:/bin"}, {"HOME", "/nonexistent"}};
        command.input = "\n\n";
        const auto done = os::capture(command);
        ASSERT_TRUE(done) << done.error().text();
        ASSERT_TRUE(done->outcome.ok()) << done->output << done->errors;
    }

    std::string sign(const std::string& how, const std::string& comment) const {
        std::vector<std::string> words{
            "-S", "-W", "-s", folder / "key.sec", "-m", folder / "app-1.4.2.tar.xz", "-x", folder / "signature", "-t", comment};
        if (!how.empty()) words.push_back(how);
        minisign(words);
        return slurp(folder / "signature");
    }

    Result<Evidence> verify(const std::string& signature) const {
        const int fd = open((folder / "app-1.4.2.tar.xz").c_str(), O_RDONLY | O_CLOEXEC);
        Subject subject;
        subject.fd = fd;
        subject.name = "app-1.4.2.tar.xz";
        subject.version = *Version::parse("1.4.2");
        subject.signature = signature;
        auto evidence = make_minisign_verifier(trust)->verify(subject);
        close(fd);
        return evidence;
    }

    std::filesystem::path folder;
    TrustSpec trust;
};

TEST_F(MinisignTool, Prehashed) {
    const auto evidence = verify(sign("", "version:1.4.2"));
    ASSERT_TRUE(evidence) << evidence.error().text();
    EXPECT_NE(std::string::npos, evidence->checks[0].find("prehashed"));
}

TEST_F(MinisignTool, Legacy) {
    const std::string signature = sign("-l", "version:1.4.2");
    EXPECT_FALSE(verify(signature));
    trust.minisign.allow_legacy = true;
    const auto evidence = verify(signature);
    ASSERT_TRUE(evidence) << evidence.error().text();
    EXPECT_NE(std::string::npos, evidence->checks[0].find("legacy"));
}

TEST_F(MinisignTool, AnotherVersion) { EXPECT_FALSE(verify(sign("", "version:1.4.1"))); }

TEST_F(MinisignTool, AnotherFile) {
    const std::string signature = sign("", "version:1.4.2");
    std::ofstream(folder / "app-1.4.2.tar.xz", std::ios::app) << "x";
    EXPECT_FALSE(verify(signature));
}

}  // namespace
}  // namespace uprev
