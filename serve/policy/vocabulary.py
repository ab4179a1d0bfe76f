"""Words by which a prompt shows how much it asks for, in the languages that people write most.

Beginnings of words, because most of these languages bend their ends; whole signs for Chinese and
Japanese. Not every sense is meant, and not every language is here: `prior` adds up many signs.
All are for text in lower case, where Python's expressions are four times as fast.
"""

import re
from typing import Final


def _starts(words: str, han: str = "") -> re.Pattern[str]:
    """Any of `words` (parted by blanks, `_` is a blank inside) at a word's beginning, or `han`."""
    signs = "".join(f"|{sign}" for sign in han.split())
    return re.compile(rf"\b(?:{_either(words)}){signs}")


def _whole(words: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{_either(words)})\b")


def _either(words: str) -> str:
    """Grouped by their first letters, which spares most of the tries."""
    groups: dict[str, list[str]] = {}
    for word in words.replace("_", r"\s+").split():
        first = word[0] if word[0].isalpha() else ""
        groups.setdefault(first, []).append(word.removeprefix(first))
    return "|".join(f"{first}(?:{'|'.join(rest)})" for first, rest in groups.items())


PROVE: Final = _starts(
    r"prove\b proof\b derive\b derivation show_(?:that|how|from|by|for) deduce follow_that "
    r"justify rigorous counter-?example disprove verify_that "
    "beweis widerleg leite_ herleit zeige,?_dass begründe "
    "démontre prouve déduis justifie contre-exemple "
    "demuestr demostr deduc justific contraejemplo dimostr giustific prove_que demonstr "
    "докаж вывед обоснуй",
    "证明 推导 论证 論証 証明 導出 反例",
)
BUILD: Final = _starts(
    r"implement design\b architect refactor debug optimi[sz] restructure rewrite_it_with "
    r"write_(?:an?|the)_(?:\S+_){0,3}(?:function|program|class|script|query|parser|algorithm|"
    r"library|queue|compiler|test|proof|essay|plan|report|sonnet|regular) "
    "construct draft plan_an? develop invent model_the find_the_bug migrat "
    "implementier entwirf entwickl optimier konstruier "
    "implément conce[vz] concevoir développe optimise diseñ desarroll implementa progett "
    "спроектир реализ напиши_(?:программу|функцию)",
    "实现 设计 优化 开发 実装 設計 最適化",
)
WEIGH: Final = _starts(
    r"analy[sz] compar contrast critiqu critical apprais assess evaluat argue arguments? discuss "
    r"interpret weigh_ to_what_extent trade-?offs? implications? differential "
    r"pros_and_cons whether diagnos "
    "vergleich diskutier bewert beurteil erörter discut évalu evalú confront valut "
    "проанализ сравн оцени",
    "分析 比较 评估 评价 讨论 比較 評価 論じ 优缺点",
)
EXPLAIN: Final = _starts(
    r"explain why\b how_(?:does|do_(?!i\b|you\b)|would|could|can_(?!i\b)) describe outline "
    r"mechanism account_for cause[sd]?\b annotate "
    "erklär erläuter warum weshalb expliqu pourquoi décri explic por_qué describ spieg perché "
    "объясн почему",
    "解释 为什么 说明 説明 なぜ 原因",
)
COMPUTE: Final = _starts(
    r"comput(?:e|ing)\b calculat determin solve find_(?:the|all|an?) estimat integrat simplify "
    r"how_(?:many|much|late|long|far|fast|old)_(?!is\b|do_i\b|days\b) work_out rank_ "
    "berechn bestimm löse ermittl calcul détermin résou resuelv calcol risolv "
    "вычисл найди реши",
    "计算 求解 求出 解方程 計算",
)
TERM: Final = _starts(
    r"theorem lemma integral derivative eigen matri[xc] polynomial asymptot converg continuous "
    r"(?:iso|homo|auto|endo)?morphism abelian topolog manifold bijecti injecti finite_group "
    r"irrational differential stochastic variance likelihood bayes regression estimator entropy "
    r"prime_n heterosked coefficient probabilit distribution quantum schr[oö]dinger hamiltonian "
    r"thermodynam relativ orbital momentum wavelength oxidation equilibri stoichiom "
    r"enzyme genome transcription pathophysiolog pharmaco aetiolog etiolog prognos lesion infarct "
    r"carcinoma sepsis insulin antibiotic contraindic \w+(?:aemia|itis|osis|ectomy)\b "
    r"complexity concurren parallel deadlock mutex thread asynchron distributed shard latency "
    r"throughput kernel compiler pointer linearizab lock-free consensus transaction recurs "
    r"tort\b liabilit negligen jurisdiction statut doctrine clause indemni plaintiff defendant "
    r"enforceab fiduciary breach constitution gdpr precedent damages "
    r"elasticit monetary fiscal arbitrage hedg discount_rate cash_flow unit_economics "
    r"epistem ontolog metaphys utilitarian deontolog categorical dialectic hermeneut "
    r"teorema théorème dérivée satz_von haftung anfechtung kompakt compact stetig",
    "定理 函数 矩阵 积分 分布 似然 算法 素数 微分 概率 量子 関数 確率",
)
CONDITION: Final = _whole(
    r"must without at_(?:most|least) exactly only_if if_and_only_if such_that given_that suppose "
    r"assum(?:e|ing|ptions?) subject_to constraints? except unless including respectively "
    r"no_more_than between each every for_all within edge_cases while let then "
    r"muss ohne höchstens mindestens genau sans exactement au_(?:plus|moins) sin exactamente"
)
RATIO: Final = _whole(
    r"twice thrice half third quarter double triple times_as percent per ratio fraction average "
    r"remaining left altogether total more_than less_than fewer rate interest discount profit "
    r"doppelt hälfte prozent moitié pourcent mitad"
)
GREETING: Final = re.compile(
    r"^\W*(?:hi|hello|hey|good (?:morning|evening|night|day)|thanks?|thank you|ok(?:ay)?|great|"
    r"bye|yes|no|cool|sorry|hallo|guten|danke|tschüss|bonjour|salut|merci|hola|gracias|buen[oa]s|"
    r"ciao|grazie|ol[áa]|obrigad[oa]|привет|спасибо|здравствуй\w*)\b"
    r"|^\W*(?:你好|您好|谢谢|再见|こんにちは|ありがとう)"
)
LOOK_UP: Final = re.compile(
    r"^\W*(?:(?:who|when|where|which|what)(?:'s| is| are| was| were| did| does| do| year)\b|"
    r"who \w+|what colou?r|define |meaning of |how (?:tall|old|far|long|big|many|much|do (?:i|you))"
    r"\b|wer |wann |wo |wie hei(?:ß|ss)t|was (?:ist|heißt)|welche|quel|qui |où |quand |combien|"
    r"comment dit|cuál|quién|dónde|qual |chi |dove |какая |какой |какое |кто |где |когда )"
    r"|什么|哪里|哪个|谁|几|どこ|だれ|誰|何"
)
CHORE: Final = _starts(
    r"translat summar(?:ise|ize|y) shorten paraphras rephrase rewrite reword proof-?read "
    r"(?:fix|correct|check)_(?:the_|my_)?(?:grammar|spelling|typos) make_(?:this|it)_\w+ "
    r"turn_(?:this|these) list_the name_ tell_me give_me suggest recommend convert_ pull_ extract "
    r"which_names synonym spell write_(?:me_)?an?_(?:\S+_){0,2}(?:e-?mail|note|message|wish|poem|"
    r"joke|tweet|caption|letter|card) what_can_i positive_or_negative say_ cheer_me fun_fact "
    "übersetz fasse_ schreib_ nenne korrigier tradui résume cite_ écris corrige dime_ traduc "
    "escribe_ resum nombra переведи",
    "翻译 总结 翻訳 要約",
)
BRIEF: Final = _starts(
    r"short\b brief quick simple\b simply in_(?:one|two|three|a_few)_(?:sentence|word|line) "
    r"(?:one|two)-line friendly polite (?:two|three)_(?:or_\w+_)?sentences kurz einfach bref court "
    r"breve corto"
)
