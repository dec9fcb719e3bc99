"""A SLURM of one's own on this machine, for tests: two nodes, accounting, and nothing left of it afterwards.

All of it lies in one folder, and nothing of the system is touched but the programs, which `install.sh` puts there. It
needs neither systemd nor cgroups, and runs as root, as daemons of SLURM do.
"""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

NODES = ("one", "two")
PATIENCE = 60.0
SETTINGS = """
ClusterName=takestwo
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
AuthInfo=socket={folder}/munge.socket,cred_expire=10
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmdSpoolDir={folder}/spool.%n
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=2,batch_sched_delay=1
ReturnToService=2
SlurmctldTimeout=10
SlurmdTimeout=6
KillWait=2
JobRequeue=1
MaxArraySize=1001
JobAcctGatherType=jobacct_gather/none
NodeName=one NodeHostname={host} NodeAddr=127.0.0.1 Port={one} CPUs=1 RealMemory=4000
NodeName=two NodeHostname={host} NodeAddr=127.0.0.1 Port={two} CPUs=1 RealMemory=4000
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""
ACCOUNTED = """
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=localhost
AccountingStoragePort={accounts}
AccountingStoragePass={folder}/munge.socket
"""
ACCOUNTS = """
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
DbdHost=localhost
DbdPort={accounts}
SlurmUser=root
LogFile={folder}/slurmdbd.log
PidFile={folder}/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={database}
StorageUser=slurm
StoragePass=slurm
StorageLoc=slurm
"""
GRANTS = """
create database slurm;
create user slurm@'127.0.0.1' identified by 'slurm';
grant all on slurm.* to slurm@'127.0.0.1';
"""


def free_ports(count):
    """Ports of this machine that nobody listens to."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


class Cluster:
    """Two nodes, a controller, and accounting, up while in ``with``.

    Args:
        folder: an empty one, where all of it comes to lie.
        accounting: whether SLURM keeps books of jobs that have ended.
    """

    def __init__(self, folder, *, accounting=True):
        self.folder, self._accounting = Path(folder), accounting
        self._daemons = []
        names = ("controller", "accounts", "database", *NODES)
        self._facts = dict(zip(names, free_ports(len(names)), strict=True))
        self._facts |= {"folder": folder, "host": socket.gethostname().partition(".")[0]}
        self.surroundings = os.environ | {"SLURM_CONF": str(self.folder / "slurm.conf")}

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_):
        self._stop()

    def do(self, *command):
        """What a command of SLURM says."""
        done = subprocess.run(command, env=self.surroundings, capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    def kill_node(self, name):
        """A node dies as by a fault of its power: its daemon, and all that it runs."""
        daemon = next(process for process in self._daemons if name in process.args)
        daemon.kill()
        daemon.wait()
        self._daemons.remove(daemon)
        return self._kill_jobs(name)

    def start_node(self, name):
        """A node comes up, or again."""
        self._daemon("slurmd", "-D", "-N", name)

    def _start(self):
        folder = self.folder
        for name in ("state", "data", *(f"spool.{node}" for node in NODES)):
            (folder / name).mkdir(parents=True)
        folder.chmod(0o755)
        settings = SETTINGS + ACCOUNTED * self._accounting
        (folder / "slurm.conf").write_text(settings.format(**self._facts))
        key = folder / "munge.key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o400)
        where = {name: folder / f"munge.{name}" for name in ("socket", "pid", "log", "seed")}
        files = [f"--{name}-file={path}" for name, path in where.items() if name != "socket"]
        self._daemon("munged", "--foreground", "--force", f"--key-file={key}", f"--socket={where['socket']}", *files)
        self._until(where["socket"].exists, "munge")
        if self._accounting:
            self._start_accounting(folder)
        self._daemon("slurmctld", "-D")
        for name in NODES:
            self.start_node(name)
        self._until(lambda: self.do("sinfo", "-h", "-N", "-o", "%N %T").split() == ["one", "idle", "two", "idle"],
                    "the nodes")  # fmt: skip

    def _start_accounting(self, folder):
        self._start_database(folder / "data", folder / "mysql.socket")
        accounts = folder / "slurmdbd.conf"
        accounts.write_text(ACCOUNTS.format(**self._facts))
        accounts.chmod(0o600)
        self._daemon("slurmdbd", "-D")
        self._until(lambda: "takestwo" in self.do("sacctmgr", "-i", "-n", "add", "cluster", "takestwo")
                    + self.do("sacctmgr", "-n", "-P", "list", "cluster"), "accounting")  # fmt: skip

    def _start_database(self, data, address):
        subprocess.run(["mariadb-install-db", "--no-defaults", "--user=root", f"--datadir={data}",
                        "--auth-root-authentication-method=normal", "--skip-test-db"],
                       check=True, capture_output=True)  # fmt: skip
        self._daemon("mariadbd", "--no-defaults", "--user=root", f"--datadir={data}", f"--socket={address}",
                     f"--port={self._facts['database']}", "--bind-address=127.0.0.1", "--innodb-buffer-pool-size=64M",
                     f"--pid-file={data}/pid")  # fmt: skip
        ask = ["mariadb", "--no-defaults", f"--socket={address}", "-u", "root"]
        self._until(lambda: subprocess.run([*ask, "-e", "select 1"], capture_output=True, check=False).returncode == 0,
                    "the database")  # fmt: skip
        subprocess.run(ask, input=GRANTS, text=True, check=True, capture_output=True)

    def _daemon(self, program, *words):
        path = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
        assert path, f"{program} is not installed: tests/engines/install.sh does it"
        log = (self.folder / f"{program}.out").open("ab")
        process = subprocess.Popen([path, *words], env=self.surroundings, stdout=log, stderr=log,
                                   start_new_session=True)  # fmt: skip
        self._daemons.append(process)

    def _until(self, is_so, what):
        end = time.monotonic() + PATIENCE
        while not is_so():
            logs = sorted(self.folder.glob("*.log")) + sorted(self.folder.glob("*.out"))
            told = "\n".join(f"{log.name}: {log.read_text(errors='replace')[-600:]}" for log in logs)
            assert time.monotonic() < end, f"{what} did not come up.\n{told}"
            time.sleep(0.2)

    def _stop(self):
        for process in reversed(self._daemons):
            process.terminate()
        for process in reversed(self._daemons):
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for name in NODES:
            self._kill_jobs(name)

    def _kill_jobs(self, name):
        """Kill what a node runs, and before that the keepers of it, so that they tell nobody of it.

        Returns how many processes of jobs there were.
        """
        mine = {f"SLURM_CONF={self.folder / 'slurm.conf'}".encode(), f"SLURMD_NODENAME={name}".encode()}
        everybody = list(_processes())
        tasks = {pid: parent for pid, parent, around, _ in everybody if mine <= set(around)}
        keepers = {pid for pid, _, _, called in everybody if called.startswith("slurmstepd")}
        for pid in (*(keepers & set(tasks.values())), *tasks):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return len(tasks)


def _processes():
    """Every process: its id, that of its parent, its surroundings, and what it is called."""
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            yield int(path.name), parent, (path / "environ").read_bytes().split(b"\0"), (path / "comm").read_text()
        except (OSError, ValueError):
            continue
