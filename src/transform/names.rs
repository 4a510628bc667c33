//! Keyed surrogate names: a person keeps one invented name within a key domain. Several people may share one; names
//! can't be traced back, not even with the key.

use super::lanes::HmacKey;
use super::{At, Transform};
use crate::model::Unfit;

const SURNAMES: &str = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方俞任袁柳";
const GIVEN: &str = "安柏晨川达恩帆歌涵吉嘉静凯兰乐理林明宁鹏琪清然瑞若森山诗思松涛彤婉文希晓欣星旭雅言阳一怡逸英咏宇雨园远悦云泽哲真知中舟竹子紫";
const FIRST: &[&str] = &[
    "Alex", "Avery", "Blair", "Casey", "Dana", "Drew", "Ellis", "Emery", "Finley", "Gale", "Harper", "Jamie", "Jordan",
    "Kelly", "Lane", "Logan", "Morgan", "Noel", "Parker", "Quinn", "Reese", "Riley", "Robin", "Rowan", "Sage", "Sasha",
    "Shay", "Skyler", "Taylor", "Toby", "Val", "Winter",
];
const LAST: &[&str] = &[
    "Ash", "Bell", "Birch", "Brook", "Carter", "Cole", "Dale", "Field", "Ford", "Fox", "Grant", "Gray", "Hale", "Hart",
    "Hill", "Holt", "Keen", "Lake", "Lark", "Marsh", "Mills", "North", "Oaks", "Page", "Pike", "Reed", "Rivers",
    "Stone", "Vale", "Wells", "West", "Wood",
];

/// A prepared key.
pub struct SurrogateName(HmacKey);

impl SurrogateName {
    /// Prepares a key.
    pub fn new(key: &[u8; 32]) -> SurrogateName {
        SurrogateName(HmacKey::new(key))
    }
}

/// The `n`-th character of a list, by a byte of the tag.
fn pick(list: &str, n: u8) -> char {
    list.chars().nth(usize::from(n) % list.chars().count()).unwrap_or('某')
}

impl Transform for SurrogateName {
    fn apply(&self, value: &[u8], _: &mut At<'_>, out: &mut Vec<u8>) -> Result<(), Unfit> {
        let name = std::str::from_utf8(value).map_err(|_| Unfit)?.trim();
        if name.is_empty() {
            return Err(Unfit);
        }
        let tag = self.0.tag(name.as_bytes());
        if name.is_ascii() {
            let part = |list: &[&'static str], n: u8| list[usize::from(n) % list.len()].as_bytes();
            out.extend_from_slice(part(FIRST, tag[0]));
            out.push(b' ');
            out.extend_from_slice(part(LAST, tag[1]));
            return Ok(());
        }
        let mut push = |c: char| out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        push(pick(SURNAMES, tag[0]));
        push(pick(GIVEN, tag[1]));
        if name.chars().count() > 2 {
            push(pick(GIVEN, tag[2]));
        }
        Ok(())
    }

    fn looks_real(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transform::canonical::testing::apply_in;

    #[test]
    fn golden_names() {
        let t = SurrogateName::new(&[7; 32]);
        let name = |v: &str| String::from_utf8(apply_in(&t, v.as_bytes(), b"").unwrap()).unwrap();
        assert_eq!(name("张三"), name(" 张三 "));
        assert_eq!(name("张三").chars().count(), 2);
        assert_eq!(name("欧阳某某").chars().count(), 3);
        assert_eq!(name("Jane Doe").split(' ').count(), 2);
        let other = SurrogateName::new(&[8; 32]);
        let differ = ["张三", "李四", "王五", "赵六"]
            .iter()
            .any(|v| apply_in(&other, v.as_bytes(), b"").unwrap() != apply_in(&t, v.as_bytes(), b"").unwrap());
        assert!(differ);
        assert_eq!(apply_in(&t, b"\xd5\xc5", b""), Err(Unfit));
    }
}
