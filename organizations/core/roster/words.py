"""The words that membership lists use for states, roles and answers, and what each means here."""

import re

STATUSES = {
    word: status
    for status, words in {
        "active": "在册 在籍 正常 正式 预备 正式党员 预备党员 流动党员 党员",
        "exempt": "免学 免训",
        "transferred": "转出 已转出 迁出 已迁出 调出 已调出 转走",
        "died": "去世 已去世 已故 死亡 已死亡 逝世 病故",
        "stopped": "停止 停止党籍 已停止党籍 出党 已出党 除名 已除名 退出 退党 开除 开除党籍 脱党 自行脱党",
    }.items()
    for word in words.split()
}
LEAVING = frozenset({"transferred", "died", "stopped"})
LEAVING_WORDS = re.compile("|".join(word for word, status in STATUSES.items() if status in LEAVING))

ROLES = {
    "书记": "secretary",
    "支部书记": "secretary",
    "党支部书记": "secretary",
    "支书": "secretary",
    "组织员": "organiser",
    "讲师": "lecturer",
    "监督员": "auditor",
}
NO_ROLE = frozenset({"党员", "普通党员", "正式党员", "预备党员", "群众", "无", "-", "—", "/"})
OTHER_POSTS = re.compile(r".*(?:副书记|委员|支委|组长|总支书记|党委书记|第一书记)")

DECISIONS = {
    "改名": "renamed",
    "换号": "new_phone",
    "换了人": "new_person",
    "换人": "new_person",
    "同名的两个人": "namesake",
    "同名": "namesake",
    "重名": "namesake",
}

NO_PERSON = re.compile(
    r"(?:合计|总计|小计|共计|总人数|填表|填报|制表|审核|审批|经办|负责人|联系人|制作人|录入人|签字|签名|盖章|单位盖章"
    r"|备注[:：]|注[:：]|说明[:：]|日期[:：]|共[0-9]+[人名]|.*(?:合计|小计|总计)$)"
)
ID_COLUMN = re.compile(r"身份证|证件号|公民身份|护照号")
NOTES_SHEETS = frozenset({"填写说明"})
