//! Options of programs that carry a secret, compiled: `mysql -phunter2`, `curl -u alice:hunter2`.

use super::keys::Registry;
use crate::model::{EntityId, Shape};
use crate::rules::{RuleError, Ruleset};

/// A part of an argument.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    /// These bytes.
    Mark(Vec<u8>),
    /// A value; what it is where its name tells.
    Value(Option<(EntityId, Shape)>),
}

/// One option, compiled.
#[derive(Debug)]
pub struct Opt {
    /// Its dashes, and its name up to any other letters that may stand before the last.
    pub front: Vec<u8>,
    /// The last letter behind others (`-*u`).
    pub last: Option<u8>,
    /// What touches its name; empty when that is an argument of its own.
    pub touching: Vec<Piece>,
    /// The arguments behind it.
    pub arguments: Vec<Vec<Piece>>,
}

/// The options of one stanza, and whether they only count right behind the program.
struct Command {
    options: Vec<Opt>,
    first: bool,
}

/// All commands of the rules, compiled. Immutable and shared.
pub struct Commands {
    /// Names of programs and their command, ascending; a user's first where two have the same name.
    named: Vec<(Vec<u8>, usize)>,
    /// Names of two words.
    pairs: Vec<(Vec<u8>, usize)>,
    /// How names begin.
    begun: Vec<(Vec<u8>, usize)>,
    all: Vec<Command>,
    /// Options by their first letter, as command and number; those that any letter may begin stand under all of them.
    letters: [Vec<(usize, usize)>; 128],
}

impl Default for Commands {
    fn default() -> Self {
        Commands {
            named: Vec::new(),
            pairs: Vec::new(),
            begun: Vec::new(),
            all: Vec::new(),
            letters: std::array::from_fn(|_| Vec::new()),
        }
    }
}

impl Commands {
    /// Compiles the commands of `rules`. Values are taken whose names `registry` knows.
    ///
    /// # Errors
    /// Every option whose notation is wrong.
    pub fn new(rules: &Ruleset, registry: &Registry) -> Result<Commands, Vec<RuleError>> {
        let (mut c, mut errors) = (Commands::default(), Vec::new());
        let mut all = None;
        let mut known =
            |field: &str| all.get_or_insert_with(|| Registry::new(rules)).classify(field.as_bytes()).entity.is_some();
        for def in &rules.commands {
            let mut options = Vec::new();
            for (notation, place) in &def.options {
                match compile(notation, registry, &mut known) {
                    Ok(option) => options.push(option),
                    Err(m) => errors.push(place.error(format!("option: {m}"))),
                }
            }
            c.add(&def.programs, Command { options, first: def.first });
        }
        c.named.sort();
        if errors.is_empty() { Ok(c) } else { Err(errors) }
    }

    fn add(&mut self, programs: &[String], command: Command) {
        let number = self.all.len();
        for (i, o) in command.options.iter().enumerate() {
            let first = o.front.iter().find(|b| **b != b'-').copied();
            for (letter, list) in self.letters.iter_mut().enumerate() {
                if first.is_none_or(|b| usize::from(b) == letter) {
                    list.push((number, i));
                }
            }
        }
        for program in programs {
            match program.strip_suffix('*') {
                Some(front) => self.begun.push((front.into(), number)),
                None if program.contains(' ') => self.pairs.push((program.as_bytes().into(), number)),
                None => self.named.push((program.as_bytes().into(), number)),
            }
        }
        self.all.push(command);
    }

    /// The options that begin with this letter.
    #[inline]
    pub fn begun_by(&self, letter: u8) -> impl Iterator<Item = &Opt> {
        let list = self.letters.get(usize::from(letter)).map_or(&[][..], Vec::as_slice);
        list.iter().map(|&(command, option)| &self.all[command].options[option])
    }

    /// The command whose name the word at the end of `before` is, the word before it included where that counts.
    pub fn of(&self, before: &[u8], word: &[u8]) -> Option<usize> {
        let at = self.named.partition_point(|(n, _)| n.as_slice() < word);
        if let Some((_, command)) = self.named.get(at).filter(|(n, _)| n == word) {
            return Some(*command);
        }
        let pair = |n: &[u8]| {
            let rest = if n.ends_with(word) { before.strip_suffix(n) } else { None };
            rest.is_some_and(|rest| rest.last().is_none_or(|b| !is_name(*b)))
        };
        let begun = self.begun.iter().find(|(n, _)| word.starts_with(n));
        begun.or_else(|| self.pairs.iter().find(|(n, _)| pair(n))).map(|(_, command)| *command)
    }

    /// The options of a command, and whether they only count right behind it.
    pub fn options(&self, command: usize) -> (&[Opt], bool) {
        let c = &self.all[command];
        (&c.options, c.first)
    }
}

/// True for what names of programs and options are made of.
pub fn is_name(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')
}

fn compile(notation: &str, registry: &Registry, known: &mut impl FnMut(&str) -> bool) -> Result<Opt, String> {
    let mut words = notation.split(' ');
    let first = words.next().unwrap_or_default();
    let at = first.find('$').unwrap_or(first.len());
    let (name, touching) = first.split_at(at);
    if !name.starts_with('-') || name.trim_start_matches('-').is_empty() {
        return Err("it begins with no dash and name, as `-p$password` does".into());
    }
    let (front, last) = match name.split_once('*') {
        Some((front, last)) => match last.as_bytes() {
            [one] => (front, Some(*one)),
            _ => return Err("behind `*` stands one letter, as in `-*u`".into()),
        },
        None => (name, None),
    };
    let mut told = false;
    let mut piece = |word: &str| pieces(word, registry, &mut |field| told |= known(field));
    let touching = piece(touching)?;
    let arguments = words.map(&mut piece).collect::<Result<Vec<_>, _>>()?;
    if !told {
        return Err("no field of it names an entity, as `$password` does".into());
    }
    Ok(Opt { front: front.into(), last, touching, arguments })
}

/// `pass:$password` as its parts.
fn pieces(word: &str, registry: &Registry, tell: &mut impl FnMut(&str)) -> Result<Vec<Piece>, String> {
    let (mut all, mut rest) = (Vec::new(), word);
    while !rest.is_empty() {
        let mark = rest.find('$').unwrap_or(rest.len());
        if mark > 0 {
            all.push(Piece::Mark(rest[..mark].into()));
        } else if matches!(all.last(), Some(Piece::Value(_))) {
            return Err(format!("nothing stands between the fields of `{word}`"));
        }
        let Some(name) = rest[mark..].strip_prefix('$') else { break };
        let len = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len());
        if len == 0 {
            return Err("a `$` names no field".into());
        }
        tell(&name[..len]);
        all.push(Piece::Value(registry.classify(&name.as_bytes()[..len]).entity));
        rest = &name[len..];
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::{Commands, Opt, Piece, compile};
    use crate::detect::keys::Registry;
    use crate::rules::Ruleset;

    fn commands(toml: &str) -> Result<Commands, String> {
        let rules = Ruleset::with(&[("a.toml".into(), toml.into())]).unwrap();
        let told = |errors: Vec<_>| errors.iter().map(ToString::to_string).collect::<Vec<String>>().join("\n");
        Commands::new(&rules, &Registry::new(&rules)).map_err(told)
    }

    fn option(notation: &str) -> Opt {
        compile(notation, &Registry::new(&Ruleset::builtin()), &mut |_| true).unwrap()
    }

    #[test]
    fn programs_are_told_by_a_word_or_two() {
        let own = "[[command]]\nprograms=['shopctl','shop login','shop-*','mysqldump']\noptions=['-k $password']";
        let c = commands(own).unwrap();
        let of = |line: &'static str| c.of(line.as_bytes(), line.rsplit([' ', '/']).next().unwrap().as_bytes());
        for line in ["shopctl", "/usr/bin/shopctl", "shop login", "then shop login", "shop-eu", "mysqldump"] {
            assert_eq!(of(line), Some(0), "{line}");
        }
        for line in ["shop", "login", "my-shop login", "shop  login", "ashopctl"] {
            assert_eq!(of(line), None, "{line}");
        }
        assert!(of("mysqladmin").is_some() && c.begun_by(b'k').count() > c.begun_by(b'j').count());
    }

    #[test]
    fn options_are_read_as_they_are_typed() {
        let o = option("-*u $user_name:$password");
        assert_eq!((o.front.as_slice(), o.last, o.touching.len()), (&b"-"[..], Some(b'u'), 0));
        assert!(
            matches!(&o.arguments[..], [a] if matches!(&a[..], [Piece::Value(Some(_)), Piece::Mark(m), Piece::Value(Some(_))] if m == b":"))
        );
        let o = option("-p$password");
        assert_eq!((o.front.as_slice(), o.touching.len(), o.arguments.len()), (&b"-p"[..], 1, 0));
        let o = option("-b $_ pass:$password");
        assert!(matches!(&o.arguments[0][..], [Piece::Value(None)]) && o.arguments[1].len() == 2);
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let all = commands(
            "[[command]]\nprograms=['a']\noptions=['p $password', '-p', '-p $colour', '-p $a$b', '-*', '-p $']",
        );
        let all = all.err().unwrap();
        for want in [
            "a.toml:3:10: option: it begins with no dash and name",
            "a.toml:3:25: option: no field of it names an entity",
            "a.toml:3:31: option: no field of it names an entity",
            "a.toml:3:45: option: nothing stands between the fields of `$a$b`",
            "a.toml:3:56: option: behind `*` stands one letter",
            "a.toml:3:62: option: a `$` names no field",
        ] {
            assert!(all.contains(want), "{want} in {all}");
        }
    }
}
