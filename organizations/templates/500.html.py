BBBBBBB BBBBBBBBBBB
BBBB BBBB
BBBBB BBBBB gettext(u'服务器出了点问题') BBBBBBBB
BBBBB BBBBBBB
  XXXXXXXXXX
    XXXXXXXXXXXXXX
    XXXXXXX gettext(u'服务器出了点问题') X
    XXXXXXBB BBBBBBBBBBB gettext(u'服务器出了点问题，已经记录下来，请稍后再试。') BBBBBX
    XXXXXX gettext(u'请过几分钟再打开。您已经完成的学习都保存着，不会丢失。') X
    XXXXXXX
    XXXXXXXX gettext(u'回到今天') X
  XX
BBBBBBBB
