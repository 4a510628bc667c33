//! Batch: mirrored trees, every compression, any number of threads, interruptions, damage, limits.

#[path = "../benches/support/generate.rs"]
mod generate;
mod support;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use support::{key_file, logveil, run};

struct Place {
    dir: tempfile::TempDir,
    key: String,
}

impl Place {
    fn new() -> Place {
        let dir = tempfile::tempdir().unwrap();
        let key = key_file(dir.path()).display().to_string();
        fs::create_dir(dir.path().join("in")).unwrap();
        Place { dir, key }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    /// Runs batch with the key and a fixed time; paths are below the place.
    fn batch(&self, args: &[&str]) -> (i32, String) {
        let out = self.command(args).output().unwrap();
        (out.status.code().unwrap_or(-1), String::from_utf8_lossy(&out.stderr).into_owned())
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut c = logveil(&["batch", "-k", &self.key, "--ingest-time", "1795399905"]);
        c.args(args).current_dir(self.dir.path()).stdin(Stdio::null());
        c
    }

    fn filter(&self, bytes: &[u8]) -> Vec<u8> {
        let (code, out, err) = run(&["filter", "-k", &self.key, "-t", "none"], bytes);
        assert_eq!(code, 0, "{err}");
        out
    }
}

/// Bytes through a command.
fn through(program: &str, args: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new(program).args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut stdin, input) = (child.stdin.take().unwrap(), input.to_vec());
    let feeder = std::thread::spawn(move || stdin.write_all(&input));
    let out = child.wait_with_output().unwrap();
    feeder.join().unwrap().unwrap();
    assert!(out.status.success(), "{program} {args:?}");
    out.stdout
}

/// All plain files below a folder with their content; state folders left out.
fn tree(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut all, mut todo) = (BTreeMap::new(), vec![dir.to_path_buf()]);
    while let Some(d) = todo.pop() {
        for e in fs::read_dir(&d).unwrap().map(Result::unwrap) {
            if e.file_type().unwrap().is_dir() {
                if e.file_name() != ".logveil" {
                    todo.push(e.path());
                }
            } else {
                all.insert(e.path().strip_prefix(dir).unwrap().into(), fs::read(e.path()).unwrap());
            }
        }
    }
    all
}

fn litter(dir: &Path) -> Vec<PathBuf> {
    tree(dir).into_keys().filter(|p| p.display().to_string().ends_with(".part")).collect()
}

/// Lines of a manifest of this kind.
fn manifest(path: &Path, kind: &str) -> Vec<serde_json::Value> {
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap());
    lines.filter_map(|l| l.get(kind).cloned()).collect()
}

#[test]
fn every_compression_comes_out_as_it_came_in() {
    let p = Place::new();
    let text = generate::text(generate::Kind::Access, 3 << 20);
    let want = p.filter(&text);
    let mut two = through("gzip", &["-c"], &text[..1_000_000]);
    two.extend(through("gzip", &["-c"], &text[1_000_000..]));
    p.put("in/a.log", &text);
    p.put("in/b/multi.log.gz", &two);
    p.put("in/b/c.log.zst", &through("zstd", &["-qc"], &text));
    p.put("in/d.log.bz2", &through("bzip2", &["-c"], &text));
    p.put("in/e.log.xz", &through("xz", &["-1c"], &text));
    p.put("in/name says plain", &through("gzip", &["-c"], &text));
    p.put("in/empty.gz", &through("gzip", &["-c"], b""));
    p.put("in/empty", b"");
    let (code, err) = p.batch(&["in", "-o", "out", "-t", "none"]);
    assert_eq!(code, 0, "{err}");
    let out = tree(&p.path("out"));
    assert_eq!(out.keys().collect::<Vec<_>>(), tree(&p.path("in")).keys().collect::<Vec<_>>());
    assert!(out[Path::new("a.log")] == want);
    for (name, tool, args) in [
        ("b/multi.log.gz", "gzip", ["-dc"]),
        ("b/c.log.zst", "zstd", ["-dqc"]),
        ("d.log.bz2", "bzip2", ["-dc"]),
        ("e.log.xz", "xz", ["-dc"]),
        ("name says plain", "gzip", ["-dc"]),
    ] {
        assert!(through(tool, &args, &out[Path::new(name)]) == want, "{name}");
    }
    assert_eq!(through("gzip", &["-dc"], &out[Path::new("empty.gz")]), b"");
    for file in manifest(&p.path("out/.logveil/manifest.jsonl"), "file") {
        let o = &file["outputs"][0];
        let sum = through("sha256sum", &[], &out[Path::new(o["path"].as_str().unwrap())]);
        assert!(sum.starts_with(o["sha256"].as_str().unwrap().as_bytes()), "{file}");
    }
    p.put("twins/a.log", b"");
    p.put("twins/a.log.gz", b"");
    let (code, err) = p.batch(&["twins", "-o", "zst", "--compress", "zst"]);
    assert!(code == 2 && err.contains("would both be written"), "{err}");
    let (code, _) = p.batch(&["in/b", "in/a.log", "-o", "zst", "-t", "none", "--compress", "zst"]);
    assert_eq!(code, 0);
    for name in ["a.log.zst", "b/c.log.zst", "b/multi.log.zst"] {
        assert!(through("zstd", &["-dqc"], &fs::read(p.path("zst").join(name)).unwrap()) == want, "{name}");
    }
}

#[test]
fn members_of_archives_go_through_as_files() {
    let p = Place::new();
    let text = generate::text(generate::Kind::Telemetry, 300_000);
    p.put("t/x/a.ndjson", &text);
    p.put("t/x/b.ndjson.gz", &through("gzip", &["-c"], &text));
    p.put("t/13800138001.log", b"nothing here\n");
    std::os::unix::fs::symlink("x/a.ndjson", p.path("t/link")).unwrap();
    for (name, flag) in
        [("in/a.tar", "-cf"), ("in/a.tar.gz", "-czf"), ("in/a.tar.zst", "--zstd"), ("in/a.tar.xz", "-cJf")]
    {
        let name = p.path(name).display().to_string();
        let args = if flag == "--zstd" { vec!["--zstd", "-cf", &name, "t"] } else { vec![flag, &name, "t"] };
        assert!(Command::new("tar").args(args).current_dir(p.dir.path()).status().unwrap().success());
    }
    let (code, err) = p.batch(&["in", "-o", "out", "-t", "none"]);
    assert_eq!(code, 0, "{err}");
    let want = p.filter(&text);
    for name in ["a.tar", "a.tar.gz", "a.tar.zst", "a.tar.xz"] {
        let to = p.path("un").join(name);
        fs::create_dir_all(&to).unwrap();
        let from = p.path("out").join(name);
        assert!(Command::new("tar").arg("-xf").arg(from).current_dir(&to).status().unwrap().success(), "{name}");
        assert!(fs::read(to.join("t/x/a.ndjson")).unwrap() == want, "{name}");
        assert!(through("gzip", &["-dc"], &fs::read(to.join("t/x/b.ndjson.gz")).unwrap()) == want, "{name}");
        assert_eq!(fs::read_link(to.join("t/link")).unwrap(), Path::new("x/a.ndjson"));
        let names: Vec<_> = tree(&to).into_keys().collect();
        assert!(names.iter().all(|n| !n.display().to_string().contains("13800138001")), "{names:?}");
    }
}

/// Frames of their own, for all cores, and fewer short matches: neither may show in what the archive takes.
#[test]
fn frames_of_their_own_cost_little() {
    let p = Place::new();
    for (name, kind) in [("a", generate::Kind::Access), ("t", generate::Kind::Telemetry)] {
        let text = generate::text(kind, 10 << 20);
        p.put(&format!("in/{name}"), &text);
        let (code, err) = p.batch(&["in", "-o", "out", "-t", "none", "--compress", "zst"]);
        assert_eq!(code, 0, "{err}");
        let parts = fs::read(p.path(&format!("out/{name}.zst"))).unwrap();
        let clean = through("zstd", &["-dqc"], &parts);
        assert!(clean == p.filter(&text), "{name}");
        let whole = through("zstd", &["-3", "-qc"], &clean).len();
        assert!(parts.len() * 100 <= whole * 103, "{name}: {} and {whole}", parts.len());
    }
}

#[test]
fn threads_change_nothing() {
    let p = Place::new();
    let mut text = generate::text(generate::Kind::Telemetry, 5 << 20);
    // Records that are longer than a window, in the middle and at the end.
    text.extend_from_slice(&b"mobile=13800138001 and more ".repeat(40_000));
    text.push(b'\n');
    text.extend(generate::text(generate::Kind::Access, 5 << 20));
    text.extend_from_slice(&b"ip=198.51.100.23 ".repeat(30_000));
    p.put("in/a", &text);
    p.put(
        "in/b.zst",
        &[through("zstd", &["-qc"], &text[..4 << 20]), through("zstd", &["-qc"], &text[4 << 20..])].concat(),
    );
    p.put("in/c.gz", &through("gzip", &["-1c"], &text));
    for tag in ["inline", "manifest"] {
        let mut trees = Vec::new();
        for threads in ["1", "2", "5"] {
            let out = format!("out-{tag}-{threads}");
            let (code, err) = p.batch(&["in", "-o", &out, "-j", threads, "-t", tag]);
            assert_eq!(code, 0, "{err}");
            trees.push((tree(&p.path(&out)), manifest(&p.path(&format!("{out}/.logveil/manifest.jsonl")), "file")));
        }
        assert!(trees[0] == trees[1] && trees[0] == trees[2], "{tag}");
    }
    let (_, want, _) = run(&["filter", "-k", &p.key, "-t", "none"], &text);
    let (code, _) = p.batch(&["in", "-o", "plain", "-j", "3", "-t", "none"]);
    assert!(code == 0 && fs::read(p.path("plain/a")).unwrap() == want);
}

fn archive(p: &Place, files: usize) {
    for i in 0..files {
        let text = match i % 3 {
            0 => generate::text(generate::Kind::Access, 40_000 + i * 9_000),
            1 => generate::text(generate::Kind::Telemetry, 30_000 + i * 5_000),
            _ => generate::text(generate::Kind::Clean, 50_000 + i * 3_000),
        };
        match i % 5 {
            0 => p.put(&format!("in/{}/{i}.log.gz", i % 7), &through("gzip", &["-1c"], &text)),
            1 => p.put(&format!("in/{}/{i}.log.zst", i % 7), &through("zstd", &["-qc"], &text)),
            _ => p.put(&format!("in/{}/{i}.log", i % 7), &text),
        };
    }
}

/// How often the kill tests kill; the full count is 200.
fn kills() -> u64 {
    std::env::var("LOGVEIL_KILLS").ok().and_then(|k| k.parse().ok()).unwrap_or(12)
}

/// Kills runs at random moments until one ends by itself; returns how many were killed.
fn kill_and_resume(p: &Place, args: &[&str], whole: u64, seed: &mut u64) -> u64 {
    for killed in 0.. {
        let mut child = p.command(args).stderr(Stdio::null()).spawn().unwrap();
        *seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let wait = (*seed >> 33) % (whole + whole / 4 + 1);
        let until = std::time::Instant::now() + std::time::Duration::from_micros(wait);
        while std::time::Instant::now() < until {
            if let Some(status) = child.try_wait().unwrap() {
                assert_eq!(status.code(), Some(0));
                return killed;
            }
            std::thread::sleep(std::time::Duration::from_micros(200));
        }
        let _ = child.kill();
        if child.wait().unwrap().code() == Some(0) {
            return killed;
        }
    }
    unreachable!()
}

#[test]
fn killed_runs_go_on_and_end_the_same() {
    let p = Place::new();
    archive(&p, 50);
    let started = std::time::Instant::now();
    assert_eq!(p.batch(&["in", "-o", "want"]).0, 0);
    let whole = started.elapsed().as_micros() as u64;
    let want = tree(&p.path("want"));
    let files = manifest(&p.path("want/.logveil/manifest.jsonl"), "file");
    let (mut killed, mut seed, mut round) = (0, 11, 0);
    while killed < kills() {
        round += 1;
        let out = format!("out{round}");
        killed += kill_and_resume(&p, &["in", "-o", &out, "--resume"], whole, &mut seed);
        assert!(tree(&p.path(&out)) == want, "round {round}: other outputs");
        assert_eq!(litter(&p.path(&out)), Vec::<PathBuf>::new());
        assert!(manifest(&p.path(&format!("{out}/.logveil/manifest.jsonl")), "file") == files, "round {round}");
        fs::remove_dir_all(p.path(&out)).unwrap();
    }
    println!("killed {killed} times in {round} runs");
}

#[test]
fn killed_runs_in_place_leave_old_or_new_files() {
    let p = Place::new();
    archive(&p, 50);
    let old = tree(&p.path("in"));
    let started = std::time::Instant::now();
    assert_eq!(p.batch(&["in", "-o", "want"]).0, 0);
    let whole = started.elapsed().as_micros() as u64;
    let want = tree(&p.path("want"));
    let (mut killed, mut seed) = (0, 5);
    while killed < kills() {
        fs::remove_dir_all(p.path("in")).unwrap();
        old.iter().for_each(|(name, bytes)| drop(p.put(&format!("in/{}", name.display()), bytes)));
        let mut child = p.command(&["in", "--in-place", "--resume"]).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_micros(whole / 3));
        let _ = child.kill();
        child.wait().unwrap();
        for (name, bytes) in tree(&p.path("in")).iter().filter(|(n, _)| !n.display().to_string().ends_with(".part")) {
            assert!(bytes == &old[name] || bytes == &want[name], "{} is a half", name.display());
        }
        killed += 1 + kill_and_resume(&p, &["in", "--in-place", "--resume"], whole, &mut seed);
        assert!(tree(&p.path("in")) == want);
    }
}

#[test]
fn resume_skips_what_is_the_same_and_only_that() {
    let p = Place::new();
    let a = p.put("in/a", b"mobile=13800138001\n");
    p.put("in/b", b"mobile=13800138002\n");
    p.put("in/c", b"mobile=13800138003\n");
    assert_eq!(p.batch(&["in", "-o", "out", "--resume"]).0, 0);
    let inode = |n: &str| fs::metadata(p.path("out").join(n)).unwrap().ino();
    let before = ["a", "b", "c"].map(inode);
    // Another content with the same length and time; an output that is gone; one that was changed.
    let time = fs::metadata(&a).unwrap().modified().unwrap();
    fs::write(&a, b"mobile=13800138009\n").unwrap();
    File::options().write(true).open(&a).unwrap().set_modified(time).unwrap();
    assert_eq!(p.batch(&["in", "-o", "out", "--resume"]).0, 0);
    let after = ["a", "b", "c"].map(inode);
    assert!(before[0] != after[0] && before[1..] == after[1..]);
    fs::write(p.path("out/b"), b"mobile=phone_was_here\n").unwrap();
    fs::remove_file(p.path("out/c")).unwrap();
    assert_eq!(p.batch(&["in", "-o", "out", "--resume"]).0, 0);
    assert_eq!(inode("a"), after[0]);
    assert!(fs::read_to_string(p.path("out/b")).unwrap().contains("phone_"));
    assert!(p.path("out/c").exists());
    // Another policy, then another key.
    let was = ["a", "b", "c"].map(inode);
    assert_eq!(p.batch(&["in", "-o", "out", "--resume", "-p", "web-minimal"]).0, 0);
    let now = ["a", "b", "c"].map(inode);
    assert!(was.iter().zip(&now).all(|(x, y)| x != y));
    fs::write(&p.key, [b'q'; 32]).unwrap();
    assert_eq!(p.batch(&["in", "-o", "out", "--resume", "-p", "web-minimal"]).0, 0);
    assert!(now.iter().zip(["a", "b", "c"].map(inode)).all(|(x, y)| *x != y));
    let mut c = logveil(&["batch", "in", "-o", "out", "--resume"]);
    assert_eq!(c.current_dir(p.dir.path()).status().unwrap().code(), Some(2), "no key, no resume");
}

#[test]
fn each_trouble_has_its_line_and_the_rest_goes_on() {
    let p = Place::new();
    let text = generate::text(generate::Kind::Access, 4 << 20);
    let gz = through("gzip", &["-c"], &text);
    p.put("in/good.log", &text);
    p.put("in/short.gz", &gz[..gz.len() / 2]);
    let mut zst = through("zstd", &["-qc"], &text);
    let at = zst.len() / 2;
    zst[at] ^= 0x55;
    p.put("in/bad.zst", &zst);
    p.put("in/packed.zip", b"PK\x03\x04whatever");
    p.put("in/twice.gz", &through("gzip", &["-c"], &gz));
    let bomb = through("zstd", &["-19", "-qc"], &vec![b'0'; 100 << 20]);
    p.put("in/bomb.zst", &bomb);
    File::create(p.path("in/sparse.log")).unwrap().set_len(1 << 20).unwrap();
    std::os::unix::fs::symlink(".", p.path("in/loop")).unwrap();
    assert!(Command::new("mkfifo").arg(p.path("in/fifo")).status().unwrap().success());
    let (code, err) = p.batch(&["in", "/nonexistent/x.log", "-o", "out", "--root", "/"]);
    assert_eq!(code, 1, "{err}");
    for (name, why) in [
        ("short.gz", "ends early"),
        ("bad.zst", "damaged"),
        ("packed.zip", "unpack it first"),
        ("twice.gz", "compressed twice"),
        ("bomb.zst", "--max-ratio"),
        ("sparse.log", "cp --sparse=never"),
        ("/nonexistent/x.log", "No such file"),
    ] {
        let name = name.trim_start_matches('/');
        let lines: Vec<_> = err.lines().filter(|l| l.contains(&format!("{name}: "))).collect();
        assert!(lines.len() == 1 && lines[0].contains(why), "{name}: {err}");
    }
    let files = manifest(&p.path("out/.logveil/manifest.jsonl"), "file");
    let state = |n: &str| {
        let f = files.iter().find(|f| f["file"].as_str().unwrap().ends_with(n)).unwrap();
        f["state"].as_str().unwrap().to_owned()
    };
    assert_eq!(state("good.log"), "done");
    for n in ["short.gz", "bad.zst", "bomb.zst"] {
        assert_eq!(state(n), "quarantined", "{n}");
    }
    for n in ["packed.zip", "twice.gz", "sparse.log", "x.log"] {
        assert_eq!(state(n), "refused", "{n}");
    }
    for n in ["loop", "fifo"] {
        assert_eq!(state(n), "skipped", "{n}");
    }
    let kept = files.iter().find(|f| f["file"].as_str().unwrap().ends_with("short.gz")).unwrap();
    let kept = p.path("out/.logveil").join(kept["outputs"][0]["path"].as_str().unwrap());
    let readable = through("gzip", &["-dc"], &fs::read(kept).unwrap());
    assert!(readable.len() > 1 << 20 && readable.ends_with(b"\n"));
    assert_eq!(litter(&p.path("out")), Vec::<PathBuf>::new());
    let (code, err) = p.batch(&["in", "-o", "follow", "-L", "-g", "!*.zst"]);
    assert!(code == 1 && err.contains("link to a folder above"), "{err}");
}

#[test]
fn a_growing_file_is_refused() {
    let p = Place::new();
    let path = p.put("in/live.log", &generate::text(generate::Kind::Access, 24 << 20));
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let writer = std::thread::spawn({
        let stop = stop.clone();
        move || {
            let mut f = File::options().append(true).open(path).unwrap();
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                f.write_all(b"one more line\n").unwrap();
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
        }
    });
    let (code, err) = p.batch(&["in", "-o", "out"]);
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    writer.join().unwrap();
    assert!(code == 1 && err.contains("rotate it first"), "{code} {err}");
    assert!(!p.path("out/live.log").exists());
    assert_eq!(litter(&p.path("out")), Vec::<PathBuf>::new());
}

#[test]
fn a_full_disk_stops_one_file_not_the_run() {
    let p = Place::new();
    let disk = p.path("disk");
    fs::create_dir(&disk).unwrap();
    let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(&disk).output().unwrap();
    if !mount.status.success() {
        eprintln!("skipped: no right to mount a small disk");
        return;
    }
    p.put("in/large.log", &generate::text(generate::Kind::Access, 4 << 20));
    p.put("in/small.log", b"mobile=13800138001\n");
    let (code, err) = p.batch(&["in", "-o", "disk/out"]);
    let left = (litter(&disk), disk.join("out/large.log").exists(), disk.join("out/small.log").exists());
    let (again, _) = p.batch(&["in/small.log", "-o", "disk/out", "--resume"]);
    assert!(Command::new("umount").arg(&disk).status().unwrap().success());
    assert!(code == 1 && err.contains("large.log: output: No space left"), "{code} {err}");
    assert_eq!(left, (Vec::new(), false, true));
    assert_eq!(again, 0);
}

#[test]
fn in_place_keeps_mode_time_and_owner() {
    let p = Place::new();
    let path = p.put("in/a.log", b"mobile=13800138001\n");
    let gz = p.put("in/b.gz", &through("gzip", &["-c"], b"mobile=13800138002\n"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let time = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
    File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    let root = rustix::process::geteuid().is_root();
    if root {
        std::os::unix::fs::chown(&path, Some(12345), Some(23456)).unwrap();
    }
    let old = fs::metadata(&path).unwrap();
    let (code, err) = p.batch(&["in", "--in-place=.orig", "-t", "none"]);
    assert_eq!(code, 0, "{err}");
    let new = fs::metadata(&path).unwrap();
    assert_eq!((new.mode(), new.modified().unwrap(), new.uid(), new.gid()), (old.mode(), time, old.uid(), old.gid()));
    assert!(fs::read_to_string(&path).unwrap().starts_with("mobile=phone_"));
    assert!(through("gzip", &["-dc"], &fs::read(gz).unwrap()).starts_with(b"mobile=phone_"));
    assert_eq!(fs::read(p.path("in/a.log.orig")).unwrap(), b"mobile=13800138001\n");
    let (code, err) = p.batch(&["in", "--in-place=.orig", "-t", "none"]);
    assert!(code == 1 && err.contains("original can't be kept"), "an older original is never overwritten: {err}");
    assert_eq!(fs::read(p.path("in/a.log.orig")).unwrap(), b"mobile=13800138001\n");
}

#[test]
fn records_go_to_partitions_and_tags_to_side_files() {
    let p = Place::new();
    p.put(
        "in/a.ndjson",
        b"{\"ts\":\"2026-11-23T10:00:00+08:00\",\"ip\":\"198.51.100.23\"}\n{\"ts\":\"2026-01-05T10:00:00+08:00\",\"ip\":\"198.51.100.24\"}\n",
    );
    let (code, err) = p.batch(&["in", "-o", "parts", "-t", "partition"]);
    assert_eq!(code, 0, "{err}");
    let parts = tree(&p.path("parts"));
    assert_eq!(parts.len(), 2);
    for (name, bytes) in &parts {
        let name = name.display().to_string();
        assert!(
            name.starts_with("class=") && name.contains("/delete_after=202") && name.ends_with("/a.ndjson"),
            "{name}"
        );
        assert_eq!(bytes.iter().filter(|b| **b == b'\n').count(), 1);
    }
    let (code, _) = p.batch(&["in", "-o", "side", "-t", "manifest"]);
    let text = fs::read(p.path("side/a.ndjson")).unwrap();
    let tags = fs::read_to_string(p.path("side/a.ndjson.tags.jsonl")).unwrap();
    let tags: Vec<serde_json::Value> = tags.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!((code, tags.len(), tags[0]["offset"].as_u64()), (0, 2, Some(0)));
    assert_eq!(&text[tags[1]["offset"].as_u64().unwrap() as usize..][..1], b"{");
    assert!(tags[1]["tag"]["ret"]["delete_after"].as_str().is_some());
}

#[test]
fn names_are_outputs_too() {
    let p = Place::new();
    p.put("in/13800138001/zhang.san@example.com.log", b"nothing\n");
    p.put("in/13800138001/zip-of-13800138001", b"PK\x03\x04");
    let (code, err) = p.batch(&["in", "-o", "out", "--report", "r.html", "--stats", "--progress", "json"]);
    assert_eq!(code, 1);
    let mut all = err;
    for (name, bytes) in tree(&p.path("out")) {
        all += &format!("{} {}\n", name.display(), String::from_utf8_lossy(&bytes));
    }
    for state in ["journal.jsonl", "manifest.jsonl"] {
        all += &fs::read_to_string(p.path("out/.logveil").join(state)).unwrap();
    }
    all += &fs::read_to_string(p.path("r.html")).unwrap();
    assert!(!all.contains("13800138001") && !all.contains("zhang.san"), "{all}");
    assert!(all.contains("unpack it first"));
}

#[test]
fn a_dry_run_writes_nothing() {
    let p = Place::new();
    p.put("in/a.log", &generate::text(generate::Kind::Access, 100_000));
    let out =
        p.command(&["in", "-o", "out", "-n", "--progress", "json", "--progress-interval", "0.02"]).output().unwrap();
    assert_eq!(out.status.code(), Some(0));
    assert!(!p.path("out").exists());
    let said = String::from_utf8(out.stdout).unwrap();
    assert!(said.starts_with("would write a.log: ") && said.contains(" findings"), "{said}");
    let err = String::from_utf8(out.stderr).unwrap();
    let line = err.lines().rfind(|l| l.starts_with('{')).unwrap();
    let v: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!((&v["progress"]["files_done"], &v["progress"]["files"]), (&1.into(), &1.into()));
    assert_eq!(v["progress"]["bytes_done"], v["progress"]["bytes"]);
}

#[test]
fn lists_globs_and_streams_name_inputs() {
    let p = Place::new();
    for n in ["in/a.log", "in/b.txt", "in/s/c.log"] {
        p.put(n, b"mobile=13800138001\n");
    }
    p.put("list", b"in/a.log\0in/s/c.log\0");
    assert_eq!(p.batch(&["--files-from", "list", "-0", "-o", "listed"]).0, 0);
    assert_eq!(p.batch(&["in/**/*.log", "-o", "globbed"]).0, 0);
    assert_eq!(p.batch(&["in", "-g", "*.log", "-o", "wanted"]).0, 0);
    let names = |d: &str| tree(&p.path(d)).into_keys().collect::<Vec<_>>();
    assert_eq!(names("listed"), [Path::new("a.log"), Path::new("s/c.log")]);
    assert_eq!(names("globbed"), names("listed"));
    assert_eq!(names("wanted"), names("listed"));
    let mut child = p.command(&["-", "-o", "streamed", "--compress", "gz"]).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"mobile=13800138001\n").unwrap();
    assert!(child.wait().unwrap().success());
    assert!(p.path("streamed/stdin.gz").exists());
    let (code, err) = p.batch(&["in", "-o", "in"]);
    assert!(code == 1 && err.contains("--in-place"), "{code} {err}");
}

#[test]
fn manifests_merge_only_under_one_policy_and_key() {
    let p = Place::new();
    p.put("in/a.log", &generate::text(generate::Kind::Access, 50_000));
    p.put("in/b.log", &generate::text(generate::Kind::Telemetry, 50_000));
    for (file, out) in [("in/a.log", "1"), ("in/b.log", "2"), ("in", "both")] {
        assert_eq!(p.batch(&[file, "-o", out, "--root", "in"]).0, 0);
    }
    assert_eq!(p.batch(&["in/b.log", "-o", "3", "--root", "in", "-p", "web-minimal"]).0, 0);
    let m = |d: &str| p.path(d).join(".logveil/manifest.jsonl").display().to_string();
    let merged = p.path("merged.jsonl");
    let (code, _, err) = run(&["report", &m("1"), &m("2"), "--manifest", merged.to_str().unwrap()], b"");
    assert_eq!(code, 0, "{err}");
    assert_eq!(fs::read(merged).unwrap(), fs::read(m("both")).unwrap());
    let (code, _, err) = run(&["report", &m("1"), &m("3")], b"");
    assert!(code == 78 && err.contains("another policy"), "{code} {err}");
}

/// All kinds of input at once in an address space of 256 MiB. The reservations of glibc (64 MiB of addresses for each arena, of
/// which threads use a part) are no memory.
#[test]
#[cfg(target_os = "linux")]
fn memory_stays_below_256_mib() {
    let p = Place::new();
    let text = generate::text(generate::Kind::Access, 6 << 20);
    p.put("in/a.log", &text);
    p.put("in/one-record", &vec![b'x'; 12 << 20]);
    for i in 0..3 {
        p.put(&format!("in/{i}.gz"), &through("gzip", &["-1c"], &text));
        p.put(&format!("in/{i}.xz"), &through("xz", &["-9", "-c", "-0", "--lzma2=preset=0,dict=64MiB"], &text));
        p.put(&format!("in/{i}.zst"), &through("zstd", &["-1", "--long=27", "-qc"], &text));
        p.put(&format!("in/{i}.bz2"), &through("bzip2", &["-1c"], &text[..2 << 20]));
    }
    for (j, glob, extra) in [("2", "*", &[][..]), ("4", "*.gz", &["--compress", "xz"][..])] {
        let mut c = Command::new("sh");
        c.args(["-c", "ulimit -v 262144; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_logveil")]);
        c.args(["batch", "-k", &p.key, "in", "-o", &format!("out{j}"), "-j", j, "-t", "none"]);
        c.args(["-g", glob]).args(extra).env("MALLOC_ARENA_MAX", "1");
        let out = c.current_dir(p.dir.path()).output().unwrap();
        assert_eq!(out.status.code(), Some(0), "{}", String::from_utf8_lossy(&out.stderr));
    }
}

/// The real corpus as a tree: every file is accounted for, and a detour through another compression changes nothing.
#[test]
fn the_corpus_goes_through_and_back() {
    let Some(shared) = support::shared() else { return };
    let p = Place::new();
    let corpus = shared.join("corpus").display().to_string();
    let (code, err) = p.batch(&[&corpus, "-o", "plain", "-t", "none"]);
    assert!(code <= 1, "{code} {err}");
    let (again, _) = p.batch(&[&corpus, "-o", "zst", "-t", "none", "--compress", "zst"]);
    let (back, _) = p.batch(&["zst", "-o", "back", "-t", "none", "--compress", "none"]);
    assert!(again <= 1 && back <= 1);
    let inputs = tree(Path::new(&corpus));
    let files = manifest(&p.path("plain/.logveil/manifest.jsonl"), "file");
    assert_eq!(files.len(), inputs.len(), "every file has its line");
    let refused: Vec<_> = files.iter().filter(|f| f["state"] != "done").map(|f| f["file"].to_string()).collect();
    let plain = tree(&p.path("plain"));
    assert_eq!(plain.len() + refused.len(), inputs.len(), "{refused:?}");
    assert!(refused.len() * 100 < inputs.len(), "{refused:?}");
    let back = tree(&p.path("back"));
    for (name, bytes) in &plain {
        let again = &back[name];
        // A second pass leaves what the first one made.
        assert!(again == bytes, "{} differs", name.display());
    }
    let total: Vec<_> = manifest(&p.path("plain/.logveil/manifest.jsonl"), "totals");
    assert_eq!(total[0]["files"]["done"].as_u64(), Some(plain.len() as u64));
}

/// A stream of any length passes in constant memory; LOGVEIL_STREAM_GB sets the length (the full one is 20).
#[test]
#[cfg(target_os = "linux")]
fn a_stream_of_any_length_passes() {
    let gb: f64 = std::env::var("LOGVEIL_STREAM_GB").ok().and_then(|g| g.parse().ok()).unwrap_or(0.2);
    let p = Place::new();
    let block = generate::text(generate::Kind::Access, 4 << 20);
    let mut c = Command::new("sh");
    c.args(["-c", "ulimit -v 262144; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_logveil")]);
    c.args([
        "batch",
        "-k",
        &p.key,
        "-",
        "-o",
        "out",
        "-t",
        "none",
        "--compress",
        "zst",
        "--level",
        "1",
        "--stats=json",
    ]);
    let mut child = c.current_dir(p.dir.path()).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let (mut left, mut sent) = ((gb * 1e9) as u64, 0u64);
    while left > 0 {
        let n = left.min(block.len() as u64) as usize;
        stdin.write_all(&block[..n]).unwrap();
        (left, sent) = (left - n as u64, sent + n as u64);
    }
    drop(stdin);
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert!(child.wait().unwrap().success(), "{err}");
    let stats = err.lines().find(|l| l.starts_with('{')).unwrap();
    let stats: serde_json::Value = serde_json::from_str(stats).unwrap();
    assert_eq!(stats["bytes_in"].as_u64(), Some(sent));
    println!("{} bytes in {} s", sent, stats["seconds"]);
}
