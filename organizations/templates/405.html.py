BBBBBBB BBBBBBBBBBB
BBBB BBBB
BBBBB BBBBB gettext(u'刚才那一步没有提交') BBBBBBBB
BBBBB BBBBBBB
  XXXXXXXXXX
    XXXXXXXXXXXXXX
    XXXXXXX gettext(u'刚才那一步没有提交') X
    XXXXXXX
    XXXXXX gettext(u'请从“今天”进入，再做一次。还是不行，请给支部书记打电话。') X
    XXXXXXX
    XXXXXXXX gettext(u'回到今天') X
  XX
BBBBBBBB
