//! Chinese words that stand under a key for no value, or for its state: `联系人：无`, `用户名：未登录`, `账号：正常`.

/// Words by themselves.
const WORDS: &[&str] = &[
    "无",
    "空",
    "否",
    "是",
    "有",
    "男",
    "女",
    "暂无",
    "没有",
    "不详",
    "保密",
    "默认",
    "全部",
    "其他",
    "其它",
    "同上",
    "本人",
    "未知",
    "空值",
    "必填",
    "选填",
    "可选",
    "非必填",
    "为空",
    "测试",
    "示例",
    "成功",
    "失败",
    "正确",
    "错误",
    "正常",
    "异常",
    "有效",
    "无效",
    "一致",
    "不一致",
    "不匹配",
    "不正确",
    "不存在",
    "不能为空",
    "不可为空",
    "不合法",
    "启用",
    "禁用",
    "停用",
    "冻结",
    "系统",
    "自动",
    "系统自动",
    "系统管理员",
    "管理员",
    "超级管理员",
    "普通用户",
    "匿名",
    "匿名用户",
    "游客",
    "访客",
    "个人",
    "企业",
    "公司",
    "余额",
    "余额账户",
    "个人账户",
    "企业账户",
    "公司账户",
    "无数据",
    "无记录",
    "暂未",
    "暂无数据",
    "格式错误",
    "格式不正确",
    "加载中",
];

/// What has happened to a value, or has not: behind `未` and `已`.
const DONE: &[&str] = &[
    "登录",
    "登陆",
    "登出",
    "设置",
    "填写",
    "填",
    "认证",
    "实名",
    "绑定",
    "解绑",
    "注册",
    "注销",
    "分配",
    "命名",
    "配置",
    "授权",
    "激活",
    "启用",
    "禁用",
    "锁定",
    "登记",
    "录入",
    "提供",
    "完善",
    "上传",
    "审核",
    "识别",
    "获取",
    "开通",
    "开户",
    "关联",
    "指定",
    "选择",
    "冻结",
    "停用",
    "存在",
    "过期",
    "失效",
    "删除",
    "维护",
    "公开",
    "更新",
    "变更",
    "修改",
    "通过",
    "验证",
    "校验",
    "加密",
    "脱敏",
    "隐藏",
    "签收",
    "找到",
    "匹配",
    "知用户",
    "定义",
    "添加",
    "保存",
    "同步",
    "确认",
    "录",
    "下线",
    "上线",
    "退出",
    "离职",
    "在职",
];

/// True when the whole value is such a word.
#[inline(always)]
pub fn is(v: &[u8]) -> bool {
    matches!(v.first(), Some(0xE4..=0xE9)) && v.len() <= LONGEST && is_word(v)
}

/// Longest word.
const LONGEST: usize = 15;

#[inline(never)]
fn is_word(v: &[u8]) -> bool {
    let done = ["未", "已"].iter().find_map(|p| v.strip_prefix(p.as_bytes()));
    done.is_some_and(|rest| DONE.iter().any(|w| w.as_bytes() == rest)) || WORDS.iter().any(|w| w.as_bytes() == v)
}

#[cfg(test)]
mod tests {
    #[test]
    fn words_of_state_are_nobody() {
        for v in ["无", "未登录", "已加密", "正常", "系统自动", "不能为空"] {
            assert!(super::is(v.as_bytes()), "{v}");
        }
        for v in ["", "张三", "未央", "无敌小王", "已然", "小鱼", "none"] {
            assert!(!super::is(v.as_bytes()), "{v}");
        }
    }
}
