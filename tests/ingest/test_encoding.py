"""Which encoding a text is in: rules first, then what its letters tell."""

from __future__ import annotations

import random

import pytest

from octavo.ingest.formats.encoding import decode

_PUMP = {
    "cp1250": "Sprawdzić poziom oleju w łożysku. Zużytą uszczelkę wymienić, a śruby dokręcić.",
    "iso8859_2": "Příliš žluťoučký kůň úpěl ďábelské ódy. Ventil zavřete až po čištění.",
    "cp1254": "Yağ seviyesini kontrol edin; contayı değiştirin ve cıvataları sıkın. Güç şalteri.",
    "cp1253": "Ελέγξτε τη στάθμη του λαδιού στο έδρανο και αλλάξτε το παρέμβυσμα.",
    "cp1251": "Проверьте уровень масла в корпусе подшипника и замените уплотнение.",
    "koi8_r": "Проверьте уровень масла в корпусе подшипника и замените уплотнение.",
    "cp1255": "בדקו את מפלס השמן בבית המסב והחליפו את האטם לפי ההוראות.",
    "cp1256": "تحقق من مستوى الزيت في غلاف المحمل واستبدل مانع التسرب.",
    "shift_jis": "軸受箱の油面を確認し、シールを交換してください。ポンプの電源を切ること。",
    "euc_jp": "軸受箱の油面を確認し、シールを交換してください。ポンプの電源を切ること。",
    "euc_kr": "베어링 하우징의 오일 레벨을 확인하고 씰을 교체하십시오.",
    "gb18030": "请检查轴承箱内的油位，并更换密封件。关闭水泵的电源后再操作。",
    "big5": "請檢查軸承箱內的油位，並更換密封件。關閉水泵的電源後再操作。",
}


@pytest.mark.parametrize("encoding", _PUMP)
def test_a_text_is_read_in_its_own_encoding(encoding: str) -> None:
    text = _PUMP[encoding]
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize(
    "text",
    [
        "naïve",
        "Straße 5",
        "café au lait",
        "£12.50 a litre",
        "5 °C",
        "Mañana",
        "Ångström",
        "“quoted”",
    ],
)
def test_a_few_accents_are_western(text: str) -> None:
    assert decode(text.encode("cp1252")) == text


def test_random_bytes_are_no_text() -> None:
    draw = random.Random(4)
    assert [decode(draw.randbytes(4000)) for _ in range(20)] == [None] * 20
