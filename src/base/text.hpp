// SPDX-License-Identifier: Apache-2.0
// Small questions about text: trimming, splitting, joining, the nearest of some words, and excerpts that are safe to print.
// ASCII only; nothing here depends on the locale.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace uprev {

std::string_view trim(std::string_view text);                           // spaces, tabs, CR, LF, VT, FF at both ends
std::vector<std::string> split(std::string_view text, char separator);  // "a,,b" gives three; "" gives one empty
std::vector<std::string> split_words(std::string_view text);            // by runs of white space; no empty words
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string lower(std::string_view text);
std::string replace_all(std::string text, std::string_view from, std::string_view to);

// Damerau-Levenshtein (adjacent transpositions count as one), case counted.
std::size_t edit_distance(std::string_view a, std::string_view b);
// The word nearest to `word`, or "" when none is near enough to be a likely slip (a third of its length, at least two edits).
std::string nearest(std::string_view word, const std::vector<std::string>& known);
// "; did you mean 'x'?" or "".
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known);

// At most `limit` bytes on one line; control characters and bytes over 0x7e become "\xNN", and a cut ends in "…".
std::string excerpt(std::string_view text, std::size_t limit = 60);

}  // namespace uprev
