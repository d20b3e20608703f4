"""The demo's training that asks for a check of understanding: what it is called, and what it asks. Without Django."""

from attendance.core.check import Draft, Kind

LECTURE, TRAINING = "陌生来电怎么办", "防范手机诈骗专题培训"
QUESTIONS = (
    Draft(
        Kind.SINGLE, "有人来电，说您的账户有问题，让您报验证码。怎么办？",
        ("先挂断，再核实", "把验证码告诉他", "照他说的转账"), frozenset({0}),
        "验证码就是钥匙：银行和警察都不会来要，问您要的就是骗子。",
    ),
    Draft(
        Kind.SEVERAL, "已经转了钱，马上打哪些电话？",
        ("银行的电话", "110 或 96110", "骗子留下的电话"), frozenset({0, 1}),
        "越快越好，还要留好聊天和转账记录。",
    ),
    Draft(Kind.TRUE_FALSE, "对方挂断以前，我不能先挂。", ("true", "false"), frozenset({1}), "不认识的电话，先挂断。"),
)  # fmt: skip
