//! What a sink's readers may see: recipients' views, their ledger, regions.

mod support;

use serde_json::Value;
use std::fs;
use support::daemon::{Place, wait_for};
use support::run;

const PHONE: &str = "13800138001";

/// A record that joins a device with a person.
fn joined(n: u32) -> String {
    format!(
        "{{\"n\":{n},\"time\":\"2026-11-23T10:11:45+08:00\",\"mobile\":\"{PHONE}\",\"deviceId\":\"fedcba9876543210\",\
         \"platform\":\"android\",\"model\":\"SM-G9810\"}}\n"
    )
}

/// A record of a device alone.
fn single(n: u32) -> String {
    format!("{{\"n\":{n},\"time\":\"2026-11-23T10:11:45+08:00\",\"platform\":\"android\",\"model\":\"SM-G9810\"}}\n")
}

fn json_lines(text: &str) -> Vec<Value> {
    text.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

/// What a sink's ledger and its checkpoint count of `what`.
fn accounted(place: &Place, sink: &str, what: &str) -> u64 {
    let count = |line: &Value| line[what].as_u64().unwrap_or(0);
    let saved = json_lines(&place.read(&format!("state/{sink}.checkpoint")));
    let written = json_lines(&place.read(&format!("state/{sink}.disclosures")));
    written.iter().map(count).sum::<u64>() + saved.iter().map(|s| count(&s["disclosed"])).sum::<u64>()
}

fn input(place: &Place, text: &str) {
    fs::create_dir_all(place.at("in")).unwrap();
    fs::write(place.at("in/a.log"), text).unwrap();
}

const SOURCE: &str = "[source.file.a]\ninclude = ['DIR/in/a.log']\n";

#[test]
fn a_sink_shows_a_recipient_its_view_and_the_ledger_says_so() {
    let place = Place::new(&format!(
        "{SOURCE}[sink.file.main]\npath = 'DIR/out/main'\n\
         [sink.file.push]\npath = 'DIR/out/push'\nview = 'huawei-push'\n\
         [sink.file.other]\npath = 'DIR/out/other'\nview = 'cmcc-login'\n"
    ));
    let text: String = (0..100).map(joined).collect();
    input(&place, &text);
    let daemon = place.start_ready();
    wait_for("the main output", || place.read("out/main").lines().count() == 100);
    let all = |n| accounted(&place, "push", "records") == n && accounted(&place, "other", "refused") == n;
    wait_for("all are saved", || all(100));
    // The counts of a killed daemon stand in its checkpoint.
    daemon.kill();
    input(&place, &(text + &joined(100)));
    let daemon = place.start_ready();
    wait_for("the last record", || all(101));
    assert!(daemon.stop().success());
    assert!(all(101));

    let first = &json_lines(&place.read("out/push"))[0];
    assert_eq!(first["device.model"], "SM-G9810");
    assert!(first.get("mobile").is_none() && first.get("n").is_none() && !place.read("out/push").contains("phone_"));
    assert_eq!(place.read("out/other"), "", "the record names no carrier");
    let ledger = json_lines(&place.read("state/push.disclosures"));
    assert_eq!(ledger.iter().map(|l| l["records"].as_u64().unwrap()).sum::<u64>(), 101, "{ledger:?}");
    assert!(ledger.iter().all(|l| l["recipient"] == "huawei-push" && l["fields"]["device.model"].is_u64()));
    let refused = json_lines(&place.read("state/other.disclosures"));
    assert_eq!(refused.iter().map(|l| l["refused"].as_u64().unwrap()).sum::<u64>(), 101);
    assert!(!place.at("state/main.disclosures").exists());
    place.assert_clean(&["in", "key"], &[PHONE, "fedcba9876543210"]);
}

#[test]
fn a_record_too_long_to_be_read_whole_is_shown_to_nobody() {
    let place = Place::new(&format!("{SOURCE}[sink.file.push]\npath = 'DIR/out/push'\nview = 'huawei-push'\n"));
    let long = joined(0).replace("\"n\":0", &format!("\"pad\":\"{}\"", "x ".repeat(300_000)));
    input(&place, &format!("{}{long}{}", joined(1), joined(2)));
    let daemon = place.start_ready();
    wait_for("both short records", || place.read("out/push").lines().count() == 2);
    assert!(daemon.stop().success());
    let ledger = json_lines(&place.read("state/push.disclosures"));
    assert_eq!((&ledger[0]["records"], &ledger[0]["refused"]), (&2.into(), &1.into()));
    place.assert_clean(&["in", "key"], &[PHONE, "fedcba9876543210"]);
}

fn check(place: &Place) -> (i32, String) {
    let config = place.at("logveil.toml");
    let (code, _, err) = run(&["sidecar", "--check", "-c", config.to_str().unwrap()], b"");
    (code, err)
}

#[test]
fn identifiable_records_go_abroad_by_consent_only() {
    let place = Place::new("");
    let sink = |rest: &str| {
        place.configure(&format!("{SOURCE}[sink.file.far]\npath = 'DIR/out/far'\n{rest}"));
        check(&place)
    };
    let (code, err) = sink("region = 'SG'\n");
    assert!(code == 78 && err.contains("sink far") && err.contains("cite `consent`"), "{err}");
    assert_eq!(sink("region = 'CN'\n").0, 0);
    assert_eq!(sink("region = 'SG'\nconsent = 'C-1'\n").0, 0, "the policy excepts a purpose");
    let (code, err) = sink("view = 'tencent'\nregion = 'SG'\n");
    assert!(code == 78 && err.contains("recipient `tencent`"), "{err}");
    let (code, err) = sink("view = 'nobody'\n");
    assert!(code == 78 && err.contains("huawei-push"), "{err}");
    let (code, err) = sink("consent = 'C-1'\n");
    assert!(code == 78 && err.contains("consent without region"), "{err}");
}

/// What a view shows of a device alone tells nobody's name; beside a person it would.
#[test]
fn joined_records_stay_at_home_one_by_one() {
    let policy = logveil::rules::policy_builtin("jdcloud-2021").unwrap();
    let models = "[[recipient]]\nid = \"models\"\nname = \"Statistics of models\"\nclass = \"processor\"\n\
                  basis = \"core_function\"\npurposes = [\"push\"]\nregion = \"CN\"\nallow = { \"device.model\" = \"keep\" }\n";
    for (region, shown) in [("CN", 4), ("SG", 2)] {
        let place = Place::new(&format!(
            "{SOURCE}[sink.file.far]\npath = 'DIR/out/far'\npolicy = 'DIR/policy.toml'\nview = 'models'\nregion = '{region}'\n"
        ));
        fs::write(place.at("policy.toml"), format!("{policy}\n{models}")).unwrap();
        input(&place, &[joined(0), single(1), joined(2), single(3)].concat());
        let daemon = place.start_ready();
        wait_for("what may be shown", || place.read("out/far").lines().count() == shown);
        assert!(daemon.stop().success());
        let ledger = &json_lines(&place.read("state/far.disclosures"))[0];
        let refused = 4 - shown as u64;
        assert_eq!((ledger["refused"].as_u64(), &ledger["region"]), (Some(refused), &region.into()));
    }
}
