// SPDX-License-Identifier: Apache-2.0
#include "release/feed.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "base/text.hpp"
#include "release/digest.hpp"

namespace uprev {

namespace {

constexpr std::size_t most_releases = 10'000;
constexpr std::size_t longest_text = 4096;

std::string kind_of(const Json& value) {
    if (value.is_null()) return "null";
    if (value.is_boolean()) return "true or false";
    if (value.is_number()) return "a number";
    if (value.is_string()) return "text";
    return value.is_array() ? "a list" : "an object";
}

// Reads one object's keys; every complaint names the key by its path. Unknown keys are let be: feeds grow.
class Reader {
   public:
    Reader(const Json& object, std::string path) : object_(object), path_(std::move(path)) {}

    [[nodiscard]] Error wrong(const std::string& key, const std::string& what) const {
        return fail(Code::invalid, "'" + path_ + key + "' " + what);
    }

    // nullptr when the key is absent or null.
    [[nodiscard]] const Json* find(const std::string& key) const {
        const auto at = object_.find(key);
        return at == object_.end() || at->is_null() ? nullptr : &*at;
    }

    Result<std::string> text(const std::string& key) const {
        const auto* value = find(key);
        if (value == nullptr) return std::string();
        if (!value->is_string()) return wrong(key, "must be text, not " + kind_of(*value));
        const auto& text = value->get_ref<const std::string&>();
        if (text.size() > longest_text) return wrong(key, "is longer than 4096 characters");
        // What a feed says is printed on terminals and used in addresses.
        if (std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
            return wrong(key, "holds control characters: '" + excerpt(text) + "'");
        return text;
    }

    Result<std::string> address(const std::string& key) const {
        auto text = TRY(this->text(key));
        if (text.starts_with('-') || text.find(' ') != std::string::npos)
            return wrong(key, "is not an address: '" + excerpt(text) + "'");
        return text;
    }

    Result<bool> truth(const std::string& key) const {
        const auto* value = find(key);
        if (value == nullptr) return false;
        if (!value->is_boolean()) return wrong(key, "must be true or false, not " + kind_of(*value));
        return value->get<bool>();
    }

    Result<std::uint64_t> size(const std::string& key) const {
        const auto* value = find(key);
        if (value == nullptr) return std::uint64_t{0};
        if (!value->is_number_unsigned())
            return wrong(key, "must be a whole number of bytes, not " + (value->is_number() ? value->dump() : kind_of(*value)));
        return value->get<std::uint64_t>();
    }

    Result<std::vector<std::string>> texts(const std::string& key) const {
        const auto* value = find(key);
        if (value == nullptr) return std::vector<std::string>();
        if (value->is_string()) return std::vector<std::string>{TRY(text(key))};
        if (!value->is_array()) return wrong(key, "must be a list, not " + kind_of(*value));
        std::vector<std::string> all;
        for (const auto& item : *value) {
            if (!item.is_string()) return wrong(key, "must hold text only, not " + kind_of(item));
            all.push_back(item.get<std::string>());
        }
        return all;
    }

    Result<Reader> object(const std::string& key) const {
        const auto* value = find(key);
        if (value == nullptr || !value->is_object())
            return wrong(key, "must be an object, not " + (value == nullptr ? "absent" : kind_of(*value)));
        return Reader(*value, path_ + key + ".");
    }

   private:
    const Json& object_;
    std::string path_;
};

Result<FeedArtifact> read_artifact_object(const Reader& reader) {
    FeedArtifact artifact;
    artifact.url = TRY(reader.address("url"));
    artifact.size = TRY(reader.size("size"));
    artifact.signature = TRY(reader.address("signature"));
    const auto digest = TRY(reader.text("sha256"));
    if (!digest.empty()) {
        auto parsed = Digest::parse(digest);
        if (!parsed) return reader.wrong("sha256", "is not a digest: " + parsed.error().message);
        artifact.sha256 = parsed->hex;
    }
    return artifact;
}

// "artifact": an object or the bare address; "artifacts": a list that holds exactly one.
Result<FeedArtifact> read_artifact(const Reader& reader) {
    const auto* one = reader.find("artifact");
    const auto* several = reader.find("artifacts");
    if (one != nullptr && several != nullptr) return reader.wrong("artifacts", "stands beside 'artifact'; only one of them may");
    if (several != nullptr) {
        if (!several->is_array() || several->size() != 1 || !several->front().is_object())
            return reader.wrong("artifacts", "must be a list of exactly one object; a release has one artifact");
        return read_artifact_object(Reader(several->front(), "artifacts[0]."));
    }
    if (one == nullptr) return FeedArtifact{};
    if (one->is_string()) return FeedArtifact{TRY(reader.address("artifact")), 0, {}, {}};
    return read_artifact_object(TRY(reader.object("artifact")));
}

Result<> read_release_file(const Reader& reader, FeedRelease& release) {
    const auto* value = reader.find("release_file");
    if (value != nullptr && value->is_object()) {
        const auto object = TRY(reader.object("release_file"));
        release.release_file = TRY(object.address("url"));
        release.release_file_signature = TRY(object.address("signature"));
        return {};
    }
    release.release_file = TRY(reader.address("release_file"));
    release.release_file_signature = TRY(reader.address("release_file_signature"));
    return {};
}

Result<std::string> read_withdrawn(const Reader& reader) {
    const auto* value = reader.find("withdrawn");
    if (value == nullptr || !value->is_boolean()) return reader.text("withdrawn");
    return std::string(value->get<bool>() ? "withdrawn by the vendor without a reason" : "");
}

Result<FeedRelease> read_release(const Reader& reader, const std::string& version_key) {
    FeedRelease release;
    const auto spelled = TRY(reader.text(version_key));
    if (spelled.empty()) return reader.wrong(version_key, "is missing");
    auto version = Version::parse(spelled);
    if (!version) return reader.wrong(version_key, "is no version: " + version.error().message);
    release.version = std::move(*version);
    const auto channel = TRY(reader.text("channel"));
    if (!channel.empty()) release.channel = channel;
    release.date = TRY(reader.text("date"));
    release.artifact = TRY(read_artifact(reader));
    TRY_VOID(read_release_file(reader, release));
    release.changelog = TRY(reader.text("changelog"));
    release.breaking = TRY(reader.truth("breaking"));
    release.required_stop = TRY(reader.truth("required_stop"));
    release.withdrawn = TRY(read_withdrawn(reader));
    release.upgrade_from = TRY(reader.texts("upgrade_from"));
    for (const auto& range : release.upgrade_from)
        if (const auto parsed = Range::parse(range); !parsed)
            return reader.wrong("upgrade_from", "is no range: " + parsed.error().message);
    return release;
}

Result<Feed> read_list(const Json& list) {
    if (!list.is_array()) return fail(Code::invalid, "'releases' must be a list, not " + kind_of(list));
    if (list.size() > most_releases) return fail(Code::invalid, "'releases' holds more than 10000 releases");
    Feed feed;
    for (std::size_t i = 0; i < list.size(); ++i) {
        const auto path = "releases[" + std::to_string(i) + "]";
        if (!list[i].is_object()) return fail(Code::invalid, "'" + path + "' must be an object, not " + kind_of(list[i]));
        feed.releases.push_back(TRY(read_release(Reader(list[i], path + "."), "version")));
    }
    std::stable_sort(feed.releases.begin(), feed.releases.end(),
                     [](const auto& a, const auto& b) { return a.version > b.version; });
    const auto twice = std::adjacent_find(feed.releases.begin(), feed.releases.end(),
                                          [](const auto& a, const auto& b) { return a.version == b.version; });
    if (twice != feed.releases.end()) return fail(Code::invalid, "version " + twice->version.text() + " is listed twice");
    return feed;
}

Error not_a_feed(const std::string& why, std::string_view body) {
    return fail(Code::invalid, why + "; it begins '" + excerpt(body) + "'",
                "check the source's url in the site file; docs/feed.md shows both shapes of a feed");
}

Result<Feed> read_feed(std::string_view body) {
    const auto text = trim(body);
    if (text.empty()) return fail(Code::invalid, "the feed is empty", "check the source's url in the site file");
    if (text.starts_with('<')) return not_a_feed("the feed is a web page (HTML or XML), not JSON", text);
    auto json = parse_json(text, "JSON");
    if (!json) return not_a_feed(json.error().message, text);
    if (!json->is_object()) return not_a_feed("the feed must be an object, not " + kind_of(*json), text);
    if (const auto list = json->find("releases"); list != json->end()) return read_list(*list);
    if (!json->contains("latest")) return not_a_feed("the feed has neither 'latest' nor 'releases'", text);
    Feed feed;
    feed.simple = true;
    feed.releases.push_back(TRY(read_release(Reader(*json, ""), "latest")));
    return feed;
}

}  // namespace

Result<Feed> parse_feed(std::string_view body, std::string_view where) {
    return read_feed(body).within("feed " + std::string(where));
}

}  // namespace uprev
