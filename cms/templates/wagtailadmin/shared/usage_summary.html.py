BBBB BBBB

BB BBBBBBBBBBB
  XXX
    XX XXXXXXXX
       ngettext(u'This %(model_name)s is referenced %(usage_count)s time.', u'This %(model_name)s is referenced %(usage_count)s times.', count) 
        SSSS SSSSSSSSSSSSSS SS SSSSSSSSSS SSSSSSSSSSSSSSS SSSSS
      
        PPPP PPPPPPPPPPPPPP PP PPPPPPPPPP PPPPPPPPPPPPPPP PPPPPP
      
    XXXX
    BB BBBBBBBBBBBB
       gettext(u'One or more references to this %(model_name)s prevent it from being deleted.') 
        SSS SS SSSS SSSSSSSSSS SS SSSS SSSSSSSSSSSSSS SSSSSSS SS SSSS SSSSS SSSSSSSS
      
    BBBBB
  XXXX
BBBBB
