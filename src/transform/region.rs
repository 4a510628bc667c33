//! Postal addresses generalised: province and city stay, the rest goes.

/// Provinces by the beginning of their names (GB/T 2260).
const PROVINCES: &[&str] = &[
    "北京",
    "天津",
    "上海",
    "重庆",
    "河北",
    "山西",
    "辽宁",
    "吉林",
    "黑龙江",
    "江苏",
    "浙江",
    "安徽",
    "福建",
    "江西",
    "山东",
    "河南",
    "湖北",
    "湖南",
    "广东",
    "海南",
    "四川",
    "贵州",
    "云南",
    "陕西",
    "甘肃",
    "青海",
    "台湾",
    "内蒙古",
    "广西",
    "西藏",
    "宁夏",
    "新疆",
    "香港",
    "澳门",
];

const KINDS: &[&str] = &["壮族自治区", "回族自治区", "维吾尔自治区", "特别行政区", "自治区", "省", "市"];

/// Most signs of a city's name.
const CITY: usize = 7;

/// The part of an address that names province and city; empty when it names neither.
pub fn province_and_city(address: &str) -> &str {
    let Some(province) = PROVINCES.iter().find(|p| address.starts_with(**p)) else { return "" };
    let mut at = province.len();
    if let Some(kind) = KINDS.iter().find(|k| address[at..].starts_with(**k)) {
        at += kind.len();
    }
    let municipality = matches!(*province, "北京" | "天津" | "上海" | "重庆" | "香港" | "澳门");
    if municipality {
        return &address[..at];
    }
    let rest = &address[at..];
    for (i, c) in rest.char_indices().take(CITY) {
        let end = i + c.len_utf8();
        if i > 0 && matches!(c, '市' | '州' | '盟') || rest[..end].ends_with("地区") {
            // `广州市`: the second sign is no end.
            let more = rest[end..].starts_with('市');
            return &address[..at + end + if more { '市'.len_utf8() } else { 0 }];
        }
    }
    &address[..at]
}

#[cfg(test)]
mod tests {
    use super::province_and_city;

    #[test]
    fn prefixes() {
        for (address, want) in [
            ("北京市海淀区马连洼街道289号", "北京市"),
            ("广东省深圳市南山区科技南十二路1号", "广东省深圳市"),
            ("广东省广州市天河区1号", "广东省广州市"),
            ("内蒙古自治区呼和浩特市新城区", "内蒙古自治区呼和浩特市"),
            ("浙江杭州市余杭区文一西路", "浙江杭州市"),
            ("云南省大理白族自治州大理市", "云南省大理白族自治州"),
            ("马连洼街道289号", ""),
            ("1 Example Street", ""),
        ] {
            assert_eq!(province_and_city(address), want);
        }
    }
}
