BBBB BBBB
XXXXXXXXX XXXXXXXXXXXX XX
XXXXXXX XXXXXXXX gettext(u'保存新密码') XX
  
  XXXXXXXXX XXXXXXXXXXXX XX
  XX XXXXXXXXXXXX
    BB BBBBBBBBBBBBBBBBB
       gettext(u'记不住可以不设密码，每次用验证码登录。') 
    BBBB
       gettext(u'这个网站不能发短信，下次登录要用这个密码，请记好。') 
    BBBBB
  XXXX
XXXXXXXXX
