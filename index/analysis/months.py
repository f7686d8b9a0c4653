"""Names of the months, by language; abbreviations without their full stop."""

from __future__ import annotations

from functools import cache

_NAMES = """
en: january jan|february feb|march mar|april apr|may|june jun|july jul|august aug|september sept sep|october oct|november nov|december dec
de: januar jänner|februar feber|märz mrz|april|mai|juni|juli|august|september|oktober okt|november|dezember dez
fr: janvier janv|février févr|mars|avril avr|mai|juin|juillet juil|août|septembre|octobre|novembre|décembre déc
es: enero ene|febrero|marzo|abril abr|mayo|junio|julio|agosto ago|septiembre setiembre|octubre|noviembre|diciembre dic
it: gennaio gen|febbraio|marzo|aprile|maggio mag|giugno giu|luglio lug|agosto ago|settembre set|ottobre ott|novembre|dicembre dic
pt: janeiro|fevereiro fev|março|abril|maio|junho|julho|agosto|setembro set|outubro out|novembro|dezembro
nl: januari|februari|maart mrt|april|mei|juni|juli|augustus|september|oktober|november|december
da: januar|februar|marts|april|maj|juni|juli|august|september|oktober|november|december
sv: januari|februari|mars|april|maj|juni|juli|augusti|september|oktober|november|december
fi: tammikuuta tammikuu|helmikuuta helmikuu|maaliskuuta maaliskuu|huhtikuuta huhtikuu|toukokuuta toukokuu|kesäkuuta kesäkuu|heinäkuuta heinäkuu|elokuuta elokuu|syyskuuta syyskuu|lokakuuta lokakuu|marraskuuta marraskuu|joulukuuta joulukuu
pl: stycznia styczeń|lutego luty|marca marzec|kwietnia kwiecień|maja maj|czerwca czerwiec|lipca lipiec|sierpnia sierpień|września wrzesień|października październik|listopada listopad|grudnia grudzień
cs: ledna leden|února únor|března březen|dubna duben|května květen|června červen|července červenec|srpna srpen|září|října říjen|listopadu|prosince prosinec
hu: január|február|március|április|május|június|július|augusztus|szeptember|október|november|december
ro: ianuarie|februarie|martie|aprilie|mai|iunie|iulie|august|septembrie|octombrie|noiembrie|decembrie
tr: ocak|şubat|mart|nisan|mayıs|haziran|temmuz|ağustos|eylül|ekim|kasım|aralık
ru: января январь|февраля февраль|марта март|апреля апрель|мая май|июня июнь|июля июль|августа август|сентября сентябрь|октября октябрь|ноября ноябрь|декабря декабрь
uk: січня|лютого|березня|квітня|травня|червня|липня|серпня|вересня|жовтня|листопада|грудня
el: ιανουαρίου|φεβρουαρίου|μαρτίου|απριλίου|μαΐου|ιουνίου|ιουλίου|αυγούστου|σεπτεμβρίου|οκτωβρίου|νοεμβρίου|δεκεμβρίου
"""  # noqa: E501


@cache
def month_numbers() -> dict[str, int]:
    """Lower-case name to 1 to 12. "listopad" is October in one language and November in another:
    the first language listed decides."""
    numbers: dict[str, int] = {}
    for row in _NAMES.strip().splitlines():
        for number, names in enumerate(row.split(": ", 1)[1].split("|"), 1):
            for name in names.split():
                numbers.setdefault(name, number)
    return numbers
