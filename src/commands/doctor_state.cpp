// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "adapters/verifier/minisign_format.hpp"
#include "base/units.hpp"
#include "commands/doctor.hpp"
#include "os/identity.hpp"
#include "os/lock.hpp"

namespace uprev {

namespace {
class State {
   public:
    State(Session& session, Chart& chart) : session_(session), site_(session.site()), chart_(chart) {}

    void all() {
        folder();
        trust();
        lock();
        staging();
        journal();
    }

   private:
    void folder() {
        const auto info = session_.fs().info(session_.state());
        if (!info) return chart_.block("state", info.error());
        if (info->type == os::FileType::missing) return chart_.note("state", session_.state().string() + " is made on first use");
        if (info->type != os::FileType::folder)
            return chart_.block("state", session_.state().string() + " is no folder", "move it away");
        if ((info->mode & 0077U) != 0)
            chart_.block("state.mode", session_.state().string() + " may be entered by others: logs and snapshots lie there",
                         "chmod 700 " + session_.state().string());
        else if (info->uid != os::current_user().uid)
            chart_.warn("state.owner", session_.state().string() + " belongs to another user", "run as that user, or chown it");
        else
            chart_.ok("state", session_.state().string() + " is private");
    }

    void trust() {
        for (const auto& text : site_.trust.minisign.keys) {
            const auto key = parse_minisign_key(text);
            if (!key)
                chart_.block("trust", key.error());
            else
                chart_.ok("trust", "releases must be signed by minisign key " + key_id_text(key->id));
        }
        const auto& require = site_.trust.require;
        if (std::find(require.begin(), require.end(), "minisign") == require.end())
            chart_.warn("trust", "no signature is required: a digest finds damage, but no forgery",
                        "ask the vendor for a minisign key, and add minisign to trust.require");
        else if (site_.trust.minisign.trusted_comment.empty())
            chart_.note("trust.comment",
                        "signatures are not bound to a version, so an older release could be offered as a newer one",
                        "set trust.minisign.trusted_comment where the vendor signs the version");
    }

    void lock() {
        const auto holder = os::Lock::holder(session_.state() / "lock");
        if (!holder) return;
        busy_ = true;
        chart_.note("lock", "'" + holder->what + "' runs, pid " + std::to_string(holder->pid) + ", since " +
                                os::iso8601(holder->since_ms) + " by " + holder->user);
    }

    void staging() {
        const auto folder = os::Path(site_.root) / site_.releases;
        const auto names = session_.fs().list(folder);
        if (!names || busy_) return;
        for (const auto& name : *names)
            if (name.starts_with(".staging."))
                chart_.warn("staging", (folder / name).string() + " was left by a dead operation", "uprev gc");
    }

    void journal() {
        auto opened = session_.journal();
        if (!opened && opened.error().code == Code::not_found)
            return chart_.note("journal", "uprev doesn't look after this installation yet", "uprev adopt");
        if (!opened) return chart_.block("journal", opened.error());
        chart_.ok("journal", "the journal can be read");
        const auto left = (*opened)->unfinished();
        if (left && *left && !busy_) chart_.block("unfinished", "operation " + (*left)->id + " was cut off", "uprev resume");
        const auto last = (*opened)->operations(1);
        if (last && !last->empty() && last->front().result == OperationResult::needs_operator)
            chart_.block("decision", "operation " + last->front().id + " needs a decision", "'uprev status' lists the choices");
        const auto sets = (*opened)->snapshot_sets();
        if (sets && !sets->empty()) age_of(sets->front());
    }

    void age_of(const SnapshotSet& set) {
        const auto age = std::chrono::milliseconds(session_.clock().wall_ms() - set.at_ms);
        chart_.ok("snapshots", "the newest snapshot set is " + human_duration(age) + " old");
    }

    Session& session_;
    const SiteFile& site_;
    Chart& chart_;
    bool busy_ = false;
};
}  // namespace

void examine_state(Session& session, Chart& chart) { State(session, chart).all(); }

}  // namespace uprev
