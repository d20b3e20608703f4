"""The demo's two courses and its recorded lecture: practical and neutral, with real generated video."""

import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from django.utils.text import slugify

from cms.models import CoursePage, LessonPage, PathPage, PathStep
from cms.operations import ensure_shelf
from config.demo.slides import Slide, make_video
from media.models import Video
from media.operations import create_video
from organizations.models import Node


@dataclass(frozen=True)
class Lesson:
    title: str
    text: str
    slides: tuple[Slide, ...]


@dataclass(frozen=True)
class Course:
    title: str
    intro: str
    lessons: tuple[Lesson, ...]


FRAUD = Course(
    "防范手机诈骗",
    "<p>两讲，每讲几分钟。看完能认出常见骗局，也知道遇到了该怎么办。</p>",
    (
        Lesson(
            "第一讲　陌生来电怎么办",
            "<p>记住八个字：先挂电话，再问家人。</p>",
            (
                Slide("陌生来电怎么办", ("一不轻信，二不转账", "三先挂断，四再核实")),
                Slide("他们会说什么", ("说您的账户有问题", "说家里人出了事", "说东西免费送给您")),
                Slide("挂断以后", ("给家人打一个电话", "给村里、社区打一个电话", "要报警就拨 110")),
                Slide("验证码谁也不给", ("验证码就是钥匙", "银行和警察都不会来要", "问您要的就是骗子")),
                Slide("已经转了钱怎么办", ("马上打银行的电话", "马上拨 110 或 96110", "留好聊天和转账记录")),
                Slide("这一讲记三句", ("不认识的电话先挂断", "要钱的事先问家人", "验证码谁也不给")),
            ),
        ),
        Lesson(
            "第二讲　认出三种常见骗局",
            "<p>冒充熟人、免费礼品、高息存款：样子不同，目的都是让您转钱。</p>",
            (
                Slide("认出三种常见骗局", ("冒充熟人", "免费礼品", "高息存款")),
                Slide("冒充熟人", ("说自己换了号码", "说急用钱、不方便接电话", "办法：打原来的号码问一问")),
                Slide("免费礼品", ("先送鸡蛋，再卖保健品", "让您填身份证和银行卡", "办法：证件和卡号不填")),
                Slide("高息存款", ("说利息比银行高几倍", "先给您一点甜头", "办法：存钱只去银行柜台")),
                Slide("和家里人约个暗号", ("要钱的电话先对暗号", "对不上就挂断")),
                Slide("考考自己", ("有人说您中奖了，怎么办？", "有人要验证码，怎么办？", "有人让您装软件，怎么办？")),
            ),
        ),
    ),
)
MEETING = Course(
    "怎样参加视频会议",
    "<p>一讲就会：打开链接、听得见、说得出、看得清。</p>",
    (
        Lesson(
            "打开链接就能参加",
            "<p>用自己的手机就行，不用装别的软件。</p>",
            (
                Slide("打开链接就能参加", ("点开群里的链接", "看到“进入直播”就点")),
                Slide("听不见怎么办", ("按手机侧面的音量键", "看看是不是静音了")),
                Slide("画面卡了怎么办", ("点“只听声音”", "换到信号好的地方")),
                Slide("想说话怎么办", ("点“举手”，等主持人叫您", "也可以打字")),
                Slide("断线了不要急", ("页面会自己重新连接", "已经参加的时间都记着")),
            ),
        ),
    ),
)
FIRST_AID = Lesson(
    "急救常识五分钟",
    "",
    (
        Slide("急救常识五分钟", ("先看安全，再去救人", "先打 120，再动手")),
        Slide("怎样打 120", ("说清地点", "说清几个人、什么情况", "对方挂断您再挂")),
        Slide("烫伤", ("流动的凉水冲二十分钟", "不抹牙膏，不抹酱油")),
        Slide("噎住了", ("让他弯腰，拍背五下", "还不行，抱腹五下")),
        Slide("有人晕倒", ("喊他、拍他的肩", "没有呼吸，就按压胸口")),
        Slide("记住三句话", ("先看安全", "先打 120", "不会就不乱动")),
    ),
)
COURSES = (FRAUD, MEETING)


def make_videos(minutes: float, say: Callable[[str], None]) -> dict[str, Path]:
    """Make every lesson's video, two at a time; return their paths by lesson title (the caller owns the files)."""
    lessons = [lesson for course in COURSES for lesson in course.lessons] + [FIRST_AID]
    folder = Path(tempfile.mkdtemp(prefix="classroom-demo-"))
    paths = {lesson.title: folder / f"{number}.mp4" for number, lesson in enumerate(lessons)}
    say(f"==> Making {len(lessons)} demo videos of {minutes:g} minutes")
    with ThreadPoolExecutor(2) as pool:
        made = pool.map(lambda lesson: make_video(list(lesson.slides), paths[lesson.title], minutes=minutes), lessons)
        for number, _done in enumerate(made, 1):
            say(f"    {number} of {len(lessons)}")
    return paths


def seed_courses(county: Node, paths: dict[str, Path]) -> dict[str, CoursePage]:
    """Create the published course pages with their videos queued; return them by title."""
    shelf = ensure_shelf()
    pages = {}
    for number, course in enumerate(COURSES):
        page = CoursePage(title=course.title, slug=f"course-{number + 1}", intro=course.intro, node=county)
        shelf.add_child(instance=page)
        page.save_revision().publish()
        for lesson in course.lessons:
            video = add_video(lesson.title, paths[lesson.title], county)
            body = [("text", lesson.text), ("video", video)]
            child = LessonPage(title=lesson.title, slug=slugify(lesson.title, allow_unicode=True)[:50], body=body)
            page.add_child(instance=child)
            child.save_revision().publish()
        pages[course.title] = page
    seed_path(county, list(pages.values()))
    return pages


def seed_path(county: Node, courses: list[CoursePage]) -> None:
    """Create the published learning path of all courses."""
    path = PathPage(title="雨季安全入门", slug="path-1", aim="每位党员：雨季以前，先会避险，再会帮人。", node=county)
    for number, course in enumerate(courses):
        path.steps.add(PathStep(course=course, section="雨季以前" if number == 0 else "", sort_order=number))
    ensure_shelf().add_child(instance=path)
    path.save_revision().publish()


def add_video(title: str, source: Path, node: Node) -> Video:
    return create_video(title=title, source=source, source_name=f"{title}.mp4", created_by_id=None, node_id=node.pk)
