BBBBBBB BBBBBBBBBBB
BBBB BBBB
BBBBB BBBBB gettext(u'请求不完整') BBBBBBBB
BBBBB BBBBBBB
  XXXXXXXXXX
    XXXXXXXXXXXXXX
    XXXXXXX gettext(u'请求不完整') X
    XXXXXXBB BBBBBBBBBBB gettext(u'这个请求不完整，请返回上一页再试一次。') BBBBBX
    XXXXXX gettext(u'请返回上一页再试一次。如果是别人发来的链接，请让对方重新发一次。') X
    XXXXXXX
    XXXXXXXX gettext(u'回到今天') X
  XX
BBBBBBBB
