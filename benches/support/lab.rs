//! Inputs, keys and filters of a measurement; files are kept in `target/bench-data`.

use super::Failure;
use super::generate::Kind;
use super::measure::Filter;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Bytes in the megabyte of `--mb`.
pub const MB: u64 = 1 << 20;

/// Changes whenever the generator would make other bytes, so that stored inputs are made anew.
const VERSION: u32 = 3;

/// An input on disk.
pub struct Input {
    pub name: String,
    pub path: PathBuf,
    pub bytes: u64,
}

/// Where measurements are made.
pub struct Lab {
    dir: PathBuf,
    /// This program, for peers and for the ends of pipes.
    me: PathBuf,
    logveil: PathBuf,
    key: PathBuf,
    cmac: PathBuf,
    /// Size of inputs.
    pub mb: u64,
    /// Runs of each row.
    pub rounds: usize,
}

impl Lab {
    /// A lab that measures the binary at `logveil`.
    pub fn new(logveil: &Path, mb: u64, rounds: usize) -> Result<Lab, Failure> {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench-data");
        fs::create_dir_all(&dir)?;
        let key = dir.join("key");
        fs::write(&key, [b'k'; 32])?;
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600))?;
        let cmac = dir.join("jdcloud-2021-cmac.toml");
        let policy = logveil::rules::policy_builtin("jdcloud-2021").ok_or("no policy jdcloud-2021")?;
        fs::write(&cmac, policy.replace("hmac-sha256", "aes-cmac"))?;
        Ok(Lab { dir, me: std::env::current_exe()?, logveil: logveil.into(), key, cmac, mb, rounds: rounds.max(1) })
    }

    /// The product with the default policy, inline tags and one thread, unless `args` say otherwise.
    pub fn logveil(&self, name: &str, args: &[&str]) -> Filter {
        let key = self.key.to_string_lossy();
        let mut all = vec!["filter", "--key-file", &key];
        all.extend(args);
        if !args.contains(&"-j") {
            all.extend(["-j", "1"]);
        }
        Filter::new(name, &self.logveil, all).counting_by("--stats=json")
    }

    /// Arguments for the default policy with AES-CMAC in the place of HMAC-SHA256.
    pub fn cmac(&self) -> [&str; 2] {
        ["--policy", self.cmac.to_str().unwrap_or_default()]
    }

    /// A peer by its name in [`super::child::Name`].
    pub fn peer(&self, name: &str, id: &str) -> Filter {
        Filter::new(name, &self.me, ["peer", id])
    }

    /// This program in another role.
    pub fn role(&self, args: &[&str]) -> Command {
        let mut c = Command::new(&self.me);
        c.args(args);
        c
    }

    /// A generated log of that many MB.
    pub fn input(&self, name: &str, kind: Kind, mb: u64) -> Result<Input, Failure> {
        let path = self.dir.join(format!("{kind:?}-{mb}-v{VERSION}.log").to_lowercase());
        if !path.exists() {
            let part = path.with_extension("part");
            let id = clap::ValueEnum::to_possible_value(&kind).ok_or("no name")?;
            let size = (mb * MB).to_string();
            let made = self.role(&["generate", id.get_name(), &size]).stdout(File::create(&part)?).status()?;
            if !made.success() {
                return Err("the generator failed".into());
            }
            fs::rename(&part, &path)?;
        }
        Input::open(name, path)
    }

    /// Logs of the shared generator, where this machine has it.
    pub fn shared(&self) -> Result<Vec<Input>, Failure> {
        let dir = std::env::var_os("LOGVEIL_SHARED").map(PathBuf::from);
        let dir = dir.or_else(|| Some(Path::new(env!("CARGO_MANIFEST_DIR")).parent()?.join("shared")));
        let Some(script) = dir.map(|d| d.join("gen/gen_corpus.py")).filter(|p| p.is_file()) else {
            eprintln!("no shared data here (LOGVEIL_SHARED): its logs are left out");
            return Ok(Vec::new());
        };
        let out = self.dir.join(format!("shared-{}", self.mb));
        if !out.join("telemetry.ndjson").exists() {
            let part = out.with_extension("part");
            let mb = (2 * self.mb).to_string();
            let mut python = Command::new("python3");
            python.arg(script).arg("--out").arg(&part).args(["--mb", &mb, "--seed", "7"]);
            if !python
                .args(["--kinds", "access,telemetry"])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()?
                .success()
            {
                return Err("gen_corpus.py failed".into());
            }
            for truth in ["access.log.truth.tsv", "telemetry.ndjson.truth.tsv"] {
                fs::remove_file(part.join(truth))?;
            }
            fs::rename(&part, &out)?;
        }
        let access = Input::open("shared access log", out.join("access.log"))?;
        Ok(vec![access, Input::open("shared telemetry", out.join("telemetry.ndjson"))?])
    }
}

impl Input {
    fn open(name: &str, path: PathBuf) -> Result<Input, Failure> {
        let bytes = fs::metadata(&path)?.len();
        Ok(Input { name: name.into(), path, bytes })
    }
}
