# SPDX-License-Identifier: Apache-2.0
"""Where tests of whole systems run: the cache that they share, the user whose application it is, temporary folders.

As root the application belongs to the user `uprevtest`, which is made on first use; otherwise to whoever runs the tests.
"""
import contextlib
import fcntl
import os
import pwd
import random
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
TEST_USER = "uprevtest"
PASSED_ON = ("NODE_EXTRA_CA_CERTS", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "npm_config_registry", "npm_config_cafile")
PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"


def is_root():
    return os.geteuid() == 0


def application_user():
    """Name of the user whose application it is."""
    if not is_root():
        return pwd.getpwuid(os.geteuid()).pw_name
    with locked("user"):
        try:
            pwd.getpwnam(TEST_USER)
        except KeyError:
            subprocess.run(["useradd", "--system", "--create-home", "--shell", "/usr/sbin/nologin", TEST_USER], check=True)
    return TEST_USER


def home(user):
    return Path(pwd.getpwnam(user).pw_dir)


def reachable(folder):
    """Whether other users can enter `folder`."""
    return all(parent.stat().st_mode & 0o001 for parent in [folder, *folder.parents] if parent.exists())


def cache():
    """A folder that outlives the test run and that every user can read. UPREV_TEST_CACHE names it."""
    folder = Path(os.environ.get("UPREV_TEST_CACHE") or REPOSITORY / "build" / "test-cache")
    if is_root() and not reachable(folder):
        folder = Path("/var/cache/uprev-tests")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def locked(name):
    """One test program at a time fills a part of the cache."""
    with open(cache() / f"{name}.lock", "w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def temporary_folder(prefix):
    folder = Path(tempfile.mkdtemp(prefix=f"uprev-{prefix}-"))
    folder.chmod(0o755)
    return folder


RESERVED = []  # descriptors: a port stays ours until this program ends


def free_port():
    """Below those that the kernel hands to clients, so that nobody's connection takes it, and reserved among all programs of the
    tests until this one ends, so that none of them takes it before the server does."""
    folder = Path(tempfile.gettempdir()) / f"uprev-test-ports-{os.geteuid()}"
    folder.mkdir(exist_ok=True)
    while True:
        port = random.randrange(10000, 32000)
        reserved = os.open(folder / str(port), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(reserved, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            os.close(reserved)
            continue
        RESERVED.append(reserved)
        return port


def descendants(pid):
    """The process itself, its children, theirs and so on."""
    found, queue = set(), [pid]
    while queue:
        current = queue.pop()
        found.add(current)
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{current}/task").iterdir():
                queue += [int(child) for child in (task / "children").read_text().split()]
    return found


def alive(pid):
    """Zombies are not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def give(path, user):
    """Hands a tree over to `user`, symlinks included."""
    if not is_root():
        return
    subprocess.run(["chown", "-Rh", f"{user}:", path], check=True)


def command_as(user, argv, environment=None):
    """(argv, env) that run `argv` as `user` in a stated environment."""
    account = pwd.getpwnam(user)
    env = {"PATH": PATH, "HOME": account.pw_dir, "USER": user, "LANG": "C.UTF-8", **(environment or {})}
    if is_root() and account.pw_uid != 0:
        argv = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--init-groups", *argv]
    return [str(word) for word in argv], {key: str(value) for key, value in env.items()}


def run_as(user, argv, environment=None, cwd="/", check=True, timeout=120):
    argv, env = command_as(user, argv, environment)
    result = subprocess.run(argv, env=env, cwd=cwd, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL, check=False)
    if check and result.returncode != 0:
        raise RuntimeError(f"{argv}: exit code {result.returncode}\n{result.stdout[-2000:]}{result.stderr[-2000:]}")
    return result


def remove(folder):
    shutil.rmtree(folder, ignore_errors=True)


def npm_folder(name, user):
    """tests/support/NAME's package-lock.json installed once into the cache; returns the folder."""
    folder = cache() / name
    source = Path(__file__).parent / name
    lock = (source / "package-lock.json").read_text()
    with locked(name):
        stamp = folder / "installed"
        if not stamp.exists() or stamp.read_text() != lock:
            remove(folder)
            shutil.copytree(source, folder, ignore=shutil.ignore_patterns("node_modules"))
            give(folder, user)
            run_as(user, ["npm", "ci", "--no-audit", "--no-fund"], npm_environment(user), cwd=folder, timeout=600)
            stamp.write_text(lock)
    return folder


def npm_environment(user):
    """npm with the cache that all tests share, so that an install needs the network once."""
    folder = cache() / "npm"
    if not folder.exists():
        with locked("npm"):
            folder.mkdir(exist_ok=True)
            give(folder, user)
    passed_on = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return {**passed_on, "npm_config_cache": str(folder), "npm_config_prefer_offline": "true", "npm_config_update_notifier": "false",
            "npm_config_audit": "false", "npm_config_fund": "false"}
