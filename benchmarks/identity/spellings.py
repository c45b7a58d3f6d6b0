"""Made-up names, and how one is written in an address or in another script."""

import unicodedata

_WEST = (
    "Ada Alma Bruno Carla Dario Edda Fabio Greta Hugo Ilse Jonas Karin Leopold Mira Nils Olga Pia Quentin Rosa Sven "
    "Tilda Ugo Vera Wanda Xenia Yvonne Zeno James Mary John Linda Peter Susan Mark Paula Kevin Laura"
)
_ACCENTED = "Zoë René Jürgen Søren Łukasz Åsa Noël Chloé Márton Ángel Jörg Håkon Inês Élodie Tomáš Žofie"
GIVEN = {"west": _WEST.split(" "), "accented": _ACCENTED.split(" ")}
_STARTS = (
    "Abel Bell Crick Dun Eck Farn Grim Hollo Inger Jablon Kirk Lind Monta Norr Oak Pember Quig Roth Stav Trem Under "
    "Vander Whit Yard Zimm"
)
_ENDS = (
    "worth son berg ley man feld by ton wood stein mark gaard etti inen ak ova ski ert ow ini aux er holt quist"
)  # fmt: skip
STARTS, ENDS = _STARTS.split(" "), _ENDS.split(" ")
MIDDLES = ["", "a", "er", "in", "el", "o", "ing", "s", ""]
COMMON_SURNAMES = ["Smith", "Johnson", "Miller", "Brown", "Garcia", "Singh", "Nguyen", "Kim", "Martin"]
ACCENTS = str.maketrans("aoeun", "äöéüñ")
_HANDLES = "badger comet dune ember fjord gizmo heron ibex jolt krill lumen mango nimbus otter pixel quark raven sable"
HANDLES = _HANDLES.split(" ")
_PINYIN_GIVEN = "Wei Min Jing Xiaoming Li Yan Hao Jun Lei Mei Xin Yufei Zihan"
_PINYIN_SURNAMES = "Wang Li Zhang Liu Chen Yang Zhao Huang Zhou Wu Xu Sun"
PINYIN = (_PINYIN_GIVEN.split(" "), _PINYIN_SURNAMES.split(" "))
HAN_GIVEN = dict(
    zip(PINYIN[0], ["伟", "敏", "静", "晓明", "丽", "艳", "浩", "军", "磊", "梅", "欣", "宇飞", "子涵"], strict=True)
)
HAN_SURNAMES = dict(
    zip(PINYIN[1], ["王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙"], strict=True)
)
CYRILLIC = {"Иван": "Ivan", "Пётр": "Petr", "Ольга": "Olga", "Борис": "Boris", "Роман": "Roman", "Денис": "Denis"}
CYRILLIC_SURNAMES = {"Белов": "Belov", "Гончар": "Gonchar", "Зимин": "Zimin", "Крылов": "Krylov", "Носов": "Nosov"}


def ascii_name(text: str) -> str:
    """How a company writes a name in an address."""
    spelled = {"ü": "ue", "ö": "oe", "ß": "ss", "ø": "o", "ł": "l", "Ł": "l", **CYRILLIC, **CYRILLIC_SURNAMES}
    for letter, latin in spelled.items():
        text = text.replace(letter, latin)
    return "".join(c for c in unicodedata.normalize("NFKD", text) if c.isascii()).casefold()
