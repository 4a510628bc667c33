//! The reference policy clause by clause: every row of its table is covered, every executable clause has a case in
//! `tests/cases/`, and each case fails when its clause is taken out of the policy.

mod support;

use logveil::engine::{Engine, EngineConfig, HashKernel, ScanKernel, TagMode};
use logveil::keys::{Keyring, MasterKey};
use logveil::model::Block;
use logveil::policy::lists::{Kind, Lists};
use logveil::policy::{Origin, Policy, compile, diff};
use logveil::rules::{PolicyDef, Ruleset, policy_builtin};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// A case file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// Clause of the policy's text.
    clause: String,
    /// More stanzas for the policy.
    #[serde(default)]
    append: String,
    /// Recipient whose output is looked at; the main output when it is missing.
    view: Option<String>,
    /// A line whose first token stands for `{token}` in the lists.
    #[serde(default)]
    subject: String,
    /// Lists of subjects.
    #[serde(default)]
    lists: BTreeMap<String, String>,
    /// Tenant.
    tenant: Option<String>,
    /// Records.
    #[serde(default)]
    input: String,
    /// Texts that the output must hold.
    #[serde(default)]
    contains: Vec<String>,
    /// Texts that it must not hold.
    #[serde(default)]
    lacks: Vec<String>,
    /// Records of the output, when not as many as of the input.
    records: Option<usize>,
    /// Members of the first record's tag, as JSON pointers and JSON values.
    #[serde(default)]
    tag: BTreeMap<String, toml::Value>,
    /// Clause that decides an entity of the first record.
    #[serde(default)]
    by: BTreeMap<String, String>,
    /// Texts in the policy and what replaces them in its next version; then what the comparison says.
    #[serde(default)]
    next: Vec<Next>,
    /// Stanzas that the policy must refuse, and why.
    #[serde(default)]
    refuses: Vec<Refused>,
    /// Streams, and whether the policy claims them.
    #[serde(default)]
    claims: BTreeMap<String, bool>,
    /// The key was destroyed.
    #[serde(default)]
    destroyed: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Next {
    from: String,
    to: String,
    says: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refused {
    append: String,
    says: String,
}

fn reference() -> String {
    policy_builtin("jdcloud-2021").unwrap().to_string()
}

fn load(text: &str) -> Result<Policy, String> {
    let lines = |e: Vec<logveil::rules::RuleError>| e.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    compile("case", text, &Ruleset::builtin()).map_err(lines)
}

fn engine(mut policy: Policy, view: Option<&String>, destroyed: bool, tag: TagMode) -> Result<Engine, String> {
    policy.choose(&view.into_iter().cloned().collect::<Vec<_>>())?;
    let mut key: Keyring = MasterKey::from_bytes(&[b'k'; 32], "test").unwrap().into();
    if destroyed {
        let kid = key.keys()[0].kid.clone();
        key.destroy(&kid);
    }
    let (scan, hash) = (ScanKernel::detect(), HashKernel::detect());
    let cfg = EngineConfig { rules: Ruleset::builtin(), policy, key, tag, scan, hash, ingest: 1_795_399_905 };
    Engine::new(cfg).map_err(|_| "formats".into())
}

/// Output of the view in question: the main one, or the one recipient's.
fn output(engine: &Engine, view: usize, input: &str) -> String {
    let mut worker = engine.worker();
    worker.set_format(engine.sniffer(None).look(input.as_bytes()));
    let mut out = Vec::new();
    worker
        .views(Block::records(input.as_bytes()), &mut |n, clean| {
            if n == view {
                out.extend_from_slice(clean.bytes());
            }
            Ok(())
        })
        .unwrap();
    String::from_utf8(out).unwrap()
}

/// The tag of a record, as JSON.
fn tag_of(record: &str) -> serde_json::Value {
    if let Ok(v) = serde_json::from_str::<serde_json::Value>(record) {
        return v["_deid"].clone();
    }
    let text = record.rsplit("\"deid=").next().unwrap_or_default().trim_end_matches('"');
    let flat = text.split(';').filter_map(|p| p.split_once(':'));
    flat.map(|(k, v)| (k.to_string(), serde_json::Value::from(v))).collect::<serde_json::Map<_, _>>().into()
}

impl Case {
    /// Runs the case against a policy's text.
    fn run(&self, text: &str) -> Result<(), String> {
        let text = format!("{text}\n{}", self.append);
        let mut policy = load(&text)?;
        if let Some(t) = &self.tenant {
            policy.for_tenant(t);
        }
        self.claims(&policy.def)?;
        self.refusals(&text)?;
        self.changes(&text)?;
        if self.input.is_empty() {
            return Ok(());
        }
        let lists = self.lists(&policy)?;
        let engine = engine(policy, self.view.as_ref(), self.destroyed, TagMode::Inline)?;
        engine.set_lists(lists);
        let out = output(&engine, usize::from(self.view.is_some()), &self.input);
        self.compare(&out)?;
        self.decided(&engine)
    }

    fn claims(&self, def: &PolicyDef) -> Result<(), String> {
        for (host, want) in &self.claims {
            let origin = Origin { host: Some(host.clone()), ..Origin::default() };
            let got = def.select.claims(&origin);
            if got != *want {
                return Err(format!("host {host}: claimed is {got}"));
            }
        }
        Ok(())
    }

    fn refusals(&self, text: &str) -> Result<(), String> {
        for r in &self.refuses {
            match load(&format!("{text}\n{}", r.append)) {
                Ok(_) => return Err(format!("is not refused: {}", r.says)),
                Err(e) if e.contains(&r.says) => {}
                Err(e) => return Err(format!("refused for another reason: {e}")),
            }
        }
        Ok(())
    }

    fn changes(&self, text: &str) -> Result<(), String> {
        for n in &self.next {
            if !text.contains(&n.from) {
                return Err(format!("the policy has no `{}`", n.from));
            }
            let changes = diff::diff(&load(text)?, &load(&text.replacen(&n.from, &n.to, 1))?, &Ruleset::builtin());
            let said = |c: &diff::Change| c.clause.is_some_and(|x| format!("{x}: {}", c.text).contains(&n.says));
            if !changes.iter().any(said) {
                return Err(format!("the comparison does not say `{}`: {changes:?}", n.says));
            }
        }
        Ok(())
    }

    fn lists(&self, policy: &Policy) -> Result<Lists, String> {
        let mut lists = Lists::default();
        if self.lists.is_empty() {
            return Ok(lists);
        }
        let tokens = engine(load(&format!("{}\n{}", reference(), self.append))?, None, false, TagMode::None)?;
        let line = output(&tokens, 0, &self.subject);
        let word = |w: &&str| w.matches('_').count() == 2 && w.len() > 36;
        let token = line.trim().split([' ', '=', '"', '&']).find(word).expect("the subject's line makes a token");
        for (kind, text) in &self.lists {
            let kind = Kind::NAMES.iter().find(|n| n.0 == kind).expect("a list's name").1;
            let text = text.replace("{token}", token);
            lists.add(kind, "list", &text, policy).map_err(|e| e[0].to_string())?;
        }
        Ok(lists)
    }

    fn compare(&self, out: &str) -> Result<(), String> {
        let fail = |m: String| Err(format!("{m} in:\n{out}"));
        let want = self.records.unwrap_or_else(|| self.input.lines().count());
        if out.lines().count() != want {
            return fail(format!("not {want} records"));
        }
        if let Some(t) = self.contains.iter().find(|t| !out.contains(*t)) {
            return fail(format!("no `{t}`"));
        }
        if let Some(t) = self.lacks.iter().find(|t| out.contains(*t)) {
            return fail(format!("`{t}`"));
        }
        let tag = tag_of(out.lines().next().unwrap_or_default());
        for (at, value) in &self.tag {
            let want = serde_json::to_value(value).unwrap();
            if tag.pointer(at) != Some(&want) {
                return fail(format!("tag {at} is {:?}, not {want}", tag.pointer(at)));
            }
        }
        Ok(())
    }

    fn decided(&self, engine: &Engine) -> Result<(), String> {
        let first = self.input.lines().next().unwrap_or_default();
        let found = engine.worker().explain(first.as_bytes());
        for (entity, clause) in &self.by {
            let got: Vec<_> = found.iter().filter(|f| f.entity == *entity).map(|f| &f.clause).collect();
            if got.is_empty() || got.iter().any(|c| *c != clause) {
                return Err(format!("{entity} is decided by {got:?}, not by {clause}"));
            }
        }
        Ok(())
    }
}

fn cases() -> Vec<(String, Case)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut all: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with("clause-")))
        .map(|p| {
            let name = p.file_name().unwrap().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&p).unwrap();
            (name.clone(), toml::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}")))
        })
        .collect();
    all.sort_by(|a: &(String, Case), b| a.0.cmp(&b.0));
    all
}

/// The policy without what carries out a clause, and without the table that would miss it.
fn without(clause: &str) -> String {
    let mut policy: toml::Table = reference().parse().unwrap();
    let rows = policy.remove("coverage").unwrap();
    let row = rows.as_array().unwrap().iter().find(|r| r["clause"].as_str() == Some(clause)).unwrap();
    for rule in row["rules"].as_array().unwrap() {
        remove(&mut policy, rule.as_str().unwrap());
    }
    policy.to_string()
}

fn remove(policy: &mut toml::Table, rule: &str) {
    let mut drop = |list: &str, key: &str, id: &str| {
        let all = policy.get_mut(list).and_then(toml::Value::as_array_mut).unwrap();
        let before = all.len();
        all.retain(|x| x[key].as_str() != Some(id));
        assert_eq!(all.len() + 1, before, "{rule}");
    };
    match rule.split_once(':') {
        Some(("verb", _)) => {}
        Some(("retention", id)) => drop("retention", "class", id),
        Some(("ground", id)) => {
            let Some(e) = policy.get_mut("erasure") else { return };
            e["grounds"].as_array_mut().unwrap().retain(|g| g["id"].as_str() != Some(id));
        }
        Some((list, id)) => drop(list, "id", id),
        None => match rule.split_once('.') {
            Some((table, key)) => drop_key(policy.get_mut(table).unwrap().as_table_mut().unwrap(), key),
            None => drop_key(policy, rule),
        },
    }
}

fn drop_key(table: &mut toml::Table, key: &str) {
    assert!(table.remove(key).is_some(), "{key}");
}

#[test]
fn every_case_passes() {
    let failed: Vec<_> =
        cases().iter().filter_map(|(name, c)| c.run(&reference()).err().map(|e| format!("{name}: {e}"))).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

#[test]
fn every_case_fails_without_its_clause() {
    let passed: Vec<_> =
        cases().into_iter().filter(|(_, c)| c.run(&without(&c.clause)).is_ok()).map(|(name, _)| name).collect();
    assert!(passed.is_empty(), "pass without their clause: {passed:?}");
}

#[test]
fn every_executable_clause_has_a_case() {
    let have: Vec<String> = cases().into_iter().map(|c| c.1.clause).collect();
    let policy = load(&reference()).unwrap();
    let missing: Vec<_> = policy
        .coverage
        .iter()
        .filter(|c| !c.rules.is_empty() && c.reason.is_empty() && !have.contains(&c.clause))
        .map(|c| &c.clause)
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(policy.coverage.iter().all(|c| !c.rules.is_empty() || !c.reason.is_empty()));
}

/// The table of the policy's text: Y rows have rules and need no excuse, P rows have both, N rows a reason.
#[test]
fn the_table_of_clauses_is_covered() {
    let Some(dir) = support::shared() else { return };
    let text = std::fs::read_to_string(dir.join("identifiers/policy_clauses.tsv")).unwrap();
    let policy = load(&reference()).unwrap();
    let mut rows = 0;
    for line in text.lines().skip(1) {
        let mut cells = line.split('\t');
        let (clause, kind) = (cells.next().unwrap(), cells.nth(1).unwrap());
        let row = policy.coverage.iter().find(|c| c.clause == clause);
        let row = row.unwrap_or_else(|| panic!("{clause} is not covered"));
        let (rules, reason) = (!row.rules.is_empty(), !row.reason.is_empty());
        let good = match kind {
            "Y" => rules && !reason,
            "P" => rules && reason,
            _ => !rules && reason,
        };
        assert!(good, "{clause} ({kind}): rules {rules}, reason {reason}");
        rows += 1;
    }
    assert_eq!((rows, policy.coverage.len()), (96, 96));
}
