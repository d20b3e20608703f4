BBBB BBBB
 #

XXXX gettext(u'文件怎么写') XXXXX
XXXX XXXXXXXXXXXXX
  XXX gettext(u'第一行是列名：') XXXFFFFFFFFXXXXXXXX
  XX XXXXXXXXXXXX
     gettext(u'前三列必须有，其余可以没有。“组织”从上往下写，各层之间用 / 隔开，例如：永安镇/东风村/第一支部。没有手机的人，手机号空着，但要有编号。不要写身份证号。') 
      SSSSSSSSSSSSSSSSSSSSSSSSSSSSS S SSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSS
    
  XXXX
  XX XXXXXXXXXXXX
     gettext(u'没有的组织会新建，检查时一一列出；和现有组织很像的，先问您。手机号、编号和姓名对不上的人，也先问您，不会猜。') 
  XXXX
  XX XXXXXXXXXXXX
     gettext(u'有人离开：“状态”写转出、去世或停止。在别的组织任职：写在“任职组织”。一个人几个职务，就写几行。') 
  XXXX
XXXXXX
