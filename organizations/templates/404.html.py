BBBBBBB BBBBBBBBBBB
BBBB BBBB
BBBBB BBBBB gettext(u'没有找到这一页') BBBBBBBB
BBBBB BBBBBBB
  XXXXXXXXXX
    XXXXXXXXXXXXX
    XXXXXXX gettext(u'没有找到这一页') X
    XXXXXX gettext(u'可能是链接不完整，或者这项培训不在您的名单里。请从“今天”进入；还是没有，请给支部书记打电话。') X
    XXXXXXX
    XXXXXXXX gettext(u'回到今天') X
  XX
BBBBBBBB
