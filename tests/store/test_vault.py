"""What the vault seals opens for the same portal and column only, during a change of secrets too."""

import pytest

from b24app.store.vault import SealBroken, Vault

OLD = b"the old secret of thirty-two bytes and more"
NEW = b"the new secret of thirty-two bytes and more"


def test_what_was_sealed_opens_again():
    vault = Vault(OLD)

    sealed = vault.seal(1, "portal.access_token", "тайна")

    assert vault.open(1, "portal.access_token", sealed) == "тайна"
    assert "тайна".encode() not in sealed


@pytest.mark.parametrize(
    ("portal_id", "column"),
    [(2, "portal.access_token"), (1, "portal.refresh_token")],
    ids=["another portal", "another column"],
)
def test_a_sealed_value_opens_nowhere_else(portal_id: int, column: str):
    sealed = Vault(OLD).seal(1, "portal.access_token", "secret")

    with pytest.raises(SealBroken):
        Vault(OLD).open(portal_id, column, sealed)


@pytest.mark.parametrize("position", [0, 1, 5, 17, -1], ids=["format", "key", "nonce", "text", "tag"])
def test_a_changed_byte_breaks_the_seal(position: int):
    sealed = bytearray(Vault(OLD).seal(1, "column", "secret"))

    sealed[position] ^= 1

    with pytest.raises(SealBroken):
        Vault(OLD).open(1, "column", bytes(sealed))


@pytest.mark.parametrize("length", [0, 4, 16, 30])
def test_a_cut_value_breaks_the_seal(length: int):
    sealed = Vault(OLD).seal(1, "column", "secret")

    with pytest.raises(SealBroken):
        Vault(OLD).open(1, "column", sealed[:length])


def test_a_broken_seal_says_where_and_not_what():
    broken = SealBroken(4, "portal.access_token")

    assert str(broken) == "the sealed portal.access_token of portal 4 can't be opened"


def test_the_same_text_is_sealed_differently_each_time():
    vault = Vault(OLD)

    assert vault.seal(1, "column", "secret") != vault.seal(1, "column", "secret")


def test_both_secrets_open_while_one_is_replaced():
    sealed = Vault(OLD).seal(1, "column", "secret")
    vault = Vault(NEW, previous=OLD)

    assert vault.open(1, "column", sealed) == "secret"
    assert vault.needs_reseal(sealed)
    assert not vault.needs_reseal(vault.seal(1, "column", "secret"))


def test_a_replaced_secret_opens_nothing():
    sealed = Vault(OLD).seal(1, "column", "secret")

    with pytest.raises(SealBroken):
        Vault(NEW).open(1, "column", sealed)


def test_pages_signed_with_the_secret_being_replaced_can_be_checked():
    vault = Vault(NEW, previous=OLD)

    assert vault.page_keys() == (Vault(NEW).page_key(), Vault(OLD).page_key())


def test_a_short_secret_is_refused():
    with pytest.raises(ValueError, match="32 bytes"):
        Vault(b"short")


def test_a_vault_shows_no_secret():
    assert repr(Vault(NEW, previous=OLD)) == "Vault(2 keys)"
