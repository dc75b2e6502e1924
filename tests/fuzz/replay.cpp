// SPDX-License-Identifier: Apache-2.0
// The driver of a fuzzer in the ordinary test run: every file of the corpus, cut at many lengths and with some bytes changed. The changes
// follow from the file alone, so that a failure comes back. Prints the file and the change before the first input that kills it.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr int changes = 150;
constexpr std::size_t cuts = 60;

void run(const std::string& input) { LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size()); }

// xorshift64, seeded by the input itself.
class Dice {
   public:
    explicit Dice(const std::string& seed) {
        for (const unsigned char c : seed) state_ = (state_ ^ c) * 0x100000001b3U;
    }
    std::size_t below(std::size_t limit) {
        state_ ^= state_ << 13U;
        state_ ^= state_ >> 7U;
        state_ ^= state_ << 17U;
        return static_cast<std::size_t>(state_ % limit);
    }

   private:
    std::uint64_t state_ = 0xcbf29ce484222325U;
};

std::string changed(std::string input, Dice& dice) {
    for (std::size_t times = 1 + dice.below(4); times > 0 && !input.empty(); --times) {
        const std::size_t at = dice.below(input.size());
        switch (dice.below(4)) {
            case 0:
                input[at] = static_cast<char>(dice.below(256));
                break;
            case 1:
                input.erase(at, 1 + dice.below(8));
                break;
            case 2:
                input.insert(at, 1 + dice.below(8), static_cast<char>(dice.below(256)));
                break;
            default:
                input.insert(at, input.substr(dice.below(input.size()), 1 + dice.below(32)));
                break;
        }
    }
    return input;
}

void replay(const std::filesystem::path& file) {
    std::stringstream text;
    text << std::ifstream(file, std::ios::binary).rdbuf();
    const std::string input = text.str();
    std::printf("%s\n", file.c_str());
    std::fflush(stdout);
    run(input);
    for (std::size_t i = 0; i < cuts && i < input.size(); ++i)
        run(input.substr(0, input.size() * i / std::min(cuts, input.size())));
    Dice dice(input);
    for (int i = 0; i < changes; ++i) run(changed(input, dice));
}

}  // namespace

int main(int count, char** words) {
    std::size_t files = 0;
    for (int i = 1; i < count; ++i)
        for (const auto& entry : std::filesystem::recursive_directory_iterator(words[i]))
            if (entry.is_regular_file()) {
                replay(entry.path());
                ++files;
            }
    if (files == 0) std::fprintf(stderr, "no corpus: name a folder that holds one\n");
    return files == 0 ? 1 : 0;
}
