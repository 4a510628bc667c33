//! Entity and key stanzas.

use super::allow::{AllowRule, AllowStanza};
use super::commands::{CommandDef, CommandStanza};
use super::formats::{FormatDef, FormatStanza};
use super::pattern::{PatternDef, PatternStanza};
use super::read::read_with;
use super::sentences::{MessageDef, SentenceDef, SentenceStanza};
use super::{RuleError, Source, nearest};
use crate::model::{Category, EntityId, Shape, WELL_KNOWN};
use serde::Deserialize;
use toml::Spanned;

/// One entity type as its stanza describes it.
#[derive(Debug, Clone)]
pub struct EntityDef {
    /// Interned id: its index in [`Ruleset::entities`].
    pub id: EntityId,
    /// Name in rules, reports, tags and metrics.
    pub name: String,
    /// Key-derivation class: entities of one class share pseudonyms.
    pub class: String,
    /// Prefix of its tokens.
    pub kind: String,
    /// Data category.
    pub category: Category,
    /// Sensitivity, 0 to 4.
    pub level: u8,
    /// It gives way to any other finding in its span, and is looked for only when a policy changes or shows it.
    pub weak: bool,
    /// Grammar of a keyed value.
    pub shape: Shape,
    /// Name of the canonical form that pseudonyms are computed from.
    pub canon: String,
    /// Whole keys that name it.
    pub keys: Vec<String>,
    /// Ends of longer keys that name it.
    pub suffixes: Vec<String>,
    /// Words before a value in text that name it.
    pub words: Vec<String>,
    /// Texts in which it must be found.
    pub examples: Vec<String>,
    /// Texts in which it must not be found.
    pub negative_examples: Vec<String>,
}

/// Keys whose values are no identifiers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExemptDef {
    /// `metric`, `id`, `time`, `version`, `hash` or `trace`.
    pub kind: String,
    /// Whole keys.
    pub keys: Vec<String>,
    /// Ends of longer keys.
    #[serde(default)]
    pub suffixes: Vec<String>,
    /// Words that say it wherever they stand in a key of which nothing else is known.
    #[serde(default)]
    pub tokens: Vec<String>,
}

/// All entities and keys in force.
#[derive(Debug, Clone)]
pub struct Ruleset {
    /// Entities, indexed by [`EntityId`].
    pub entities: Vec<EntityDef>,
    /// More keys of an entity, under a stricter shape, and ends of longer ones.
    pub aliases: Vec<(EntityId, Shape, Vec<String>, Vec<String>)>,
    /// Keys that exempt their values.
    pub exempt: Vec<ExemptDef>,
    /// Keys that hold the event time.
    pub time_keys: Vec<String>,
    /// Layouts of logs, the most particular first.
    pub formats: Vec<FormatDef>,
    /// What programs write about accounts.
    pub sentences: Vec<SentenceDef>,
    /// Where records hold what programs wrote.
    pub messages: Vec<MessageDef>,
    /// Options of programs that take a secret.
    pub commands: Vec<CommandDef>,
    /// Regular expressions that users added.
    pub patterns: Vec<PatternDef>,
    /// What stays.
    pub allow: Vec<AllowRule>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct File {
    entity: Vec<EntityStanza>,
    alias: Vec<AliasStanza>,
    exempt: Vec<ExemptDef>,
    event_time: Vec<TimeStanza>,
    format: Vec<FormatStanza>,
    sentence: Vec<SentenceStanza>,
    message: Vec<MessageDef>,
    command: Vec<CommandStanza>,
    pattern: Vec<PatternStanza>,
    allow: Vec<AllowStanza>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EntityStanza {
    id: Spanned<String>,
    class: Option<String>,
    kind: Option<String>,
    category: Spanned<String>,
    level: Spanned<u8>,
    #[serde(default)]
    weak: bool,
    shape: Option<Spanned<String>>,
    pattern: Option<Spanned<String>>,
    #[serde(default)]
    keywords: Vec<String>,
    validator: Option<Spanned<String>>,
    #[serde(default)]
    fields: Vec<String>,
    confidence: Option<Spanned<String>>,
    #[serde(default = "text")]
    canon: String,
    #[serde(default)]
    keys: Vec<String>,
    #[serde(default)]
    suffixes: Vec<String>,
    #[serde(default)]
    words: Vec<String>,
    #[serde(default)]
    examples: Vec<String>,
    #[serde(default)]
    negative_examples: Vec<String>,
}

fn text() -> String {
    "text".into()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AliasStanza {
    entity: Spanned<String>,
    shape: Spanned<String>,
    #[serde(default)]
    keys: Vec<String>,
    #[serde(default)]
    suffixes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TimeStanza {
    keys: Vec<String>,
}

const BUILTIN: &[(&str, &str)] = &[
    ("rules/entities/address.toml", include_str!("../../rules/entities/address.toml")),
    ("rules/entities/person.toml", include_str!("../../rules/entities/person.toml")),
    ("rules/entities/context.toml", include_str!("../../rules/entities/context.toml")),
    ("rules/entities/international.toml", include_str!("../../rules/entities/international.toml")),
    ("rules/entities/languages.toml", include_str!("../../rules/entities/languages.toml")),
    ("rules/entities/device.toml", include_str!("../../rules/entities/device.toml")),
    ("rules/entities/secret.toml", include_str!("../../rules/entities/secret.toml")),
    ("rules/entities/document.toml", include_str!("../../rules/entities/document.toml")),
    ("rules/entities/organisation.toml", include_str!("../../rules/entities/organisation.toml")),
    ("rules/entities/behaviour.toml", include_str!("../../rules/entities/behaviour.toml")),
    ("rules/keys.toml", include_str!("../../rules/keys.toml")),
    ("rules/formats.toml", include_str!("../../rules/formats.toml")),
    ("rules/sentences.toml", include_str!("../../rules/sentences.toml")),
    ("rules/commands.toml", include_str!("../../rules/commands.toml")),
];

/// Most entities a ruleset can hold; ids are bytes and tags are bit sets.
pub const MAX_ENTITIES: usize = 128;

impl Ruleset {
    /// The rules that the binary carries.
    ///
    /// # Panics
    /// Never: a test loads them.
    pub fn builtin() -> Ruleset {
        Ruleset::parse(BUILTIN).expect("the embedded rules are valid")
    }

    /// The rules that the binary carries and those of more files, given as name and text.
    ///
    /// # Errors
    /// All mistakes of all files.
    pub fn with(more: &[(String, String)]) -> Result<Ruleset, Vec<RuleError>> {
        let (rules, errors) = Ruleset::read(more);
        if errors.is_empty() { Ok(rules) } else { Err(errors) }
    }

    /// As [`Ruleset::with`]: what could be read, and all mistakes of all files.
    pub fn read(more: &[(String, String)]) -> (Ruleset, Vec<RuleError>) {
        let more = more.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        Ruleset::sound(&BUILTIN.iter().copied().chain(more).collect::<Vec<_>>())
    }

    /// Reads rules files, given as name and text.
    ///
    /// # Errors
    /// All mistakes of all files.
    pub fn parse(files: &[(&str, &str)]) -> Result<Ruleset, Vec<RuleError>> {
        let (rules, errors) = Ruleset::sound(files);
        if errors.is_empty() { Ok(rules) } else { Err(errors) }
    }

    /// What is sound in the files, and their mistakes.
    fn sound(files: &[(&str, &str)]) -> (Ruleset, Vec<RuleError>) {
        let mut errors = Vec::new();
        let mut slots: Vec<Option<EntityDef>> = WELL_KNOWN.iter().map(|_| None).collect();
        let mut rules = Ruleset {
            entities: Vec::new(),
            aliases: Vec::new(),
            exempt: Vec::new(),
            time_keys: Vec::new(),
            formats: Vec::new(),
            sentences: Vec::new(),
            messages: Vec::new(),
            commands: Vec::new(),
            patterns: Vec::new(),
            allow: Vec::new(),
        };
        let mut patterns = Vec::new();
        let mut aliases = Vec::new();
        let mut broken = Vec::new();
        for (name, content) in files {
            let Some(file) = read_with::<File>(name, content, &mut errors) else { continue };
            for mut e in file.entity {
                if e.pattern.is_some() {
                    let stanza = PatternStanza {
                        id: None,
                        entity: Some(e.id.clone()),
                        pattern: e.pattern.take(),
                        keywords: std::mem::take(&mut e.keywords),
                        validator: e.validator.take(),
                        fields: std::mem::take(&mut e.fields),
                        confidence: e.confidence.take(),
                        examples: e.examples.clone(),
                        negative_examples: e.negative_examples.clone(),
                    };
                    patterns.push((*name, *content, stanza));
                }
                let (id, known) = (e.id.get_ref().clone(), errors.len());
                place((name, content), e, &mut slots, &mut errors);
                broken.extend((errors.len() > known).then_some(id));
            }
            patterns.extend(file.pattern.into_iter().map(|p| (*name, *content, p)));
            rules.allow.extend(file.allow.into_iter().map(|a| a.check(name, content, &mut errors)));
            rules.exempt.extend(file.exempt);
            rules.messages.extend(file.message);
            rules.time_keys.extend(file.event_time.into_iter().flat_map(|t| t.keys));
            // Formats, sentences and commands of later files come first: a user's own are more particular than ours.
            let formats: Vec<_> = file
                .format
                .into_iter()
                .filter_map(|f| f.check(name, content).map_err(|e| errors.push(e)).ok())
                .collect();
            rules.formats.splice(0..0, formats);
            rules.sentences.splice(0..0, file.sentence.into_iter().map(|s| s.place(name, content)));
            rules.commands.splice(0..0, file.command.into_iter().map(|c| c.place(name, content)));
            aliases.extend(file.alias.into_iter().map(|a| (*name, *content, a)));
        }
        for (slot, name) in slots.iter().zip(WELL_KNOWN) {
            if slot.is_none() {
                errors.push(RuleError::new("rules", format!("entity `{name}` has no stanza")));
            }
        }
        rules.entities = slots.into_iter().flatten().collect();
        for (file, text, a) in aliases {
            match (rules.named(file, text, &a.entity), shape(a.shape.get_ref())) {
                (Ok(id), Ok(s)) => rules.aliases.push((id, s, a.keys, a.suffixes)),
                (id, s) => {
                    errors.extend(id.err());
                    errors.extend(s.err().map(|m| Source::new(file, text, a.shape.span()).error(m)));
                }
            }
        }
        for (file, text, p) in patterns {
            let Some(entity) = p.entity.clone() else {
                errors.push(p.place(file, text, "a [[pattern]] names no `entity`"));
                continue;
            };
            let id = match rules.named(file, text, &entity) {
                // The stanza of that entity is told already.
                Err(_) if broken.contains(entity.get_ref()) => Ok(EntityId(0)),
                id => id,
            };
            match id {
                Ok(id) => rules.patterns.extend(p.check(file, text, id, entity.get_ref(), &mut errors)),
                Err(e) => errors.push(e),
            }
        }
        (rules, errors)
    }

    /// These rules without the keys of weak entities that nobody needs: they are then not found.
    pub fn only_needed(&self, needs: impl Fn(EntityId) -> bool) -> Ruleset {
        let mut rules = self.clone();
        let mut gone = 0u128;
        for e in rules.entities.iter_mut().filter(|e| e.weak && !needs(e.id)) {
            (e.keys, e.suffixes, e.words) = Default::default();
            gone |= 1 << e.id.0;
        }
        rules.aliases.retain(|a| gone >> a.0.0 & 1 == 0);
        rules
    }

    /// The entity of that name.
    pub fn by_name(&self, name: &str) -> Option<&EntityDef> {
        self.entities.iter().find(|e| e.name == name)
    }

    /// The entity that a stanza of a file names.
    fn named(&self, file: &str, text: &str, name: &Spanned<String>) -> Result<EntityId, RuleError> {
        self.by_name(name.get_ref()).map(|e| e.id).ok_or_else(|| {
            let near = nearest(name.get_ref(), self.entities.iter().map(|e| e.name.as_str()));
            Source::new(file, text, name.span()).error(format!("unknown entity `{}`{near}", name.get_ref()))
        })
    }

    /// The definition of an entity.
    pub fn entity(&self, id: EntityId) -> &EntityDef {
        &self.entities[id.0 as usize]
    }
}

fn place((file, text): (&str, &str), e: EntityStanza, slots: &mut Vec<Option<EntityDef>>, errors: &mut Vec<RuleError>) {
    let at = |span| Source::new(file, text, span);
    let name = e.id.get_ref().clone();
    let shape = match &e.shape {
        Some(s) => shape(s.get_ref()).map_err(|m| at(s.span()).error(m)),
        None => Ok(Shape::Text),
    };
    let category = Category::parse(e.category.get_ref());
    if category.is_none() {
        let near = nearest(e.category.get_ref(), Category::ALL.iter().map(|c| c.name()));
        errors.push(at(e.category.span()).error(format!("unknown category `{}`{near}", e.category.get_ref())));
    }
    if *e.level.get_ref() > 4 {
        errors.push(at(e.level.span()).error(format!("level {} is above 4", e.level.get_ref())));
    }
    let slot = match WELL_KNOWN.iter().position(|n| **n == name) {
        Some(i) => i,
        None => slots.iter().flatten().position(|e| e.name == name).unwrap_or_else(|| {
            slots.push(None);
            slots.len() - 1
        }),
    };
    if slots[slot].is_some() {
        errors.push(
            at(e.id.span()).error(format!("entity `{name}` is defined twice; add a [[pattern]] or [[alias]] to it")),
        );
    }
    if slot >= MAX_ENTITIES {
        errors.push(
            at(e.id.span()).error(format!("more than {MAX_ENTITIES} entities; give one entity several [[pattern]]s")),
        );
        slots.pop();
        return;
    }
    let shape = shape.map_err(|m| errors.push(m)).ok();
    let (Some(shape), Some(category)) = (shape, category) else { return };
    // Prefixes of tokens are letters and digits.
    let kind = e.kind.unwrap_or_else(|| {
        let last = name.rsplit('.').next().unwrap_or_default();
        let kind: String = last.chars().filter(char::is_ascii_alphanumeric).collect();
        if kind.is_empty() { "value".into() } else { kind.to_ascii_lowercase() }
    });
    slots[slot] = Some(EntityDef {
        id: EntityId(slot as u8),
        class: e.class.unwrap_or_else(|| name.clone()),
        name,
        kind,
        category,
        level: *e.level.get_ref(),
        weak: e.weak,
        shape,
        canon: e.canon,
        keys: e.keys,
        suffixes: e.suffixes,
        words: e.words,
        examples: e.examples,
        negative_examples: e.negative_examples,
    });
}

const SHAPES: &[(&str, Shape)] = &[
    ("ip", Shape::Ip),
    ("phone", Shape::Phone),
    ("cn_id", Shape::CnId),
    ("device_id", Shape::DeviceId),
    ("imsi", Shape::Imsi),
    ("iccid", Shape::Iccid),
    ("mac", Shape::Mac),
    ("weak_device_id", Shape::WeakDeviceId),
    ("email", Shape::Email),
    ("card", Shape::Card),
    ("serial", Shape::Serial),
    ("passport", Shape::Passport),
    ("geo", Shape::Geo),
    ("code", Shape::Code),
    ("short_code", Shape::ShortCode),
    ("secret", Shape::Secret),
    ("secret_no_path", Shape::SecretNoPath),
    ("loose_secret", Shape::LooseSecret),
    ("long_secret", Shape::LongSecret),
    ("signature", Shape::Signature),
    ("login_code", Shape::LoginCode),
    ("basic", Shape::Basic),
    ("credential", Shape::Credential),
    ("text", Shape::Text),
    ("user_id", Shape::UserId),
    ("account_name", Shape::AccountName),
    ("named_account", Shape::NamedAccount),
    ("login", Shape::Login),
    ("operator", Shape::Operator),
    ("digest", Shape::Digest),
    ("visitor", Shape::Visitor),
    ("name", Shape::Name),
    ("full_name", Shape::FullName),
    ("owned", Shape::Owned),
    ("permit", Shape::Permit),
    ("regional_id", Shape::RegionalId),
    ("organisation", Shape::Organisation),
    ("bank_account", Shape::BankAccount),
    ("iban", Shape::Iban),
    ("ssn", Shape::Ssn),
    ("national_id", Shape::NationalId),
    ("national_id_checked", Shape::NationalIdChecked),
    ("state_number", Shape::StateNumber),
    ("paper_number", Shape::PaperNumber),
    ("passport_number", Shape::PassportNumber),
    ("account_number", Shape::AccountNumber),
    ("mixed_secret", Shape::MixedSecret),
    ("secret_word", Shape::SecretWord),
    ("given_name", Shape::GivenName),
    ("plate", Shape::Plate),
    ("vin", Shape::Vin),
    ("birth", Shape::Birth),
    ("weak_serial", Shape::WeakSerial),
    ("geohash", Shape::Geohash),
    ("place", Shape::Place),
    ("place_text", Shape::PlaceText),
    ("prose", Shape::Prose),
    ("search", Shape::Search),
    ("jar", Shape::Jar),
    ("url", Shape::Url),
    ("query", Shape::Query),
    ("arn", Shape::Arn),
    ("terminal", Shape::Terminal),
    ("command_line", Shape::CommandLine),
];

fn shape(name: &str) -> Result<Shape, String> {
    SHAPES
        .iter()
        .find(|(n, _)| *n == name)
        .map(|(_, s)| *s)
        .ok_or_else(|| format!("unknown shape `{name}`{}", nearest(name, SHAPES.iter().map(|s| s.0))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn embedded_rules_load_and_name_every_entity() {
        let r = Ruleset::builtin();
        assert!(r.entities.len() >= WELL_KNOWN.len());
        for (e, name) in r.entities.iter().zip(WELL_KNOWN) {
            assert_eq!(e.name, *name);
            assert!(!e.examples.is_empty(), "{name} has no example");
        }
    }

    #[test]
    fn all_mistakes_are_reported_at_once() {
        let text = "[[entity]]\nid='x'\nkind='x'\ncategory='basik'\nlevel=9\nshape='phon'\n";
        let errors = Ruleset::parse(&[("a.toml", text), ("b.toml", "[[entity]]\nidd='x'")]).unwrap_err();
        let all = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        for want in [
            "a.toml:4:10: unknown category `basik`, did you mean `basic`?",
            " 4 | category='basik'\n   |          ^^^^^^^",
            "did you mean `phone`",
            "level 9",
            "b.toml:2:1: unknown field `idd`",
            "did you mean `id`?",
        ] {
            assert!(all.contains(want), "{want} in {all}");
        }
    }
}
