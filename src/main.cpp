// SPDX-License-Identifier: Apache-2.0
#include <exception>
#include <iostream>

#include "cli/program.hpp"

int main(int argc, char** argv) {
    try {
        return uprev::run_program({argv, argv + argc});
    } catch (const std::exception& error) {
        std::cerr << "error: an exception reached the end of the program: " << error.what() << "\nnext:  please report this\n";
        return 70;
    }
}
