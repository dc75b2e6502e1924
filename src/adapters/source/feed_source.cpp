// SPDX-License-Identifier: Apache-2.0
#include "adapters/source/feed_source.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>

#include "adapters/source/place.hpp"
#include "base/text.hpp"
#include "release/config.hpp"

namespace uprev {

namespace {

constexpr std::uint64_t feed_limit = 8U << 20U;
constexpr std::uint64_t signature_limit = 64U << 10U;
constexpr std::uint64_t release_file_limit = 1U << 20U;

// The last component of an address, as a file name of our own.
std::string artifact_name(const std::string& address, const Version& version) {
    const std::string path = address.substr(0, address.find_first_of("?#"));
    const std::string name = path.substr(path.rfind('/') + 1);
    const bool plain = !name.empty() && name.size() <= 200 && name.front() != '.' && name.front() != '-' &&
                       std::all_of(name.begin(), name.end(), [](unsigned char c) {
                           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                                  c == '-' || c == '_' || c == '+' || c == '~';
                       });
    return plain ? name : "release-" + version.text();
}

bool looks_like_html(int fd) {
    std::array<char, 256> start{};
    const ssize_t got = pread(fd, start.data(), start.size(), 0);
    if (got <= 0) return false;
    const std::string text = lower(trim({start.data(), static_cast<std::size_t>(got)}));
    return text.starts_with("<!doctype html") || text.starts_with("<html");
}

class FeedSource final : public Source {
   public:
    FeedSource(const SiteFile& site, std::unique_ptr<Place> place) : feed_(site.source.feed), place_(std::move(place)) {}

    Result<Feed> list() override {
        const std::string where = place_->feed_address();
        const std::string body = TRY(place_->read(where, feed_limit).within("reading the feed"));
        return parse_feed(body, where.substr(0, where.find('?')));
    }

    Result<FeedRelease> resolve(const FeedRelease& release) override {
        FeedRelease out = release;
        std::map<std::string, std::string> values{{"version", out.version.text()}};
        TRY_VOID(complete(out.artifact.url, feed_.artifact, values));
        if (out.artifact.url.empty())
            return fail(Code::invalid, "the feed names no artifact for " + out.version.text(),
                        "set source.feed.artifact in the site file to a template such as https://…/app-${version}.tar.xz");
        values["artifact"] = out.artifact.url;
        TRY_VOID(complete(out.artifact.signature, feed_.signature, values));
        TRY_VOID(complete(out.release_file, feed_.release_file, values));
        if (out.release_file.empty()) return out;
        // A signature template that follows the artifact's address serves the release file as well.
        values["artifact"] = out.release_file;
        const bool follows = feed_.signature.find("${artifact}") != std::string::npos;
        TRY_VOID(complete(out.release_file_signature, follows ? feed_.signature : "", values));
        return out;
    }

    Result<FetchedRelease> fetch(const FeedRelease& release, const os::Path& folder, const FetchWatch& watch) override {
        const FeedRelease whole = TRY(resolve(release));
        FetchedRelease out;
        out.artifact_name = artifact_name(whole.artifact.url, whole.version);
        out.artifact = folder / out.artifact_name;
        PartFile part = TRY(PartFile::open(folder, out.artifact_name));
        const HashedFile file = TRY(fetch_artifact(whole.artifact, part, watch).within("fetching " + whole.version.text()));
        out.size = file.size;
        out.sha256 = file.sha256;
        out.signature = TRY(read_signature(whole.artifact.signature));
        return out;
    }

    Result<std::optional<Published>> release_file(const FeedRelease& release) override {
        const FeedRelease whole = TRY(resolve(release));
        if (whole.release_file.empty()) return std::optional<Published>{};
        Published out;
        out.text = TRY(
            place_->read(whole.release_file, release_file_limit).within("reading the release file of " + whole.version.text()));
        out.signature = TRY(read_signature(whole.release_file_signature));
        return std::optional<Published>{std::move(out)};
    }

    Result<std::string> document(const std::string& address) override {
        return place_->read(TRY(place_->absolute(address)), feed_limit).within("reading '" + address + "'");
    }

   private:
    // Fills an address from its template where the feed has none, and makes it absolute.
    Result<> complete(std::string& address, const std::string& pattern, const std::map<std::string, std::string>& values) {
        if (address.empty() && !pattern.empty()) address = TRY(interpolate(pattern, values).within("source.feed"));
        if (!address.empty()) address = TRY(place_->absolute(address));
        return {};
    }

    Result<std::string> read_signature(const std::string& address) {
        if (address.empty()) return std::string{};
        auto text = place_->read(address, signature_limit);
        if (text) {
            if (text->empty()) return fail(Code::untrusted, "the signature '" + address + "' is empty", "ask the vendor");
            return text;
        }
        Error error = std::move(text).error();
        if (error.code == Code::not_found) error.code = Code::untrusted;  // a missing signature never means "unsigned, going on"
        return std::move(error).within("fetching the signature");
    }

    Result<HashedFile> fetch_artifact(const FeedArtifact& artifact, PartFile& part, const FetchWatch& watch) {
        const HashedFile earlier = TRY(part.finished());
        if (earlier.size != 0 && still_good(artifact, earlier, part.record())) {
            if (watch.progress) watch.progress({earlier.size, earlier.size});
            part.drop();
            return earlier;
        }
        if (part.record().complete) TRY_VOID(part.empty());
        const bool resuming = TRY(part.size()) != 0;
        HashedFile file = TRY(place_->fetch(artifact.url, artifact.size, part, watch));
        auto good = check(artifact, file, part);
        if (!good) TRY_VOID(part.empty());
        if (!good && resuming) {  // the server went on with other content: once more, from the start
            file = TRY(place_->fetch(artifact.url, artifact.size, part, watch));
            good = check(artifact, file, part);
            if (!good) TRY_VOID(part.empty());
        }
        TRY_VOID(good);
        PartRecord record = part.record();
        record.url = artifact.url;
        record.size = artifact.size;
        record.sha256 = file.sha256;
        record.complete = true;
        TRY_VOID(part.complete(record));
        return file;
    }

    bool still_good(const FeedArtifact& artifact, const HashedFile& file, const PartRecord& record) {
        if (artifact.size != 0 && artifact.size != file.size) return false;
        if (!artifact.sha256.empty()) return artifact.sha256 == file.sha256;
        return record.complete && record.url == artifact.url && record.sha256 == file.sha256 &&
               place_->unchanged(artifact.url, record);
    }

    static Result<> check(const FeedArtifact& artifact, const HashedFile& file, const PartFile& part) {
        if (file.size == 0) return fail(Code::corrupt, "'" + artifact.url + "' is empty", "ask the vendor, or try again later");
        if (looks_like_html(part.descriptor()))
            return fail(Code::corrupt, "'" + artifact.url + "' is an HTML page, not an archive",
                        "the server shows an error page: open the address in a browser");
        if (!artifact.sha256.empty() && artifact.sha256 != file.sha256)
            return fail(Code::corrupt,
                        "'" + artifact.url + "' has digest " + file.sha256 + " where the feed states " + artifact.sha256,
                        "the download was dropped; try again, and if it happens again ask the vendor");
        return {};
    }

    FeedSpec feed_;
    std::unique_ptr<Place> place_;
};

}  // namespace

std::unique_ptr<Source> make_feed_source(const SiteFile& site, os::Http& http) {
    const FeedSpec& feed = site.source.feed;
    auto place = feed.url.starts_with('/') ? make_folder_place(feed) : make_web_place(feed, http);
    return std::make_unique<FeedSource>(site, std::move(place));
}

}  // namespace uprev
