//! The examples that every entity stanza gives are executed: all of them through the whole engine.

mod support;

use logveil::engine::TagMode;
use logveil::rules::Ruleset;
use support::engine_of;

#[test]
fn examples_of_the_rules_are_found_and_negative_ones_are_not() {
    let rules = Ruleset::builtin();
    let [plain, with_urls] =
        ["", "\n[urls]\nroute = true\n"].map(|more| engine_of("jdcloud-2021", more, TagMode::None));
    let class = |name: &str| rules.by_name(name).map(|e| e.class.clone());
    let mut wrong = Vec::new();
    for entity in &rules.entities {
        // Parts of URLs are found where a policy asks for them.
        let engine = if plain.looks_for(entity.id) { &plain } else { &with_urls };
        assert!(engine.looks_for(entity.id), "{}", entity.name);
        let mut worker = engine.worker();
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
