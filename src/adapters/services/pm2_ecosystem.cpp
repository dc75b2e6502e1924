// SPDX-License-Identifier: Apache-2.0
#include "adapters/services/pm2_ecosystem.hpp"

#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "base/text.hpp"

namespace uprev {
namespace {

constexpr std::string_view mark = "@uprev-ecosystem@";

// P: the parameters, a JSON literal in front of this text. Node 18 suffices.
constexpr std::string_view loader_code = R"js(
const fs = require('fs'), path = require('path');
const real = fs.realpathSync(P.pointer);
const through = p => p === real || p.startsWith(real + '/') ? P.pointer + p.slice(real.length) : p;
function pm2() {
  const places = P.bin.includes('/') ? [P.bin] : process.env.PATH.split(':').map(d => path.join(d, P.bin));
  return path.dirname(fs.realpathSync(places.find(p => fs.existsSync(p))));
}
function load() {
  const text = () => fs.readFileSync(P.file, 'utf8');
  if (/\.ya?ml$/.test(P.file)) return require(require.resolve('js-yaml', {paths: [pm2()]})).load(text());
  if (/\.json$/.test(P.file)) return require('vm').runInThisContext('(' + text() + ')');
  const loaded = require(P.file);
  return loaded.default && !loaded.apps ? loaded.default : loaded;
}
function straighten(app) {
  app = Object.assign({}, app);
  app.script = app.script || app.cmd || app.command;
  app.name = app.name || path.basename(String(app.script)).replace(/\.[^.]*$/, '');
  const kept = P.apps[app.name] || {patient: true};
  if (app.script && path.isAbsolute(app.script)) app.script = through(app.script);
  const stated = app.cwd ? through(path.resolve(P.pointer, app.cwd)) : '';
  app.cwd = stated || P.pointer;
  if (kept.patient) app.listen_timeout = Math.max(Number(app.listen_timeout) || 0, P.settle);
  app.env = Object.assign({}, kept.path ? {PATH: kept.path} : {}, app.env, app['env_' + kept.node_env]);
  return {app, stated};
}
function apps() {
  const loaded = load();
  let list = loaded.apps || loaded.pm2 || loaded;
  if (!Array.isArray(list)) list = [list];
  return list.map(straighten).filter(one => P.all || P.apps[one.app.name]);
}
)js";

// What keeps pm2 from starting a daemon (see Pm2Tool::run) is not for the apps, which are given pm2's own environment.
constexpr std::string_view wrapper_code =
    "delete process.env.PM2_NODE_OPTIONS;\nmodule.exports = {apps: apps().map(one => one.app)};\n";

constexpr std::string_view reader_code = R"js(
function wanted({app, stated}) {
  const script = app.script ? path.resolve(app.cwd, app.script) : '';
  const interpreter = app.exec_interpreter || app.interpreter || '';
  const cores = require('os').cpus().length;
  let instances = app.instances === 'max' ? 0 : parseInt(app.instances);
  if (instances <= 0) instances = Math.max(1, instances + cores);
  let mode = app.exec_mode ? /^cluster/.test(app.exec_mode) : null;
  if (mode === null && !interpreter && /\.[cm]?js$/.test(script)) mode = !isNaN(instances);
  return {name: app.name, cwd: stated, script: fs.existsSync(script) ? script : '', cluster: mode, instances: isNaN(instances) ? null : instances, interpreter};
}
process.stdout.write('\n' + MARK + JSON.stringify(apps().map(wanted)) + '\n');
)js";

Pm2Wanted wanted_of(const Json& from) {
    Pm2Wanted wanted;
    wanted.name = from.at("name").get<std::string>();
    wanted.cwd = from.at("cwd").get<std::string>();
    wanted.script = from.at("script").get<std::string>();
    if (from.at("cluster").is_boolean()) wanted.cluster = from.at("cluster").get<bool>();
    if (from.at("instances").is_number()) wanted.instances = from.at("instances").get<int>();
    wanted.interpreter = from.at("interpreter").get<std::string>();
    return wanted;
}

os::Path ecosystem_file(const SiteFile& site) {
    const auto& stated = site.services.pm2.ecosystem;
    return stated.empty() ? os::Path{} : (os::Path(site.root) / site.current / stated).lexically_normal();
}

}  // namespace

Pm2Ecosystem::Pm2Ecosystem(const SiteFile& site, const Pm2Tool& tool, os::FileSystem& files)
    : tool_(tool),
      files_(files),
      pointer_(os::Path(site.root) / site.current),
      file_(ecosystem_file(site)),
      settle_(site.services.settle) {}

std::string Pm2Ecosystem::loader(const std::map<std::string, Pm2Kept>& apps, bool all) const {
    Json parameters{
        {"pointer", pointer_.string()}, {"file", file_.string()}, {"bin", tool_.bin()}, {"settle", settle_.count()}, {"all", all},
        {"apps", Json::object()}};
    for (const auto& [name, kept] : apps)
        parameters["apps"][name] = {{"node_env", kept.node_env}, {"path", kept.path}, {"patient", kept.patient}};
    return "'use strict';\nconst P = " + parameters.dump() + ";" + std::string(loader_code);
}

Result<std::vector<Pm2Wanted>> Pm2Ecosystem::read() const {
    const auto program = loader({}, true) + replace_all(std::string(reader_code), "MARK", "'" + std::string(mark) + "'");
    const auto done = TRY(tool_.node(program));
    const auto at = done.output.rfind(mark);
    if (!done.outcome.ok() || at == std::string::npos)
        return fail(Code::failed,
                    "cannot read the ecosystem file '" + file_.string() + "': " + done.outcome.describe() + ": " +
                        excerpt(trim(done.errors), 300),
                    "run 'node -p \"require(FILE)\"' as the installation's user");
    const auto list = TRY(parse_json(trim(std::string_view(done.output).substr(at + mark.size())), "ecosystem file"));
    std::vector<Pm2Wanted> all;
    for (const auto& one : list) all.push_back(wanted_of(one));
    return all;
}

Result<os::Path> Pm2Ecosystem::wrap(const std::map<std::string, Pm2Kept>& apps) const {
    const auto path = tool_.home() / "uprev.config.cjs";
    const auto text = loader(apps, false) + std::string(wrapper_code);
    TRY_VOID(tool_.as_owner([&] { return files_.write(path, text, 0600); }).within("writing PM2's start file"));
    return path;
}

void Pm2Ecosystem::discard(const os::Path& wrapper) const {
    // Left behind it does no harm: it holds no secret, and the next one replaces it.
    const auto removed = tool_.as_owner([&] { return files_.remove_tree(wrapper); });
    static_cast<void>(removed.has_value());
}

}  // namespace uprev
