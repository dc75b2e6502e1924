# SPDX-License-Identifier: Apache-2.0
"""The virtual machine: Debian's kernel, an initramfs of busybox and one program, and QEMU without acceleration (no KVM needed).

Nothing is installed on this machine but QEMU: the kernel package is unpacked below build/ by `scripts/install-deps.sh crash`.
"""
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

MODULES = ("virtio_pci", "virtio_blk", "crc32c_generic", "ext4")
TOOLS = ("qemu-system-x86_64", "mkfs.ext4", "e2fsck", "depmod", "modprobe", "cpio", "busybox", "ldd")
LIMIT = 900  # seconds; ten are usual, on a machine that has time
PATH = "/usr/local/sbin:/usr/sbin:/sbin:" + os.environ.get("PATH", "/usr/bin:/bin")
HOW = "run scripts/install-deps.sh crash"


def run(*argv, **options):
    """A tool that must succeed; what it said is shown when it doesn't."""
    options = {"check": False, "text": True, "capture_output": True, "env": {**os.environ, "PATH": PATH}, **options}
    done = subprocess.run([str(word) for word in argv], **options)
    if done.returncode:
        raise RuntimeError(f"{argv[0]} failed ({done.returncode}): {done.stdout}{done.stderr}")
    return done.stdout


def require_tools():
    missing = [tool for tool in TOOLS if not shutil.which(tool, path=PATH)]
    if missing:
        raise RuntimeError(f"missing: {', '.join(missing)}: {HOW}")


class Kernel:
    """Debian's kernel package, unpacked into `folder`."""

    def __init__(self, folder):
        images = sorted(Path(folder).glob("boot/vmlinuz-*"))
        if not images:
            raise RuntimeError(f"no kernel in {folder}: {HOW}")
        self.folder, self.image = Path(folder), images[-1]
        self.release = self.image.name.removeprefix("vmlinuz-")

    def modules(self):
        """The files of MODULES and of what they need, in the order in which they must be loaded."""
        if not (self.folder / "lib/modules" / self.release / "modules.dep").exists():
            run("depmod", "-b", self.folder, self.release)
        files = []
        for name in MODULES:
            wanted = run("modprobe", "-d", self.folder, "-S", self.release, "--show-depends", name)
            files += [Path(file) for file in re.findall(r"^insmod (\S+)", wanted, re.M)]
        return list(dict.fromkeys(files))


def libraries(program):
    """The shared libraries of `program`, its loader and those that it loads late included."""
    if b"/ld-linux" not in Path(program).read_bytes():
        return []  # static
    late = late_libraries(program)
    return sorted(set(late).union(*map(linked, [program, *late])))


def linked(program):
    found = run("ldd", program)
    if "not found" in found:
        raise RuntimeError(f"{program} lacks libraries:\n{found}")
    return set(re.findall(r"(/\S+)", found)) - {str(program)}


def late_libraries(program):
    """What uprev opens at its first call, so that ldd doesn't list it: named in its data."""
    names = {name.decode() for name in re.findall(rb"\0(lib(?:archive|curl)\.so\.\d+)\0", Path(program).read_bytes())}
    known = dict(re.findall(r"^\s*(\S+) \(libc6,x86-64\) => (\S+)$", run("ldconfig", "-p"), re.MULTILINE))
    return [known[name] for name in sorted(names)]


def make_initramfs(kernel, init, programs, target):
    """`target`: a cpio archive, not compressed, since unpacking costs the guest more than reading."""
    tree = target.with_suffix(".tree")
    shutil.rmtree(tree, ignore_errors=True)
    (tree / "bin").mkdir(parents=True)
    (tree / "modules").mkdir()
    shutil.copy(shutil.which("busybox", path=PATH), tree / "bin/busybox")
    shutil.copy(init, tree / "init")
    (tree / "init").chmod(0o755)
    (tree / "etc").mkdir()
    (tree / "etc/passwd").write_text("root:x:0:0:root:/disk:/bin/sh\n")
    (tree / "etc/group").write_text("root:x:0:\n")
    (tree / "etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    for name, program in programs.items():
        program = Path(program)
        shutil.copy(program, tree / "bin" / name)
        (tree / "bin" / name).chmod(0o755)
        if program.read_bytes()[:4] != b"\x7fELF":
            continue
        run("strip", tree / "bin" / name)
        for library in libraries(program):
            place = tree / library.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(library, place)  # through symlinks: what is loaded is the name
    shutil.copytree("/usr/lib/locale/C.utf8", tree / "usr/lib/locale/C.utf8")  # uprev insists on it
    for number, module in enumerate(kernel.modules()):
        shutil.copy(module, tree / "modules" / f"{number:02}-{module.name}")
    names = "\n".join(str(path.relative_to(tree)) for path in sorted(tree.rglob("*")))
    with open(target, "wb") as out:
        subprocess.run(["cpio", "--quiet", "-o", "-H", "newc"], input=names.encode(), stdout=out, cwd=tree, check=True)
    shutil.rmtree(tree)
    return target


class Guest:
    """One boot. `console` is the file into which the serial line goes."""

    def __init__(self, kernel, initramfs, words, disks, console):
        self.console = Path(console)
        self.console.unlink(missing_ok=True)
        # no_timer_check: on a busy machine a tick may come too late for the kernel's taste, and it panics.
        kernel_words = ["console=ttyS0", "quiet", "panic=-1", "no_timer_check", "nowatchdog"]
        command = ["qemu-system-x86_64", "-accel", "tcg", "-m", "512", "-display", "none", "-vga", "none", "-nic", "none",
                   "-no-reboot", "-monitor", "none", "-serial", f"file:{self.console}", "-kernel", str(kernel.image),
                   "-initrd", str(initramfs), "-append", " ".join([*kernel_words, *words]), *disks]
        with open(self.console.with_suffix(".qemu"), "w", encoding="utf-8") as said:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.cut()

    def said(self):
        return self.console.read_text(errors="replace") if self.console.exists() else ""

    def fail(self, what):
        quoted = self.console.with_suffix(".qemu").read_text(errors="replace")
        raise RuntimeError(f"the virtual machine {what}:\n{quoted}{self.said()[-3000:]}")

    def wait_for_line(self, line):
        limit = time.monotonic() + LIMIT
        while line not in self.said().splitlines():
            if self.process.poll() is not None:
                self.fail("ended too soon")
            if time.monotonic() > limit:
                self.fail(f"did not say '{line}' within {LIMIT} s")
            time.sleep(0.02)

    def wait(self):
        try:
            self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self.fail(f"did not end within {LIMIT} s")

    def cut(self):
        """Pulls the plug: SIGKILL. What the guest had not written to its disk is gone."""
        self.process.kill()
        self.process.wait()


def recorded_disk(image, log):
    """A disk with a write cache; every write and flush that reaches it goes to `log` as well."""
    # The machine that runs QEMU doesn't die, so that its own page cache needs no flush.
    return ["-blockdev", f"driver=blklogwrites,node-name=disk,log-sector-size=512,"
                         f"file.driver=file,file.filename={image},file.cache.no-flush=on,"
                         f"log.driver=file,log.filename={log},log.cache.no-flush=on",
            "-device", "virtio-blk-pci,drive=disk,write-cache=on"]


def plain_disks(images):
    disks = []
    for image in images:
        disks += ["-drive", f"file={image},format=raw,if=virtio,cache=unsafe"]
    return disks
