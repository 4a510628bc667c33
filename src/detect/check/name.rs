//! Names of people as far as their form tells: Chinese surnames (the common part of the Hundred Family Surnames).

use super::eastern;

/// Surnames that few other words begin with: believed in running text.
const COMMON: &str = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎潘杜戴夏钟汪\
田任姜范石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟颜倪严牛温芦季俞章\
鲁葛伍韦申尤毕聂丛焦柳邢岳齐沿梅莫庄辛管祝左涂谷祁耿牟卜路詹关苗凌费纪靳盛童欧甄裴屈鲍";

/// More surnames: believed where a key names a person.
const RARE: &str = "安包边卞柴车成褚淳单党翁邓狄刁窦方房丰封伏甘戈弓宫巩古桂国海衡花华怀桓宦霍姬吉计冀简蹇晋经荆景鞠阚柯寇蒯匡\
况郎劳乐冷连廉练梁蔺令娄楼鹿栾骆麻满茅蒙糜米闵明慕穆那南宁农欧区权全冉饶荣阮芮桑沙商尚佘佟邰覃滕佃仝宛危卫闻沃邬巫奚郗冼相\
向项解幸胥宣荀鄢晏燕仰么衣阴应游于余禹郁元苑云臧查昝战湛郑植仲诸竺卓禚訾宗祖母";

const DOUBLE: &[&str] = &[
    "欧阳", "上官", "司马", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "司徒", "夏侯", "轩辕", "端木",
    "南宫", "独孤", "长孙", "宇文", "闻人", "申屠",
];

/// Words that begin with a surname and name nobody.
const WORDS: &[&str] = &[
    "高级", "高清", "马上", "何时", "何地", "何处", "何人", "于是", "于此", "许可", "许多", "程序", "程度", "曾经",
    "周期", "周边", "周二", "周三", "周四", "周五", "周六", "周日", "周末", "黄金", "黄色", "宋体", "金额", "金融",
    "金币", "任务", "任何", "任意", "安全", "方式", "方案", "方便", "常用", "常见", "时间", "白名", "白条", "路径",
    "路由", "管理", "管控", "关注", "关闭", "关联", "关系", "关于", "文件", "文本", "文档", "段落", "龙卡", "万元",
    "石油", "易付", "易购", "江苏", "江西", "温度", "毛重", "史上", "严重", "严格", "章节", "盛大", "费用", "费率",
    "纪录", "左侧", "左右", "左边", "童装", "牛奶", "常规", "田地", "季度", "季节", "沿途", "齐全", "武汉", "广东",
    "成功", "余额", "余量", "连接", "单位", "单号", "单价", "全部", "国家", "国际", "华为", "方法", "明细", "向下",
    "向上", "元素", "云主", "云盘", "云端", "查询", "查看", "应用", "应答", "解析", "解绑", "解锁", "平台", "区域",
    "权限", "农业", "商品", "商家", "商户", "尚未", "相关", "相册", "项目", "游客", "游戏", "郑重", "谢谢", "陈旧",
    "张贴", "冯氏", "白天", "白色", "顾客", "钱包", "汤料", "金卡", "银卡", "高血", "高温", "高压", "高速", "高校",
    "计划", "计算", "计数", "车辆", "车型", "车间", "包装", "包裹", "安装", "安卓", "花生", "牛肉", "白酒", "米饭",
    "毛衣", "毛巾", "马桶", "金牌", "金属", "周报", "武器", "谷歌", "田径", "孔雀", "鲁菜", "古装", "应付", "应收",
    "解释", "解除", "阴影", "国内", "国产", "房屋", "房产", "经典", "经营", "经济", "车牌", "黄焖",
];

/// The same where nothing follows: longer ones may be names.
const WHOLE: &[&str] = &[
    "方向",
    "高铁",
    "夏季",
    "雷电",
    "雷达",
    "汤圆",
    "万科",
    "乐高",
    "祖国",
    "全国",
    "全球",
    "全新",
    "商业",
    "商城",
    "施工",
    "洪水",
    "任职",
    "沙发",
    "沙拉",
    "游乐",
    "连锁",
    "成都",
    "苏州",
    "丰田",
    "罗马",
    "伍佰",
    "徐州",
    "郑州",
    "常州",
    "温州",
    "海口",
    "海南",
    "安徽",
    "万达",
    "宁波",
    "宁夏",
    "贺州",
    "梅州",
    "柳州",
    "吉林",
    "云南",
    "常温",
    "马路",
    "花园",
    "花卉",
    "石家庄",
    "唐山",
    "江阴",
    "江门",
    "吉安",
    "安阳",
    "安庆",
    "蒙牛",
    "胡椒",
    "胡萝卜",
    "胡同",
    "黄瓜",
    "黄豆",
    "黄油",
    "黄河",
    "白菜",
    "白糖",
    "白板",
    "马车",
    "马达",
    "马来西亚",
    "古巴",
    "韩国",
    "韩语",
    "韩式",
    "韩餐",
    "林业",
    "林地",
    "江湖",
    "石材",
    "石头",
    "石化",
    "石墨",
    "钱币",
    "毛利",
    "毛利率",
    "米粉",
    "米线",
    "米酒",
    "花茶",
    "花店",
    "花束",
    "车库",
    "车位",
    "车票",
    "车险",
    "车载",
    "段位",
    "唐装",
    "夏装",
    "秦皇岛",
    "何首乌",
    "高考",
    "高中",
    "高职",
    "高尔夫",
    "高品质",
    "金融街",
    "金桥",
    "金条",
    "周年",
    "周转",
    "周刊",
    "安防",
    "安保",
    "安检",
    "管道",
    "管家",
    "雷克萨斯",
    "祖马",
    "成本",
    "成绩",
    "成员",
    "成品",
    "成人",
    "成交",
    "成年",
    "方便面",
    "国语",
    "国庆",
    "国旅",
    "华北",
    "华东",
    "华南",
    "华中",
    "华西",
    "华硕",
    "农村",
    "农产品",
    "沙县",
    "沙漠",
    "海鲜",
    "海外",
    "海运",
    "海关",
    "海报",
    "海尔",
    "海信",
    "海康",
    "向日葵",
    "衣服",
    "衣柜",
    "燕窝",
    "燕麦",
    "应急",
    "游泳",
    "桂花",
    "桂林",
    "景区",
    "景点",
    "景观",
    "冷藏",
    "冷冻",
    "冷链",
    "冷水",
    "乐器",
    "乐队",
    "乐园",
    "乐视",
    "经理",
    "经办",
    "权重",
    "解决",
    "解答",
    "全额",
    "全年",
    "全天",
    "全勤",
    "全职",
    "全景",
    "全屏",
    "全家",
    "全量",
    "元旦",
    "元宵",
    "柴油",
    "茅台",
    "桑拿",
    "桑塔纳",
    "商标",
    "商务",
    "商圈",
    "卫生",
    "卫星",
    "卫浴",
    "卫衣",
    "仲裁",
];

fn is_han(c: &[u8]) -> bool {
    matches!(c, [0xE4..=0xE9, _, _])
}

/// A bit for each ideograph from U+4E00 to U+9FFF.
type Ideographs = [u64; 0x5200 / 64];

static COMMON_SET: Ideographs = set(COMMON);
static RARE_SET: Ideographs = set(RARE);

const fn set(list: &str) -> Ideographs {
    let (mut bits, list) = ([0; 0x5200 / 64], list.as_bytes());
    let mut i = 0;
    while i < list.len() {
        let n = number([list[i], list[i + 1], list[i + 2]]);
        bits[n / 64] |= 1 << (n % 64);
        i += 3;
    }
    bits
}

/// Number of an ideograph among them; of other signs it is beyond them.
const fn number(c: [u8; 3]) -> usize {
    let code = ((c[0] as usize & 0xF) << 12) | ((c[1] as usize & 0x3F) << 6) | (c[2] as usize & 0x3F);
    code.wrapping_sub(0x4E00)
}

fn holds(set: &Ideographs, c: [u8; 3]) -> bool {
    let n = number(c);
    is_han(&c) && set.get(n / 64).is_some_and(|bits| bits >> (n % 64) & 1 == 1)
}

/// Length in bytes of the surname at the front of `v`; `any` admits rare ones.
pub fn surname(v: &[u8], any: bool) -> usize {
    if v.len() >= 6 && DOUBLE.iter().any(|d| v.starts_with(d.as_bytes())) {
        return 6;
    }
    match v.first_chunk() {
        Some(&c) if holds(&COMMON_SET, c) || any && holds(&RARE_SET, c) => 3,
        _ => 0,
    }
}

/// True when a word that names nobody begins here.
pub fn is_word(v: &[u8]) -> bool {
    WORDS.iter().any(|w| v.starts_with(w.as_bytes()))
}

/// True for a word that names nobody and ends with `v`.
pub fn is_whole(v: &[u8]) -> bool {
    WHOLE.iter().any(|w| w.as_bytes() == v)
}

/// A whole value that is a Chinese name: a surname and one to three signs, or parts joined by a middle dot.
pub fn chinese(v: &[u8]) -> bool {
    let signs = v.len() / 3;
    if v.len().is_multiple_of(3) && (2..=4).contains(&signs) && v.chunks_exact(3).all(is_han) {
        let s = surname(v, true) / 3;
        return s > 0 && (signs - s == 1 || signs - s == 2) && !is_word(v) && !is_whole(v);
    }
    let Ok(s) = std::str::from_utf8(v) else { return false };
    let mut parts = s.split(['·', '•', '‧']);
    let ideographs = |p: &str| (1..=8).contains(&p.chars().count()) && p.bytes().all(|b| b >= 0x80);
    parts.clone().count() >= 2 && parts.all(ideographs)
}

/// `First Last`, as a form holds it: two to four capitalised words of letters, and the small words of surnames between them.
pub fn western(v: &[u8]) -> bool {
    let (mut words, mut last) = (0, false);
    for w in v.split(|&b| b == b' ') {
        last = capitalised(w);
        if !last && (words == 0 || !PARTICLES.iter().any(|p| p.as_bytes() == w))
            || NEVER.iter().any(|n| n.as_bytes() == w)
        {
            return false;
        }
        words += usize::from(last);
    }
    last && (2..=4).contains(&words)
}

/// Small words in surnames.
const PARTICLES: &[&str] = &[
    "da", "das", "de", "del", "della", "den", "der", "di", "do", "dos", "du", "la", "le", "ten", "ter", "van", "von",
    "bin", "binti", "al", "el", "y", "e", "zu", "zur",
];

/// Words of titles and buttons, in no name.
const NEVER: &[&str] = &[
    "All", "And", "As", "For", "Not", "Off", "On", "Or", "Out", "Read", "The", "To", "Up", "With", "Access", "Denied",
    "Unknown", "User", "Account", "Group", "Admins", "Service", "Name", "Number",
];

/// A capital and small letters; more capitals behind an apostrophe, a dash, `Mc` and `Mac`: `O'Brien`, `Jean-Pierre`.
fn capitalised(w: &[u8]) -> bool {
    // Capitals of Latin and Cyrillic letters beyond ASCII: `Ö`, `İ`, `Ş`, `И`.
    let start = match w {
        [b'A'..=b'Z', _, ..] => 1,
        [0xC3, 0x80..=0x9E, _, ..] | [0xD0, 0x90..=0xAF, _, ..] => 2,
        [0xC4 | 0xC5, second, _, ..] if second % 2 == 0 || (0xB9..=0xBE).contains(second) => 2,
        _ => return false,
    };
    let mut goes_on = &w[start..];
    if goes_on.starts_with(b"c") && w[0] == b'M' && goes_on.get(1).is_some_and(u8::is_ascii_uppercase) {
        goes_on = &goes_on[2..];
    }
    let mut mark = false;
    goes_on.last().is_some_and(|b| b.is_ascii_lowercase() || *b >= 0x80)
        && goes_on.iter().all(|b| {
            let fits =
                b.is_ascii_lowercase() || *b >= 0x80 || matches!(b, b'\'' | b'-') || mark && b.is_ascii_uppercase();
            mark = matches!(b, b'\'' | b'-');
            fits
        })
}

/// Given names that are common in several countries and name no place, brand or thing as well.
const GIVEN: &str = "\
    Aaron Adam Adrian Alan Albert Alejandro Alessandro Alexander Alexandra Alice Alison Amanda Amit Ana Andrea \
    Andreas Andrew Angela Anil Anita Anna Anne Anthony Antonio Arjun Ashley Barbara Beatriz Benjamin Bernd Brian \
    Bruno Camille Carlos Carol Caroline Catherine Charles Christian Christina Christine Christopher Claudia Cynthia \
    Daniel Daniela David Deborah Deepak Dennis Diego Dieter Dmitry Donald Donna Dorothy Edward Elena Elizabeth Emily \
    Emma Enrique Eric Erika Eva Fernando Francesca Francesco Frank Gary George Giulia Giuseppe Gregory Hannah Hans \
    Heather Helen Helga Henry Igor Isabel Isabelle Ivan Jacob James Jan Jane Janet Jason Javier Jean Jeffrey \
    Jennifer Jessica Joan John Jonathan Jorge Jose Joseph Joshua Joyce Juan Judith Julia Julie Justin Karen Karl \
    Katarzyna Katherine Kathleen Keith Kelly Kenneth Kevin Klaus Krzysztof Larry Lars Laura Lauren Linda Lisa Luca \
    Lucia Luis Manuel Marco Margaret Maria Marie Mark Markus Martha Martin Mary Matteo Matthew Megan Melissa Michael \
    Michelle Miguel Mohamed Mohammed Monika Nancy Natalia Nathan Nicholas Nicole Nikolai Olga Oliver Olivia Pablo \
    Pamela Patricia Patrick Paul Paula Pedro Peter Philippe Pierre Piotr Priya Rachel Rahul Rajesh Ralph Raymond \
    Rebecca Ricardo Richard Robert Roberto Roger Ronald Ryan Samantha Samuel Sandra Sanjay Sara Sarah Scott Sergei \
    Sergio Sharon Shirley Sofia Sophie Stefan Stephanie Stephen Steven Sunil Suresh Susan Svetlana Tatiana Teresa \
    Theresa Thomas Timothy Tobias Ursula Vijay Vladimir Walter William Wolfgang Yusuf Zoe \
    Andy Betty Bob Dave Fred Greg Jenny Jeff Jim Joe Kate Mike Nick Peggy Phil Sally Steve Tim Tom Tony";

/// Given names of Spain, Italy, Brazil, Turkey, Poland, India and Indonesia.
const GIVEN_ELSEWHERE: &str = "\
    José João María Sofía Lucía Andrés Jesús Ángel Raúl Óscar Iván Víctor Rubén Álvaro Gonzalo Rocío Inés Joaquín Germán Tomás Nicolás \
    Sebastián Matías Fabián Adrián Julián Mónica Verónica Pilar Carmen Josefa Dolores Giovanni Luigi Lorenzo Gianluca \
    Stefano Riccardo Federico Davide Simone Paolo Massimo Salvatore Vincenzo Pasquale Elisa Silvia Valentina Federica Martina Paola \
    Luiz Thiago Rodrigo Rafael Gustavo Felipe Eduardo Marcelo Vinícius Fabrício Márcio Cláudio Antônio Júlia Letícia Mariana Camila \
    Aline Vanessa Adriana Juliana Fernanda Renata Patrícia Ahmet Mehmet Mustafa Ali Hüseyin Hasan İbrahim Murat Emre Burak Ayşe Fatma \
    Zeynep Elif Emine Hatice Esra Merve Tomasz Marcin Paweł Grzegorz Andrzej Agnieszka Magdalena Małgorzata Joanna Barbara Ewa \
    Rajiv Ravi Ramesh Mahesh Ganesh Vikram Rohit Amitabh Ashok Manoj Pooja Neha Anjali Sunita Kavita Deepa Lakshmi Meena Arun \
    Budi Agus Siti Dewi Bambang Joko Slamet Wahyu Rina Ahmad Muhammad Mohammad Omar Hassan Fatima Aisha Khalid Иван Александр \
    Сергей Дмитрий Андрей Алексей Мария Анна Елена Ольга Наталья Екатерина Татьяна Михаил Николай Владимир François René Jérôme \
    Frédéric Sébastien Stéphane Céline Hélène Zoé Jürgen Günther Jörg Björn Søren Åsa Łukasz Michał";

/// Surnames that are common in several countries and name little else.
const SURNAMES: &str = "\
    Rossi Bianchi Esposito Silva Santos Oliveira Souza Pereira Ferreira Garcia García Martinez Martínez Lopez López Gonzalez González \
    Hernandez Hernández Perez Pérez Rodriguez Rodríguez Sanchez Sánchez Ramirez Ramírez Gomez Gómez Diaz Díaz Fernandez Fernández \
    Yilmaz Yılmaz Kaya Demir Şahin Kowalski Kowalska Nowak Wiśniewski Santoso Wijaya Kumar Singh Sharma Patel Gupta Müller Mueller \
    Schmidt Schneider Fischer Johnson Williams Nguyen Ivanov Petrov Smirnov Иванов Иванова Петров Петрова Смирнов Dubois Dupont Durand \
    Moreau O'Brien O'Connor";

/// A common given name.
pub fn is_given(first: &[u8]) -> bool {
    GIVEN.split(' ').chain(GIVEN_ELSEWHERE.split(' ')).any(|n| n.as_bytes() == first)
}

/// `Alice Example`, where the key may name a product as well: the first word is a common given name, or the last one a common
/// surname. In scripts of the East a surname begins it.
pub fn given(v: &[u8]) -> bool {
    let mut words = v.split(|&b| b == b' ');
    let (first, last) = (words.next().unwrap_or(v), words.next_back().unwrap_or_default());
    let surname = |w: &[u8]| SURNAMES.split_ascii_whitespace().any(|n| n.as_bytes() == w);
    western(v) && (is_given(first) || surname(last) || surname(first) && first[0] >= 0x80) || eastern::name(v)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for ok in ["张伟", "欧阳娜娜", "王小明", "阿卜杜拉·买买提", "余华"] {
            assert!(chinese(ok.as_bytes()), "{ok}");
        }
        for no in ["点击", "成功", "余额", "高级", "王", "首页展示", "张伟收到短信"] {
            assert!(!chinese(no.as_bytes()), "{no}");
        }
        assert!(given(b"Alice Example") && given(b"Maria Lopez") && !given(b"Galaxy Phone") && !given(b"Alice"));
        for ok in [
            "João da Silva",
            "Mary O'Brien",
            "Jean-Pierre Dupont",
            "Ahmet Yılmaz",
            "Иванов Иван",
            "Karl von der Heide",
            "Ian McDonald",
        ] {
            assert!(western(ok.as_bytes()), "{ok}");
        }
        for no in ["Mark All Read", "Karl de", "de Karl", "GET Index", "Karl", "New  York", "NT Authority"] {
            assert!(!western(no.as_bytes()), "{no}");
        }
        assert!(western(b"Alice Example") && !western(b"click") && !western(b"GET /index"));
    }
}
