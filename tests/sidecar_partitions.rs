//! Files by retention class and date: the partitions of `batch`, each record once over kills.

mod support;

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::Duration;
use support::daemon::{Dice, Place, wait_for, wait_while_growing, whole_lines};
use support::run;

const PHONE: &str = "13800138001";

/// A record of one of five days.
fn line(n: u64) -> String {
    let day = 10 + n % 5;
    let who = if n.is_multiple_of(3) { "\"ip\":\"203.0.113.9\"".into() } else { format!("\"mobile\":\"{PHONE}\"") };
    format!("{{\"n\":{n},\"time\":\"2026-11-{day}T10:11:45+08:00\",{who}}}\n")
}

/// Lines by the folder of their file below `root`.
fn by_partition(root: &Path) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut dirs = vec![root.to_path_buf()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                dirs.push(path);
            } else if path.file_name().unwrap().to_str().unwrap().starts_with("a.log") {
                let partition = path.parent().unwrap().strip_prefix(root).unwrap().display().to_string();
                // One that was finished meanwhile has another name.
                let text = fs::read_to_string(&path).unwrap_or_default();
                found.entry(partition).or_default().extend(whole_lines(&text).map(String::from));
            }
        }
    }
    found.values_mut().for_each(|lines| lines.sort());
    found
}

fn numbers(found: &BTreeMap<String, Vec<String>>) -> Vec<u64> {
    let number = |l: &String| serde_json::from_str::<serde_json::Value>(l).unwrap()["n"].as_u64().unwrap();
    let mut all: Vec<_> = found.values().flatten().map(number).collect();
    all.sort_unstable();
    all
}

fn place(more: &str) -> Place {
    let place = Place::new(&format!(
        "[source.file.a]\ninclude = ['DIR/in/a.log']\n[sink.file.clean]\npath = 'DIR/out/a.log'\n{more}"
    ));
    fs::create_dir(place.at("in")).unwrap();
    place
}

#[test]
fn partitions_are_those_of_batch() {
    let place = place("partitions = 'day'\n");
    let text: String = (0..300).map(line).collect();
    fs::write(place.at("in/a.log"), text).unwrap();
    let daemon = place.start_ready();
    wait_for("all records", || numbers(&by_partition(&place.at("out"))).len() == 300);
    assert!(daemon.stop().success());
    let at = |n: &str| place.at(n).display().to_string();
    let (key, input, out) = (at("key"), at("in"), at("batch"));
    let (code, _, err) = run(&["batch", &input, "-o", &out, "-k", &key, "--tag", "partition"], b"");
    assert_eq!(code, 0, "{err}");
    let (own, batch) = (by_partition(&place.at("out")), by_partition(&place.at("batch")));
    assert!(own.len() >= 5, "{:?}", own.keys());
    assert_eq!(own, batch);
    place.assert_clean(&["in", "key"], &[PHONE]);
}

#[test]
fn months_make_fewer_files() {
    let place = place("partitions = 'month'\n");
    fs::write(place.at("in/a.log"), (0..300).map(line).collect::<String>()).unwrap();
    let daemon = place.start_ready();
    wait_for("all records", || numbers(&by_partition(&place.at("out"))).len() == 300);
    assert!(daemon.stop().success());
    let own = by_partition(&place.at("out"));
    let month = |name: &String| name.rsplit_once("delete_after=").is_some_and(|(_, d)| d.len() == 7 || d == "never");
    assert!(own.len() <= 4 && own.keys().all(month), "{:?}", own.keys());
}

/// Kills at random times, with rotation of both sides and partitions that come and go.
#[test]
fn kills_lose_nothing_and_repeat_nothing() {
    let kills: u64 = std::env::var("LOGVEIL_KILLS").map_or(25, |v| v.parse().unwrap());
    let place = place("partitions = 'day'\nrotate_size = '64KiB'\n");
    let append = |path: &Path| OpenOptions::new().append(true).create(true).open(path).unwrap();
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15 ^ u64::from(std::process::id()));
    let mut file: File = append(&place.at("in/a.log"));
    let mut n = 0;
    for round in 0..kills {
        let daemon = place.start();
        for _ in 0..1 + dice.roll(40) {
            let text: String = (n..n + dice.roll(300)).map(line).collect();
            n += text.lines().count() as u64;
            file.write_all(text.as_bytes()).unwrap();
            std::thread::sleep(Duration::from_millis(dice.roll(20)));
        }
        daemon.kill();
        if round % 5 == 4 {
            fs::rename(place.at("in/a.log"), place.at(&format!("in/a.log-{round:04}"))).unwrap();
            file = append(&place.at("in/a.log"));
        }
    }
    let daemon = place.start_ready();
    wait_while_growing(n, || numbers(&by_partition(&place.at("out"))).len() as u64);
    assert!(daemon.stop().success());
    let got = numbers(&by_partition(&place.at("out")));
    let lost: Vec<_> = (0..n).filter(|i| got.binary_search(i).is_err()).collect();
    let twice: Vec<_> = got.windows(2).filter(|w| w[0] == w[1]).map(|w| w[0]).collect();
    assert!(lost.is_empty() && twice.is_empty(), "lost {lost:?}, twice {twice:?} of {n}\n{}", place.read("said"));
    place.assert_clean(&["in", "key"], &[PHONE]);
}

/// `retain` takes a partition away while the daemon runs; the next record begins it anew.
#[test]
fn a_partition_that_is_deleted_is_begun_anew() {
    let place = place("partitions = 'day'\n");
    let mut file = OpenOptions::new().append(true).create(true).open(place.at("in/a.log")).unwrap();
    file.write_all(line(0).as_bytes()).unwrap();
    let daemon = place.start_ready();
    wait_for("the first record", || numbers(&by_partition(&place.at("out"))) == [0]);
    let committed = || {
        let bytes = fs::metadata(place.at("in/a.log")).unwrap().len();
        wait_for("a commit", || place.read("state/clean.checkpoint").contains(&format!("\"offset\":{bytes},")));
    };
    committed();
    for entry in fs::read_dir(place.at("out")).unwrap() {
        fs::remove_dir_all(entry.unwrap().path()).unwrap();
    }
    // The same partition, after another one that makes the daemon commit.
    for n in [1, 2, 15] {
        file.write_all(line(n).as_bytes()).unwrap();
        committed();
    }
    wait_for("the others", || numbers(&by_partition(&place.at("out"))) == [1, 2, 15]);
    assert!(daemon.stop().success());
}

#[test]
fn what_does_not_go_together_is_told() {
    for (more, why) in [("tag = 'inline'\n", "remove tag"), ("view = 'tencent'\n", "recipient's view")] {
        let place = place(&format!("partitions = 'day'\n{more}"));
        let config = place.at("logveil.toml");
        let (code, _, err) = run(&["sidecar", "--check", "-c", config.to_str().unwrap()], b"");
        assert!(code == 78 && err.contains(why), "{err}");
    }
}
