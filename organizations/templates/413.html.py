BBBBBBB BBBBBBBBBBB
BBBB BBBB
BBBBB BBBBB gettext(u'内容太大') BBBBBBBB
BBBBB BBBBBBB
  XXXXXXXXXX
    XXXXXXXXXXXXXX
    XXXXXXX gettext(u'内容太大') X
    XXXXXXXXXXXXXXX
    XXXXXX gettext(u'请返回上一页，换一个小一些的文件，或者减少一些内容，再试一次。') X
    XXXXXXX
    XXXXXXXX gettext(u'回到今天') X
  XX
BBBBBBBB
