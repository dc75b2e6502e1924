// SPDX-License-Identifier: Apache-2.0
#include "adapters/database/pg_names.hpp"

#include "release/digest.hpp"

namespace uprev {

namespace {
constexpr std::size_t name_limit = 63;   // NAMEDATALEN - 1
constexpr std::size_t whole_limit = 38;  // leaves room for the longest word and a digest
constexpr std::size_t kept = 29;
constexpr std::size_t digest_digits = 12;

std::string_view word_of(PgWord word) {
    switch (word) {
        case PgWord::fenced:
            return "_fenced_";
        case PgWord::failed:
            return "_failed_";
        case PgWord::proof:
            return "_uprev_proof_";
        case PgWord::restored:
            return "_uprev_copy_";
    }
    return "_";
}

bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }

std::string stem(std::string_view database) {
    if (database.size() <= whole_limit) return std::string(database);
    std::size_t end = kept;
    while (end > 0 && continues_character(database[end])) --end;
    return std::string(database.substr(0, end)) + "_" + sha256(database).hex.substr(0, 8);
}
}  // namespace

std::string pg_beside_prefix(std::string_view database, PgWord word) { return stem(database).append(word_of(word)); }

std::string pg_beside(std::string_view database, PgWord word, std::string_view mark) {
    const std::string prefix = pg_beside_prefix(database, word);
    if (prefix.size() + mark.size() <= name_limit) return prefix + std::string(mark);
    return prefix + sha256(mark).hex.substr(0, digest_digits);
}

}  // namespace uprev
