BBBB BBBB
XXXXXXX XXXXXXXXXXXX
  XXXXXX gettext(u'这个网站现在不能发短信') XXXXXXXX
  XXX gettext(u'所以不能用验证码登录。有密码的，请用手机号和密码登录。') XXXX
  XXX
     gettext(u'没有密码，或者忘了密码：请给支部书记或管理员打电话，要一条登录链接。在自己手机上打开它就能登录，再设一个密码。') 
  XXXX
XXXXXXXXX
