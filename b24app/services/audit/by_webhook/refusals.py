"""Why an audit stopped, in a sentence that says what to do. No sentence repeats the webhook's address."""

from collections.abc import Mapping
from typing import ClassVar

from b24app.bitrix24.errors import (
    AccessDenied,
    Bitrix24Error,
    InsufficientScope,
    MethodUnknown,
    NotFound,
    PlanRefused,
    PortalBusy,
    PortalGone,
    PortalMoved,
    PortalUnreachable,
    RestStopped,
    TokenExpired,
    TokenRejected,
    UnexpectedAnswer,
)


class AuditStopped(Exception):
    """The audit could not be done; the text is for the person who asked for it."""

    exit_code: ClassVar[int] = 1


class WrongOrder(AuditStopped):
    """What was asked for makes no sense; nothing was called."""

    exit_code = 2


_SENTENCES: tuple[tuple[tuple[type[Bitrix24Error], ...], Mapping[str, str]], ...] = (
    (
        (InsufficientScope,),
        {
            "ru": "У вебхука нет права CRM (crm). Добавьте его в настройках вебхука и повторите.",
            "en": "The webhook lacks the permission CRM (crm). Add it in the webhook's settings and try again.",
        },
    ),
    (
        (PlanRefused, PortalGone),
        {
            "ru": "На этом портале REST недоступен: он не входит в тариф, не оплачен, или портал закрыт.",
            "en": "This portal has no REST: its plan does not include it, is not paid, or the portal is closed.",
        },
    ),
    (
        (TokenRejected, TokenExpired),
        {
            "ru": "Портал не принимает вебхук: он удалён, или адрес скопирован не полностью. "
            "Скопируйте адрес заново: Разработчикам – Входящий вебхук.",
            "en": "The portal does not accept this webhook: it was deleted, or its address was not copied whole. "
            "Copy the address again: Developer resources, Inbound webhook.",
        },
    ),
    (
        (AccessDenied,),
        {
            "ru": "Владельцу вебхука не разрешено читать CRM. Создайте вебхук от имени администратора.",
            "en": "The webhook's owner may not read the CRM. Make the webhook as an administrator.",
        },
    ),
    (
        (RestStopped,),
        {
            "ru": "REST этого портала остановлен поддержкой Битрикс24. Обратитесь в поддержку.",
            "en": "Bitrix24's support has stopped REST of this portal. Write to the support.",
        },
    ),
    (
        (PortalMoved,),
        {
            "ru": "Портал переехал на другой адрес. Скопируйте адрес вебхука на новом адресе.",
            "en": "The portal moved to another address. Copy the webhook's address there.",
        },
    ),
    (
        (PortalUnreachable,),
        {
            "ru": "Портал не отвечает. Проверьте адрес и сеть и повторите позже.",
            "en": "The portal does not answer. Check the address and the network, and try again later.",
        },
    ),
    (
        (PortalBusy,),
        {
            "ru": "Портал слишком долго занят: лимит запросов исчерпан. Повторите позже, лучше ночью.",
            "en": "The portal was busy for too long: its request limit is used up. Try again later, best at night.",
        },
    ),
    (
        (MethodUnknown, NotFound, UnexpectedAnswer),
        {
            "ru": "По этому адресу отвечает не REST Битрикс24. Проверьте адрес вебхука.",
            "en": "What answers at this address is not Bitrix24's REST. Check the webhook's address.",
        },
    ),
    (
        (Bitrix24Error,),
        {
            "ru": "Портал отказал, причина неизвестна.",
            "en": "The portal refused, the reason is not known.",
        },
    ),
)


def sentence_for(error: Bitrix24Error, language: str) -> str:
    """Return what the refusal means for the person at the screen, with the portal's own code behind it."""
    said = next(texts for kinds, texts in _SENTENCES if isinstance(error, kinds))
    code = f" ({error.code})" if error.code else ""
    return said[language] + code
