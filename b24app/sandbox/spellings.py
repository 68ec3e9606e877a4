"""The table of odd spellings and of near misses, with the answer written beside each.

Owns what is planted in the toy portal and held against the matcher; decides nothing and normalises nothing.
Every number is invented: `000` after the area code, or a range that a country keeps for fiction
(+1 … 555-01xx, +44 7700 900xxx, +44 20 7946 0xxx, +49 30 23125 xxx, +33 6 39 98 xx xx, +61 491 570 xxx).
"""

from typing import NamedTuple


class Spelling(NamedTuple):
    """A phone as somebody typed it in a portal of this region, and the numbers (E.164) it means.

    A portal of another region may not be able to read it, unless it says its country.
    """

    raw: str
    region: str
    e164: tuple[str, ...]
    extension: str | None
    note: str


class EmailSpelling(NamedTuple):
    """An e-mail as typed, and the plain spelling of the same address."""

    raw: str
    plain: str
    note: str


class NearMiss(NamedTuple):
    """Two values that look alike and belong to different people: they must never match."""

    raw_a: str
    raw_b: str
    region: str
    why: str


def _row(raw: str, region: str, e164: str, extension: str | None, note: str) -> Spelling:
    return Spelling(raw, region, tuple(e164.split()), extension, note)


SPELLINGS: tuple[Spelling, ...] = (
    # Russian prefixes, brackets and separators
    _row("+7 900 000-11-01", "RU", "+79000001101", None, "international with spaces"),
    _row("+7 (900) 000-11-02", "RU", "+79000001102", None, "brackets"),
    _row("8 (900) 000-11-03", "RU", "+79000001103", None, "trunk 8"),
    _row("89000001104", "RU", "+79000001104", None, "trunk 8, digits only"),
    _row("79000001105", "RU", "+79000001105", None, "7 without plus"),
    _row("9000001106", "RU", "+79000001106", None, "ten digits"),
    _row("(900) 000-11-07", "RU", "+79000001107", None, "ten digits with brackets"),
    _row("00 7 900 000-11-08", "RU", "+79000001108", None, "00 7"),
    _row("00790000011 09", "RU", "+79000001109", None, "00 7 glued"),
    _row("8-900-000-11-10", "RU", "+79000001110", None, "hyphens"),
    _row("+7.900.000.11.11", "RU", "+79000001111", None, "dots"),
    _row("+7(900)0001112", "RU", "+79000001112", None, "brackets without spaces"),
    _row("8/900/000-11-13", "RU", "+79000001113", None, "slashes between the groups of one number"),
    _row("+7 9 0 0 0 0 0 1 1 1 4", "RU", "+79000001114", None, "every digit apart"),
    _row("8 (495) 000-11-15", "RU", "+74950001115", None, "Moscow with trunk 8"),
    _row("495 000 11 16", "RU", "+74950001116", None, "Moscow, ten digits"),
    _row("8120001117", "RU", "+78120001117", None, "St Petersburg, ten digits that begin with 8"),
    _row("8 800 000-11-18", "RU", "+78000001118", None, "free number"),
    _row("  +7 900 000-11-19 ", "RU", "+79000001119", None, "blanks around"),
    _row("'+79000001120", "RU", "+79000001120", None, "apostrophe of a spreadsheet"),
    _row("tel:+7-900-000-11-21", "RU", "+79000001121", None, "copied from a link"),
    # letters before and after
    _row("тел. +7 900 000-11-22", "RU", "+79000001122", None, "«тел.» before"),
    _row("моб: 8 900 000-11-23", "RU", "+79000001123", None, "«моб:» before"),
    _row("т.8(900)000-11-24", "RU", "+79000001124", None, "«т.» glued"),
    _row("Телефон/WhatsApp: +7 900 000 11 25", "RU", "+79000001125", None, "two words before"),
    _row("Анна 8 900 000 11 26", "RU", "+79000001126", None, "a name before"),
    _row("8 900 000-11-27 Анна", "RU", "+79000001127", None, "a name after"),
    _row("+7 900 000-11-28 (рабочий)", "RU", "+79000001128", None, "a remark after"),
    _row("8 900 000-11-29 (после 18:00)", "RU", "+79000001129", None, "a remark with digits after"),
    # signs that are not what they look like
    _row("+7\u00a0900\u00a0000\u00a011\u00a031", "RU", "+79000001131", None, "no-break spaces"),
    _row("+7\u202f900\u2009000\u202f11\u200932", "RU", "+79000001132", None, "narrow and thin spaces"),
    _row("8 900 000\u201311\u201333", "RU", "+79000001133", None, "en dashes"),
    _row("8 900 000\u201411\u201434", "RU", "+79000001134", None, "em dashes"),
    _row("8 900 000\u201111\u201135", "RU", "+79000001135", None, "no-break hyphens"),
    _row("8 900 000\u221211\u221236", "RU", "+79000001136", None, "minus signs"),
    _row("＋７（９００）０００－１１－３７", "RU", "+79000001137", None, "full-width"),
    _row("８ ９００ ０００ １１ ３８", "RU", "+79000001138", None, "full-width digits with trunk 8"),
    _row("+7\u200b900\u200b0001139", "RU", "+79000001139", None, "zero width spaces"),
    _row("\u200f8 900 000-11-40", "RU", "+79000001140", None, "right-to-left mark before"),
    _row(
        "\u202a+7 900 000-11-41\u202c",
        "RU",
        "+79000001141",
        None,
        "embedding marks of a phone's contact list",
    ),
    _row("\ufeff+79000001142", "RU", "+79000001142", None, "byte order mark"),
    _row("8 900 000\u00ad11\u00ad43", "RU", "+79000001143", None, "soft hyphens"),
    _row("+7\t900\t0001144", "RU", "+79000001144", None, "tabs"),
    # extensions
    _row("+7 495 000-11-51 доб. 12", "RU", "+74950001151", "12", "«доб.»"),
    _row("8 (495) 000-11-52 (доб. 305)", "RU", "+74950001152", "305", "«доб.» in brackets"),
    _row("8 495 000 11 53, доб.7", "RU", "+74950001153", "7", "«доб.» after a comma"),
    _row("+7 495 000-11-54 добавочный 12", "RU", "+74950001154", "12", "«добавочный»"),
    _row("+7 495 000-11-55 вн. 12", "RU", "+74950001155", "12", "«вн.»"),
    _row("+7 495 000-11-56 внутр. 1204", "RU", "+74950001156", "1204", "«внутр.»"),
    _row("+7 495 000-11-57 ext. 12", "RU", "+74950001157", "12", "ext."),
    _row("+7 495 000-11-58 x12", "RU", "+74950001158", "12", "x"),
    _row("+7 495 000-11-59#12", "RU", "+74950001159", "12", "#"),
    _row("+7 495 000-11-60,12", "RU", "+74950001160", "12", "a comma"),
    _row("+74950001161,,12", "RU", "+74950001161", "12", "two commas, as a phone dials pauses"),
    _row("+7 495 000-11-62;12", "RU", "+74950001162", "12", "a semicolon"),
    _row("tel:+7-495-000-11-63;ext=12", "RU", "+74950001163", "12", "RFC 3966"),
    _row("84950001164 доб 5", "RU", "+74950001164", "5", "«доб» without its dot"),
    # several numbers in one value
    _row("+7 900 000-11-71, +7 900 000-11-72", "RU", "+79000001171 +79000001172", None, "a comma between"),
    _row("8 900 000-11-73 / 8 900 000-11-74", "RU", "+79000001173 +79000001174", None, "a slash between"),
    _row("89000001175; 89000001176", "RU", "+79000001175 +79000001176", None, "a semicolon between"),
    _row("8(900)000-11-77 и 8(900)000-11-78", "RU", "+79000001177 +79000001178", None, "«и» between"),
    _row("+79000001179\n+79000001180", "RU", "+79000001179 +79000001180", None, "a line break between"),
    _row("8 900 000-11-81, +375 29 000-11-82", "RU", "+79000001181 +375290001182", None, "two countries"),
    # Kazakhstan
    _row("+7 701 000-12-01", "RU", "+77010001201", None, "Kazakh mobile"),
    _row("8 (701) 000-12-02", "RU", "+77010001202", None, "Kazakh mobile in a Russian portal"),
    _row("8 727 000 12 03", "KZ", "+77270001203", None, "Almaty with trunk 8"),
    _row("7010001204", "KZ", "+77010001204", None, "ten digits that begin with 7"),
    _row("8 (7172) 00-12-05", "KZ", "+77172001205", None, "four-digit area code"),
    # Belarus
    _row("+375 29 000-13-01", "RU", "+375290001301", None, "Belarusian mobile"),
    _row("8 029 000-13-02", "BY", "+375290001302", None, "8 029"),
    _row("80290001303", "BY", "+375290001303", None, "8 029 glued"),
    _row("8 (029) 000-13-04", "BY", "+375290001304", None, "8 (029)"),
    _row("375290001305", "BY", "+375290001305", None, "country code without plus"),
    _row("00375 29 000 13 06", "RU", "+375290001306", None, "00 and country code"),
    _row("810 375 29 000 13 07", "RU", "+375290001307", None, "810 and country code"),
    _row("375 (29) 000-13-08", "RU", "+375290001308", None, "country code without plus in a Russian portal"),
    # further countries
    _row("+380 50 000 14 01", "RU", "+380500001401", None, "Ukraine"),
    _row("050 000-14-02", "UA", "+380500001402", None, "Ukraine, national"),
    _row("+49 (0)30 23125 001", "RU", "+493023125001", None, "Germany, (0) kept"),
    _row("030 / 23125-002", "DE", "+493023125002", None, "Germany, national"),
    _row("0049 30 23125003", "RU", "+493023125003", None, "Germany, 00"),
    _row("+1 (201) 555-0101", "RU", "+12015550101", None, "USA"),
    _row("(201) 555-0102", "US", "+12015550102", None, "USA, national"),
    _row("1-201-555-0103 x12", "US", "+12015550103", "12", "USA with extension"),
    _row("011 44 7700 900104", "US", "+447700900104", None, "from the USA abroad"),
    _row("+44 7700 900101", "RU", "+447700900101", None, "United Kingdom"),
    _row("07700 900102", "GB", "+447700900102", None, "United Kingdom, national"),
    _row("+44 (0)20 7946 0103", "RU", "+442079460103", None, "London, (0) kept"),
    _row("8-10-44-20-7946-0105", "RU", "+442079460105", None, "8-10 and country code"),
    _row("+86 138 0000 1701", "RU", "+8613800001701", None, "China"),
    _row("138-0000-1702", "CN", "+8613800001702", None, "China, national"),
    _row("+90 (500) 000 17 11", "RU", "+905000001711", None, "Turkey"),
    _row("0500 000 17 12", "TR", "+905000001712", None, "Turkey, national"),
    _row("+971 50 000 1721", "RU", "+971500001721", None, "Emirates"),
    _row("050 000 1722", "AE", "+971500001722", None, "Emirates, national"),
    _row("+٩٧١ ٥٠ ٠٠٠ ١٧٢٣", "RU", "+971500001723", None, "Arabic digits"),
    _row("+998 (90) 000-17-31", "RU", "+998900001731", None, "Uzbekistan"),
    _row("+996 700 001 732", "RU", "+996700001732", None, "Kyrgyzstan"),
    _row("+995 555 00 17 33", "RU", "+995555001733", None, "Georgia"),
    _row("+972-50-000-1734", "RU", "+972500001734", None, "Israel"),
    _row("+33 6 39 98 17 35", "RU", "+33639981735", None, "France"),
    _row("+61 491 570 156", "RU", "+61491570156", None, "Australia"),
)

EMAIL_SPELLINGS: tuple[EmailSpelling, ...] = (
    EmailSpelling("Zakaz.Shtor@Uyut-Primer.EXAMPLE", "zakaz.shtor@uyut-primer.example", "capital letters"),
    EmailSpelling("  dveri.sever@sklad-primer.example ", "dveri.sever@sklad-primer.example", "blanks around"),
    EmailSpelling("lampa\u200b@svet-primer.example", "lampa@svet-primer.example", "zero width space"),
    EmailSpelling("\u00a0pilomat@les-primer.example", "pilomat@les-primer.example", "no-break space before"),
    EmailSpelling("kovka@xn----7sbpbouewhcddn.example", "kovka@мастер-пример.example", "IDN as punycode"),
    EmailSpelling("KRASKA@Пример-Тон.example", "kraska@пример-тон.example", "IDN in capital letters"),
)

# The same mailbox at its provider: plus tags, gmail's dots, yandex's domains. The local parts are invented.
EMAIL_ALIASES: tuple[EmailSpelling, ...] = (
    EmailSpelling("vydumannyi.primer.odin@gmail.com", "vydumannyiprimerodin@gmail.com", "gmail's dots"),
    EmailSpelling("vydumannyiprimerdva+remont@gmail.com", "vydumannyiprimerdva@gmail.com", "plus tag"),
    EmailSpelling(
        "vydumannyi.primer.tri@googlemail.com", "vydumannyiprimertri@gmail.com", "gmail's second domain"
    ),
    EmailSpelling("vydumannyi-primer-chetyre@ya.ru", "vydumannyi-primer-chetyre@yandex.ru", "ya.ru"),
    EmailSpelling("vydumannyi-primer-pyat@yandex.com", "vydumannyi-primer-pyat@yandex.ru", "yandex.com"),
    EmailSpelling(
        "vydumannyi-primer-shest+smeta@yandex.ru", "vydumannyi-primer-shest@ya.ru", "plus tag and ya.ru"
    ),
    EmailSpelling(
        "vydumannyi_primer_sem+okna@mail.ru", "vydumannyi_primer_sem@mail.ru", "plus tag at mail.ru"
    ),
)

NEAR_MISSES: tuple[NearMiss, ...] = (
    # one digit
    NearMiss("+7 900 000-21-01", "+7 900 000-21-02", "RU", "last digit differs"),
    NearMiss("+7 900 000-21-03", "+7 901 000-21-03", "RU", "one digit of the code differs"),
    NearMiss("8 900 000-21-04", "8 900 000-31-04", "RU", "one digit in the middle differs"),
    NearMiss("+7 900 000-21-05", "+7 900 000-27-05", "RU", "1 typed as 7"),
    NearMiss("8 (900) 000-21-06", "8 (909) 000-21-06", "RU", "0 typed as 9"),
    NearMiss("89000002107", "89000002187", "RU", "0 typed as 8"),
    NearMiss("9000002108", "9000002100", "RU", "8 typed as 0, ten digits"),
    NearMiss("8 900 000-21-09", "+7 900 000-21-19", "RU", "one digit differs, spelled differently"),
    NearMiss(
        "+7 900 000-21-20 доб. 1", "+7 900 000-21-21 доб. 1", "RU", "one digit differs, equal extension"
    ),
    NearMiss("тел. 8 900 000-21-22", "тел. 8 900 000-21-23", "RU", "one digit differs, equal words"),
    # swapped digits
    NearMiss("+7 900 000-22-01", "+7 900 000-22-10", "RU", "last two digits swapped"),
    NearMiss("+7 900 000-22-34", "+7 900 000-22-43", "RU", "last two digits swapped"),
    NearMiss("8 900 000-22-56", "8 900 000-25-26", "RU", "neighbours in the middle swapped"),
    NearMiss("8 (908) 000-22-07", "8 (980) 000-22-07", "RU", "digits of the code swapped"),
    NearMiss("8 900 000-24-68", "8 900 000-68-24", "RU", "two pairs swapped"),
    NearMiss("+7 495 000-22-08", "+7 945 000-22-08", "RU", "code 495 and 945"),
    # a digit too many or too few
    NearMiss("+7 900 000-23-01", "+7 900 000-23-011", "RU", "a digit too many at the end"),
    NearMiss("8 900 000-23-02", "8 900 0000-23-02", "RU", "a digit too many in the middle"),
    NearMiss("+7 900 000-23-03", "+7 900 000-23-0", "RU", "a digit too few at the end"),
    NearMiss("89000002304", "8900000230", "RU", "ten digits that begin with 8, and eleven"),
    NearMiss("+7 900 000-23-05", "900 000-23", "RU", "half a number"),
    NearMiss("+7 900 000-23-06", "000-23-06", "RU", "its last seven digits"),
    NearMiss("+7 900 000-23-07", "23-07", "RU", "its last four digits"),
    NearMiss("8 900 000-23-08", "112", "RU", "a service number"),
    NearMiss("+7 900 000-23-0945", "+7 900 000-23-0946", "RU", "both too long, differing"),
    NearMiss("23-11-45", "23-11-46", "RU", "both local, differing"),
    # cities and local numbers
    NearMiss("8 (495) 000-24-01", "8 (812) 000-24-01", "RU", "the same local number in two cities"),
    NearMiss("8 (495) 000-24-02", "8 (499) 000-24-02", "RU", "both codes of one city"),
    NearMiss("8 (343) 000-24-03", "000-24-03", "RU", "local number without its city"),
    NearMiss("8 (383) 000-24-04", "8 (3832) 00-24-04", "RU", "old four-digit code of the city"),
    NearMiss("8 800 000-24-05", "8 900 000-24-05", "RU", "a free number and a mobile"),
    NearMiss("8 495 000-24-06", "8 954 000-24-06", "RU", "digits of the code swapped"),
    NearMiss("812 000-24-07", "912 000-24-07", "RU", "city and mobile, ten digits"),
    # countries
    NearMiss("+7 901 000-25-01", "+1 901 000 2501", "RU", "the same national digits in Russia and the USA"),
    NearMiss("+7 900 000-25-02", "+7 700 000-25-02", "RU", "Russia and Kazakhstan"),
    NearMiss("+375 29 000-25-03", "+380 29 000 25 03", "RU", "Belarus and Ukraine"),
    NearMiss("+375 29 000-25-04", "+7 290 002 504", "RU", "the country code left out"),
    NearMiss("+44 7700 900 106", "+7 700 900 106", "RU", "British, with one 4 less"),
    NearMiss("+1 201 555 0107", "+7 201 555 01 07", "RU", "USA and a Russian code"),
    NearMiss("+90 500 000 25 08", "+7 500 000 25 08", "RU", "Turkey and Russia"),
    NearMiss("+971 50 000 2509", "+972 50 000 2509", "RU", "Emirates and Israel"),
    NearMiss("+996 700 002 510", "+998 700 002 510", "RU", "Kyrgyzstan and Uzbekistan"),
    NearMiss("+49 30 23125 211", "+43 30 23125 211", "RU", "Germany and Austria"),
    NearMiss("+33 6 39 98 25 12", "+34 6 39 98 25 12", "RU", "France and Spain"),
    NearMiss("8 029 000-25-13", "+375 33 000-25-13", "BY", "two Belarusian operators"),
    NearMiss("8 701 000-25-14", "8 707 000-25-14", "KZ", "two Kazakh codes"),
    NearMiss("(201) 555-0115", "(202) 555-0115", "US", "two American codes"),
    # extensions and several numbers
    NearMiss(
        "+7 495 000-26-01 доб. 12", "+7 495 000-26-12", "RU", "the extension looks like the last digits"
    ),
    NearMiss(
        "+7 495 000-26-02 доб. 2603", "+7 495 000-26-03", "RU", "the extension is the other number's end"
    ),
    NearMiss("+7 495 000-26-04, 12", "12", "RU", "an extension alone"),
    NearMiss("8 900 000-26-04, 8 900 000-26-05", "8 900 000-26-06", "RU", "neither of two numbers"),
    NearMiss("8 900 000-26-07 (после 18:00)", "1800", "RU", "the hours in a remark"),
    # e-mails
    NearMiss("ivan.lesnoi@primer.example", "ivan.lesnaya@primer.example", "RU", "husband and wife"),
    NearMiss("oleg.veter@primer.example", "oleg.veter@primer-2.example", "RU", "two domains"),
    NearMiss("oleg.sneg@primer.example", "oleg.sneg@mail.primer.example", "RU", "a subdomain"),
    NearMiss("olegdozhd@primer.example", "oleg.dozhd@primer.example", "RU", "dots mean something here"),
    NearMiss("roman1@primer.example", "roman2@primer.example", "RU", "one digit differs"),
    NearMiss("roman.i@primer.example", "roman.l@primer.example", "RU", "i and l"),
    NearMiss("petr.gora@primer.example", "petr.gora@prirner.example", "RU", "rn looks like m"),
    NearMiss("anna_reka@primer.example", "anna-reka@primer.example", "RU", "_ and -"),
    NearMiss("olga.pole@primer.example", "olga.pole.primer@example.example", "RU", "the dot for the at"),
    NearMiss("dom0@primer.example", "domo@primer.example", "RU", "zero and o"),
    NearMiss("tmn@primer.example", "tmn@primer.test", "RU", "two top domains"),
    NearMiss("lev.more@primer.example", "lev.more@primér.example", "RU", "another IDN domain"),
    NearMiss("vydumannyi.primer.a@mail.ru", "vydumannyiprimera@mail.ru", "RU", "dots count at mail.ru"),
    NearMiss(
        "vydumannyi-primer-b@mail.ru",
        "vydumannyi-primer-b@bk.ru",
        "RU",
        "mail.ru and bk.ru are two mailboxes",
    ),
    NearMiss("vydumannyi-primer-v@gmail.com", "vydumannyi-primer-v@yandex.ru", "RU", "two providers"),
    NearMiss("vydumannyiprimerg+1@gmail.com", "vydumannyiprimerd+1@gmail.com", "RU", "the same plus tag"),
    NearMiss("vydumannyi-primer-e@yandex.ru", "vydumannyi-primer-j@ya.ru", "RU", "two logins at yandex"),
    NearMiss("79000002801@primer.example", "+7 900 000-28-01", "RU", "a phone in front of an e-mail's at"),
)
