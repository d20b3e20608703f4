BBBB BBBB
XXXXX XXXXXXXXXXXX
   gettext(u'%(day)s 绑定') SSSSSSS SS
  BB BBBBBBBBBBBB
    X  gettext(u'最近 %(day)s 用过') SS SSSSSSS SS
  BBBB
    X  gettext(u'还没有用过') 
  BBBBB
XXXXXXX
