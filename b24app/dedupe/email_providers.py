"""What providers do with addresses, and which addresses belong to an office instead of a person. Tables only.

Sources: the help pages of Google (dots, plus, googlemail.com), Yandex (dots and hyphens are equal, one box under all
its domains, plus), Apple (me.com, mac.com), Proton (dots, hyphens, underscores are nothing; three domains), Microsoft
and Fastmail (plus). Mail.ru's domains are separate boxes where dots count; a plus can't be in a login there, so what
follows one is no part of the box.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider: all its domains lead to one box under `domain`.

    `replaced` are pairs (sign, replacement) that the provider does not tell apart in the local part.
    """

    domain: str
    replaced: tuple[tuple[str, str], ...] = ()


_GOOGLE = Provider("gmail.com", ((".", ""),))
_YANDEX = Provider("yandex.ru", (("-", "."),))
_PROTON = Provider("proton.me", ((".", ""), ("-", ""), ("_", "")))
_APPLE = Provider("icloud.com")

_YANDEX_DOMAINS = (
    "yandex.ru ya.ru yandex.com yandex.by yandex.kz yandex.ua yandex.uz yandex.az yandex.lt yandex.lv "
    "yandex.com.tr yandex.com.am yandex.com.ge yandex.fr yandex.pl narod.ru"
)
_SAME_BOX = {
    _GOOGLE: "gmail.com googlemail.com",
    _YANDEX: _YANDEX_DOMAINS,
    _PROTON: "proton.me protonmail.com pm.me",
    _APPLE: "icloud.com me.com mac.com",
}
# Each of these domains is a box of its own.
_PLUS_ONLY = """
outlook.com hotmail.com live.com fastmail.com fastmail.fm mail.ru bk.ru list.ru inbox.ru internet.ru
"""

PROVIDERS: dict[str, Provider] = {
    **{domain: provider for provider, domains in _SAME_BOX.items() for domain in domains.split()},
    **{domain: Provider(domain) for domain in _PLUS_ONLY.split()},
}

_ROLE_WORDS = """
info information sales sale support office mail email e-mail post pochta zakaz zakazy order orders
buh buhg buhgalter buhgalteria buhgalteriya bookkeeping accounting accounts account finance fin
billing invoice invoices hr job jobs work career careers kadry rezume resume vacancy admin
administrator administration webmaster postmaster hostmaster root abuse security noreply no-reply
no_reply donotreply do-not-reply mailer-daemon contact contacts manager managers director direktor
reception recepcion secretary sekretar priem priemnaya tender tenders marketing reklama adv ads pr
press media news newsletter hello hi help helpdesk service servis shop store magazin market opt
optom otdel commerce commercial komdir snab snabzhenie zakupki zakup purchase purchasing logist
logistic logistics sklad warehouse client clients customer customers klient feedback welcome team
company firma general partner partners dealer booking reservation hotel rent arenda legal lawyer it
dev test site web online request zayavka zapros
"""
ROLES = frozenset(_ROLE_WORDS.split())
