import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24app.dedupe.emails import EmailAddress, emails_in, read_slowly, to_ascii_domain

IVAN = "ivan.petrov@primer.example"
PARTS = st.text(alphabet="abcz019.-_+", min_size=1, max_size=12)
NOISE = st.text(alphabet="ab.-_+@ ,;<>\"'/xnтр１\u200b", max_size=30)


@pytest.mark.parametrize(
    "raw",
    [
        IVAN,
        "  ivan.petrov@primer.example\t",
        "Ivan.Petrov@Primer.Example",
        "IVAN.PETROV@PRIMER.EXAMPLE",
        "mailto:ivan.petrov@primer.example",
        "MAILTO: ivan.petrov@primer.example?subject=hello",
        "Иван Петров <ivan.petrov@primer.example>",
        '"Петров, Иван" <Ivan.Petrov@primer.example>',
        "<ivan.petrov@primer.example>",
        "(ivan.petrov@primer.example)",
        "ivan.petrov@primer.example.",
        "ivan.petrov@primer.example;",
        "ivan.petrov @ primer.example",
        "e-mail: ivan.petrov@primer.example",
        "ivan.petrov@primer.example (рабочий)",
        "\u200bivan.petrov@primer\u200b.example",
        "\u00a0ivan.petrov@primer.example\u00a0",
        "ｉｖａｎ．ｐｅｔｒｏｖ＠ｐｒｉｍｅｒ．ｅｘａｍｐｌｅ",
        "«ivan.petrov@primer.example»",
        "ivan.petrov@primer.example, ivan.petrov@PRIMER.example",
    ],
)
def test_one_address_in_any_spelling_is_one(raw: str) -> None:
    assert emails_in(raw) == (EmailAddress(IVAN, IVAN),)


@pytest.mark.parametrize("separator", [", ", ";", " ", "\n", " / ", "/", "|", " или ", ","])
def test_several_addresses_in_one_value_are_several(separator: str) -> None:
    addresses = emails_in(f"a.one@primer.example{separator}b.two@primer.example")

    assert [address.normalised for address in addresses] == ["a.one@primer.example", "b.two@primer.example"]


@pytest.mark.parametrize("raw", ["почта@пример.рф", "ПОЧТА@Пример.РФ", "почта@xn--e1afmkfd.xn--p1ai"])
def test_an_international_domain_is_the_same_in_letters_and_in_ascii(raw: str) -> None:
    assert emails_in(raw) == (EmailAddress("почта@xn--e1afmkfd.xn--p1ai", "почта@пример.рф"),)


@pytest.mark.parametrize(
    "domain", ["primer.test", "office.local", "a.invalid", "primer.example", "пример.test"]
)
def test_a_reserved_domain_is_a_valid_one(domain: str) -> None:
    (address,) = emails_in(f"Ivan@{domain}")

    assert address.is_valid
    assert address.display == f"ivan@{domain}"


@pytest.mark.parametrize("raw", ["", " ", "нет", "-", "@", "a@", "@nickname", "-@-", "primer.example"])
def test_a_value_without_an_address_names_nothing(raw: str) -> None:
    assert emails_in(raw) == ()


@pytest.mark.parametrize("raw", ["ivan@mail,ru", "ivan@@mail.ru", "ivan@mail", "ivan..p@mail.ru"])
def test_an_invalid_address_is_equal_to_the_same_garbage_only(raw: str) -> None:
    (address,) = emails_in(raw)

    assert not address.is_valid
    assert address.alias_form is None
    assert emails_in(f" {raw.upper()} ") == (address,)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ivan@primer.example", "ivan@primer.test"),
        ("ivan@primer.example", "ivan@mail.primer.example"),
        ("ivan.petrov@primer.example", "ivanpetrov@primer.example"),
        ("ivan_petrov@primer.example", "ivan-petrov@primer.example"),
        ("ivan+a@primer.example", "ivan@primer.example"),
        ("ivan@mail.ru", "ivan@bk.ru"),
        ("ivan@mail.ru", "ivan@mail"),
        ("ivan@mail,ru", "ivan@mail"),
        ("i.van@mail.ru", "ivan@mail.ru"),
        ("ivan@straße.example", "ivan@strasse.example"),
        ("ivan1@primer.example", "ivanl@primer.example"),
    ],
)
def test_addresses_that_only_look_alike_stay_apart(one: str, other: str) -> None:
    def forms(raw: str) -> set[str | None]:
        return {form for address in emails_in(raw) for form in (address.normalised, address.alias_form)} - {
            None
        }

    assert forms(one).isdisjoint(forms(other))


@pytest.mark.parametrize(
    ("raw", "box"),
    [
        ("i.van+shop@gmail.com", "ivan@gmail.com"),
        ("Ivan@GoogleMail.com", "ivan@gmail.com"),
        ("ivan@gmail.com", "ivan@gmail.com"),
        ("ivan-petrov@ya.ru", "ivan.petrov@yandex.ru"),
        ("ivan.petrov+x@yandex.kz", "ivan.petrov@yandex.ru"),
        ("ivan@narod.ru", "ivan@yandex.ru"),
        ("i.v-an_@pm.me", "ivan@proton.me"),
        ("ivan+x@outlook.com", "ivan@outlook.com"),
        ("i.van@outlook.com", "i.van@outlook.com"),
        ("ivan+x@mail.ru", "ivan@mail.ru"),
        ("ivan+x@primer.example", None),
        ("+x@gmail.com", None),
    ],
)
def test_an_alias_leads_to_the_box_its_provider_delivers_to(raw: str, box: str | None) -> None:
    assert emails_in(raw)[0].alias_form == box


@pytest.mark.parametrize(
    ("raw", "is_role"),
    [
        ("info@primer.example", True),
        ("Sales@primer.example", True),
        ("info2@primer.example", True),
        ("sales-01@primer.example", True),
        ("zakaz+site@primer.example", True),
        ("no-reply@primer.example", True),
        ("infokin@primer.example", False),
        ("ivan@info.example", False),
        ("007@primer.example", False),
    ],
)
def test_an_office_box_is_told_from_a_persons(raw: str, is_role: bool) -> None:
    assert emails_in(raw)[0].is_role is is_role


@pytest.mark.parametrize(
    ("domain", "ascii_domain"),
    [("Пример.рф", "xn--e1afmkfd.xn--p1ai"), ("mail.ru", "mail.ru"), ("no domain", None)],
)
def test_a_domain_is_told_in_ascii(domain: str, ascii_domain: str | None) -> None:
    assert to_ascii_domain(domain) == ascii_domain


@given(local=PARTS, domain=PARTS, top=st.sampled_from(("ru", "example", "test", "c", "рф")))
def test_the_short_cut_says_what_the_validator_says(local: str, domain: str, top: str) -> None:
    raw = f"{local}@{domain}.{top}"

    assert emails_in(raw) == read_slowly(raw)


@given(raw=NOISE | st.text(max_size=40))
def test_the_short_cut_agrees_on_noise_too(raw: str) -> None:
    assert emails_in(raw) == read_slowly(raw)


@given(raw=NOISE | st.builds("{}@{}.ru".format, PARTS, PARTS))
def test_normalising_twice_changes_nothing(raw: str) -> None:
    for address in emails_in(raw):
        again = emails_in(address.normalised)

        if address.is_valid:
            assert [one.normalised for one in again] == [address.normalised]
            assert [one.normalised for one in emails_in(address.display)] == [address.normalised]
            assert [one.alias_form for one in again] == [address.alias_form]
