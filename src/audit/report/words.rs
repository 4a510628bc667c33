//! The words of the report in English and Chinese.

/// What has to be said.
#[derive(Clone, Copy)]
#[rustfmt::skip]
pub enum Word {
    After, Before, ByType, ByTypeNote, BytesRead, BytesStored, Class, DeleteAfter, File, FilesBad, FilesDone, Findings,
    KeepUntil, Key, NoProblems, NoTime, Nothing, Others, OverTime, OverTimeNote, Policy, Problems, ProblemsNote,
    Quarantined, Reason, Records, Refused, Retention, RetentionNote, Samples, SamplesNote, Skipped, State, Suppressed,
    Tags, Title, Version,
}

/// Both languages; the page shows one of them.
pub fn both(word: Word) -> String {
    let (en, zh) = text(word);
    format!("<span class=\"en\">{en}</span><span class=\"zh\" lang=\"zh\">{zh}</span>")
}

#[rustfmt::skip]
fn text(word: Word) -> (&'static str, &'static str) {
    match word {
        Word::After => ("after", "处理后"),
        Word::Before => ("before", "处理前"),
        Word::ByType => ("Findings by type", "按类型统计"),
        Word::ByTypeNote => ("Values found in all files, by what they are.", "所有文件中发现的值，按其类型计数。"),
        Word::BytesRead => ("read, uncompressed", "读取量（解压后）"),
        Word::BytesStored => ("written", "写出量"),
        Word::Class => ("Retention class", "留存类别"),
        Word::DeleteAfter => ("Delete after", "此日之后删除"),
        Word::File => ("File", "文件"),
        Word::FilesBad => ("files with problems", "有问题的文件"),
        Word::FilesDone => ("files done", "已完成文件"),
        Word::Findings => ("findings", "发现的值"),
        Word::KeepUntil => ("Keep until", "至少保留至"),
        Word::Key => ("Key id", "密钥编号"),
        Word::NoProblems => ("Every file went through.", "所有文件均已处理。"),
        Word::NoTime => ("No record of this run has an event time.", "本次运行的记录均没有事件时间。"),
        Word::Nothing => ("Nothing was found.", "没有发现。"),
        Word::Others => ("others", "其他"),
        Word::OverTime => ("Findings over event time", "按事件时间统计"),
        Word::OverTimeNote => (
            "Records that hold each type, by the day on which they happened; months or years where days are too many.",
            "按事件发生日统计含有各类型的记录数；天数过多时按月或按年合并。",
        ),
        Word::Policy => ("Policy", "策略"),
        Word::Problems => ("Files with problems", "有问题的文件"),
        Word::ProblemsNote => (
            "Nothing of a refused file was written. What was readable of a quarantined file lies de-identified in the quarantine folder.",
            "被拒绝的文件没有写出任何内容；被隔离的文件，其可读部分已去标识化并存入隔离目录。",
        ),
        Word::Quarantined => ("quarantined", "已隔离"),
        Word::Reason => ("Reason", "原因"),
        Word::Records => ("records", "记录"),
        Word::Refused => ("refused", "已拒绝"),
        Word::Retention => ("Retention timeline", "留存时间线"),
        Word::RetentionNote => (
            "Records by the day after which they must be gone.",
            "按必须删除的日期统计记录数。",
        ),
        Word::Samples => ("Before and after", "处理前后对照"),
        Word::SamplesNote => (
            "One record for each type; the values themselves are hidden.",
            "每种类型一条记录；原值已隐藏。",
        ),
        Word::Skipped => ("skipped", "已跳过"),
        Word::State => ("State", "状态"),
        Word::Suppressed => ("suppressed", "已抑制"),
        Word::Tags => ("Tags", "标签"),
        Word::Title => ("De-identification report", "去标识化报告"),
        Word::Version => ("Version", "版本"),
    }
}
