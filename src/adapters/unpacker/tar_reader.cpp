// SPDX-License-Identifier: Apache-2.0
#include "adapters/unpacker/tar_reader.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <sys/stat.h>

#include <optional>

#include "adapters/unpacker/entry_name.hpp"
#include "adapters/unpacker/packed_stream.hpp"
#include "adapters/unpacker/two_readers.hpp"

namespace uprev {

namespace {

constexpr const char* advice = "ask the vendor; do not unpack it by hand";

Error refuse(std::string_view name, const std::string& why) {
    return fail(Code::refused, "the archive's entry '" + shown_name(name) + "' is refused: " + why, advice);
}

// libarchive turns names into the locale's character set; ours is UTF-8 whatever the environment says, on this thread only.
class Utf8Locale {
   public:
    Utf8Locale() : ours_(newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
        if (ours_ != nullptr) before_ = uselocale(ours_);
    }
    Utf8Locale(const Utf8Locale&) = delete;
    Utf8Locale& operator=(const Utf8Locale&) = delete;
    ~Utf8Locale() {
        if (ours_ == nullptr) return;
        uselocale(before_);
        freelocale(ours_);
    }
    [[nodiscard]] bool ready() const { return ours_ != nullptr; }

   private:
    locale_t ours_;
    locale_t before_ = nullptr;
};

struct ArchiveCloser {
    void operator()(archive* a) const { archive_read_free(a); }
};

}  // namespace

struct TarReader::State {
    State(const UnpackLimits& given, std::function<bool()> stop)
        : limits(given), cancelled(std::move(stop)), tree(given.entries) {}

    Utf8Locale locale;
    UnpackLimits limits;
    std::function<bool()> cancelled;
    std::unique_ptr<PackedStream> stream;
    std::unique_ptr<archive, ArchiveCloser> reader;
    TarScanner scanner;
    ReleaseTree tree;
    Unpacked totals;
    TarEntry entry;
    std::uint64_t raw = 0;        // bytes of tar seen
    std::uint64_t data_left = 0;  // of the current file
    std::optional<Error> error;   // why the stream ended

    Result<std::string_view> next_piece() {
        if (cancelled && cancelled()) return fail(Code::interrupted, "unpacking was cancelled");
        const std::string_view piece = TRY(stream->next());
        raw += piece.size();
        // Headers weigh something too: an archive of nothing but long names is a bomb like any other.
        if (raw / 2 > limits.bytes + (16U << 20U)) return too_many_bytes();
        TRY_VOID(scanner.feed(piece));
        return piece;
    }

    [[nodiscard]] Error too_many_bytes() const {
        return fail(Code::exhausted,
                    "the archive unpacks to more than the " + std::to_string(limits.bytes) + " bytes that are allowed",
                    "raise source.feed.max_unpacked_bytes in the site file if the release really is that big");
    }

    static la_ssize_t on_read(archive* a, void* user, const void** out) {
        auto& self = *static_cast<State*>(user);
        auto piece = self.next_piece();
        if (!piece) {
            self.error = std::move(piece).error();
            archive_set_error(a, EIO, "stopped");
            return -1;
        }
        *out = piece->data();
        return static_cast<la_ssize_t>(piece->size());
    }

    Error archive_error(const std::string& what) {
        if (error) return *error;
        const char* why = archive_error_string(reader.get());
        return fail(Code::corrupt, what + ": " + (why != nullptr ? shown_name(why) : std::string("unknown")),
                    "fetch the artifact again; if it stays so, ask the vendor");
    }

    Result<> take(archive_entry* raw_entry) {
        if (scanner.headers().empty())
            return fail(Code::refused, "the archive is refused: two readers disagree about where its entries are", advice);
        const TarHeader header = std::move(scanner.headers().front());
        scanner.headers().pop_front();
        entry = {};
        entry.path = TRY(clean_name(header.name, limits.depth));
        if (header.kind == EntryKind::hardlink)
            entry.link =
                TRY(clean_name(header.link, limits.depth).within("the target of hardlink '" + shown_name(header.name) + "'"));
        if (header.kind == EntryKind::symlink) entry.link = TRY(clean_target(header));
        TRY_VOID(same_entry(header, raw_entry));
        if (++totals.entries > limits.entries)
            return fail(Code::exhausted,
                        "the archive holds more than the " + std::to_string(limits.entries) + " entries that are allowed",
                        "raise source.feed.max_entries in the site file if the release really is that big");
        if (header.kind == EntryKind::file) {
            if (header.size > limits.bytes || totals.bytes + header.size > limits.bytes) return too_many_bytes();
            totals.bytes += header.size;
        }
        if (header.kind != EntryKind::symlink && (archive_entry_mode(raw_entry) & (S_ISUID | S_ISGID | S_ISVTX)) != 0)
            return refuse(header.name, "it is setuid, setgid or sticky");
        entry.kind = header.kind;
        entry.size = header.size;
        entry.executable = (archive_entry_mode(raw_entry) & 0111U) != 0;
        entry.modified = archive_entry_mtime(raw_entry);
        data_left = header.kind == EntryKind::file ? header.size : 0;
        return tree.add(entry.kind, entry.path, entry.link);
    }

    // Only the spelling; where it leads is known when the whole archive was read.
    static Result<std::string> clean_target(const TarHeader& header) {
        if (header.link.empty() || header.link.front() == '/')
            return refuse(header.name, "it is a symlink to '" + shown_name(header.link) + "', which leaves the release");
        if (const std::string why = name_problem(header.link); !why.empty()) return refuse(header.name, "its target " + why);
        return header.link;
    }

    // libarchive gave up on an entry; where one of our own rules says why, that is the better message.
    Error entry_error() {
        if (!scanner.headers().empty() && !error) {
            const TarHeader& header = scanner.headers().front();
            if (auto name = clean_name(header.name, limits.depth); !name) return std::move(name).error();
            if (const std::string why = name_problem(header.link); !why.empty()) return refuse(header.name, "its target " + why);
        }
        return archive_error("the archive is damaged");
    }

    // Reads what stands behind the end of the archive (only padding may) and checks what only the whole shows.
    Result<> end() {
        while (!TRY(next_piece()).empty()) {
        }
        TRY_VOID(scanner.finish());
        if (!scanner.headers().empty())
            return fail(Code::refused, "the archive is refused: two readers disagree about its end", advice);
        if (totals.entries == 0) return fail(Code::corrupt, "the archive is empty", "ask the vendor");
        return {};
    }
};

TarReader::TarReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
TarReader::~TarReader() = default;

Result<std::unique_ptr<TarReader>> TarReader::open(int fd, const UnpackLimits& limits, std::function<bool()> cancelled) {
    auto state = std::make_unique<State>(limits, std::move(cancelled));
    if (!state->locale.ready())
        return fail(Code::unavailable, "the locale C.UTF-8 is missing on this machine", "install libc-bin");
    state->stream = TRY(PackedStream::open(fd, limits.ratio));
    state->reader.reset(archive_read_new());
    archive* reader = state->reader.get();
    if (reader == nullptr) return fail(Code::exhausted, "libarchive has no memory");
    if (archive_read_support_format_tar(reader) != ARCHIVE_OK ||
        archive_read_set_options(reader, "tar:hdrcharset=UTF-8") != ARCHIVE_OK)
        return fail(Code::bug, "libarchive lacks tar");
    if (archive_read_open(reader, state.get(), nullptr, &State::on_read, nullptr) != ARCHIVE_OK)
        return state->archive_error("cannot read the archive");
    return std::unique_ptr<TarReader>(new TarReader(std::move(state)));
}

Result<const TarEntry*> TarReader::next() {
    archive_entry* entry = nullptr;
    const int rc = archive_read_next_header(state_->reader.get(), &entry);
    if (rc == ARCHIVE_EOF) {
        TRY_VOID(state_->end());
        return nullptr;
    }
    if (rc != ARCHIVE_OK) return state_->entry_error();
    TRY_VOID(state_->take(entry));
    return &state_->entry;
}

Result<std::string_view> TarReader::data() {
    if (state_->data_left == 0) return std::string_view{};
    const void* bytes = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    const int rc = archive_read_data_block(state_->reader.get(), &bytes, &size, &offset);
    if (rc != ARCHIVE_OK) return state_->archive_error("'" + shown_name(state_->entry.path) + "' is damaged in the archive");
    if (static_cast<std::uint64_t>(offset) != state_->entry.size - state_->data_left || size == 0 || size > state_->data_left)
        return refuse(state_->entry.path, "its contents have holes or are longer than stated");
    state_->data_left -= size;
    return std::string_view{static_cast<const char*>(bytes), size};
}

const ReleaseTree& TarReader::tree() const { return state_->tree; }
const Unpacked& TarReader::totals() const { return state_->totals; }
const std::string& TarReader::sha256() const { return state_->stream->sha256(); }

}  // namespace uprev
