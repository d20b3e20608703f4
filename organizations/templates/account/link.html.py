BBBBBBB BBBBBBBBBBB
BBBB BBBB
BBBBB BBBBB gettext(u'用链接登录') BBBBBBBB
BBBBB BBBBB XXXXBBBBBBBB
BBBBB BBBBXXXXX XXXXXXXXXXXXX XXXXXXXXXXXXXXXXXXBBBBBBBB
BBBBB BBBBBB
  BB BBBB
    XXXXXXX XXXXXXX gettext(u'用链接登录') X XX
  BBBB
    XXXXXXX XXXXXXX gettext(u'这条登录链接不能用了') X XX
  BBBBB
BBBBBBBB
BBBBB BBBBBBB
  BB BBBB
    XXXX XXXXXXXXXXXXX
      XXX gettext(u'这条链接是给 <b>%(name)s</b> 的。是您本人，请点下面的按钮。') SSSSSS SSSSSSSSSSSSSSS SSSSSSSSSSSSSSSXXXX
      XX XXXXXXXXXXXX gettext(u'只能用一次。登录以后请设一个密码，下次用手机号和密码登录。') XXXX
      XXXXX XXXXXXXXXXXXXX
        BBBBBBBBBB
        XXXXXXX XXXXXXXXXXXX gettext(u'是我，登录') XXXXXXXXX
      XXXXXXX
      XX XXXXXXXXXXXX gettext(u'不是您？请关掉这一页，不要点。') XXXX
    XXXXXX
  BBBB
    XXXXXXX XXXXXBBB BBBBBBBBBBBBBBBX XXXXXXXX gettext(u'去登录') XX
      XXX gettext(u'它可能已经用过，过了 15 分钟，或者后来又生成了新的；手机号或组织关系变了也会作废。') XXXX
      XXX gettext(u'请给管理员打电话，再要一条。有密码的，可以直接登录。') XXXX
    XXXXXXXXX
  BBBBB
BBBBBBBB
