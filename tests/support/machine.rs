//! A machine of this one's files with a systemd of its own, where a package can be installed and a service run.

use super::daemon::wait_for;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Name spaces that `boot.sh` starts systemd in. They, their mounts and processes end with this, or with the test's thread.
pub struct Machine {
    unshare: Child,
    /// Process id of systemd outside.
    init: u32,
    dir: tempfile::TempDir,
}

impl Machine {
    /// Boots, with `package` as `/srv/logveil.deb`. Nothing when this machine cannot: the reason is printed.
    pub fn boot(package: &Path) -> Option<Machine> {
        let missing = ["setpriv", "unshare", "nsenter", "/lib/systemd/systemd", "apt-get"].into_iter().find(|p| {
            let places = ["/usr/bin", "/bin", "/"].map(|d| Path::new(d).join(p));
            !places.iter().any(|p| p.exists())
        });
        if let Some(missing) = missing {
            eprintln!("skipped: {missing} is not installed");
            return None;
        }
        if !rustix::process::geteuid().is_root() {
            eprintln!("skipped: only root can make name spaces with mounts");
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let (root, said) = (dir.path().join("root"), dir.path().join("said"));
        fs::create_dir(&root).unwrap();
        let words = File::create(&said).unwrap();
        // The signal of a parent's death is that of the thread's: no machine outlives a test that was killed.
        let unshare = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "unshare", "--fork", "--kill-child=KILL"])
            .args(["--pid", "--mount", "--net", "--uts", "--ipc"])
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/boot.sh"))
            .args([&root, &PathBuf::from(name(dir.path())), &package.to_path_buf()])
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::null())
            .stdout(words.try_clone().unwrap())
            .stderr(words)
            .spawn()
            .unwrap();
        let mut machine = Machine { unshare, init: 0, dir };
        let mut ended = None;
        wait_for("systemd starts", || {
            ended = machine.unshare.try_wait().unwrap();
            ended.is_some() || machine.find_init()
        });
        if let Some(status) = ended {
            let words = fs::read_to_string(said).unwrap_or_default();
            eprintln!("skipped: no systemd here ({status}): {}", words.trim());
            return None;
        }
        machine.run("systemctl is-system-running --wait");
        Some(machine)
    }

    /// Looks for the child of `unshare`, once it has become systemd and listens.
    fn find_init(&mut self) -> bool {
        let id = self.unshare.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        let Some(child) = children.split_whitespace().next().and_then(|c| c.parse().ok()) else { return false };
        self.init = child;
        fs::read_to_string(format!("/proc/{child}/comm")).is_ok_and(|c| c == "systemd\n")
            && self.at("/run/systemd/private").exists()
    }

    /// A path of the machine, from outside.
    pub fn at(&self, path: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{path}", self.init))
    }

    /// Runs a shell script in the machine: what it prints, and whether it went well.
    pub fn run(&self, script: &str) -> (bool, String) {
        let out = Command::new("nsenter")
            .args(["-t", &self.init.to_string(), "-a", "-r", "-w", "bash", "-c"])
            .arg(format!("exec 2>&1; {script}"))
            .env_clear()
            .envs([("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), ("LC_ALL", "C"), ("DEBIAN_FRONTEND", "noninteractive")])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        (out.status.success(), String::from_utf8_lossy(&out.stdout).into_owned())
    }

    /// As `run`, for what has to go well.
    pub fn does(&self, script: &str) -> String {
        let (well, said) = self.run(script);
        assert!(well, "{script}\n{said}");
        said
    }

    /// A property of the service.
    pub fn property(&self, name: &str) -> String {
        self.does(&format!("systemctl show -P {name} logveil")).trim().to_owned()
    }
}

/// Name of the machine's cgroup: that of its folder.
fn name(dir: &Path) -> String {
    format!("logveil-test-{}", dir.file_name().unwrap().to_str().unwrap().trim_start_matches('.'))
}

impl Drop for Machine {
    fn drop(&mut self) {
        // The first process of the name spaces takes all others with it; unshare waits for it and ends.
        let init = i32::try_from(self.init).ok().and_then(rustix::process::Pid::from_raw);
        match init {
            Some(init) => drop(rustix::process::kill_process(init, rustix::process::Signal::KILL)),
            None => drop(self.unshare.kill()),
        }
        let _ = self.unshare.wait();
        // The folders of the cgroup stay with the kernel until they are removed.
        let script = "mount -t cgroup2 cgroup2 \"$1\" && find \"$1/$2\" -depth -type d -exec rmdir {} +";
        let _ = Command::new("unshare")
            .args(["--mount", "sh", "-c", script, "sh"])
            .arg(self.dir.path().join("root"))
            .arg(name(self.dir.path()))
            .stderr(Stdio::null())
            .status();
    }
}
