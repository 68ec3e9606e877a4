"""Words about names: legal forms, short first names, names that are none, letters. Tables only."""

from __future__ import annotations

_LEGAL_FORM_WORDS = """
ооо оао зао ао пао нао аозт ано нко чуп уп руп чтуп чпуп одо соао тоо пк кх кфх снт тсж тсн муп гуп фгуп мбу
гбу фгбу тдо ип чп пбоюл гп кб нпо нпп фирма компания жшс акционерное общество ограниченной ответственностью
llc llp ltd limited inc incorporated corp corporation co company plc gmbh ag kg ohg ug mbh sa sas sarl srl
spa bv nv oy ab as aps ooo oao zao pao ao too ip jsc pjsc ojsc cjsc doo sro spzoo kft
"""
LEGAL_FORMS = frozenset(_LEGAL_FORM_WORDS.split())
SOLE_TRADER_FORMS = frozenset({"ип", "чп", "пбоюл", "ip"})  # the company is called as its owner
LEGAL_PHRASES = (
    "общество с ограниченной ответственностью",
    "индивидуальный предприниматель",
    "публичное акционерное общество",
    "закрытое акционерное общество",
    "открытое акционерное общество",
    "акционерное общество",
    "товарищество с ограниченной ответственностью",
    "частное унитарное предприятие",
    "limited liability company",
)

_NO_NAME_WORDS = """
без имени имя фамилия отчество неизвестно неизвестный неизвестен нет клиент покупатель заказчик контакт лид
заявка звонок входящий исходящий пропущенный сайт тест test новый новая из от с по на unknown unnamed noname
name no lead contact client customer caller call incoming visitor guest гость mr mrs ms dr г гн госпожа
господин
"""
NO_NAMES = frozenset(_NO_NAME_WORDS.split())

_CYRILLIC_LETTERS = "абвгдезийклмнопрстуфхцчшщыэюяіїєґўәғқңөұүһжъь'’`"  # "-" below: not sounded
_LATIN_LETTERS = """
a b v g d e z i i k l m n o p r s t u f h ts ch sh sh i e iu ia i i ie g u a g k n o u u h zh - - - - -
"""
LETTERS = {
    letter: latin.strip("-") for letter, latin in zip(_CYRILLIC_LETTERS, _LATIN_LETTERS.split(), strict=True)
}
# Latin spellings of the same sounds, longest first; applied after LETTERS to names of any script.
LATIN_SPELLINGS = (
    ("shch", "sh"),
    ("sch", "sh"),
    ("tch", "ch"),
    ("kh", "h"),
    ("ph", "f"),
    ("th", "t"),
    ("ck", "k"),
    ("tz", "ts"),
    ("x", "ks"),
    ("w", "v"),
    ("q", "k"),
    ("j", "i"),
    ("y", "i"),
)

_FIRST_NAMES = """
александр саша саня шура алекс сашка
алексей леша леха алеша
анастасия настя ася
андрей андрюша
анна аня анюта нюра
антон антоша тоша
борис боря
вадим вадик
валентина валя
валерий валера
василий вася
виктор витя
виктория вика
виталий виталик
владимир вова володя вовка
владислав влад
вячеслав слава
галина галя
геннадий гена
георгий гоша жора
григорий гриша
дарья даша
дмитрий дима митя
евгений женя
екатерина катя катерина
елена лена алена
елизавета лиза
иван ваня
игорь гоша
илья илюша
ирина ира
константин костя
кристина кристи
ксения ксюша
лариса лара
любовь люба
людмила люда мила
максим макс
маргарита рита
мария маша
михаил миша
надежда надя
наталья наташа наталия
николай коля
оксана ксана
олег олежка
ольга оля
павел паша
петр петя
полина поля
роман рома
светлана света
семен сеня
сергей сережа серега
софья соня софия
станислав стас
степан степа
тамара тома
татьяна таня
федор федя
юлия юля
юрий юра
яков яша
ярослав ярик
"""
FULL_NAMES = {
    short: full for full, *shorts in map(str.split, _FIRST_NAMES.strip().splitlines()) for short in shorts
}
