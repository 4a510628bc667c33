//! What `deploy/` says fits the program: metrics that dashboards and alerts name, JSON that parses.

use regex::Regex;
use std::collections::BTreeSet;
use std::path::Path;

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

#[test]
fn dashboards_and_alerts_name_metrics_that_exist() {
    let source = read("src/sidecar/metrics.rs");
    let register = Regex::new(r#"register\("([a-z_]+)""#).unwrap();
    let known: BTreeSet<_> = register.captures_iter(&source).map(|c| c[1].to_string()).collect();
    assert!(known.len() > 10);
    let name = Regex::new(r"logveil_([a-z_]+)").unwrap();
    for file in ["deploy/grafana/logveil.json", "deploy/prometheus/logveil.rules.yaml"] {
        let text = read(file);
        for found in name.captures_iter(&text) {
            let plain = found[1].trim_end_matches("_total").trim_end_matches("_bucket");
            assert!(known.contains(plain), "{file}: logveil_{} is not a metric", &found[1]);
        }
    }
}

#[test]
fn the_dashboard_is_json() {
    let board: serde_json::Value = serde_json::from_str(&read("deploy/grafana/logveil.json")).unwrap();
    assert!(board["panels"].as_array().unwrap().len() > 5);
}
