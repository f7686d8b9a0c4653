"""Function words and endings of Chinese, Japanese, Korean and Thai, which a question has beside
what it asks about. Used on questions only: a text is indexed whole."""

from __future__ import annotations

import re


def _either(words: str, around: str = "{}") -> re.Pattern[str]:
    longest_first = sorted(set(words.split()), key=lambda w: (-len(w), w))
    return re.compile(around.format("|".join(longest_first)))


#: Nothing of one character that is a part of many words, as 有, 会, 在 and 能 are.
CHINESE = _either(
    "请问 請問 多少 什么时候 什麼時候 什么 什麼 为什么 為什麼 怎么 怎麼 怎样 怎樣 如何 哪里 "
    "哪裡 哪儿 哪个 哪個 哪些 哪年 哪天 哪一 几点 幾點 几个 幾個 几天 几年 何时 何時 何处 "
    "何處 是否 可以 应该 應該 需要 必须 有没有 谁 誰 哪 几 幾 的 了 吗 嗎 呢 是 和 与 與 这个 "
    "這個 那个 那個 由谁 多久 多长 多長 多高 多大 多重 多远 多遠 告诉我 告訴我"
)
JAPANESE = _either(
    "教えてください 教えて ください でしょうか ですか ますか ましたか ませんか ありますか "
    "いますか しますか されますか できますか なりますか です ます ました ません でした である "
    "であり いくつ いくら どのくらい どれくらい どのように どこ どれ どの どんな どう いつ "
    "だれ なに なん 何時間 何時 何年 何月 何日 何人 何個 何本 何台 何枚 何回 何名 何度 何 誰 "
    "している していた された される している する した して から まで より など とは では "
    "には ため こと もの について における において は が を に へ と で の も や か な"
)
KOREAN = _either(
    "얼마 얼마나 무엇 무엇을 무엇이 뭐 뭔 누구 누가 누구의 언제 어디 어느 어떤 어떻게 몇 왜 "
    "무슨 것 수 및 그리고 또는 이 그 저 그것 이것 있 없 하 되 알려 주 주세요 주십시오 알려줘 "
    "대해 대한 관한 위한 위해 하루에 해야 합 입 인 있나요 있습니까 합니까 하나요 되나요 "
    "됩니까 입니까 인가요 일까요 얼마인가요 무엇인가요 누구인가요 언제인가요 어디인가요 "
    "어디에 몇시 몇명 몇개 가나요",
    "(?:{})",
)
KOREAN_ENDING = _either(
    "입니까 인가요 인가 인지 일까요 이에요 예요 입니다 이다 이며 이고 습니까 습니다 합니까 "
    "합니다 하나요 하는가 한가요 됩니까 됩니다 되나요 하였다 했다 했습니까 했습니다 "
    "하였습니까 해야 하는 하고 하여 하며 한다 된다 되는 되어 나요 은 는 이 가 을 를 의 에 "
    "에서 에게 에는 에서는 으로 로 으로는 와 과 도 만 까지 부터 마다 처럼 보다 이나 이란 란 "
    "들 께서 한테 라고 이라고 으로서 로서 으로써 로써 하",
    "(?:{})$",
)
THAI = _either(
    "อะไร เท่าไร เท่าไหร่ ที่ไหน เมื่อไร เมื่อไหร่ ใคร กี่ อย่างไร ยังไง ไหน คือ เป็น ของ ที่ "
    "และ ใน มี ไหม ครับ ค่ะ คะ จะ ได้ ให้ กับ จาก ต้อง อยู่"
)
