# SPDX-License-Identifier: Apache-2.0
"""What must hold after any operation, judged from outside: files, processes, database, HTTP. Shares no code with uprev and
never asks it. `violations` gives a list of sentences; an empty one means that all is well."""
import fcntl
import os
import re
from pathlib import Path

import workplace
from catalog import RELEASES
from installation import SERVICES, ask

FOLDER_NAME = re.compile(r"\d{14}_v(\d+\.\d+\.\d+)(-\d+)?")


def violations(shop, acknowledged=(), needs_operator=False, said=""):
    """`needs_operator`: uprev stopped and asked; then the shop may be down, but each acknowledged row must still exist
    somewhere that `said` (uprev's words) names."""
    found = pointer(shop)
    version = pointed_version(shop)
    if not needs_operator:
        found += served(shop, version) + processes_run_from(shop) + schema(shop, version) + fence(shop) + guard(shop)
    return found + rows(shop, acknowledged, needs_operator, said) + leftovers(shop) + children(shop) + lock(shop) + foreign(shop) + owners(shop)


def pointed_version(shop):
    match = FOLDER_NAME.fullmatch(shop.active.name)
    return match.group(1) if match else None


def pointer(shop):
    link = shop.root / "current"
    if not link.is_symlink():
        return ["the pointer is not a symlink"]
    if not link.exists():
        return [f"the pointer dangles: {os.readlink(link)}"]
    version = pointed_version(shop)
    if shop.active.parent != shop.root / "releases" or not version:
        return [f"the pointer leads to {shop.active}"]
    inside = (shop.active / "VERSION").read_text().strip()
    return [] if inside == version else [f"{shop.active} holds {inside}"]


def served(shop, version):
    found = []
    for name in SERVICES:
        status, document = ask(shop.ports[name])
        if status != 200 or document.get("ok") is not True:
            found.append(f"{name} is not well: {status} {document}")
        elif document["version"] != version:
            found.append(f"{name} serves {document['version']} but the pointer says {version}")
    return found


def processes_run_from(shop):
    apps, found = shop.pm2.apps(), []
    for name in SERVICES:
        rows_of = apps.get(name, [])
        wanted = shop.instances if name == "backend" else 1
        if len(rows_of) != wanted or any(row["pm2_env"]["status"] != "online" for row in rows_of):
            found.append(f"pm2 runs {name} as {[(row['pid'], row['pm2_env']['status']) for row in rows_of]}, not {wanted} times online")
        for row in rows_of:
            if row["pid"] and Path(f"/proc/{row['pid']}/cwd").resolve() != shop.active / name:
                found.append(f"{name} ({row['pid']}) runs in {Path('/proc', str(row['pid']), 'cwd').resolve()}")
    return found


def schema(shop, version):
    if version not in RELEASES:
        return []
    release = RELEASES[version]
    number = int(shop.database.sql("select max(number) from shop_migrations", "shop")[0][0])
    columns = {row[0] for row in shop.database.sql("select column_name from information_schema.columns where table_name = 'orders'", "shop")}
    found = [] if number in release.reads else [f"schema {number} under {version}, which reads {release.reads}"]
    return found if release.total_column in columns else found + [f"{version} needs orders.{release.total_column}, there are {sorted(columns)}"]


def present(shop, database):
    try:
        return {row[0] for row in shop.database.sql("select key from orders", database)}
    except RuntimeError:
        return set()


def rows(shop, acknowledged, needs_operator, said):
    missing = set(acknowledged) - present(shop, "shop")
    if needs_operator:
        for database in shop.database.databases() - {"shop", "postgres"}:
            if database in said:
                missing -= present(shop, database)
    return [f"{len(missing)} of {len(acknowledged)} acknowledged orders are gone, e.g. {sorted(missing)[:3]}"] if missing else []


def fence(shop):
    found = []
    strangers = {name for name in shop.database.databases() if name not in ("shop", "postgres") and "_failed_" not in name}
    if strangers:
        found.append(f"databases left behind: {sorted(strangers)}")
    state = shop.database.sql("select datallowconn, datconnlimit from pg_database where datname = 'shop'")
    if state != [["t", "-1"]]:
        found.append(f"the database is still fenced: {state}")
    settings = shop.database.sql("select setconfig from pg_db_role_setting")
    role = shop.database.sql("select rolcanlogin, rolconnlimit from pg_roles where rolname = 'shop'")
    return found + ([f"settings left behind: {settings}"] if settings else []) + ([] if role == [["t", "-1"]] else [f"the role was changed: {role}"])


def guard(shop):
    return [] if shop.pm2.saved() == shop.saved else [f"a reboot would start {shop.pm2.saved()}, not {shop.saved}"]


def leftovers(shop):
    entries = sorted(entry.name for entry in shop.root.iterdir())
    found = [] if entries == shop.root_entries else [f"the root holds {entries}, not {shop.root_entries}"]
    strays = [entry.name for entry in (shop.root / "releases").iterdir() if not FOLDER_NAME.fullmatch(entry.name)]
    return found + ([f"staging left behind: {strays}"] if strays else [])


def children(shop):
    """No process of an operation outlives it: none works below the installation except what PM2 runs."""
    ours = workplace.descendants(shop.pm2.daemon()) if shop.pm2.daemon() else set()
    ours |= {os.getpid()}
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) in ours:
            continue
        try:
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            cwd = os.readlink(entry / "cwd")
        except OSError:
            continue
        mentions = str(shop.root) in words or str(shop.state) in words
        if (mentions or cwd.startswith(str(shop.root))) and words.strip():
            found.append(f"process {entry.name} is left: {words[:160]}")
    return found


def lock(shop):
    path = shop.state / "carphacom" / "lock"
    if not path.exists():
        return []
    with open(path, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return ["the lock is still held"]
    return []


def foreign(shop):
    now = shop.foreign_state()
    return [] if now == shop.foreign else [f"the foreign application noticed: {shop.foreign} became {now}"]


def owners(shop):
    """Nothing of root's stays in an application that has a user of its own."""
    if not workplace.is_root():
        return []
    strangers = []
    for folder, folders, files in os.walk(shop.root):
        if "node_modules" in folders:
            folders.remove("node_modules")
        strangers += [os.path.join(folder, name) for name in folders + files if os.lstat(os.path.join(folder, name)).st_uid == 0]
    return [f"root owns {len(strangers)} files in the application, e.g. {strangers[:3]}"] if strangers else []
