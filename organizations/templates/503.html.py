BBBBBBB BBBBBBBBBBB
BBBB BBBB
BBBBB BBBBB gettext(u'人数较多，正在排队') BBBBBBBB
BBBBB BBBBBBB
  XXXXXXXXXX
    XXXXXXXXXXXX
    XXXXXXX gettext(u'人数较多，正在排队') X
    XXXXXXBB BBBBBBBBBBB gettext(u'现在人数较多，请稍等几秒再试，已保存的内容不会丢失。') BBBBBX
    XXXXXX gettext(u'请等几秒再点一次。不用反复刷新，已经记录的参与不会丢失。') X
    XXXXXX
    XXXXXXXX gettext(u'再试一次') X
  XX
BBBBBBBB
