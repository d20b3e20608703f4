BBBBBBB BBBBBBBBBBB
BBBB BBBB
BBBBB BBBBB gettext(u'现在不能打开') BBBBBBBB
BBBBB BBBBBBB
  XXXXXXXXXX
    XXXXXXXXXXXXXX
    XXXXXXX gettext(u'现在不能打开') X
    XXXXXXBB BBBBBBBBBBB gettext(u'您没有打开这一页的权限。') BBBBBX
    XXXXXX gettext(u'请返回上一页，刷新后再试一次。还是不行，请给支部书记打电话。') X
    XXXXXXX
    XXXXXXXX gettext(u'回到今天') X
  XX
BBBBBBBB
