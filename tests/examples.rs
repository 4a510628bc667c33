//! The examples that every entity stanza gives are executed: all of them through the whole engine.

mod support;

use logveil::engine::TagMode;
use logveil::rules::Ruleset;
use support::engine;

#[test]
fn examples_of_the_rules_are_found_and_negative_ones_are_not() {
    let rules = Ruleset::builtin();
    let engine = engine("jdcloud-2021", TagMode::None);
    let mut worker = engine.worker();
    let class = |name: &str| rules.by_name(name).map(|e| e.class.clone());
    let mut wrong = Vec::new();
    for entity in &rules.entities {
        for text in &entity.examples {
            let found = worker.explain(text.as_bytes());
            if !found.iter().any(|f| class(f.entity).as_ref() == Some(&entity.class)) {
                wrong.push(format!("{}: not found in {text}", entity.name));
            }
        }
        for text in &entity.negative_examples {
            let found = worker.explain(text.as_bytes());
            if let Some(f) = found.iter().find(|f| class(f.entity).as_ref() == Some(&entity.class)) {
                wrong.push(format!("{}: {} found in {text}", entity.name, f.entity));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
