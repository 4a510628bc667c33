//! Lines that make one record: joined before anything is looked for, each once over kills and rotation.

mod support;

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::Duration;
use support::daemon::{Dice, Place, wait_for, whole_lines};

const PHONE: &str = "13800138001";

fn place(multiline: &str) -> Place {
    let place = Place::new(&format!(
        "[source.file.app]\ninclude = ['DIR/in/app.log']\nrotate_wait = '300ms'\n[source.file.app.multiline]\n{multiline}\
         [sink.file.clean]\npath = 'DIR/out/clean.log'\n"
    ));
    fs::create_dir(place.at("in")).unwrap();
    place
}

fn append(path: &Path) -> File {
    OpenOptions::new().append(true).create(true).open(path).unwrap()
}

/// A stack trace of `n % 7` frames.
fn trace(n: u64) -> String {
    let frames: String = (0..n % 7).map(|i| format!("\tat frame {i} of {n} for {PHONE}\r\n")).collect();
    format!("E{n} failed\r\n{frames}")
}

/// The same as one record, without its values.
fn joined(n: u64) -> String {
    let frames: String = (0..n % 7).map(|i| format!(" | \tat frame {i} of {n} for P")).collect();
    format!("E{n} failed{frames}")
}

fn records(place: &Place) -> Vec<String> {
    let text = place.read("out/clean.log");
    let token = |w: &str| if w.starts_with("phone_") { "P".into() } else { String::from(w) };
    let plain = |l: &str| l.trim_end_matches('\r').split(' ').map(token).collect::<Vec<_>>().join(" ");
    whole_lines(&text).map(plain).collect()
}

#[test]
fn traces_become_records_and_the_last_one_waits() {
    let place = place("start = '^E'\ntimeout = '4s'\nseparator = ' | '\n");
    let mut file = append(&place.at("in/app.log"));
    let daemon = place.start_ready();
    (0..50).for_each(|n| file.write_all(trace(n).as_bytes()).unwrap());
    wait_for("all but the last", || records(&place).len() == 49);
    file.write_all(b"\tone more line\n").unwrap();
    wait_for("the last", || records(&place).len() == 50);
    let got = records(&place);
    (0..49).for_each(|n| assert_eq!(got[n as usize], joined(n)));
    assert_eq!(got[49], joined(49) + " | \tone more line");
    assert!(daemon.stop().success());
    place.assert_clean(&["in"], &[PHONE]);
}

/// An object over several lines is JSON again, and read as such.
#[test]
fn objects_over_several_lines_are_json() {
    let place = place("start = '^\\{'\ntimeout = '200ms'\n");
    let object = format!("{{\n  \"mobile\": \"{PHONE}\",\n  \"password\": \"hunter2 hunter2\",\n  \"n\": 7\n}}\n");
    fs::write(place.at("in/app.log"), object.repeat(3)).unwrap();
    let daemon = place.start_ready();
    wait_for("all objects", || records(&place).len() == 3);
    assert!(daemon.stop().success());
    for line in place.read("out/clean.log").lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(value["mobile"].as_str().unwrap().starts_with("phone_") && value["n"] == 7);
    }
    place.assert_clean(&["in"], &[PHONE, "hunter2"]);
}

#[test]
fn full_records_long_lines_and_compressed_files() {
    let place = place("start = '^E'\ntimeout = '200ms'\nmax_lines = 3\nmax_bytes = '1KiB'\nseparator = ' | '\n");
    let long = format!("E0 {}\n", "long ".repeat(120_000));
    let text = format!("{long}E1\n a\n b\n c\n d\nE2 {}\n {}\nE3\n e", "x".repeat(700), "y".repeat(700));
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(text.as_bytes()).unwrap();
    fs::write(place.at("in/app.log"), packed.finish().unwrap()).unwrap();
    let daemon = place.start_ready();
    let got = |place: &Place| -> Vec<String> {
        let head = |l: &String| l.trim_start().chars().take(9).collect();
        records(place).iter().map(head).collect()
    };
    let want = ["E0 long l", "E1 |  a |", "c |  d", "E2 xxxxxx", "yyyyyyyyy", "E3 |  e"];
    wait_for("all records", || got(&place) == want);
    fs::remove_file(place.at("in/app.log")).unwrap();
    // Another file than the one that was unpacked.
    fs::write(place.at("in/app.log"), format!("E9 plain bytes\n{text}\n")).unwrap();
    wait_for("the same of plain bytes", || got(&place).len() == 13);
    assert_eq!((got(&place)[6].as_str(), &got(&place)[7..]), ("E9 plain ", &want.map(String::from)[..]));
    assert!(daemon.stop().success());
}

/// Kills between the lines of a record: each record is there whole, once.
#[test]
fn kills_cut_no_record() {
    let kills: u64 = std::env::var("LOGVEIL_KILLS").map_or(20, |v| v.parse().unwrap());
    let place = place("start = '^E'\ntimeout = '8s'\nseparator = ' | '\n");
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15 ^ u64::from(std::process::id()));
    let mut file = append(&place.at("in/app.log"));
    let mut n = 0;
    for round in 0..kills {
        let daemon = place.start();
        for _ in 0..1 + dice.roll(30) {
            let text: String = (n..n + 1 + dice.roll(60)).map(trace).collect();
            n += text.matches(" failed").count() as u64;
            let cut = dice.roll(text.len() as u64 + 1) as usize;
            file.write_all(&text.as_bytes()[..cut]).unwrap();
            std::thread::sleep(Duration::from_millis(dice.roll(15)));
            file.write_all(&text.as_bytes()[cut..]).unwrap();
        }
        daemon.kill();
        if round % 4 == 3 {
            fs::rename(place.at("in/app.log"), place.at(&format!("in/app.log-{round:04}"))).unwrap();
            file = append(&place.at("in/app.log"));
        }
    }
    let daemon = place.start_ready();
    wait_for("all records", || records(&place).len() as u64 >= n);
    assert!(daemon.stop().success());
    let (mut got, mut want): (Vec<_>, Vec<_>) = (records(&place), (0..n).map(joined).collect());
    got.sort();
    want.sort();
    let differ = got.iter().zip(&want).find(|(a, b)| a != b);
    assert!(got == want, "{} of {n}, {differ:?}\n{}", got.len(), place.read("said"));
    place.assert_clean(&["in"], &[PHONE]);
}
