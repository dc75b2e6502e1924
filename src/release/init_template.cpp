// SPDX-License-Identifier: Apache-2.0
#include "release/init_template.hpp"

#include "base/text.hpp"
#include "release/config.hpp"

namespace uprev {

namespace {

// Double-quoted YAML: whatever an answer holds stays one scalar.
std::string quoted(const std::string& text) {
    return "\"" + replace_all(replace_all(replace_all(text, "\\", "\\\\"), "\"", "\\\""), "\n", "\\n") + "\"";
}

std::string optional_line(const std::string& key, const std::string& value, const std::string& example) {
    return value.empty() ? "# " + key + ": " + example + "\n" : key + ": " + quoted(value) + "\n";
}

std::string installation(const InitAnswers& answers) {
    return "# The installation's name on this machine, and where it lives.\n"
           "id: " +
           quoted(answers.id) +
           "\n"
           "root: " +
           quoted(answers.root) +
           "\n"
           "# The application's name, compared with the release file's against mix-ups.\n" +
           optional_line("application", answers.application, "my-shop") + "# Who builds, migrates and runs the services.\n" +
           optional_line("user", answers.user, "www-data") +
           "\n# Your own files and folders: they live in `shared` below the root and are linked into each release.\n"
           "keep: [.env]\n";
}

std::string source(const InitAnswers& answers) {
    std::string text =
        "\n# Where the vendor publishes releases.\n"
        "source:\n"
        "  kind: feed\n"
        "  channel: stable\n"
        "  url: " +
        quoted(answers.feed_url) +
        "\n"
        "  # For a feed that names only the latest version:\n"
        "  # artifact: https://example.com/releases/app-${version}.tar.xz\n"
        "  # signature: ${artifact}.minisig\n";
    if (answers.feed_url.starts_with("http://"))
        text +=
            "  # Anyone on the way can change what plain http carries; the signature is the only protection.\n  "
            "allow_plain_http: true\n";
    return text;
}

std::string trust(const InitAnswers& answers) {
    if (answers.minisign_key.empty())
        return "\n# What a release must prove before a byte of it is used. A digest alone finds damage, but no forgery: ask your "
               "vendor\n"
               "# for a minisign key, and require its signature.\n"
               "trust:\n"
               "  require: [sha256]\n"
               "  # require: [sha256, minisign]\n"
               "  # minisign:\n"
               "  #   keys: [RW…]\n";
    return "\n# What a release must prove before a byte of it is used.\n"
           "trust:\n"
           "  require: [minisign]\n"
           "  minisign:\n"
           "    keys: [" +
           quoted(answers.minisign_key) +
           "]\n"
           "    # Where the vendor signs the version into the trusted comment, an older release is no answer:\n"
           "    # trusted_comment: version:${version}\n";
}

std::string databases(const InitAnswers& answers) {
    if (answers.database.empty())
        return "\n# Databases are backed up before migrations, and put back when an upgrade fails.\n# databases:\n#   main: "
               "{kind: postgresql, url: env:DATABASE_URL}\n";
    std::string text = "\n# Backed up before migrations, and put back when an upgrade fails.\ndatabases:\n  main:\n    kind: " +
                       quoted(answers.database) + "\n";
    if (answers.database == "sqlite") return text + "    path: ${root}/shared/app.db\n    # schema_query: PRAGMA user_version\n";
    return text +
           "    # A reference, so that this file holds no password: env:NAME or file:/path.\n"
           "    url: env:DATABASE_URL\n"
           "    # The variable through which the application gets its address.\n"
           "    url_env: DATABASE_URL\n";
}

std::string services(const InitAnswers& answers) {
    std::string text = "\nservices:\n  kind: " + quoted(answers.services) + "\n";
    if (answers.services == "pm2")
        return text +
               "  # Only these apps are ever touched; absent: those that the release names.\n"
               "  # apps: [backend]\n"
               "  # ecosystem: ecosystem.config.js\n";
    return text +
           "  # commands:\n"
           "  #   web:\n"
           "  #     start: [/usr/local/bin/web, start]\n"
           "  #     stop: [/usr/local/bin/web, stop]\n"
           "  #     status: [/usr/local/bin/web, status]   # exit 0: running, 3: stopped\n";
}

std::string rest() {
    return "\n# Good releases and snapshot sets that are kept besides the active one, and disk that stays free.\n"
           "retention:\n"
           "  releases: 3\n"
           "  snapshots: 3\n"
           "  reserve_bytes: 256MiB\n"
           "\n# When breaking and automatic upgrades may run.\n"
           "# windows:\n"
           "#   - {days: [sat, sun], from: \"02:00\", until: \"05:00\", zone: Europe/Berlin}\n"
           "\n# Unattended upgrades: off, patch or minor. `uprev auto` does one round.\n"
           "auto: off\n"
           "\n# Who is told.\n"
           "# notify:\n"
           "#   - {kind: webhook, url: env:UPREV_WEBHOOK}\n"
           "\n# For a vendor that ships no uprev.release.yaml, the same keys stand here.\n"
           "# release:\n"
           "#   services:\n"
           "#     web:\n"
           "#       health:\n"
           "#         - {url: \"http://127.0.0.1:3000/health\", contains: ok}\n";
}

}  // namespace

Result<std::string> site_template(const InitAnswers& answers) {
    const auto text =
        "# An installation that uprev looks after. Every key is explained in docs/site-file.md; `uprev config --origin` shows "
        "what is in force.\n" +
        installation(answers) + source(answers) + trust(answers) + databases(answers) + services(answers) + rest();
    const auto parsed = parse_site({{"site", "uprev.yaml", text}});
    if (!parsed) return Error(parsed.error()).within("these answers make no site file");
    return text;
}

}  // namespace uprev
