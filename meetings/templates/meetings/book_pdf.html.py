BBBB BBBBXXXXXXXXX XXXXX
XXXXX XXXXXXXXXXXXXXX
  XXXXXX
    XXXXX XXXXXXXXXXXXXXXX
    XXXXXXX gettext(u'会议台账')  XXXXXXXX
    BBBBBBB BBBBBBBBBBBBBBBBBBBBBBBBBBBB
  XXXXXXX
  XXXXXX
    BBB BBBBB BB BBBBBB
      XXXXXXXX XXXXXXXXXXXXXX
        XXXXXXXXX
        XXXXXX XXXXXXXXXXXXXX
          BBB BBBBB BBBB BB BBBBBBBBBBBXXXXXXXXXXXXXXXXXXXXXXXXXXXBBBBBB
          XXXX
            XXXX gettext(u'到会情况') XXXXX
            XXXX
              BB BBBBBBBBBBBBBBBBBB gettext(u'已作废，不再计入') BBBBB
              BBB BBBBBB BBBBBB BB BBBBBBBBBBBBBBBBBB BB BBB BBBBBBBBBBBBXBBBBBBBBBBB
            XXXXX
          XXXXX
        XXXXXXXX
        BB BBBBBBBBBBBBBBBBBB
          BB BBBBBBBBBBBBBBBBBBBBBBBBBB
            XXXX gettext(u'学习和讨论的内容') XXXXX
            FFFFFFFFFF
          BBBBB
          BB BBBBBBBBBBBBBBBBBBBBBBBBBBBB
            XXXX gettext(u'决定事项') XXXXX
            XXXX
              BBB BBBBBB BBBB BB BBBBBBBBBBBBBBBBBBBBBBBBBBBB
                XXXXXXXXXXXBB BBBBXXXXFFFFFFFFFFFFBBBBBXXXXX
              BBBBBB
            XXXXX
          BBBBB
          XX XXXXXXXXXXXXXXXXXX
        BBBB
          XXXX gettext(u'学习和讨论的内容、决定事项') XXXXX
          XX XXXXXXXXXXXXXX gettext(u'还没有写会议记录。') XXXX
        BBBBB
        BB BBBBBBBBBBBBBBBBBB
        BBBB BBBBBBBBBBBBBBBBB
          XXXX gettext(u'应到名单') XXXXX
          XXXXXXX
            XXXXXXX
              XXXX
                XXX XXXXXXXXXXXXXXX gettext(u'序号') XXXXX
                XXX XXXXXXXXXXXXX gettext(u'姓名') XXXXX
                XXXX gettext(u'单位') XXXXX
                XXX XXXXXXXXXXXXXX gettext(u'情况') XXXXX
                XXXX gettext(u'时间和说明') XXXXX
                XXX XXXXXXXXXXXXX gettext(u'签名') XXXXX
              XXXXX
            XXXXXXXX
            XXXXXXX
              BBB BBBBBB BB BBBBBBBBBBBBBBBBB
                XXXX
                  XXX XXXXXXXXXXXXXXXXXXXX
                  XXX XXXXXXXXXXXXXXXXXX
                  XXX XXXXXXXXXXXXXXXXXXX
                  XXX XXXXXXXXXXXXXXXXXXX
                  XXX XXXXXXXXXXXXXXXXXXX
                  XXX XXXXXXXXXXXXXXXXXX
                XXXXX
              BBBBBB
            XXXXXXXX
          XXXXXXXX
        BBBB
          XX XXXXXXXXXXXXXX gettext(u'名单由支部书记打印，这里只有人数。') XXXX
        BBBBB
        XXXX XXXXXXXXXXXXXX
          XXXXX gettext(u'主持人签名') XXXXXX
          XXXXX gettext(u'记录人签名') XXXXXX
          XXXXX gettext(u'日期') XXXXXX
        XXXXXX
      XXXXXXXXXX
    BBBBBB
  XXXXXXX
XXXXXXX
