// SPDX-License-Identifier: Apache-2.0
#include "plan/target.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace uprev {

namespace {
bool any_range_matches(const std::vector<std::string>& ranges, const Version& version) {
    return std::any_of(ranges.begin(), ranges.end(), [&](const auto& text) {
        const auto range = Range::parse(text);
        return range && range->matches(version);
    });
}

bool failed_before(const TargetRequest& request, const FeedRelease& release) {
    return std::find(request.failed.begin(), request.failed.end(), release.version.text()) != request.failed.end();
}

// Everything but the way there.
std::string cause_of(const FeedRelease& release, const TargetRequest& request) {
    const bool named = request.to && *request.to == release.version && !request.unattended;
    if (!release.withdrawn.empty()) return "withdrawn: " + release.withdrawn;
    if (release.version == request.current) return "installed";
    if (release.version < request.current) return named && request.allow_downgrade ? "" : "older than " + request.current.text();
    if (named) return {};
    if (release.channel != request.channel) return "on channel '" + release.channel + "', not '" + request.channel + "'";
    if (release.version.is_prerelease() && request.channel == "stable") return "a pre-release";
    if (failed_before(request, release)) return "failed here before; name it with --to to try again";
    const auto bump = bump_between(request.current, release.version);
    if (request.at_most == Bump::patch && bump != Bump::patch) return "not a patch";
    if (request.at_most == Bump::minor && bump == Bump::major) return "a major version";
    return {};
}

// Required stops strictly between, then the target, lowest first. Whoever leaves the site's channel for once still meets its stops.
std::vector<FeedRelease> way_to(const Feed& feed, const TargetRequest& request, const FeedRelease& target) {
    std::vector<FeedRelease> way;
    for (const auto& r : feed.releases) {
        const bool ours = r.channel == target.channel || r.channel == request.channel;
        if (r.required_stop && ours && r.withdrawn.empty() && request.current < r.version && r.version < target.version)
            way.push_back(r);
    }
    std::sort(way.begin(), way.end(), [](const auto& a, const auto& b) { return a.version < b.version; });
    way.push_back(target);
    return way;
}

std::string broken_hop(const std::vector<FeedRelease>& way, const Version& current) {
    Version from = current;
    for (const auto& hop : way) {
        if (!hop.upgrade_from.empty() && from < hop.version && !any_range_matches(hop.upgrade_from, from))
            return hop.version.text() + " can be upgraded to from " + join(hop.upgrade_from, " || ") + ", not from " +
                   from.text();
        from = hop.version;
    }
    return {};
}

// A stop on the way is chosen by us, not by whoever names the target.
std::string failed_stop(const std::vector<FeedRelease>& way, const TargetRequest& request) {
    for (std::size_t i = 0; i + 1 < way.size(); ++i)
        if (failed_before(request, way[i]))
            return "the required stop " + way[i].version.text() +
                   " on the way failed here before; name it with --to to try again";
    return {};
}
}  // namespace

std::vector<Choice> judge_releases(const Feed& feed, const TargetRequest& request) {
    std::vector<Choice> out;
    for (const auto& release : feed.releases) {
        auto cause = cause_of(release, request);
        if (cause.empty()) {
            const auto way = way_to(feed, request, release);
            cause = broken_hop(way, request.current);
            if (cause.empty()) cause = failed_stop(way, request);
        }
        out.push_back({release, std::move(cause)});
    }
    return out;
}

Result<std::vector<FeedRelease>> choose_path(const Feed& feed, const TargetRequest& request) {
    const auto choices = judge_releases(feed, request);
    if (!request.to) {
        for (const auto& choice : choices)
            if (choice.cause.empty()) return way_to(feed, request, choice.release);
        return std::vector<FeedRelease>{};
    }
    for (const auto& choice : choices) {
        if (!(choice.release.version == *request.to)) continue;
        if (choice.cause.empty())
            return choice.release.version < request.current ? std::vector{choice.release} : way_to(feed, request, choice.release);
        if (choice.cause == "installed") return std::vector<FeedRelease>{};
        const bool older = choice.release.version < request.current;
        return fail(Code::refused, "version " + request.to->text() + " can't be deployed: " + choice.cause,
                    older ? "use 'uprev rollback' to go back, or --allow-downgrade to deploy an older release"
                          : "see 'uprev check' for the versions that can be");
    }
    std::vector<std::string> known;
    for (const auto& choice : choices) known.push_back(choice.release.version.text());
    const auto near = nearest(request.to->text(), known);
    return fail(Code::not_found, "the feed does not list version " + request.to->text(),
                (near.empty() ? std::string("see 'uprev check'") : "did you mean " + std::string(near) + "?") +
                    (feed.simple ? " (this feed names its latest release only: an older patch stays hidden)" : ""));
}

const FeedRelease* breaking_on_the_way(const Feed& feed, const TargetRequest& request, const FeedRelease& target) {
    const FeedRelease* lowest = nullptr;
    for (const auto& r : feed.releases) {
        const bool ours = r.channel == target.channel || r.channel == request.channel;
        const bool between = request.current < r.version && r.version < target.version;
        if (r.breaking && ours && between && (lowest == nullptr || r.version < lowest->version)) lowest = &r;
    }
    return lowest;
}

std::string path_conflict(const Version& from, const Version& to, const std::vector<std::string>& upgrade_from,
                          const std::vector<std::string>& required_stops) {
    if (to < from) return {};
    for (const auto& text : required_stops) {
        const auto stop = Version::parse(text);
        if (stop && from < *stop && *stop < to) return to.text() + " requires a stop at " + stop->text() + " first";
    }
    if (!upgrade_from.empty() && !any_range_matches(upgrade_from, from))
        return to.text() + " can be upgraded to from " + join(upgrade_from, " || ") + ", not from " + from.text();
    return {};
}

}  // namespace uprev
