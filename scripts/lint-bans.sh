#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# lint-bans.sh [ROOT]: calls that are banned outside src/os, each with the reason why. Comments and string literals don't count;
# unit tests (x_test.cpp, x_fixture.hpp) may arrange a world, but may not read the clock or throw dice either.
set -euo pipefail
cd "${1:-$(dirname "$0")/..}"

# name-regex | where else it is allowed (a regex of paths, TEST for unit tests and their fixtures, - for nowhere) | reason
bans='
(std::)?system|-|a shell string: run an argv through os::Processes, under the shim and with a limit
popen|-|a shell string and a pipe that kills the child when we die: use os::Processes or os::capture
v?fork|TEST|a child outside the shim survives nobody and is found by nobody: use os::Processes
clone3?|-|a child outside the shim survives nobody and is found by nobody: use os::Processes
exec(l|le|lp|v|ve|vp|vpe)|TEST|a child outside the shim survives nobody and is found by nobody: use os::Processes
posix_spawnp?|-|a child outside the shim survives nobody and is found by nobody: use os::Processes
(std::filesystem::|fs::)remove_all|TEST|follows into mounts and is not durable: use FileSystem::remove_tree
(std::filesystem::|fs::)(rename|copy|copy_file|create_symlink|create_directory_symlink|resize_file|permissions)|TEST|neither synced nor seen by the simulator: use os::FileSystem
(std::)?(unlink|symlink|rmdir)|TEST|neither synced nor seen by the simulator: use os::FileSystem
std::(rename|remove)|TEST|neither synced nor seen by the simulator: use os::FileSystem
(?<=::)(rename|link|truncate|remove)|TEST|neither synced nor seen by the simulator: use os::FileSystem
std::ofstream|TEST|loses data on a crash and reports nothing: use FileSystem::write
(std::)?time|-|tests and the simulator own time: take an os::Clock
std::chrono::(system|steady|high_resolution)_clock::now|TEST|tests and the simulator own time: take an os::Clock
(gettimeofday|clock_gettime|localtime|gmtime|ctime)|-|tests and the simulator own time, and the last three share a static buffer: take an os::Clock
std::this_thread::sleep_(for|until)|TEST|tests and the simulator own time: Clock::sleep
u?sleep|-|tests and the simulator own time: Clock::sleep
(std::)?s?rand|-|predictable, and shared state: randomness comes from os/
(std::)?random_device|-|a plan must give the same result twice: randomness comes from os/
(std::)?(tmpnam|tempnam|mktemp)|-|a predictable name is a planted symlink: mkstemp, or a private folder
(std::)?(setenv|putenv|unsetenv)|TEST|not safe with threads, and children get a stated environment: Command::env
(std::)?(exit|_exit|quick_exit|abort)|^src/main\.cpp$|skips destructors that hold locks and children: return an Error
'

# Comments and the insides of string literals are dropped, keeping line numbers; then each ban is looked for, not preceded by a
# name, an object or another namespace, and not where a function of that name is declared.
find src -path src/os -prune -o \( -name '*.cpp' -o -name '*.hpp' \) -print | sort | BANS=$bans perl -e '
    use strict;
    my @bans;
    for (grep { length } split /\n/, $ENV{BANS}) {
        # The reason is the last field, the allowed paths the one before it; the name itself may hold bars.
        my ($name, $allowed, $reason) = /^(.*)\|([^|]*)\|([^|]*)$/ or die "lint-bans.sh: bad row: $_\n";
        my $use = qr/(?<![\w.:>~])(?:::)?(?:$name)\s*[({]/;
        my $declared = qr/\b(?:Result<[^=]*|bool|void|int|auto|virtual .*)\s+(?:$name)\s*\(/;
        push @bans, [$use, $declared, $allowed eq "-" ? undef : $allowed eq "TEST" ? qr/_(test|fixture)\.[ch]pp$/ : qr/$allowed/, $reason];
    }
    my $found = 0;
    while (my $file = <STDIN>) {
        chomp $file;
        open my $in, "<", $file or next;
        my $code = do { local $/; <$in> };
        $code =~ s{("(?:\\.|[^"\\\n])*")|//[^\n]*|/\*.*?\*/}{ defined $1 ? q("") : join "", $& =~ /\n/g }gse;
        my $number = 0;
        for my $line (split /\n/, $code) {
            $number++;
            for my $ban (@bans) {
                my ($use, $declared, $allowed, $reason) = @$ban;
                next if $line !~ $use or $line =~ $declared or ($allowed and $file =~ $allowed);
                (my $text = $line) =~ s/^\s+//;
                print "$file:$number: banned: $text — $reason\n";
                $found++;
            }
        }
    }
    if ($found) { print STDERR "$found banned calls\n"; exit 1 }
'
