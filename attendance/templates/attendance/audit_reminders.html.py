BBBBBBB BBBBBBBBBBB
BBBB BBBB
BBBBB BBBBB gettext(u'提醒了多少次')  X BBBBBBBB
BBBBB BBBBBB
  XXXXXXX XXXXXXX gettext(u'提醒了多少次') X XXXXXXX gettext(u'近 400 天，只有数量，没有名字。') X XX
BBBBBBBB
BBBBB BBBBBBB
  BB BBBB
    XXXX XXXXXXXXXXX XXXXXXXX
      XXXXXX XXXXXXXXXXXXXX
        XXXXXXX
          XXXX
            XXX XXXXXXXXXXXX gettext(u'培训') XXXXXXXX XXXXXXXXXXXX gettext(u'提醒') XXXXX
            XXX XXXXXXXXXXXX gettext(u'人数') XXXXXXXX XXXXXXXXXXXX gettext(u'短信') XXXXX
            XXX XXXXXXXXXXXX gettext(u'邮件') XXXXXXXX XXXXXXXXXXXX gettext(u'没有发出') XXXXX
          XXXXX
        XXXXXXXX
        XXXXXXX
          BBB BBB BB BBBB
            XXXX
              XXX XXXXXXXXXXXXXXXXX
              XXX XXXXXXXXXXXX gettext(u'提醒') X XXXXXXXXXXXXXXXXX
              XXX XXXXXXXXXXXX gettext(u'人数') X XXXXXXXXXXXXXXXXX
              XXX XXXXXXXXXXXX gettext(u'短信') X XXXXXXXXXXXXXXXXX
              XXX XXXXXXXXXXXX gettext(u'邮件') X XXXXXXXXXXXXXXXXX
              XXX XXXXXXXXXXXX gettext(u'没有发出') X XXXXXXXXXXXXXXXXX
            XXXXX
          BBBBBB
        XXXXXXXX
      XXXXXXXX
    XXXXXX
  BBBB
    XXXXXXXX XXXXXXX gettext(u'还没有提醒过') X XXXXXX gettext(u'书记提醒以后，次数会列在这里。') X XX
  BBBBB
  XXXXXXX XXXXXBBB BBBBBBBX XXXXXX gettext(u'‹ 查阅记录') X XX
BBBBBBBB
