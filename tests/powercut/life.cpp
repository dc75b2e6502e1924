// SPDX-License-Identifier: Apache-2.0
#include "life.hpp"

#include <fstream>
#include <optional>

#include "adapters/layout/beside.hpp"
#include "content.hpp"
#include "journal/journal.hpp"
#include "os/linux.hpp"

namespace powercut {

namespace {
using namespace uprev;
using os::Path;

SiteFile site_at(const Path& root) {
    SiteFile site;
    site.id = "guest";
    site.root = root.string();
    return site;
}

class Life {
   public:
    Life(const Path& root, Promises& promises)
        : root_(root),
          promises_(promises),
          site_(site_at(root)),
          fs_(os::make_filesystem(root)),
          layout_(make_beside_layout(site_, *fs_)) {}

    Result<> begin() {
        for (const char* folder : {"releases", "shared/left", "shared/right", "state"})
            TRY_VOID(fs_->make_folders(root_ / folder, 0755));
        TRY_VOID(reopen());
        if (const auto cut = TRY(journal_->unfinished())) TRY_VOID(recover(*cut));
        for (const auto& operation : TRY(journal_->operations(1))) number_ = std::stoull(operation.id.substr(3));
        return {};
    }

    // Every third operation fails and goes back; every fourth time the journal is closed, which moves its WAL into the database.
    Result<> upgrade() {
        ++number_;
        id_ = "op-" + std::to_string(number_);
        from_ = active();
        TRY_VOID(start());
        TRY_VOID(place());
        TRY_VOID(swap_files());
        TRY_VOID(number_ % 3 == 0 && !from_.empty() ? go_back() : go_on());
        return number_ % 4 == 0 ? reopen() : Result<>();
    }

   private:
    Result<> reopen() {
        journal_.reset();
        Journal::Options options;
        options.clock = &clock_;
        options.machine_id = "guest";
        journal_.emplace(TRY(Journal::open(root_ / "state/journal.db", options)));
        return {};
    }

    [[nodiscard]] std::string active() const {
        const auto now = layout_->active();
        return now ? now->folder.filename().string() : std::string();
    }
    [[nodiscard]] Path folder(const std::string& name) const { return root_ / "releases" / name; }
    [[nodiscard]] Path staging() const { return root_ / "releases/.staging"; }
    [[nodiscard]] std::string step_key(const std::string& step) const { return "step/" + id_ + "/" + step; }

    Result<> start() {
        Operation operation;
        operation.id = id_;
        operation.kind = "upgrade";
        operation.from = from_;
        operation.to = release_name(number_);
        TRY_VOID(promises_.keep({{"operation/" + id_, "unfinished"}, {"direction/" + id_, "forward"}},
                                [&] { return journal_->create(operation); }));
        return promises_.keep({{"plan/" + id_, "whole"}}, [&] {
            return journal_->freeze(id_, Json{{"text", content(number_, 50, 6'000)}}, Json{{"root", root_.string()}}, from_,
                                    operation.to);
        });
    }

    Result<> step(const std::string& begins, StepStatus as = StepStatus::doing) {
        return promises_.keep({{step_key(begins), std::string(word(as))}}, [&] { return journal_->begin(id_, {begins}, as); });
    }

    Result<> step(const std::string& ends, StepStatus how, const std::string& begins) {
        Facts change{{step_key(ends), std::string(word(how))}};
        if (!begins.empty()) change[step_key(begins)] = "doing";
        StepEnd end;
        end.id = ends;
        end.status = how;
        return promises_.keep(
            change, [&] { return journal_->end(id_, end, begins.empty() ? std::vector<std::string>() : std::vector{begins}); });
    }

    // As an unpacker does: nothing is flushed while it writes.
    Result<> unpack() {
        TRY_VOID(fs_->remove_tree(staging()));
        for (const auto& [path, bytes] : release_files(number_)) {
            TRY_VOID(fs_->make_folders((staging() / path).parent_path(), 0755));
            std::ofstream(staging() / path, std::ios::binary) << bytes;
        }
        return {};
    }

    Result<> place() {
        const auto name = release_name(number_);
        TRY_VOID(step("unpack"));
        TRY_VOID(unpack());
        TRY_VOID(step("unpack", StepStatus::done, "promote"));
        TRY_VOID(promises_.keep({{"release/" + name, "complete"}}, [&]() -> Result<> {
            TRY_VOID(fs_->sync_tree(staging()));  // the order of the step `promote`
            return layout_->promote(staging(), folder(name));
        }));
        TRY_VOID(step("promote", StepStatus::done, "pointer"));
        TRY_VOID(point_to(name));
        return step("pointer", StepStatus::done, "settings");
    }

    Result<> point_to(const std::string& name) {
        return promises_.keep({{"pointer", name}}, [&] { return layout_->activate(folder(name)); });
    }

    Result<> swap_files() {
        const auto text = std::to_string(number_);
        for (const auto* name : {"settings.env", "left/note"})
            TRY_VOID(promises_.keep({{std::string("file/") + name, text}},
                                    [&] { return fs_->write(root_ / "shared" / name, stamped(number_), 0640); }));
        const auto read = [&](const char* name) -> std::string {
            const auto bytes = fs_->read(root_ / "shared" / name);
            const auto stamp = bytes ? stamp_of(*bytes) : std::nullopt;
            return stamp ? std::to_string(*stamp) : std::string();
        };
        TRY_VOID(promises_.keep({{"file/left/note", read("right/note")}, {"file/right/note", read("left/note")}},
                                [&] { return fs_->exchange(root_ / "shared/left", root_ / "shared/right"); }));
        TRY_VOID(promises_.keep({{"setting/allow", text}}, [&] { return journal_->set_setting("allow", text, "guest"); }));
        return step("settings", StepStatus::done, "");
    }

    Result<> go_on() {
        Generation generation;
        generation.number = static_cast<std::int64_t>(number_);
        generation.version = "1.0." + std::to_string(number_);
        generation.folder = folder(release_name(number_)).string();
        generation.operation = id_;
        TRY_VOID(promises_.keep({{generation_key(generation), "candidate"}}, [&]() -> Result<> {
            TRY(journal_->add_generation(generation));
            return {};
        }));
        TRY_VOID(set_generation(generation, GenerationState::good));
        for (const auto& old : TRY(journal_->generations()))
            if (old.number != generation.number && old.state == GenerationState::good)
                TRY_VOID(set_generation(old, GenerationState::superseded));
        TRY_VOID(finish(OperationResult::succeeded));
        return retire(2);
    }

    Result<> go_back() {
        TRY_VOID(turn_back());
        TRY_VOID(step("pointer", StepStatus::undoing));
        TRY_VOID(point_to(from_));
        TRY_VOID(step("pointer", StepStatus::undone, ""));
        const auto name = release_name(number_);
        TRY_VOID(
            promises_.keep({{"failed/" + name, id_}}, [&] { return journal_->mark_failed(name, "every third one fails", id_); }));
        TRY_VOID(discard(name));
        return finish(OperationResult::undone);
    }

    Result<> turn_back() {
        return promises_.keep({{"direction/" + id_, "back"}}, [&] {
            return journal_->set_direction(id_, Direction::back, Json{{"kind", "keep"}});
        });
    }

    Result<> finish(OperationResult result) {
        return promises_.keep({{"operation/" + id_, std::string(word(result))}}, [&] {
            return journal_->finish(id_, result, Json{{"number", number_}});
        });
    }

    Result<> discard(const std::string& name) {
        return promises_.keep({{"release/" + name, ""}}, [&] { return layout_->discard(folder(name)); });
    }

    // Keeps the newest `keep` releases.
    Result<> retire(std::size_t keep) {
        const auto placed = TRY(layout_->placed());
        for (std::size_t i = 0; i + keep < placed.size(); ++i)
            if (!placed[i].active) TRY_VOID(discard(placed[i].folder.filename().string()));
        return {};
    }

    Result<> recover(const Operation& cut) {
        id_ = cut.id;
        from_ = cut.from;
        TRY_VOID(fs_->remove_tree(staging()));
        if (from_.empty()) return finish(OperationResult::abandoned);
        TRY_VOID(turn_back());
        if (active() != from_) TRY_VOID(point_to(from_));
        if (TRY(fs_->info(folder(cut.to))).type != os::FileType::missing) TRY_VOID(discard(cut.to));
        return finish(OperationResult::undone);
    }

    static std::string generation_key(const Generation& generation) { return "generation/" + std::to_string(generation.number); }

    Result<> set_generation(const Generation& generation, GenerationState state) {
        return promises_.keep({{generation_key(generation), std::string(word(state))}},
                              [&] { return journal_->set_generation(generation.number, state); });
    }

    Path root_;
    Promises& promises_;
    SiteFile site_;
    os::SystemClock clock_;
    std::unique_ptr<os::FileSystem> fs_;
    std::unique_ptr<Layout> layout_;
    std::optional<Journal> journal_;
    std::uint64_t number_ = 0;
    std::string id_;
    std::string from_;
};
}  // namespace

uprev::Result<> live(const std::filesystem::path& root, Promises& promises) {
    Life life(root, promises);
    TRY_VOID(life.begin());
    for (;;) TRY_VOID(life.upgrade());
}

}  // namespace powercut
