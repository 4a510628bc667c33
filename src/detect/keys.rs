//! Which entity does a key name? The registry decides once; a memo answers for every later line.

use super::fold::{lower, tokens};
pub use super::memo::Memo;
use crate::model::{EntityId, Shape};
use crate::rules::Ruleset;
use std::collections::{HashMap, HashSet};

pub use super::fold::joined;

/// Why values under a key are not searched for bare shapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Exempt {
    /// Not exempt.
    #[default]
    No,
    /// Counts, sizes, durations.
    Metric,
    /// Order numbers and other business ids.
    Id,
    /// Points in time.
    Time,
    /// Versions and builds.
    Version,
    /// Digests and signatures.
    Hash,
    /// Trace and request ids.
    Trace,
}

impl Exempt {
    fn parse(kind: &str) -> Exempt {
        match kind {
            "metric" => Exempt::Metric,
            "time" => Exempt::Time,
            "version" => Exempt::Version,
            "hash" => Exempt::Hash,
            "trace" => Exempt::Trace,
            _ => Exempt::Id,
        }
    }
}

/// What a member says of messages of programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Says {
    /// Nothing.
    #[default]
    Nothing,
    /// It holds a line that a program wrote, or the message of one.
    Message,
    /// It names the program.
    Program,
    /// It holds the values that are bound to a statement beside it.
    Bindings,
}

/// What the registry knows of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct KeyClass {
    /// The entity that the key names, and the shape its value must have.
    pub entity: Option<(EntityId, Shape)>,
    /// Set when bare shapes under this key are something else.
    pub exempt: Exempt,
    /// The value is when the event happened.
    pub event_time: bool,
    /// The member or element holds the value of another one, whose name stands before it.
    pub wrapper: bool,
    /// The key is the type of a string that PHP serialized: `s:7:"..."`.
    pub serialized: bool,
    /// The value is a tag that logveil wrote.
    pub tag: bool,
    /// What the value has to do with messages of programs.
    pub says: Says,
}

impl KeyClass {
    /// True when the registry does not know what the value is.
    pub fn is_unknown(self) -> bool {
        KeyClass { says: Says::Nothing, ..self } == KeyClass::default()
    }
    /// True when it says no more than that bare shapes are something else.
    fn only_exempts(self) -> bool {
        self.exempt != Exempt::No && self == KeyClass { exempt: self.exempt, ..KeyClass::default() }
    }
    /// True when the key names an entity of one of these shapes.
    pub fn has_shape(self, shapes: &[Shape]) -> bool {
        self.entity.is_some_and(|(_, s)| shapes.contains(&s))
    }
}

/// Members and elements that hold the value of another one.
const WRAPPERS: [&str; 11] = [
    "string value",
    "int value",
    "double value",
    "value",
    "string",
    "attribute value",
    "parameter value",
    "option value",
    "field value",
    "old value",
    "new value",
];

/// Members that list the values bound to a statement, and the first parameter of those that .NET writes.
const BINDINGS: [&str; 5] = ["parameters", "params", "bindings", "args", "p0"];

/// Words of keys that hold numbers of telephones, whatever else they say.
const TELEPHONES: [&[u8]; 6] = [b"phone", b"mobile", b"tel", b"cell", b"msisdn", b"contact"];

/// Words and what they name.
type Words = Vec<(Box<[u8]>, KeyClass)>;

/// All keys of the rules, compiled. Immutable and shared.
pub struct Registry {
    exact: HashMap<Box<[u8]>, KeyClass>,
    suffix: HashMap<Box<[u8]>, KeyClass>,
    /// Words that say it wherever they stand in a key.
    token: HashMap<Box<[u8]>, KeyClass>,
    /// Keys with letters beyond ASCII, which match the end of a word, by their last two bytes, longest first.
    ending: HashMap<[u8; 2], Words>,
    weak: u128,
    /// Names of cookies that hold a choice, not a person.
    functional: HashSet<Box<[u8]>>,
    /// All classes, by number: that of unknown keys, those that only exempt, then all others.
    classes: Vec<KeyClass>,
    /// Number of the first of the others.
    telling: u16,
    /// Neither `http` nor `https` is a key.
    schemes_unknown: bool,
}

impl Registry {
    /// Compiles the keys of `rules`.
    pub fn new(rules: &Ruleset) -> Registry {
        let mut r = Registry {
            exact: HashMap::new(),
            suffix: HashMap::new(),
            token: HashMap::new(),
            ending: HashMap::new(),
            weak: 0,
            functional: HashSet::new(),
            classes: Vec::new(),
            telling: 0,
            schemes_unknown: false,
        };
        for x in &rules.exempt {
            if x.kind == "cookie" {
                r.functional.extend(x.keys.iter().map(|k| joined(k.as_bytes()).into()));
                continue;
            }
            let class = KeyClass { exempt: Exempt::parse(&x.kind), ..KeyClass::default() };
            r.add(&x.keys, &x.suffixes, class);
            r.token.extend(x.tokens.iter().map(|w| (w.as_bytes().into(), class)));
        }
        for k in &rules.time_keys {
            let class = KeyClass { event_time: true, exempt: Exempt::Time, ..KeyClass::default() };
            r.add(std::slice::from_ref(k), &[], class);
        }
        let wrapper = KeyClass { wrapper: true, ..KeyClass::default() };
        r.add(&WRAPPERS.map(String::from), &[], wrapper);
        r.add(&["s".into()], &[], KeyClass { serialized: true, ..KeyClass::default() });
        for e in &rules.entities {
            let class = KeyClass { entity: Some((e.id, e.shape)), ..KeyClass::default() };
            if e.weak {
                r.weak |= 1 << e.id.0;
                r.add_weak(&e.keys, class);
                continue;
            }
            r.add(&e.keys, &e.suffixes, class);
            // Running text calls many things a password: the value must look like one.
            let shape = if e.shape == Shape::Secret { Shape::SecretWord } else { e.shape };
            let class = KeyClass { entity: Some((e.id, shape)), ..KeyClass::default() };
            for w in &e.words {
                if w.is_ascii() {
                    r.exact.entry(joined(w.as_bytes()).into()).or_insert(class);
                } else {
                    r.add_ending(w, class);
                }
            }
        }
        for (entity, shape, keys, suffixes) in &rules.aliases {
            // What is not taken under such a key is a digest, an id or a status.
            let exempt = match shape {
                Shape::Signature => Exempt::Hash,
                Shape::LongSecret => Exempt::Id,
                Shape::LoginCode => Exempt::Metric,
                _ => Exempt::No,
            };
            let class = KeyClass { entity: Some((*entity, *shape)), exempt, ..KeyClass::default() };
            if r.weak >> entity.0 & 1 == 1 {
                r.add_weak(keys, class);
            } else {
                r.add(keys, &[], class);
                r.add_ends(suffixes, class);
            }
        }
        for m in &rules.messages {
            for (keys, says) in [(&m.keys, Says::Message), (&m.programs, Says::Program)] {
                keys.iter().for_each(|k| r.exact.entry(joined(k.as_bytes()).into()).or_default().says = says);
            }
        }
        for k in BINDINGS {
            let class = r.exact.entry(joined(k.as_bytes()).into()).or_default();
            class.says = if class.says == Says::Nothing { Says::Bindings } else { class.says };
        }
        r.exact.insert((*b"deid").into(), KeyClass { tag: true, ..KeyClass::default() });
        r.ending.values_mut().for_each(|words| words.sort_by_key(|(w, _)| std::cmp::Reverse(w.len())));
        r.schemes_unknown = [&b"http"[..], b"https"].iter().all(|k| r.classify(k).is_unknown());
        r.classes.push(KeyClass::default());
        for class in r
            .exact
            .values()
            .chain(r.suffix.values())
            .chain(r.token.values())
            .chain(r.ending.values().flatten().map(|w| &w.1))
        {
            if !r.classes.contains(class) {
                r.classes.push(*class);
            }
        }
        r.classes[1..].sort_by_key(|c| !c.only_exempts());
        r.telling = r.classes[1..].partition_point(|c| c.only_exempts()) as u16 + 1;
        r
    }

    /// Bit set of entities that give way to all others.
    pub fn weak(&self) -> u128 {
        self.weak
    }

    fn add(&mut self, keys: &[String], suffixes: &[String], class: KeyClass) {
        for k in keys.iter().chain(suffixes) {
            if k.is_ascii() {
                self.exact.insert(joined(k.as_bytes()).into(), class);
            } else {
                self.add_ending(k, class);
            }
        }
        for k in suffixes.iter().filter(|k| k.is_ascii()) {
            self.suffix.insert(joined(k.as_bytes()).into(), class);
        }
    }

    /// Names the end of words in a script without spaces. The first to name it wins.
    fn add_ending(&mut self, word: &str, class: KeyClass) {
        let word: Box<[u8]> = word.to_lowercase().into_bytes().into();
        let last = *word.last_chunk().expect("a letter beyond ASCII has two bytes");
        self.ending.entry(last).or_default().push((word, class));
    }

    /// Names the ends of longer keys; whole keys of that name are what they were.
    fn add_ends(&mut self, suffixes: &[String], class: KeyClass) {
        for k in suffixes {
            let name: Box<[u8]> = joined(k.as_bytes()).into();
            self.exact.entry(name.clone()).or_insert(class);
            self.suffix.insert(name, class);
        }
    }

    /// Names a key that stays exempt from the search for bare shapes, when it is.
    fn add_weak(&mut self, keys: &[String], class: KeyClass) {
        for k in keys.iter().filter(|k| k.is_ascii()) {
            let name = joined(k.as_bytes());
            let exempt = self.exact.get(&name[..]).map_or(Exempt::No, |c| c.exempt);
            self.exact.insert(name.into(), KeyClass { exempt, ..class });
        }
        for k in keys.iter().filter(|k| !k.is_ascii()) {
            self.add_ending(k, class);
        }
    }

    /// The class of that number.
    #[inline]
    pub fn class(&self, id: ClassId) -> KeyClass {
        self.classes[usize::from(id.0)]
    }

    /// True when keys of this class say what their value is.
    #[inline(always)]
    pub fn tells(&self, id: ClassId) -> bool {
        id.0 >= self.telling
    }

    /// True when neither `http` nor `https` is a key.
    #[inline]
    pub fn schemes_unknown(&self) -> bool {
        self.schemes_unknown
    }

    /// Number of the class of a key.
    #[cold]
    pub(super) fn number(&self, key: &[u8]) -> ClassId {
        let class = self.classify(key);
        ClassId(self.classes.iter().position(|c| *c == class).unwrap_or(0) as u16)
    }

    /// What the rules say of a key as it was written.
    pub fn classify(&self, key: &[u8]) -> KeyClass {
        // The key `_` joins to nothing, and must not be mistaken for none.
        if key.is_empty() {
            return KeyClass::default();
        }
        if !key.is_ascii() {
            return self.classify_words(key);
        }
        let (name, starts) = tokens(key);
        // A dash or dot is no key, nor is the lack of one; `_` is: clients put the time behind it.
        if name.is_empty() && key != b"_" {
            return KeyClass::default();
        }
        if let Some(c) = self.exact.get(&name[..]) {
            return *c;
        }
        for &s in &starts {
            if let Some(c) = self.suffix.get(&name[s..]) {
                return *c;
            }
        }
        let bare = name.iter().rposition(|b| !b.is_ascii_digit()).map_or(0, |i| i + 1);
        if bare > 1 && bare < name.len() {
            return self.classify(&name[..bare]);
        }
        self.by_token(&name, &starts)
    }

    /// What one word of a key of several says of it: `bytesTransferredOut`. Keys that speak of telephones are left out.
    fn by_token(&self, name: &[u8], starts: &[usize]) -> KeyClass {
        let ends = starts.iter().copied().chain([name.len()]);
        let mut words = std::iter::once(0).chain(starts.iter().copied()).zip(ends).map(|(s, e)| &name[s..e]);
        if words.clone().any(|w| TELEPHONES.contains(&w)) {
            return KeyClass::default();
        }
        words.find_map(|w| self.token.get(w)).copied().unwrap_or_default()
    }

    /// True for a cookie that holds a choice, not a person.
    pub fn is_functional(&self, cookie: &[u8]) -> bool {
        self.functional.contains(&joined(cookie)[..])
    }

    /// Words run together in scripts without spaces: the end decides, after a copula is dropped.
    fn classify_words(&self, key: &[u8]) -> KeyClass {
        let mut low = lower(key);
        for copula in ["是", "为", "：", "号为"] {
            if low.ends_with(copula.as_bytes()) {
                low.truncate(low.len() - copula.len());
            }
        }
        let words = low.last_chunk().and_then(|last| self.ending.get(last));
        if let Some((_, c)) = words.into_iter().flatten().find(|(w, _)| low.ends_with(w)) {
            return *c;
        }
        let tail = low.iter().rposition(|&b| b >= 0x80).map_or(0, |i| i + 1);
        // `openId为` has nothing else.
        if tail < low.len() { self.classify(key.get(tail..low.len()).unwrap_or_default()) } else { KeyClass::default() }
    }
}

/// Number of a class in [`Registry::class`]; 0 for keys that the registry does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ClassId(u16);

impl ClassId {
    /// The class of keys that the registry does not know.
    pub const UNKNOWN: ClassId = ClassId(0);

    /// True when the registry does not know the key.
    pub fn is_unknown(self) -> bool {
        self.0 == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::well_known as e;

    fn class(key: &str) -> Option<EntityId> {
        Registry::new(&Ruleset::builtin()).classify(key.as_bytes()).entity.map(|x| x.0)
    }

    #[test]
    fn spellings_of_a_key_are_one_key() {
        for k in ["client_ip", "clientIp", "CLIENT-IP", "clientip", "Client.Ip"] {
            assert_eq!(class(k), class("client_ip"), "{k}");
            assert!(class(k).is_some(), "{k}");
        }
        assert_eq!(class("userPhone"), Some(e::PHONE_MOBILE_CN));
        assert_eq!(class("用户手机号"), Some(e::PHONE_MOBILE_CN));
        assert_eq!(class("telegram"), None);
        let r = Registry::new(&Ruleset::builtin());
        for mark in ["", "-", ".", "--", "$"] {
            assert!(r.classify(mark.as_bytes()).is_unknown(), "{mark}");
        }
        assert_eq!(r.classify(b"_").exempt, Exempt::Time);
        assert_eq!(class("imei2"), class("imei"));
    }

    #[test]
    fn memo_agrees_with_the_registry() {
        let r = Registry::new(&Ruleset::builtin());
        let mut m = Memo::default();
        let text = b"x imei client_ip $device_id a_very_long_key_name_for_phone 13";
        for s in 0..text.len() {
            for e in s + 1..text.len().min(s + 34) {
                assert_eq!(r.class(m.classify(&r, text, e - s, e)), r.classify(&text[s..e]));
            }
        }
    }
}
