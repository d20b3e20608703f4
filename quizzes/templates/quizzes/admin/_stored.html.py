BBBB BBBB
 #

BB BBBBBB
  XXXX XXXXXXXXXXXXXXXXX XXXXXXXXXXX
    XXXXXX gettext(u'现在存着的：') XXXXXXXX
    XXXX
      BBB BBBBB BBBB BB BBBBBBXXXX gettext(u'%(name)s：%(said)s') SSSSSSSSSSSSSSSSSXXXXXBBBBBB
    XXXXX
    XXX gettext(u'下面是您写的。要用您写的，再点一次“保存”，就代替现在存着的。') XXXX
    XXXXX XXXXXXXX gettext(u'不要我写的，看最新的 ›') XXXXXXXX
  XXXXXX
BBBBB
