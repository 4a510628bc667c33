//! Names of Korea and Japan in their own script, by common surnames.

/// Surnames of Korea that few other words of three syllables begin with.
const KOREAN: &str = "김박최윤권황홍송류허곽이정강조장임한신오서안";

/// Words of three syllables that begin with one.
const WORDS: &[&str] = &[
    "이메일",
    "이미지",
    "이벤트",
    "이용자",
    "이용권",
    "이력서",
    "이름표",
    "정보실",
    "정산서",
    "정회원",
    "강의실",
    "강아지",
    "강의명",
    "조회수",
    "조직도",
    "장치명",
    "장소명",
    "장비명",
    "임시값",
    "한국어",
    "한글판",
    "신용장",
    "신청서",
    "신청자",
    "신규값",
    "오류값",
    "오디오",
    "오늘의",
    "서비스",
    "서버명",
    "서울시",
    "안내문",
    "안내장",
    "최신순",
    "최대값",
    "최소값",
    "최댓값",
    "최솟값",
    "최종본",
    "권한명",
    "송장명",
    "조건식",
    "황사용",
    "장학금",
    "조선소",
    "한국인",
    "신제품",
    "서류함",
    "정기권",
    "장난감",
    "김치찜",
    "허가증",
    "이어폰",
];

/// Surnames of Japan whose ideographs begin few other words.
const JAPANESE: &[&str] = &[
    "佐藤",
    "鈴木",
    "高橋",
    "田中",
    "伊藤",
    "渡辺",
    "渡邊",
    "山本",
    "中村",
    "加藤",
    "吉田",
    "山田",
    "佐々木",
    "松本",
    "井上",
    "木村",
    "斎藤",
    "斉藤",
    "山崎",
    "池田",
    "橋本",
    "阿部",
    "石川",
    "山下",
    "中島",
    "前田",
    "藤田",
    "後藤",
    "小川",
    "岡田",
    "長谷川",
    "村上",
    "近藤",
    "石井",
    "坂本",
    "遠藤",
    "藤井",
    "福田",
    "西村",
    "三浦",
    "藤原",
    "岡本",
    "松田",
    "中野",
    "原田",
    "小野",
    "竹内",
    "金子",
    "和田",
    "中山",
    "上田",
    "森田",
    "小島",
    "柴田",
    "酒井",
    "工藤",
    "横山",
    "宮崎",
    "宮本",
    "内田",
    "高木",
    "谷口",
    "大野",
    "丸山",
    "今井",
    "藤本",
    "武田",
];

/// Signs that end places and firms.
const PLACES: &[&str] =
    &["県", "街道", "市", "区", "町", "村", "駅", "店", "線", "通", "橋", "街", "路", "站", "社", "校", "館", "園"];

/// True for a whole name: three syllables, or a surname and one to three signs, a blank between them or none.
pub fn name(v: &[u8]) -> bool {
    let Some(s) = std::str::from_utf8(v).ok().filter(|_| matches!(v.first(), Some(0xE3..=0xED)) && v.len() <= 24)
    else {
        return false;
    };
    let first = s.chars().next().unwrap_or_default();
    if ('가'..='힣').contains(&first) {
        return s.chars().count() == 3
            && s.chars().all(|c| ('가'..='힣').contains(&c))
            && KOREAN.contains(first)
            && !WORDS.contains(&s);
    }
    let Some(given) = JAPANESE.iter().find_map(|n| s.strip_prefix(n)) else { return false };
    let given = given.strip_prefix([' ', '\u{3000}']).unwrap_or(given);
    let sign = |c: char| ('\u{4E00}'..='\u{9FFF}').contains(&c) || ('ぁ'..='ヶ').contains(&c);
    (1..=3).contains(&given.chars().count()) && given.chars().all(sign) && !PLACES.iter().any(|p| given.ends_with(p))
}

#[cfg(test)]
mod tests {
    #[test]
    fn names() {
        for v in ["홍길동", "김철수", "이영희", "山田太郎", "山田 太郎", "佐々木希", "鈴木さくら"]
        {
            assert!(super::name(v.as_bytes()), "{v}");
        }
        for v in [
            "이메일",
            "서비스",
            "정보",
            "주문서",
            "山田",
            "山田県",
            "中村街道",
            "设置",
            "設定画面",
            "김치찌개",
            "",
            "고객님",
        ] {
            assert!(!super::name(v.as_bytes()), "{v}");
        }
    }
}
