BBBBBBB BBBBBBBBBBB
BBBB BBBB
BBBBB BBBBB gettext(u'登录链接')  X BBBBBBBB
BBBBB BBBBBBXXXXXXX XXXXXXXXXXXXXXXXXXXX XXXXXXX gettext(u'登录链接') X XXBBBBBBBB
BBBBB BBBBBBB
  BB BBBBBBBXXXX XXXXXXXXXXXXXX XXXXXXXXXXXXXXXXXXXXXXXXXXBBBBB
  BB BBBB
    XXXX XXXXXXXXXXXXX
      XXXX XXXXXXXXXXXXXX
        XXXXXX XXXXXXXXXXX gettext(u'链接（只在这里显示这一次）') XXXXXXXX
        XXXXXXXXX XXXXXXXXX XXXXXXXX XXXXXXXXXXXXXXXXXXXX
      XXXXXX
      XXXXXXX XXXXXXXXXXXXX XXXXXXXXXX XXXXXX XXXXXXXXXXXXXXXX XXXXXXXXXXX gettext(u'已经复制') X XXXXXXX
         gettext(u'复制链接') 
      XXXXXXXXX
      XXX
         gettext(u'15 分钟内有效，只能用一次。请在本人的手机上打开，或者发给本人；谁拿到它，谁就能以这个人的身份登录。') 
      XXXX
      XX XXXXXXXXXXXX gettext(u'以前生成的链接已经作废。这次生成已经记下，本人看得到。') XXXX
    XXXXXX
  BBBB
    XXXXXXX XXXXXXXX gettext(u'生成登录链接') XX
      XXX gettext(u'给收不到短信、没有密码或者忘了密码的人用。核对清楚是本人以后再生成。') XXXX
      XX XXXXXXXXXXXX gettext(u'谁、什么时候生成的，什么时候用的，都会记下，本人和监督员看得到。') XXXX
    XXXXXXXXX
  BBBBB
  XXXXXXX XXXXXBBB BBBBBBBB BBBBBBBBBX XXXXXX gettext(u'‹ 回到这个人') X XX
BBBBBBBB
