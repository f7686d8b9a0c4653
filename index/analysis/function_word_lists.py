"""Frequent function words by language, which tell languages apart; capital-free, with accents."""

from __future__ import annotations

from functools import cache

_LISTS = """
en: the of and to in is that for it as was with be by on not he his but at are this have from or had an they which one you were all her she there would their we him been has when who will no more if out so what up its about than into them can only other time some could these may do first any my now such like our over man me even most after also did many off before must well through how where why does much whose
de: der die das und ist von den dem des zu mit sich auf für nicht ein eine einer einem einen als auch es an werden aus er hat dass sie nach wird bei einer um am sind noch wie einem über so zum kann war haben nur oder aber vor zur bis mehr durch man sein wurde wurden im wann wer was wo welche welcher welches wieviel viel viele warum wohin woher wem wen ihr ihre seine unter ohne gegen muss müssen dürfen darf soll gibt kein keine
fr: le la les de des du et à un une est en que qui dans pour pas sur au aux il elle ils ne ce cette ces se sont avec par plus ou mais son sa ses leur leurs nous vous on été être avoir ont fait comme quel quelle quels quelles combien quand où comment pourquoi quoi lui y était sans sous entre doit peut l d c s qu n j chez
es: el la los las de del y que en un una es por con para su sus al lo se no como más pero fue son está han este esta estos entre cuando muy sin sobre también hay ser qué quién quiénes cuánto cuánta cuántos cuántas cuándo dónde cómo cuál cuáles desde hasta le les o donde quien debe puede ha
it: il lo la i gli le di del della dei delle degli e che in un una uno è per con non si da dal dalla al alla nel nella sono come più ma anche ha hanno questo questa quanto quanti quanta quante quando dove chi cosa quale quali perché ogni deve essere sul sulla tra fra se ed l dell all nell è stato stata suo sua
pt: o a os as de do da dos das e que em um uma é por com para no na nos nas se não mais como mas foi são ao à pelo pela também ou seu sua está quanto quantos quantas quando onde quem qual quais até entre sem já deve pode ser há este esta isso isto porque
nl: de het een en van in is dat op te zijn met voor niet aan er om ook als bij door naar maar dan nog wordt worden deze dit die uit wat wie waar wanneer hoe hoeveel welke waarom heeft hebben zij hij wij je kan moet zijn geen over tot onder tegen of na
sv: och att det som en på är av för med den till inte har de ett om var jag men sig från så kan när vi ska skulle eller vad vem hur vilken vilket vilka många mycket mellan efter under också blir måste där ingen ej varför
da: og at det er en på af for med den til ikke har de et om var jeg men sig fra så kan når vi skal skulle eller hvad hvem hvor hvornår hvordan hvilken hvilket mange meget mellem efter under også bliver må der ingen hvorfor ved blev
no: og at det er en på av for med den til ikke har de et om var jeg men seg fra så kan når vi skal skulle eller hva hvem hvor når hvordan hvilken hvilket mange mye mellom etter under også blir må der ingen hvorfor ved ble
fi: ja on ei että se oli hän mutta ovat kun myös joka niin kuin tai ole mitä kuka missä milloin miten kuinka paljon mikä mistä miksi jos vain sekä ovat tämä ollut voi sen hänen mukaan kaikki jonka
hu: a az és hogy nem is egy ez volt van meg de csak már mint vagy még ha mi ki hol mikor mennyi hány hogyan melyik miért lehet kell azt ezt után között szerint amely
ro: și de la în a cu pe nu din este care un o să pentru mai au se ce cine unde când cât câte câți cum sunt fi fost după sau prin acest această lui ale dintre trebuie
tr: ve bir bu için ile da de çok daha ne kim nerede nasıl kaç neden olan olarak var gibi kadar sonra ama en mi mı mu mü değil veya hangi zaman şu o göre
pl: i w na z do nie się że jest to o jak po od za przez dla co kto gdzie kiedy ile jaki jaka jakie dlaczego czy ma być oraz są był była lub przy tego ten ta które który która
ca: el la els les de del i que en un una és per amb no se als dels com més però quant quants quan on qui què quina quin des fins entre seu seva aquest aquesta
cs: a je v na se z do že to s o jak po od za pro co kdo kde kdy kolik jaký jaká jaké proč nebo jsou byl byla není který která které musí při
id: yang dan di ke dari untuk dengan pada adalah ini itu tidak akan oleh dalam atau juga berapa siapa apa kapan mana bagaimana harus ada lebih sebagai karena telah dapat
"""  # noqa: E501


@cache
def languages_of_words() -> dict[str, frozenset[str]]:
    """Word to the languages that have it as a function word."""
    found: dict[str, set[str]] = {}
    for row in _LISTS.strip().splitlines():
        language, words = row.split(": ", 1)
        for word in words.split():
            found.setdefault(word, set()).add(language)
    return {word: frozenset(languages) for word, languages in found.items()}
