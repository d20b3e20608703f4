BBBBBBB BBBBBBBBBBB
BBBB BBBB
BBBBB BBBBB gettext(u'接口说明')  X BBBBBBBB
BBBBB BBBBBBXXXXXXX XXXXXXX gettext(u'数据接口') X XXXXXXX gettext(u'接口说明') X XXBBBBBBBB
BBBBB BBBBBBB
  XXXX XXXXXXXXXXXXX
    XXX gettext(u'地址：') XXXXXXXXXXX
    XXX gettext(u'每个请求都要带上密钥：') XXXXXXXXXXXXXXXXX XXXXXX XXXXXXXXXXXXX
    XXX gettext(u'一次最多 500 行（limit）。回答里的 next 不是 null 时，把它原样写进 cursor 再读，直到 next 是 null。') XXXX
    XXX gettext(u'回答带有 ETag。下次带上 If-None-Match，没有变化时回答 304，不再传一遍。') XXXX
    XXX gettext(u'每个密钥一分钟最多 600 次。超过时回答 429，Retry-After 写着要等几秒。') XXXX
    XXX
       gettext(u'出错时回答 {error, message, fields}：error 给程序看，message 给人看，按 Accept-Language 用中文或英文。') 
    XXXX
    XXXXX XXXXXXXX gettext(u'给程序读的说明（OpenAPI）') XXXXXXXX
  XXXXXX
  XXXX gettext(u'推送') XXXXX
  XXXX XXXXXXXXXXXXX
    XXX gettext(u'有事发生时，本站用 POST 把 JSON 送到您设置的地址：event、id、unit_id、at，和场次或培训的编号、名称。没有人名。') XXXX
    XXX gettext(u'很多人的记录同时变化时，每一场一分钟最多推送一次，records 是变化的条数；要看是谁，用密钥来读这一场。') XXXX
    XXX
       gettext(u'签名在 X-Fingertip-Signature：t=时间,v1=签名。签名是用密钥对“时间.正文”算的 HMAC-SHA256（十六进制）。时间相差五分钟以上的不要收。') 
    XXXX
    XXX gettext(u'10 秒内回答 2xx 就算收到。没有收到会重试六次，间隔越来越长；同一条的 id 不变，可能收到两次。') XXXX
  XXXXXX
  BBB BBBBB BB BBBBBBB
    XXXXXXXXX
    XXXX XXXXXXXXXXXXX
      XXXXXX XXXX
      BB BBBBBBBBBBXXXXXXXBBBBB
      BB BBBBBBBBBBBBBBBB
        XX XXXXXXXXXXXX gettext(u'参数') XXXX
        XXXX
          BBB BBB BB BBBBBBBBBBBBBBBBXXXXXXXXXBBBBBB
        XXXXX
      BBBBB
      XX XXXXXXXXXXXX gettext(u'回答') XXXX
      XXXX
        BBB BBB BB BBBBBBBBBBBBXXXXXXXXXBBBBBB
      XXXXX
    XXXXXX
  BBBBBB
  XXXXXXX XXXXXBBB BBBBBBBBBBX XXXXXX gettext(u'‹ 回到数据接口') X XX
BBBBBBBB
